import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const { version, homepage } = JSON.parse(readFileSync(new URL('./package.json', import.meta.url), 'utf8'));

const helper = (name) => fileURLToPath(new URL(`./test/helpers/${name}`, import.meta.url));

/** @type {import('jest').Config} */
export default {
  globalSetup: helper('temporary.cjs'),
  testEnvironment: helper('environment.cjs'),
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  resolver: helper('resolver.cjs'),
  testSequencer: helper('sequencer.cjs'),
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2023',
          parser: { syntax: 'typescript' },
          experimental: { keepImportAttributes: true },
        },
        module: { type: 'es6' },
      },
    ],
  },
  // scripts/build.js defines the same in the bundle: package.json is the only place that names them.
  globals: { C1_AUDIT_VERSION: version, C1_AUDIT_HOMEPAGE: homepage },
  setupFiles: ['<rootDir>/test/helpers/hermetic.ts'],
  testTimeout: 30_000,
  // npm test also gives Node.js more room for young objects: collecting them took a tenth of the time.
  // All cores: by default one is left idle, which on a machine of two is half of them.
  maxWorkers: '100%',
};
