import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { printConfig } from '../../src/config/print.js';
import { load, loadYaml, mistakesOf } from './fixtures.js';

const FILE = 'c1-audit.config.yaml';

const EXAMPLE = `customRules:
  - id: acme/ci-keys-expire-in-30-days
    title: A CI key lives longer than 30 days
    severity: high
    kinds: [personal-client]
    when: credential.name.startsWith("ci-") && (credential.expiresAt == null || credential.expiresAt - credential.createdAt > duration("720h"))
    message: '"{name}" lives {days(expiresAt - createdAt)} days; CI keys may live 30'
    fix: Create it again with an end date within 30 days.
    tests:
      - { credential: { name: ci-deploy, createdAt: 2026-01-01, expiresAt: null }, expect: finding }
      - { credential: { name: ci-deploy, createdAt: 2026-01-01, expiresAt: 2026-01-31 }, expect: pass }
      - { credential: { name: ci-deploy, createdAt: unknown }, expect: unknown }
`;

/** A rule in block style, with lines of its own after the required ones. */
const rule = (changes: Readonly<Record<string, string>> = {}, rest = '') => {
  const fields = {
    id: 'acme/x',
    title: 'T',
    severity: 'low',
    kinds: '[personal-client]',
    when: 'credential.self',
    message: 'm',
    fix: 'f',
    ...changes,
  };
  const lines = Object.entries(fields).map(([key, value]) => `${key}: ${value}`);
  return `customRules:\n  - ${[...lines, ...(rest === '' ? [] : [rest])].join('\n    ')}\n`;
};

describe('customRules', () => {
  test('are rules after the built-in ones, with severity, options, switch and waivers', async () => {
    const waiver =
      'waivers: [{ rule: acme/x, credential: abc, reason: why, approvedBy: me, expires: 2027-01-31 }]';
    const {
      rules,
      config,
      inForce: inForceOf,
    } = await loadYaml(
      `${EXAMPLE}${rule({}, 'options: { days: 30 }').replace('customRules:\n', '')}rules:\n  acme/ci-keys-expire-in-30-days: off\n  acme/x: { severity: critical, days: 7 }\n${waiver}\n`,
    );
    expect(rules.slice(-2).map(({ id }) => id)).toEqual(['acme/ci-keys-expire-in-30-days', 'acme/x']);
    const inForce = inForceOf(undefined);
    expect(inForce.at(-1)).toMatchObject({
      rule: { id: 'acme/x' },
      severity: 'critical',
      options: { days: 7 },
    });
    expect(inForce.map(({ rule: { id } }) => id)).not.toContain('acme/ci-keys-expire-in-30-days');
    expect(config.waivers).toHaveLength(1);
  });

  test('are printed with the configuration, and read again', async () => {
    const loaded = await loadYaml(EXAMPLE);
    const printed = printConfig(loaded, loaded, loaded.file);
    expect(parse(printed).customRules).toEqual(parse(EXAMPLE).customRules);
    expect(printed).toContain(`customRules: # ${FILE}:1`);
    expect((await loadYaml(printed)).rules.at(-1)?.id).toBe('acme/ci-keys-expire-in-30-days');
  });

  test('may be empty, and may name controls', async () => {
    expect((await loadYaml('customRules: []')).rules).toHaveLength(7);
    expect((await loadYaml('customRules:\n')).rules).toHaveLength(7);
    const { rules } = await loadYaml(rule({}, 'controls: { owasp-nhi: [NHI7] }'));
    expect(rules.at(-1)?.controls).toEqual({ 'owasp-nhi': ['NHI7'] });
  });

  test('may be in JSON and in JavaScript, there with Date objects', async () => {
    const json = JSON.stringify(parse(EXAMPLE));
    expect((await load({ files: { 'c1-audit.config.json': json } })).rules.at(-1)?.tests).toHaveLength(3);
    const script = `export default { customRules: [{ ...${JSON.stringify(parse(rule()).customRules[0])}, when: 'credential.createdAt < now', tests: [{ credential: { createdAt: new Date('2026-01-01') }, now: new Date(), expect: 'finding' }] }] };`;
    expect((await load({ files: { 'c1-audit.config.mjs': script } })).rules.at(-1)?.id).toBe('acme/x');
  });

  test('may be in a YAML file that is named as a plug-in', async () => {
    const files = { [FILE]: 'plugins: [./rules/ours.yaml]', 'rules/ours.yaml': EXAMPLE };
    expect((await load({ files })).rules.at(-1)?.id).toBe('acme/ci-keys-expire-in-30-days');
  });
});

describe('a mistake is reported with file, line and suggestion', () => {
  test.each<[string, string, ...string[]]>([
    [
      'a wrong fact',
      rule({ when: 'credential.nme == "x"' }),
      '6:22: customRules[0].when: a personal client has no fact nme; did you mean "name"? (in "nme")',
    ],
    [
      'a wrong type, on a later line',
      rule({ when: '|\n      credential.self &&\n        credential.createdAt > 30' }),
      '8:9: customRules[0].when: timestamp > int does not work: compare it with timestamp("2026-01-31T00:00:00Z"), or subtract it from now (in "credential.createdAt > 30")',
    ],
    [
      'a wrong placeholder',
      rule({ message: '"{nme} is old"' }),
      '7:16: customRules[0].message: there is no variable nme; did you mean "name"? (in "nme")',
    ],
    ['no condition', rule({ when: '' }), '6:11: customRules[0].when: must be text, not nothing'],
    ['a blank condition', rule({ when: '" "' }), '6:11: customRules[0].when: must not be blank, not " "'],
    [
      'a condition that YAML reads as a boolean',
      rule({ when: 'true' }),
      '6:11: customRules[0].when: must be text, not true: put it in quotes',
    ],
    [
      'a condition that is no condition',
      rule({ when: 'credential.name' }),
      '6:11: customRules[0].when: must be true or false, but it is of type string',
    ],
    [
      'an id without a prefix',
      rule({ id: 'unused' }),
      '2:9: customRules[0].id: must be <prefix>/<name>, both in kebab-case (acme/no-shared-keys), not "unused"',
    ],
    [
      'a duplicate',
      rule() + rule().replace('customRules:\n', ''),
      `9:9: customRules[1].id: acme/x is already used by ${FILE}`,
    ],
    ['a misspelt field', rule({}, 'wen: x'), '9:5: customRules[0].wen: no such key; did you mean "when"?'],
    [
      'a kind that lacks the fact',
      rule({ kinds: '[federation-trust]', when: 'credential.expiresAt == null' }),
      '6:22: customRules[0].when: federation-trust has no expiresAt: drop the kind or the fact (in "expiresAt")',
    ],
    [
      'an unknown key of a test',
      rule({}, 'tests: [{ credential: {}, expects: pass }]'),
      '9:13: customRules[0].tests[0]: has no expect: it is required',
      '9:31: customRules[0].tests[0].expects: no such key of a test; did you mean "expect"?',
    ],
    [
      'an unknown fact in a test',
      rule({}, 'tests: [{ credential: { nme: x }, expect: pass }]'),
      '9:34: customRules[0].tests[0].credential.nme: no such fact; did you mean "name"?',
    ],
    [
      'an option out of bounds',
      rule({}, 'options: { days: { default: 0, min: 1 } }'),
      '9:33: customRules[0].options.days.default: must be at least 1, not 0',
    ],
    [
      'an option that is nothing',
      rule({}, 'options: { days: null }'),
      '9:22: customRules[0].options.days: must be a number, true or false, a text or a list of texts, not nothing',
    ],
    [
      'a control that does not exist',
      rule({}, 'controls: { owasp-nhi: [NHI99] }'),
      '9:29: customRules[0].controls.owasp-nhi[0]: must be a control of OWASP Non-Human Identities Top 10, 2025 such as NHI7, not "NHI99"',
    ],
    [
      'an expression that YAML does not take for a text',
      rule({ when: '!credential.self' }),
      '6:11: cannot be read as YAML: Unresolved tag; if it is a text, put it in quotes, or write | and the text on the next line',
    ],
    ['a list that is none', 'customRules: acme/x', '1:14: customRules: must be a list, not "acme/x"'],
  ])('%s', async (_, text, ...expected) => {
    expect(await mistakesOf(loadYaml(text))).toEqual(expected.map((line) => `${FILE}:${line}`));
  });

  test('in a file that is named as a plug-in, with its own lines', async () => {
    const files = {
      [FILE]: 'plugins: [./ours.yaml, ./none.yaml, ./odd.yaml]\nrules: { acme/x: off }',
      'ours.yaml': rule({ when: 'credential.nme == ""' }),
      'odd.yaml': 'customRule: []',
    };
    expect(await mistakesOf(load({ files }))).toEqual([
      'ours.yaml:6:22: customRules[0].when: a personal client has no fact nme; did you mean "name"? (in "nme")',
      'plug-in ./none.yaml: there is no such file',
      'odd.yaml:1:1: has no customRules: it is required',
      'odd.yaml:1:1: customRule: no such key; did you mean "customRules"?',
    ]);
  });

  test('an id that a plug-in has already', async () => {
    const files = { [FILE]: `plugins: [./ours.yaml]\n${rule()}`, 'ours.yaml': rule() };
    expect(await mistakesOf(load({ files }))).toEqual([
      `${FILE}:3:9: customRules[0].id: acme/x is already used by ours.yaml`,
    ]);
  });
});
