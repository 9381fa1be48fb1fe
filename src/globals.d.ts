/** package.json's version: set by scripts/build.js in the bundle and by jest.config.js in tests. */
declare const C1_AUDIT_VERSION: string;
