import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { needs } from '../helpers/needs.js';
import { readYaml, runStep, scriptOf, type Workflow } from '../helpers/workflow.js';

const FILE = '.github/workflows/release.yml';
const { jobs } = readYaml<Workflow>(FILE);
const runs = (job: string) => jobs[job]?.steps.flatMap(({ run }) => run ?? []) ?? [];

test('publishes what was tested: one tarball, tests first', () => {
  expect(runs('build')).toEqual(
    expect.arrayContaining(['npm ci', 'npm test', 'npm run lint', 'npm run typecheck']),
  );
  expect(jobs.publish?.needs).toBe('build');
  expect(jobs.release?.needs).toEqual(['build', 'publish']);
});

test('logs in to npm by trusted publishing, with provenance and without a token', () => {
  expect(jobs.publish?.permissions).toEqual({ 'id-token': 'write' });
  expect(runs('publish').join('\n')).toMatch(
    /npm publish "\.\/release\/c1-audit-\$VERSION\.tgz" --provenance /,
  );
  expect(readFileSync(FILE, 'utf8')).not.toMatch(/secrets\.|NODE_AUTH_TOKEN|NPM_TOKEN|registry-url/);
});

test('the job that publishes runs no code of the checkout, and the job that runs it can only read', () => {
  expect(jobs.publish?.steps.filter(({ uses }) => uses?.startsWith('actions/checkout@'))).toEqual([]);
  expect(runs('publish').join('\n')).not.toMatch(/npm (?:ci|install|run)/);
  expect(jobs.build?.permissions).toEqual({ contents: 'read' });
  expect(jobs.release?.permissions).toEqual({ contents: 'write' });
});

test('a private package is released on GitHub only, and nothing is released after a failed publication', () => {
  // The operators of a GitHub expression mean the same in JavaScript.
  const decide = (job: string, npm: string, publish: string, cancelled = false) =>
    new Function('needs', 'cancelled', `return ${jobs[job]?.if};`)(
      { build: { result: 'success', outputs: { npm } }, publish: { result: publish } },
      () => cancelled,
    );
  expect(decide('publish', 'false', '')).toBe(false);
  expect(decide('publish', 'true', '')).toBe(true);
  expect(decide('release', 'false', 'skipped')).toBe(true);
  expect(decide('release', 'true', 'success')).toBe(true);
  expect(decide('release', 'true', 'failure')).toBe(false);
  expect(decide('release', 'true', 'skipped')).toBe(false);
  expect(decide('release', 'false', 'skipped', true)).toBe(false);
});

needs('bash').describe('the version check', () => {
  const script = scriptOf(jobs.build?.steps ?? [], 'version');

  function check(tag: string, changelog: string, version = '1.2.3', more: object = {}) {
    const cwd = mkdtempSync(join(tmpdir(), 'c1-audit-release-'));
    writeFileSync(join(cwd, 'package.json'), JSON.stringify({ type: 'module', version, ...more }));
    writeFileSync(join(cwd, 'CHANGELOG.md'), changelog);
    const result = runStep(script, { cwd, env: { GITHUB_REF_NAME: tag } });
    return {
      ...result,
      get notes() {
        return readFileSync(join(cwd, 'release/notes.md'), 'utf8');
      },
    };
  }

  const CHANGELOG = `# Changelog

## [1.2.30] - 2027-02-02

- Not these.

## [1.2.3] - 2027-01-31

### Added

- A thing with [a link](https://example.com).

## [1.2.2] - 2027-01-01

- Older.

[1.2.3]: https://example.com
`;

  test('uses the notes of its own version only', () => {
    const result = check('v1.2.3', CHANGELOG);
    expect(result.stdout).toBe('');
    expect(result.code).toBe(0);
    expect(result.outputs).toEqual({ version: '1.2.3', prerelease: 'false', npm: 'true' });
    expect(result.notes.trim()).toBe('### Added\n\n- A thing with [a link](https://example.com).');
  });

  test('recognizes a pre-release', () => {
    const result = check('v2.0.0-rc.1', '## [2.0.0-rc.1] - 2027-01-31\n\n- New.\n', '2.0.0-rc.1');
    expect(result.outputs).toEqual({ version: '2.0.0-rc.1', prerelease: 'true', npm: 'true' });
  });

  test('does not publish a private package on npm', () => {
    expect(check('v1.2.3', CHANGELOG, '1.2.3', { private: true }).outputs.npm).toBe('false');
  });

  test.each([
    ['another version', 'v1.2.4', CHANGELOG, 'The tag is for version 1.2.4, but package.json has 1.2.3.'],
    ['no notes', 'v1.2.3', '## [1.2.2] - 2027-01-01\n\n- Older.\n', 'has no section for 1.2.3'],
    [
      'empty notes',
      'v1.2.3',
      '## [1.2.3] - 2027-01-31\n\n## [1.2.2] - 2027-01-01\n\n- Older.\n',
      'has no section for 1.2.3',
    ],
    ['no date', 'v1.2.3', '## [1.2.3] - Unreleased\n\n- New.\n', 'has no date for 1.2.3'],
  ])('refuses %s', (_, tag, changelog, message) => {
    const { code, stdout, outputs } = check(tag, changelog);
    expect(code).toBe(1);
    expect(stdout).toContain(`::error::`);
    expect(stdout).toContain(message);
    expect(outputs).toEqual({});
  });

  test('does not run a command in the name of a tag', () => {
    const { code, stdout } = check('v$(touch pwned)`touch pwned`"; exit 0 #', CHANGELOG);
    expect(code).toBe(1);
    expect(stdout).toContain('$(touch pwned)');
  });
});

test('the changelog has a section for the version in package.json', () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  expect(readFileSync('CHANGELOG.md', 'utf8')).toContain(`\n## [${version}] - `);
});
