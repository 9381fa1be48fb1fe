import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { root, shellEnvironment } from './helpers/package.js';
import { emptyFolder, runProgram } from './helpers/program.js';

/** With this field npm refuses to publish. */
const { private: unpublished = false, version } = JSON.parse(
  readFileSync(join(root, 'package.json'), 'utf8'),
) as {
  private?: boolean;
  version: string;
};

/** Commands and addresses by which somebody would get a package of this name from a registry. */
const FROM_A_REGISTRY =
  /\b(?:npx|npm (?:exec|x|install|i|add)|pnpm (?:dlx|add)|yarn (?:dlx|add)|bunx)\b[^\n`]*?\bc1-audit\b(?![\w.-]*\.tgz)|\bc1-audit@\d|unpkg\.com|jsdelivr\.net/;

/** The one sentence that may contain it: in a clone, npx runs the clone's build. */
const IN_A_CLONE =
  /To run it without installing, use `npx c1-audit` inside the clone after `npm ci && npm run build`\./;

const found = (text: string) => FROM_A_REGISTRY.exec(text.replace(IN_A_CLONE, ''))?.[0];

test.each([
  'npx c1-audit doctor',
  'npx --yes c1-audit@0.1.0',
  'npm install --global c1-audit',
  'run c1-audit@0.1.0 from npm',
  'https://unpkg.com/c1-audit/schema/config.json',
])('a text with "%s" would be found', (text) => {
  expect(found(`Then run: ${text}\n`)).toBeDefined();
});

test.each([
  'npm install --global ./c1-audit-0.1.0.tgz',
  'node .github/c1-audit/dist/bin.js doctor',
  'uses: OWNER/c1-audit@<commit of the release> # v0.1.0',
])('a text with "%s" would not', (text) => {
  expect(found(text)).toBeUndefined();
});

const whileUnpublished = unpublished ? describe : describe.skip;

whileUnpublished('while package.json is private, nobody is sent to a registry', () => {
  const inside = (directory: string) =>
    readdirSync(join(root, directory), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.name.endsWith('.svg') && !entry.name.endsWith('.png'))
      .map((entry) => relative(root, join(entry.parentPath, entry.name)));
  const texts = [
    ...['src', 'rules', 'docs', '.github'].flatMap(inside),
    ...readdirSync(root).filter((name) => name.endsWith('.md')),
  ];

  test.each(texts)('by %s', (file) => {
    expect(found(readFileSync(join(root, file), 'utf8'))).toBeUndefined();
  });

  test.each(['federation', 'secret'].flatMap((auth) => ['tenant', 'mine'].map((scope) => [auth, scope])))(
    'by init with --auth %s --scope %s',
    async (auth, scope) => {
      const flags = ['--auth', auth ?? '', '--scope', scope ?? '', '--tenant', 'acme', '--repository', 'a/b'];
      const { code, stdout, stderr } = await runProgram(['init', '--yes', '--dry-run', ...flags]);
      expect(code).toBe(0);
      expect(found(`${stdout}${stderr}`)).toBeUndefined();
    },
  );

  test('by doctor if nothing is set up', async () => {
    const { stdout, stderr } = await runProgram(['doctor'], {
      env: { GITHUB_ACTIONS: 'true', GITHUB_EVENT_NAME: 'schedule' },
      cwd: emptyFolder(),
    });
    expect(stdout).toContain('CONDUCTORONE_CLIENT_ID');
    expect(found(`${stdout}${stderr}`)).toBeUndefined();
  });

  test('the README states that it is not published, and what to install instead', () => {
    const readme = readFileSync(join(root, 'README.md'), 'utf8');
    expect(readme).toContain('c1-audit is not published on npm.');
    expect(readme).toContain(`npm install --global ./c1-audit-${version}.tgz`);
  });
});

describe('npx c1-audit in a clone', () => {
  const npx = (cwd: string) => {
    const env = shellEnvironment(emptyFolder(), {
      npm_config_cache: emptyFolder(),
      npm_config_offline: 'true',
      npm_config_update_notifier: 'false',
    });
    return spawnSync('npx', ['c1-audit', '--version'], { cwd, encoding: 'utf8', env });
  };

  test('runs the build of the clone and prints which one, also from below its root', () => {
    const { status, stdout, stderr } = npx(join(root, 'src/cli'));
    expect(stderr).toBe(`c1-audit ${version}: local build ${join(root, 'dist/bin.js')}\n`);
    expect([status, stdout]).toEqual([0, `${version}\n`]);
  });

  test('finds nothing elsewhere without a registry', () => {
    const { status, stdout } = npx(emptyFolder());
    expect([status, stdout]).toEqual([1, '']);
  });
});
