import { describe, expect, test } from '@jest/globals';
import { errorOf, load, loadYaml, mistakesOf, NOW } from './fixtures.js';

const FILE = 'c1-audit.config.yaml';

const WAIVER = 'rule: unused, credential: abc, reason: why, approvedBy: me@acme.example, expires: 2027-01-31';
const waiver = (change: Record<string, string | undefined>) => {
  const fields = Object.fromEntries(WAIVER.split(', ').map((field) => field.split(': ') as [string, string]));
  const entries = Object.entries({ ...fields, ...change }).filter(([, value]) => value !== undefined);
  return `waivers: [{${entries.map(([key, value]) => `${key}: ${value}`).join(', ')}}]`;
};

/** Text, then the mistakes without the file's name. */
const TABLE: readonly (readonly [string, string, ...string[]])[] = [
  ['a misspelt key', 'failon: high', '1:1: failon: no such key; did you mean "failOn"?'],
  [
    'a misspelt key with dashes',
    'min-severity: low',
    '1:1: min-severity: no such key; did you mean "minSeverity"?',
  ],
  ['a key like no other', 'zzzzzz: 1', '1:1: zzzzzz: no such key'],
  [
    'a key like a prototype’s',
    '__proto__: 1\nconstructor: 2',
    '1:1: __proto__: no such key',
    '2:1: constructor: no such key',
  ],
  ['a key that would move the cursor', '"a\\e[1A\\nb": 1', '1:1: a?[1A?b: no such key'],
  [
    'an option at the top',
    'days: 45',
    '1:1: days: no such key; it belongs under rules.unused, rules.expiring-soon, rules.woke-up or evidence',
  ],
  ['a rule at the top', 'unused: off', '1:1: unused: no such key; it belongs under rules'],
  [
    'a severity at the top',
    'severity: low',
    '1:1: severity: no such key; it belongs under customRules[] or rules.<id>; did you mean "minSeverity"?',
  ],
  [
    'an option of another rule',
    'rules:\n  no-expiry: { days: 3 }',
    '2:16: rules.no-expiry.days: no such setting of no-expiry; it belongs under rules.unused, rules.expiring-soon, rules.woke-up or evidence',
  ],
  [
    'a misspelt option',
    'rules: { not-rotated: { maxAgeDay: 3 } }',
    '1:25: rules.not-rotated.maxAgeDay: no such setting of not-rotated; did you mean "maxAgeDays"?',
  ],
  ['a misspelt rule', 'rules:\n  unsued: off', '2:3: rules.unsued: no such rule; did you mean "unused"?'],
  ['a rule of a plug-in that is not named', 'rules: { acme/x: off }', '1:10: rules.acme/x: no such rule'],
  [
    'a top-level key under rules',
    'rules: { failOn: high }',
    '1:10: rules.failOn: no such rule; it belongs under the top level',
  ],
  [
    'a misspelt choice',
    'scope: tenat',
    '1:8: scope: must be one of mine, tenant, not "tenat"; did you mean "tenant"?',
  ],
  ['nothing where a choice belongs', 'scope:', '1:7: scope: must be one of mine, tenant, not nothing'],
  ['a list where a choice belongs', 'scope: [mine]', '1:8: scope: must be one of mine, tenant, not a list'],
  [
    'a mapping where a choice belongs',
    'scope: {a: 1}',
    '1:8: scope: must be one of mine, tenant, not a mapping',
  ],
  [
    'an unknown profile',
    'profile: sis',
    '1:10: profile: must be one of default, cis, pci, fedramp-high, strict, not "sis"; did you mean "cis"?',
  ],
  [
    'an unknown severity',
    'failOn: severe',
    '1:9: failOn: must be one of never, info, low, medium, high, critical, not "severe"; did you mean "never"?',
  ],
  [
    'false for off',
    'rules: { no-expiry: false }',
    '1:21: rules.no-expiry: must be one of off, info, low, medium, high, critical, not false; did you mean "off"?',
  ],
  [
    'a list for a rule',
    'rules: { no-expiry: [high] }',
    '1:21: rules.no-expiry: must be one of off, info, low, medium, high, critical, not a list',
  ],
  ['a scalar for a section', 'rules: off', '1:8: rules: must be a mapping of keys to values, not "off"'],
  ['a list for the whole file', '- 1', '1:1: must be a mapping of keys to values, not a list'],
  ['a scalar for a list', 'plugins: ./a.mjs', '1:10: plugins: must be a list, not "./a.mjs"'],
  [
    'a scalar for a map',
    'slack: { mentions: U012 }',
    '1:20: slack.mentions: must be a mapping of keys to values, not "U012"',
  ],
  [
    'text for a number',
    'rules: { unused: { days: "45" } }',
    '1:26: rules.unused.days: must be a number, not "45"',
  ],
  ['not a number', 'rules: { unused: { days: .nan } }', '1:26: rules.unused.days: must be a number, not NaN'],
  [
    'infinity',
    'rules: { unused: { days: .inf } }',
    '1:26: rules.unused.days: must be a number, not Infinity',
  ],
  [
    'a number below its minimum',
    'rules: { unused: { days: 0.99 } }',
    '1:26: rules.unused.days: must be at least 1, not 0.99',
  ],
  [
    'a number above its maximum',
    'rules: { unused: { days: 1001 } }',
    '1:26: rules.unused.days: must be at most 1000, not 1001',
  ],
  [
    'a fraction',
    'rules: { not-rotated: { maxAgeDays: 1.5 } }',
    '1:37: rules.not-rotated.maxAgeDays: must be a whole number, not 1.5',
  ],
  [
    'text for a flag',
    'rules: { admin-scope: { exact: yes } }',
    '1:32: rules.admin-scope.exact: must be true or false, not "yes"',
  ],
  [
    'a number for text',
    'rules: { admin-scope: { prefix: 12 } }',
    '1:33: rules.admin-scope.prefix: must be text, not 12: put it in quotes',
  ],
  [
    'a blank in a list of texts',
    'rules: { admin-scope: { roles: [a, ""] } }',
    '1:36: rules.admin-scope.roles[1]: must not be blank, not ""',
  ],
  ['a key twice', 'scope: mine\nscope: tenant', '2:1: scope: is set twice: first in line 1'],
  [
    'a nested key twice',
    'rules:\n  unused: off\n  unused: high',
    '3:3: rules.unused: is set twice: first in line 2',
  ],
  ['a source twice', 'sources: [personal-clients, personal-clients]', '1:29: sources[1]: repeats sources[0]'],
  ['no source at all', 'sources: []', '1:10: sources: must not be an empty list'],
  [
    'an unknown source',
    'sources: [personal-client]',
    '1:11: sources[0]: must be one of personal-clients, service-principals, federation-trusts, external-clients, tunnel-credentials, llm-gateway-keys, functions, not "personal-client"; did you mean "personal-clients"?',
  ],
  [
    'an anchor',
    'plugins: &p []\nsources: *p',
    '2:10: sources: anchors and aliases (&x, *x) are not supported: write the value out',
  ],
  [
    'a tag',
    'scope: !mine mine',
    '1:8: cannot be read as YAML: Unresolved tag; if it is a text, put it in quotes, or write | and the text on the next line',
  ],
  [
    'two documents',
    'scope: mine\n---\nscope: mine',
    '2:1: cannot be read as YAML: Source contains multiple documents',
  ],
  ['a list as a key', '? [a]\n: 1', '1:3: cannot be read as YAML: With stringKeys, all keys must be strings'],
  [
    'broken YAML',
    'scope: mine\nsources: [',
    '2:11: cannot be read as YAML: Flow sequence in block collection must be sufficiently indented and end with a ]',
  ],
  ['a waiver without a rule', waiver({ rule: undefined }), '1:11: waivers[0]: has no rule: it is required'],
  [
    'a waiver without a credential',
    waiver({ credential: undefined }),
    '1:11: waivers[0]: has no credential: it is required',
  ],
  [
    'a waiver without a reason',
    waiver({ reason: undefined }),
    '1:11: waivers[0]: has no reason: it is required',
  ],
  [
    'a waiver without an approver',
    waiver({ approvedBy: undefined }),
    '1:11: waivers[0]: has no approvedBy: it is required',
  ],
  [
    'a waiver without an end',
    waiver({ expires: undefined }),
    '1:11: waivers[0]: has no expires: it is required',
  ],
  ['a blank reason', waiver({ reason: '"  "' }), '1:51: waivers[0].reason: must not be blank, not "  "'],
  ['an empty reason', waiver({ reason: '' }), '1:51: waivers[0].reason: must be text, not nothing'],
  [
    'a waiver that is not a mapping',
    'waivers: [unused]',
    '1:11: waivers[0]: must be a mapping of keys to values, not "unused"',
  ],
  [
    'a waiver of an unknown rule',
    waiver({ rule: 'unsued' }),
    '1:18: waivers[0].rule: there is no rule "unsued"; did you mean "unused"?',
  ],
  [
    'a waiver of a finding on waivers',
    waiver({ rule: 'waiver-expired' }),
    '1:18: waivers[0].rule: there is no rule "waiver-expired"',
  ],
  [
    'a glob for an id',
    waiver({ credential: '"ci-*"' }),
    '1:38: waivers[0].credential: must be an id or a client id; a pattern on the name is written {name: "ci-*", owner: jo@acme.example}, not "ci-*"',
  ],
  [
    'a number for an id',
    waiver({ credential: '123' }),
    '1:38: waivers[0].credential: must be text, not 123: put it in quotes',
  ],
  [
    'a credential by another field',
    waiver({ credential: '{nam: x, owner: a}' }),
    '1:38: waivers[0].credential: has no name: it is required',
    '1:39: waivers[0].credential.nam: no such key; did you mean "name"?',
  ],
  [
    'a name pattern without an owner',
    waiver({ credential: '{name: "ci-*"}' }),
    '1:38: waivers[0].credential: has no owner: a pattern covers the credentials of named owners only, as anybody can choose a name. Add owner with a user id, an email or a list of them, or write the id of the credential in place of the pattern',
  ],
  [
    'a name pattern without any owner in the list',
    waiver({ credential: '{name: "ci-*", owner: []}' }),
    '1:60: waivers[0].credential.owner: must not be an empty list',
  ],
  [
    'a blank owner in the list',
    waiver({ credential: '{name: "ci-*", owner: [a, " "]}' }),
    '1:64: waivers[0].credential.owner[1]: must not be blank, not " "',
  ],
  [
    'a pattern with braces',
    waiver({ credential: '{name: "{ci,cd}-*", owner: a}' }),
    '1:45: waivers[0].credential.name: "{ci,cd}-*": braces are not supported in patterns; write one waiver for each name, or [{] for a brace itself',
  ],
  [
    'a pattern with a range that goes backwards',
    waiver({ credential: '{name: "[z-a]", owner: a}' }),
    '1:45: waivers[0].credential.name: "[z-a]": a range in brackets must be in ascending order, as in [a-z]',
  ],
  [
    'a pattern that is too long',
    waiver({ credential: `{name: ${'x'.repeat(257)}, owner: a}` }),
    `1:45: waivers[0].credential.name: "${'x'.repeat(60)}…": a pattern has at most 256 characters`,
  ],
  [
    'a date that does not exist',
    waiver({ expires: '2027-02-29' }),
    '1:94: waivers[0].expires: "2027-02-29": this date does not exist',
  ],
  [
    'a date without its zeros',
    waiver({ expires: '2027-1-31' }),
    '1:94: waivers[0].expires: must be a date written YYYY-MM-DD, not "2027-1-31"',
  ],
  [
    'a date with a time',
    waiver({ expires: '2027-01-31T00:00:00Z' }),
    '1:94: waivers[0].expires: must be a date written YYYY-MM-DD, not "2027-01-31T00:00:00Z"',
  ],
  [
    'a year for a date',
    waiver({ expires: '2027' }),
    '1:94: waivers[0].expires: must be text, not 2027: put it in quotes',
  ],
  [
    'a date 367 days ahead',
    waiver({ expires: '2027-06-03' }),
    '1:94: waivers[0].expires: "2027-06-03": a waiver ends at most 366 days ahead: the last allowed date is 2027-06-02',
  ],
  [
    'a waiver twice, for another reason',
    `waivers:\n  - {${WAIVER}}\n  - {${WAIVER.replace('why', 'because')}}`,
    '3:5: waivers[1]: repeats waivers[0]',
  ],
  [
    'a key that is not an address',
    'slack: { mentions: { bob: U012 } }',
    '1:22: slack.mentions.bob: must be an email address',
  ],
  [
    'a value that is not a user id',
    'slack: { mentions: { b@c.d: bob } }',
    '1:29: slack.mentions.b@c.d: must be a Slack user id such as U012345, not "bob"',
  ],
  [
    'an address twice',
    'slack: { mentions: { b@c.d: U01, B@c.d: U02 } }',
    '1:34: slack.mentions.B@c.d: is given twice; upper and lower case are the same here',
  ],
];

describe('reports a mistake in the file with place, key and fix', () => {
  test.each(TABLE)('%s', async (_, text, ...expected) => {
    expect(await mistakesOf(loadYaml(text))).toEqual(expected.map((line) => `${FILE}:${line}`));
  });

  test('reports six mistakes at once', async () => {
    const error = await errorOf(
      loadYaml(
        [
          'scope: everyone',
          'fail-on: high',
          'rules:',
          '  unused: { days: -1 }',
          'waivers:',
          '  - { rule: unused, credential: abc, reason: r, approvedBy: a, expires: 2027-02-30 }',
          'days: 45',
        ].join('\n'),
        { env: { C1_AUDIT_SCOPEE: 'mine' } },
      ),
    );
    expect(error.code).toBe('config');
    expect(error.preventsAudit).toBe(true);
    expect(error.hint).toMatch(/^(Fix what is listed|See c1-audit --help)/);
    expect(error.message.split('\n')).toEqual([
      '6 mistakes in the configuration:',
      '  C1_AUDIT_SCOPEE: there is no such environment variable; did you mean "C1_AUDIT_SCOPE"?',
      `  ${FILE}:1:8: scope: must be one of mine, tenant, not "everyone"`,
      `  ${FILE}:2:1: fail-on: no such key; did you mean "failOn"?`,
      `  ${FILE}:4:19: rules.unused.days: must be at least 1, not -1`,
      `  ${FILE}:6:73: waivers[0].expires: "2027-02-30": this date does not exist`,
      `  ${FILE}:7:1: days: no such key; it belongs under rules.unused, rules.expiring-soon, rules.woke-up or evidence`,
    ]);
  });

  test('uses the singular for one mistake', async () => {
    expect((await errorOf(loadYaml('x: 1'))).message).toMatch(/^1 mistake in/);
  });

  test('refuses text that is nested too deep', async () => {
    const mistakes = await mistakesOf(loadYaml(`plugins: ${'['.repeat(20_000)}`));
    expect(mistakes).toEqual([`${FILE}: is nested too deep to be read`]);
  });
});

describe('accepts what is just within the limits', () => {
  test.each([
    ['an empty file', ''],
    ['a file of comments', '# nothing yet\n'],
    ['a schema', '$schema: https://acme.example/config.json'],
    ['the lowest number', 'rules: { unused: { days: 1 } }'],
    ['the highest number', 'rules: { unused: { days: 1000 } }'],
    ['an empty text for an option without a limit', 'rules: { admin-scope: { prefix: "" } }'],
    ['sections without content', 'rules:\nwaivers:\nplugins:\nslack:\npush:\nsources:\n'],
    ['a pattern with many stars', waiver({ credential: '{name: "*a*b*c*d*", owner: a}' })],
    ['several owners', waiver({ credential: '{name: "ci-*", owner: [user-1, jo@acme.example]}' })],
    [
      'the same pattern for other owners',
      `waivers:\n  - {${WAIVER.replace('abc', '{name: "ci-*", owner: [a, b]}')}}\n  - {${WAIVER.replace('abc', '{name: "ci-*", owner: [a, c]}')}}`,
    ],
    ['a waiver of all rules', waiver({ rule: '"*"' })],
    ['a waiver of what changed between runs', waiver({ rule: 'scope-widened' })],
    ['a quoted date', waiver({ expires: '"2027-01-31"' })],
    ['a leap day', waiver({ expires: '2024-02-29' })],
    ['a date in the past', waiver({ expires: '2020-01-31' })],
    ['a date 366 days ahead', waiver({ expires: '2027-06-02' })],
    [
      'a renewed waiver beside the old one',
      `waivers:\n  - {${WAIVER}}\n  - {${WAIVER.replace('01-31', '02-01')}}`,
    ],
    ['a byte order mark', '\uFEFFscope: mine'],
  ])('%s', async (_, text) => {
    await expect(loadYaml(text)).resolves.toBeDefined();
  });

  test('the limit of 366 days counts from the date of the run in UTC, to its last millisecond', async () => {
    const text = waiver({ expires: '2027-06-03' });
    const midnight = Date.parse('2026-06-02T00:00:00.000Z');
    await expect(loadYaml(text, { now: midnight })).resolves.toBeDefined();
    await expect(loadYaml(text, { now: midnight - 1 })).rejects.toThrow(/366 days/);
    expect(NOW).toBeLessThan(midnight);
  });
});

describe('failOn and minSeverity', () => {
  const message = (failOn: string, minSeverity: string, failAt: string) =>
    `${minSeverity} hides findings that make the exit code 1: failOn is ${failOn} (${failAt}); minSeverity must not be above it`;

  test('failOn below minSeverity, both in the file', async () => {
    expect(await mistakesOf(loadYaml('failOn: low\nminSeverity: medium'))).toEqual([
      `${FILE}:2: minSeverity: ${message('low', 'medium', `${FILE}:1`)}`,
    ]);
  });

  test('one of them a flag, the other a variable', async () => {
    const given = { flags: { failOn: 'low' }, env: { C1_AUDIT_MIN_SEVERITY: 'high' } };
    expect(await mistakesOf(load(given))).toEqual([
      `C1_AUDIT_MIN_SEVERITY: ${message('low', 'high', '--fail-on')}`,
    ]);
    expect((await errorOf(load({ flags: { failOn: 'low', minSeverity: 'high' } }))).code).toBe('usage');
  });

  test.each([
    'failOn: medium\nminSeverity: medium',
    'failOn: never\nminSeverity: critical',
    'minSeverity: critical',
  ])('no mistake: %j', async (text) => {
    await expect(loadYaml(text)).resolves.toBeDefined();
  });
});

describe('mistakes in flags and in the environment', () => {
  test('names each flag, and reports a usage error if only flags are wrong', async () => {
    const error = await errorOf(
      load({ flags: { scope: 'al', sources: ['x'], rules: ['unsued', 'unused'] } }),
    );
    expect(error.code).toBe('usage');
    expect(error.message.split('\n').slice(1)).toEqual([
      '  --scope: must be one of mine, tenant, not "al"',
      '  --source: must be one of personal-clients, service-principals, federation-trusts, external-clients, tunnel-credentials, llm-gateway-keys, functions, not "x"',
      '  --rule: there is no rule "unsued"; did you mean "unused"?',
    ]);
  });

  test('names each variable', async () => {
    const env = {
      C1_AUDIT_FAIL_ON: 'hihg',
      C1_AUDIT_SOURCES: 'personal-clients, personal-clients',
      OTHER: 'x',
    };
    const error = await errorOf(load({ env }));
    expect(error.code).toBe('config');
    expect(error.message.split('\n').slice(1)).toEqual([
      '  C1_AUDIT_SOURCES: repeats sources[0]',
      '  C1_AUDIT_FAIL_ON: must be one of never, info, low, medium, high, critical, not "hihg"; did you mean "high"?',
    ]);
  });

  test('checks a value that another one overrides', async () => {
    expect(await mistakesOf(load({ flags: { scope: 'mine' }, env: { C1_AUDIT_SCOPE: 'x' } }))).toHaveLength(
      1,
    );
  });

  test('ignores blank variables and those read elsewhere', async () => {
    const env = {
      C1_AUDIT_SCOPE: ' ',
      C1_AUDIT_NOTHING: '',
      C1_AUDIT_HEARTBEAT_URL: 'https://acme.example/x',
    };
    await expect(load({ env })).resolves.toBeDefined();
  });
});
