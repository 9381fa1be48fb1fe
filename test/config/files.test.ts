import { chmod, chown, mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { CONFIG_NAMES, findConfig, readConfig } from '../../src/config/read.js';
import { loadConfig } from '../../src/config/resolve.js';
import { errorOf, folderWith, load, mistakesOf, NOW, RULES } from './fixtures.js';

const JSON_NAME = 'c1-audit.config.json';

describe('choosing the configuration file', () => {
  test.each([
    ['c1-audit.config.yaml', 'scope: tenant'],
    ['c1-audit.config.yml', 'scope: tenant'],
    [JSON_NAME, '{"scope": "tenant"}'],
    ['c1-audit.config.mjs', 'export default { scope: "tenant" };'],
    ['c1-audit.config.js', 'module.exports = { scope: "tenant" };'],
  ])('%s in the working directory', async (name, text) => {
    expect(CONFIG_NAMES).toContain(name);
    const { config, file } = await load({ files: { [name]: text } });
    expect(config.scope).toBe('tenant');
    expect(file?.name).toBe(name);
  });

  test('runs without a configuration file', async () => {
    const { config, file } = await load({});
    expect(file).toBeUndefined();
    expect(config.scope).toBe('mine');
  });

  test('ignores a directory with the name of a configuration file', async () => {
    const cwd = await folderWith({});
    await mkdir(path.join(cwd, 'c1-audit.config.yaml'));
    expect(await findConfig({ cwd, home: undefined }, undefined)).toBeUndefined();
  });

  test('refuses several files in one directory and names them', async () => {
    const { code, message } = await errorOf(
      load({ files: { 'c1-audit.config.yml': '', [JSON_NAME]: '{}' } }),
    );
    expect(code).toBe('config');
    expect(message).toMatch(
      /^several configuration files in .*: c1-audit\.config\.yml, c1-audit\.config\.json$/,
    );
  });

  test('accepts several files if one is named', async () => {
    const files = { 'c1-audit.config.yml': '', [JSON_NAME]: '{}', 'night/audit.yaml': 'scope: tenant' };
    const { config, file } = await load({ files, configPath: 'night/audit.yaml' });
    expect(config.scope).toBe('tenant');
    expect(file?.name).toBe(path.join('night', 'audit.yaml'));
  });

  test('refuses a named file that is missing', async () => {
    const { code, message } = await errorOf(load({ configPath: 'nope.yaml' }));
    expect(code).toBe('config');
    expect(message).toBe('there is no configuration file nope.yaml');
  });

  test('reads the file that C1_AUDIT_CONFIG names, unless the flag names another', async () => {
    const files = { 'a.yaml': 'scope: tenant', 'b.yaml': 'scope: mine' };
    const env = { C1_AUDIT_CONFIG: 'a.yaml' };
    expect((await load({ files, env })).config.scope).toBe('tenant');
    expect((await load({ files, env, configPath: 'b.yaml' })).config.scope).toBe('mine');
    expect((await errorOf(load({ files, env: { C1_AUDIT_CONFIG: 'c.yaml' } }))).message).toMatch(/c\.yaml/);
  });

  test('names a file outside the working directory by its full path', async () => {
    const outside = path.join(await folderWith({ 'a.yaml': 'x: 1' }), 'a.yaml');
    expect(await mistakesOf(load({ configPath: outside }))).toEqual([`${outside}:1:1: x: no such key`]);
  });

  test('refuses a file that cannot be opened', async () => {
    const cwd = await folderWith({});
    const { code, message } = await errorOf(readConfig(path.join(cwd, 'a.yaml'), cwd));
    expect(code).toBe('config');
    expect(message).toBe('cannot read the configuration file a.yaml (ENOENT)');
  });

  test('refuses a file name without a known format', async () => {
    expect(await mistakesOf(load({ files: { 'audit.toml': 'x' }, configPath: 'audit.toml' }))).toEqual([
      'audit.toml: its name must end in .yaml, .yml, .json, .mjs or .js',
    ]);
  });

  test('refuses text that is not UTF-8', async () => {
    const files = { 'c1-audit.config.yaml': Buffer.from('scope: mine', 'utf16le').subarray(0, 21) };
    const broken = { 'c1-audit.config.yaml': Uint8Array.of(0xff, 0xfe, 0x73, 0x00) };
    expect(await mistakesOf(load({ files: broken }))).toEqual([
      'c1-audit.config.yaml: is not UTF-8 text: save it as UTF-8',
    ]);
    await expect(load({ files })).rejects.toThrow();
  });
});

describe('the search above the working directory', () => {
  const NAME = 'c1-audit.config.yaml';
  const tree = (files: Readonly<Record<string, string>>) => folderWith({ 'a/b/c/keep': '', ...files });
  const search = async (root: string, home?: string) =>
    findConfig({ cwd: path.join(root, 'a/b/c'), home: home && path.join(root, home) }, undefined);

  test('takes the nearest file', async () => {
    const root = await tree({ [NAME]: '', [`a/${NAME}`]: '' });
    expect(await search(root)).toBe(path.join(root, 'a', NAME));
  });

  test.each([
    ['a folder', 'a/.git/HEAD'],
    ['a file, as in a worktree', 'a/.git'],
  ])("ends at a repository's root, where .git is %s", async (_, git) => {
    expect(await search(await tree({ [NAME]: '', [git]: '' }))).toBeUndefined();
    const root = await tree({ [`a/${NAME}`]: '', [git]: '' });
    expect(await search(root)).toBe(path.join(root, 'a', NAME));
  });

  test('ends at the home directory, also where that is a symbolic link', async () => {
    const root = await tree({ [NAME]: '' });
    expect(await search(root)).toBe(path.join(root, NAME));
    expect(await search(root, 'a')).toBeUndefined();
    await symlink(path.join(root, 'a'), path.join(root, 'link'));
    expect(await search(root, 'link')).toBeUndefined();
    const own = await tree({ [`a/${NAME}`]: '' });
    expect(await search(own, 'a')).toBe(path.join(own, 'a', NAME));
  });

  test('reports several in one directory above, and names it', async () => {
    const root = await tree({ [NAME]: '', [JSON_NAME]: '{}' });
    expect((await errorOf(search(root))).message).toBe(
      `several configuration files in ${root}: ${NAME}, ${JSON_NAME}`,
    );
  });

  test('loads settings, state path and plug-ins relative to the file', async () => {
    const root = await tree({
      [NAME]: 'scope: tenant\nstate: night/s.json\nplugins: [./ours.mjs]',
      'ours.mjs': 'export default [];',
    });
    const cwd = path.join(root, 'a/b/c');
    const loading = loadConfig({ cwd, env: {}, flags: {}, now: NOW, builtIns: async () => RULES });
    expect((await mistakesOf(loading)).join()).toMatch(/ours\.mjs.*empty list/);
    await writeFile(path.join(root, NAME), 'scope: tenant\nstate: night/s.json');
    const { config, file } = await loadConfig({
      cwd,
      env: {},
      flags: {},
      now: NOW,
      builtIns: async () => RULES,
    });
    expect(config).toMatchObject({ scope: 'tenant', state: path.join(root, 'night/s.json') });
    expect(file?.name).toBe(path.join(root, NAME));
  });

  test('does not search the directories above if only a named file is used', async () => {
    const root = await tree({ [NAME]: 'scope: tenant' });
    const cwd = path.join(root, 'a');
    const loaded = await loadConfig({
      cwd,
      env: {},
      flags: {},
      discover: false,
      now: NOW,
      builtIns: async () => RULES,
    });
    expect(loaded.file).toBeUndefined();
  });

  // Only root can give a file away.
  const asRoot = process.getuid?.() === 0 ? test : test.skip;
  asRoot.each([
    ['that everybody can write to is refused', 0o777, true],
    ['that only its owner can write to is accepted', 0o755, false],
  ])("another user's file in a directory above %s", async (_, mode, refused) => {
    const root = await tree({ [NAME]: '' });
    await chown(path.join(root, NAME), 4242, 4242);
    await chmod(root, mode);
    const found = search(root);
    if (refused) expect((await errorOf(found)).message).toMatch(/belongs to another user/);
    else expect(await found).toBe(path.join(root, NAME));
  });
});

describe('JSON', () => {
  test('reads an empty file as one without settings', async () => {
    await expect(load({ files: { [JSON_NAME]: ' \n' } })).resolves.toBeDefined();
  });

  test('accepts a byte order mark', async () => {
    expect((await load({ files: { [JSON_NAME]: '\uFEFF{"scope": "tenant"}' } })).config.scope).toBe('tenant');
  });

  test.each([
    ['a block', 'scope: mine', '1:1'],
    ['a comment', '{ "scope": "mine" } # mine', ''],
    ['a bare key', '{\n  scope: "mine" }', '2:3'],
    ['bare text', '{ "scope": mine }', '1:12'],
    ['single quotes', `{ "scope": 'mine' }`, '1:12'],
    ['a trailing comma', '{ "plugins": [], }', undefined],
    ['another number', '{ "rules": { "unused": { "days": 0x40 } } }', undefined],
  ])('%s is for YAML', async (_, text, place) => {
    const [mistake, ...others] = await mistakesOf(load({ files: { [JSON_NAME]: text } }));
    expect(others).toEqual([]);
    expect(mistake).toMatch(/is not JSON: comments, trailing commas and text without double quotes/);
    if (place) expect(mistake).toMatch(`${JSON_NAME}:${place}: `);
  });

  test('reports text that is neither JSON nor YAML as not JSON', async () => {
    expect(await mistakesOf(load({ files: { [JSON_NAME]: '{"a": [}' } }))).toEqual([
      expect.stringMatching(/^c1-audit\.config\.json:1:\d+: cannot be read as JSON: /),
    ]);
  });

  test('reports mistakes and duplicates with their lines', async () => {
    const text = '{\n  "scope": "mine",\n  "scop": 1,\n  "scope": "tenant"\n}';
    expect(await mistakesOf(load({ files: { [JSON_NAME]: text } }))).toEqual([
      `${JSON_NAME}:3:3: scop: no such key; did you mean "scope"?`,
      `${JSON_NAME}:4:3: scope: is set twice: first in line 2`,
    ]);
  });
});

describe('JavaScript', () => {
  const MJS = 'c1-audit.config.mjs';
  test.each([
    [
      'no default export',
      'export const scope = "mine";',
      `${MJS}: has no default export: write \`export default { … }\``,
    ],
    [
      'an error while loading',
      'throw new Error("no such thing");',
      `${MJS}: cannot be loaded: no such thing`,
    ],
    ['an error of several lines', 'throw new Error("one\\ntwo");', `${MJS}: cannot be loaded: one`],
    ['a thrown number', 'throw 7;', `${MJS}: cannot be loaded: 7`],
    [
      'an error with a secret',
      `throw new Error("xox" + "b-" + "12345");`,
      `${MJS}: cannot be loaded: its error names a secret`,
    ],
    [
      'a function',
      'export default () => ({});',
      `${MJS}: must be a mapping of keys to values, not a function`,
    ],
    ['a mistake', 'export default { scope: 1n, slack: { when: Symbol("x") } };', undefined],
    [
      'a date that is a Date',
      `export default { waivers: [{ rule: "*", credential: "a", reason: "r", approvedBy: "b", expires: new Date(0) }] };`,
      `${MJS}: waivers[0].expires: must be text, not a mapping`,
    ],
  ])('%s', async (_, text, mistake) => {
    const mistakes = await mistakesOf(load({ files: { [MJS]: text } }));
    if (mistake) expect(mistakes).toEqual([mistake]);
    else expect(mistakes).toHaveLength(2);
  });

  test('refuses a list that contains itself', async () => {
    const text =
      'const a = []; a.push(a); const o = {}; o.o = o; export default { plugins: a, waivers: [o, o], x: o };';
    const mistakes = await mistakesOf(load({ files: { [MJS]: text } }));
    expect(mistakes).toContain(`${MJS}: plugins[0]: must be text, not a list`);
    expect(mistakes).toContain(`${MJS}: x: no such key`);
  });
});
