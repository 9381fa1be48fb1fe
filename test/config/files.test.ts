import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { CONFIG_NAMES, findConfig, readConfig } from '../../src/config/read.js';
import { errorOf, folderWith, load, mistakesOf } from './fixtures.js';

const JSON_NAME = 'c1-audit.config.json';

describe('which file is used', () => {
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

  test('none is fine', async () => {
    const { config, file } = await load({});
    expect(file).toBeUndefined();
    expect(config.scope).toBe('mine');
  });

  test('a folder of that name is none', async () => {
    const cwd = await folderWith({});
    await mkdir(path.join(cwd, 'c1-audit.config.yaml'));
    expect(await findConfig(cwd, undefined)).toBeUndefined();
  });

  test('several are an error that names them', async () => {
    const { code, message } = await errorOf(
      load({ files: { 'c1-audit.config.yml': '', [JSON_NAME]: '{}' } }),
    );
    expect(code).toBe('config');
    expect(message).toBe('several configuration files: c1-audit.config.yml, c1-audit.config.json');
  });

  test('several do not matter where one is named', async () => {
    const files = { 'c1-audit.config.yml': '', [JSON_NAME]: '{}', 'night/audit.yaml': 'scope: tenant' };
    const { config, file } = await load({ files, configPath: 'night/audit.yaml' });
    expect(config.scope).toBe('tenant');
    expect(file?.name).toBe(path.join('night', 'audit.yaml'));
  });

  test('a named one that is missing is an error', async () => {
    const { code, message } = await errorOf(load({ configPath: 'nope.yaml' }));
    expect(code).toBe('config');
    expect(message).toBe('there is no configuration file nope.yaml');
  });

  test('C1_AUDIT_CONFIG names one; the flag wins over it', async () => {
    const files = { 'a.yaml': 'scope: tenant', 'b.yaml': 'scope: mine' };
    const env = { C1_AUDIT_CONFIG: 'a.yaml' };
    expect((await load({ files, env })).config.scope).toBe('tenant');
    expect((await load({ files, env, configPath: 'b.yaml' })).config.scope).toBe('mine');
    expect((await errorOf(load({ files, env: { C1_AUDIT_CONFIG: 'c.yaml' } }))).message).toMatch(/c\.yaml/);
  });

  test('one outside of the working directory is called by its whole path', async () => {
    const outside = path.join(await folderWith({ 'a.yaml': 'x: 1' }), 'a.yaml');
    expect(await mistakesOf(load({ configPath: outside }))).toEqual([`${outside}:1:1: x: no such key`]);
  });

  test('one that cannot be opened is an error', async () => {
    const cwd = await folderWith({});
    const { code, message } = await errorOf(readConfig(path.join(cwd, 'a.yaml'), cwd));
    expect(code).toBe('config');
    expect(message).toBe('cannot read the configuration file a.yaml (ENOENT)');
  });

  test('a name that says nothing of its format is an error', async () => {
    expect(await mistakesOf(load({ files: { 'audit.toml': 'x' }, configPath: 'audit.toml' }))).toEqual([
      'audit.toml: its name must end in .yaml, .yml, .json, .mjs or .js',
    ]);
  });

  test('text that is not UTF-8 is an error', async () => {
    const files = { 'c1-audit.config.yaml': Buffer.from('scope: mine', 'utf16le').subarray(0, 21) };
    const broken = { 'c1-audit.config.yaml': Uint8Array.of(0xff, 0xfe, 0x73, 0x00) };
    expect(await mistakesOf(load({ files: broken }))).toEqual([
      'c1-audit.config.yaml: is not UTF-8 text: save it as UTF-8',
    ]);
    await expect(load({ files })).rejects.toThrow();
  });
});

describe('JSON is JSON', () => {
  test('an empty file is one without settings', async () => {
    await expect(load({ files: { [JSON_NAME]: ' \n' } })).resolves.toBeDefined();
  });

  test('a byte order mark is no matter', async () => {
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

  test('what is neither is named as JSON', async () => {
    expect(await mistakesOf(load({ files: { [JSON_NAME]: '{"a": [}' } }))).toEqual([
      expect.stringMatching(/^c1-audit\.config\.json:1:\d+: cannot be read as JSON: /),
    ]);
  });

  test('mistakes have lines, duplicates too', async () => {
    const text = '{\n  "scope": "mine",\n  "scop": 1,\n  "scope": "tenant"\n}';
    expect(await mistakesOf(load({ files: { [JSON_NAME]: text } }))).toEqual([
      `${JSON_NAME}:3:3: scop: no such key; did you mean "scope"?`,
      `${JSON_NAME}:4:3: scope: stands twice: first in line 2`,
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
    ['an error on the way', 'throw new Error("no such thing");', `${MJS}: cannot be loaded: no such thing`],
    ['an error of several lines', 'throw new Error("one\\ntwo");', `${MJS}: cannot be loaded: one`],
    ['an error that is none', 'throw 7;', `${MJS}: cannot be loaded: 7`],
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

  test('a list that holds itself is an error, not a crash', async () => {
    const text =
      'const a = []; a.push(a); const o = {}; o.o = o; export default { plugins: a, waivers: [o, o], x: o };';
    const mistakes = await mistakesOf(load({ files: { [MJS]: text } }));
    expect(mistakes).toContain(`${MJS}: plugins[0]: must be text, not a list`);
    expect(mistakes).toContain(`${MJS}: x: no such key`);
  });
});
