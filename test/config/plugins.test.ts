import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { rules as builtIns } from '../../rules/index.js';
import { checkRule, type Loaded, loadPlugins as loadAll } from '../../src/config/plugins.js';
import { problemsError } from '../../src/config/problem.js';
import { errorOf, folderWith, load, mistakesOf } from './fixtures.js';

const RULE = {
  id: 'acme/no-shared-keys',
  title: 'The credential is shared',
  severity: 'high',
  kinds: ['personal-client'],
  docs: { why: 'Because.', fix: 'Fix it.', references: [{ title: 'x', url: 'https://acme.example/' }] },
  needs: ['name'],
  optional: ['createdAt'],
  judges: 'live',
  options: {
    days: { describe: 'd', default: 3, min: 1, max: 9, integer: true },
    strict: { describe: 'd', default: true },
    prefix: { describe: 'd', default: '' },
    names: { describe: 'd', default: ['a'] },
  },
  messages: { shared: () => 'shared' },
  check: () => undefined,
};

const source = (id: string, rest = '') =>
  `{ id: '${id}', title: 'T', severity: 'high', kinds: ['personal-client'], docs: { why: 'w', fix: 'f', references: [] }, needs: ['name'], messages: { m: () => 'm' }, check() {}, ${rest} }`;

async function loadPlugins(specs: readonly string[], folder: string, builtIns: readonly string[]) {
  const homes = new Map(builtIns.map((id) => [id, 'the built-in rules']));
  const loaded: Loaded = { rules: [], problems: [], homes };
  await loadAll(specs, folder, loaded);
  const { rules, problems } = loaded;
  if (problems.length > 0) throw problemsError(problems);
  return rules;
}

describe('checking a rule', () => {
  test('accepts a plain object with every field', () => {
    expect(checkRule(RULE, { plugin: true })).toEqual([]);
    expect(checkRule({ ...RULE, id: 'no-shared-keys' }, { plugin: false })).toEqual([]);
  });

  test('accepts a rule with only the required fields', () => {
    const { optional, judges, options, ...least } = RULE;
    expect(checkRule(least, { plugin: true })).toEqual([]);
  });

  test.each(builtIns.map((rule) => [rule.id, rule] as const))('accepts the built-in %s', (_, rule) => {
    expect(checkRule(rule, { plugin: false })).toEqual([]);
  });

  const days = (change: object) => ({ options: { days: { ...RULE.options.days, ...change } } });
  const reference = (value: unknown) => ({ docs: { ...RULE.docs, references: [value] } });

  test.each<[object, string, string]>([
    [
      { id: 'no-shared-keys' },
      'id',
      'must be <prefix>/<name>, both in kebab-case (acme/no-shared-keys), not "no-shared-keys"',
    ],
    [{ id: 'acme/No' }, 'id', 'not "acme/No"'],
    [{ id: 'acme/a/b' }, 'id', 'not "acme/a/b"'],
    [{ id: undefined }, 'id', 'not nothing'],
    [{ title: '' }, 'title', 'must not be blank, not ""'],
    [{ title: 7 }, 'title', 'must be text, not 7'],
    [{ title: 'x'.repeat(81) }, 'title', 'must be at most 80 characters, not 81'],
    [{ title: 'a\nb' }, 'title', 'must be one line without control characters'],
    [
      { severity: 'hihg' },
      'severity',
      'must be one of info, low, medium, high, critical, not "hihg"; did you mean "high"?',
    ],
    [{ severity: undefined }, 'severity', 'not nothing'],
    [
      { controls: { 'nist-800-53': ['AC-02(3)'] } },
      'controls.nist-800-53[0]',
      'must be a control of NIST SP 800-53, revision 5 such as AC-2(3), not "AC-02(3)"',
    ],
    [
      { controls: { 'owasp-nhi': ['NHI11'] } },
      'controls.owasp-nhi[0]',
      'must be a control of OWASP Non-Human Identities Top 10, 2025 such as NHI7',
    ],
    [{ controls: { 'cis-controls-8': [] } }, 'controls.cis-controls-8', 'must not be an empty list'],
    [{ controls: { iso: ['A.5'] } }, 'controls.iso', 'no such framework'],
    [{ kinds: [] }, 'kinds', 'must not be an empty list'],
    [{ kinds: 'personal-client' }, 'kinds', 'must be a list, not "personal-client"'],
    [
      { kinds: ['personal-clients'] },
      'kinds[0]',
      'function, not "personal-clients"; did you mean "personal-client"?',
    ],
    [{ kinds: ['personal-client', 'personal-client'] }, 'kinds[1]', 'repeats kinds[0]'],
    [{ docs: undefined }, 'docs', 'must be a mapping of keys to values, not nothing'],
    [{ docs: { ...RULE.docs, why: ' ' } }, 'docs.why', 'must not be blank, not " "'],
    [{ docs: { ...RULE.docs, fix: undefined } }, 'docs.fix', 'must be text, not nothing'],
    [{ docs: { ...RULE.docs, references: null } }, 'docs.references', 'must be a list, not nothing'],
    [{ docs: { ...RULE.docs, references: 'x' } }, 'docs.references', 'must be a list, not "x"'],
    [reference('x'), 'docs.references[0]', 'must be a mapping of keys to values, not "x"'],
    [
      reference({ title: 'x', url: 'http://acme.example' }),
      'docs.references[0].url',
      'must be an https address, not "http://acme.example"',
    ],
    [
      reference({ title: 'x', url: 'javascript:alert(1)' }),
      'docs.references[0].url',
      'must be an https address',
    ],
    [{ needs: undefined }, 'needs', 'must be a list, not nothing'],
    [{ needs: ['lastUsed'] }, 'needs[0]', 'did you mean "lastUse"?'],
    [{ optional: [7] }, 'optional[0]', 'must be one of name, clientId, '],
    [{ needs: ['createdAt'] }, 'optional', 'createdAt is needed already'],
    [{ needs: ['requireDpop'] }, 'needs', 'personal-client has no requireDpop: drop the kind or the fact'],
    [{ optional: ['condition'] }, 'optional', 'personal-client has no condition: drop the kind or the fact'],
    [
      { kinds: ['personal-client', 'federation-trust'], needs: ['expiresAt'] },
      'needs',
      'federation-trust has no expiresAt',
    ],
    [{ judges: 'dead' }, 'judges', 'must be one of live, expired, not "dead"'],
    [{ options: [] }, 'options', 'must be a mapping of keys to values, not a list'],
    [{ options: { 'a-b': RULE.options.days } }, 'options.a-b', 'its name must be letters and digits'],
    [
      { options: { severity: RULE.options.days } },
      'options.severity',
      'every rule has a severity setting already',
    ],
    [{ options: { days: 3 } }, 'options.days', 'must be a mapping of keys to values, not 3'],
    [days({ describe: '' }), 'options.days.describe', 'must not be blank, not ""'],
    [
      days({ default: undefined }),
      'options.days.default',
      'must be a number, true or false, a text or a list of texts, not nothing',
    ],
    [days({ default: Number.NaN }), 'options.days.default', 'must be a number, not NaN'],
    [days({ default: 0 }), 'options.days.default', 'must be at least 1, not 0'],
    [days({ default: 10 }), 'options.days.default', 'must be at most 9, not 10'],
    [days({ default: 1.5 }), 'options.days.default', 'must be a whole number, not 1.5'],
    [days({ min: '1' }), 'options.days.min', 'must be a number, not "1"'],
    [days({ integer: 1 }), 'options.days.integer', 'must be true or false, not 1'],
    [days({ maximum: 3 }), 'options.days.maximum', 'no such field'],
    [
      { options: { names: { describe: 'd', default: [1] } } },
      'options.names.default[0]',
      'must be text, not 1: put it in quotes',
    ],
    [{ messages: undefined }, 'messages', 'must be a mapping of keys to values, not nothing'],
    [{ messages: {} }, 'messages', 'must have at least one message'],
    [{ messages: { shared: 'text' } }, 'messages.shared', 'must be a function, not "text"'],
    [{ messages: { 'a b': () => '' } }, 'messages.a b', 'its name must be letters and digits'],
    [{ check: undefined }, 'check', 'must be a function, not nothing'],
    [{ check: async () => undefined }, 'check', 'must be a synchronous function'],
    [{ check: function* () {} }, 'check', 'must be a synchronous function'],
    [{ successor: ' ' }, 'successor', 'must not be blank, not " "'],
    [{ plan: 'ask' }, 'plan', 'must be a mapping of keys to values, not "ask"'],
    [{ plan: {} }, 'plan', 'has no way: it is required'],
    [{ plan: { way: '' } }, 'plan.way', 'must be one of end, finish, ask, replace, adjust, federate, look'],
    [{ plan: { way: 'asks' } }, 'plan.way', 'did you mean "ask"?'],
    [{ plan: { way: 'adjust', sets: 'network' } }, 'plan.sets', 'did you mean "networks"?'],
    [{ plan: { way: 'ask', first: '' } }, 'plan.first', 'must not be blank, not ""'],
    [{ plan: { way: 'ask', frist: 'x' } }, 'plan.frist', 'no such field; did you mean "first"?'],
    [
      { plan: { way: 'ask', messages: [] } },
      'plan.messages',
      'must be a mapping of keys to values, not a list',
    ],
    [
      { plan: { way: 'ask', messages: { gone: { way: 'end' } } } },
      'plan.messages.gone',
      'the rule has no such message',
    ],
    [
      { plan: { way: 'ask', messages: { shared: { way: 'end', messages: {} } } } },
      'plan.messages.shared.messages',
      'no such field',
    ],
    [{ option: {} }, 'option', 'no such field; did you mean "options"?'],
  ])('%j: %s', (change, field, message) => {
    const problems = checkRule({ ...RULE, ...change }, { plugin: true });
    expect(problems.map((problem) => problem.field)).toContain(field);
    expect(problems.find((problem) => problem.field === field)?.message).toContain(message);
  });

  test.each<[string, object]>([
    ['no references', { docs: { why: 'w', fix: 'f' } }],
    ['an empty list of them', { docs: { why: 'w', fix: 'f', references: [] } }],
    ['a successor', { successor: 'a ticket number in its name' }],
    [
      'a plan',
      { plan: { way: 'adjust', sets: 'name', first: 'Ask.', messages: { shared: { way: 'end' } } } },
    ],
  ])('accepts %s', (_, change) => {
    expect(checkRule({ ...RULE, ...change }, { plugin: true })).toEqual([]);
  });

  test('accepts a title of 80 characters', () => {
    expect(checkRule({ ...RULE, title: 'x'.repeat(80) }, { plugin: true })).toEqual([]);
  });

  test('refuses what is not an object, or cannot be read', () => {
    expect(checkRule(null, { plugin: true })).toEqual([
      { field: '', message: 'must be a mapping of keys to values, not nothing' },
    ]);
    const hostile = {
      get id() {
        throw new Error('no');
      },
    };
    expect(checkRule(hostile, { plugin: true })).toEqual([
      { field: '', message: 'its fields cannot be read' },
    ]);
  });
});

describe('loading plug-ins', () => {
  const files = {
    'rules/one.mjs': `export default ${source('acme/one')};`,
    'rules/list.mjs': `export default [${source('acme/two')}, ${source('acme/three')}];`,
    'rules/common.cjs': `module.exports = ${source('acme/four')};`,
    'rules/compiled.cjs': `module.exports = { __esModule: true, default: ${source('acme/five')} };`,
    'node_modules/plain/package.json': '{"name": "plain", "main": "index.js"}',
    'node_modules/plain/index.js': `module.exports = ${source('plain/x')};`,
    'node_modules/@acme/rules/package.json':
      '{"name": "@acme/rules", "type": "module", "exports": {".": {"types": "./x.d.ts", "import": {"default": "./main.js"}}, "./more": "./more.js"}}',
    'node_modules/@acme/rules/main.js': `export default ${source('acme/six')};`,
    'node_modules/@acme/rules/more.js': `export default ${source('acme/seven')};`,
    'node_modules/sugar/package.json':
      '{"name": "sugar", "type": "module", "exports": {"import": "./main.js"}}',
    'node_modules/sugar/main.js': `export default ${source('sugar/x')};`,
  };

  test.each([
    ['./rules/one.mjs', ['acme/one']],
    ['./rules/list.mjs', ['acme/two', 'acme/three']],
    ['./rules/common.cjs', ['acme/four']],
    ['./rules/compiled.cjs', ['acme/five']],
    ['plain', ['plain/x']],
    ['@acme/rules', ['acme/six']],
    ['@acme/rules/more', ['acme/seven']],
    ['sugar', ['sugar/x']],
  ])('%s', async (spec, ids) => {
    const folder = await folderWith(files);
    const rules = await loadPlugins([spec], folder, []);
    expect(rules.map(({ id }) => id)).toEqual(ids);
  });

  test('loads a file by absolute path and by URL', async () => {
    const file = path.join(await folderWith(files), 'rules/one.mjs');
    expect(await loadPlugins([file], '/', [])).toHaveLength(1);
    expect(await loadPlugins([`file://${file}`], '/', [])).toHaveLength(1);
  });

  test('loads several in the order named', async () => {
    const rules = await loadPlugins(['plain', './rules/list.mjs'], await folderWith(files), []);
    expect(rules.map(({ id }) => id)).toEqual(['plain/x', 'acme/two', 'acme/three']);
  });

  test.each([
    ['./nope.mjs', '', 'plug-in ./nope.mjs: there is no such file'],
    ['nope', '', 'plug-in nope: no such package is installed'],
    ['fs', '', 'plug-in fs: no such package is installed'],
    [
      'rules/a.mjs',
      '',
      'plug-in rules/a.mjs: no such package is installed; a path begins with ./ (./rules/a.mjs)',
    ],
    [
      './a.mjs',
      'export const rule = 1;',
      'plug-in ./a.mjs: has no default export: export a rule or a list of rules',
    ],
    [
      './a.mjs',
      'export default [];',
      'plug-in ./a.mjs: exports an empty list: export a rule or a list of rules',
    ],
    ['./a.mjs', 'throw new Error("boom");', 'plug-in ./a.mjs: cannot be loaded: boom'],
    [
      './a.mjs',
      'throw new Error("xox" + "b-1");',
      'plug-in ./a.mjs: cannot be loaded: its error names a secret',
    ],
    ['./a.mjs', 'export default "x";', 'plug-in ./a.mjs: must be a mapping of keys to values, not "x"'],
    [
      './a.mjs',
      `export default ${source('unused')};`,
      'plug-in ./a.mjs: unused: id: must be <prefix>/<name>, both in kebab-case (acme/no-shared-keys), not "unused"',
    ],
    [
      './a.mjs',
      `export default [${source('acme/x')}, ${source('acme/x')}];`,
      'plug-in ./a.mjs: acme/x: id: is already used by plug-in ./a.mjs',
    ],
    [
      './a.mjs',
      `export default ${source('taken/x')};`,
      'plug-in ./a.mjs: taken/x: id: is already used by the built-in rules',
    ],
    [
      './a.mjs',
      `export default [${source('acme/x')}, 7];`,
      'plug-in ./a.mjs: rule 2: must be a mapping of keys to values, not 7',
    ],
  ])('%s: %s', async (spec, text, mistake) => {
    const folder = await folderWith({ 'a.mjs': text });
    expect(await mistakesOf(loadPlugins([spec], folder, ['taken/x']))).toEqual([mistake]);
  });

  test('reports all mistakes of all plug-ins at once', async () => {
    const folder = await folderWith({
      'a.mjs': `export default ${source('acme/x', "title: '', severity: 'hihg'")};`,
    });
    const error = await errorOf(loadPlugins(['./a.mjs', './b.mjs'], folder, []));
    expect(error.code).toBe('config');
    expect(error.message.split('\n').slice(1)).toEqual([
      '  plug-in ./a.mjs: acme/x: title: must not be blank, not ""',
      '  plug-in ./a.mjs: acme/x: severity: must be one of info, low, medium, high, critical, not "hihg"; did you mean "high"?',
      '  plug-in ./b.mjs: there is no such file',
    ]);
  });
});

describe('plug-ins in a configuration', () => {
  test('sets, waives and checks their rules like built-in ones', async () => {
    const files = {
      'ours.mjs': `export default ${source('acme/x', 'options: { days: { describe: "d", default: 3, min: 1 } }')};`,
      'c1-audit.config.yaml': 'plugins: [./ours.mjs]\nrules: { acme/x: { days: 5 } }',
    };
    const { settings, rules } = await load({ files });
    expect(rules.at(-1)?.id).toBe('acme/x');
    expect(settings['acme/x']).toEqual({
      enabled: true,
      severity: undefined,
      options: { days: 5 },
      floors: {},
    });
    const wrong = {
      ...files,
      'c1-audit.config.yaml': 'plugins: [./ours.mjs]\nrules: { acme/x: { days: 0 }, acme/y: off }',
    };
    expect(await mistakesOf(load({ files: wrong }))).toEqual([
      'c1-audit.config.yaml:2:26: rules.acme/x.days: must be at least 1, not 0',
      'c1-audit.config.yaml:2:31: rules.acme/y: no such rule; did you mean "acme/x"?',
    ]);
  });

  test('resolves paths relative to the file', async () => {
    const files = {
      'night/ours.mjs': `export default ${source('acme/x')};`,
      'night/a.yaml': 'plugins: [./ours.mjs]',
    };
    expect((await load({ files, configPath: 'night/a.yaml' })).rules.at(-1)?.id).toBe('acme/x');
  });

  test('reports a plug-in that does not load among other mistakes, and none for its rules', async () => {
    const text = 'plugins: [./nope.mjs]\nrules: { nope/x: { days: 5 } }\nscop: mine';
    expect(
      await mistakesOf(load({ files: { 'c1-audit.config.yaml': text }, flags: { rules: ['nope/x'] } })),
    ).toEqual([
      'c1-audit.config.yaml:3:1: scop: no such key; did you mean "scope"?',
      'plug-in ./nope.mjs: there is no such file',
    ]);
  });

  test('reports a plug-in named twice as a mistake in the list, not in its rules', async () => {
    const files = {
      'ours.mjs': `export default ${source('acme/x')};`,
      'c1-audit.config.yaml': 'plugins: [./ours.mjs, ./ours.mjs]',
    };
    expect(await mistakesOf(load({ files }))).toEqual([
      'c1-audit.config.yaml:1:23: plugins[1]: repeats plugins[0]',
    ]);
  });
});
