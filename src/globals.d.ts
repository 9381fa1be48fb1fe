// From package.json: set by scripts/build.js in the bundle and by jest.config.js in tests.
declare const C1_AUDIT_VERSION: string;
declare const C1_AUDIT_HOMEPAGE: string;
