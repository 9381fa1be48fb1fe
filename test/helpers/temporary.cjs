const { mkdtempSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

/** Runs once before all tests: what they leave in the temporary directory is in one folder, and is removed at the end. */
module.exports = () => {
  const folder = mkdtempSync(join(tmpdir(), 'c1-audit-tests-'));
  process.env.TMPDIR = folder;
  process.on('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 2 }));
};
