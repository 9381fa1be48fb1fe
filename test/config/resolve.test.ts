import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { rules as builtIns } from '../../rules/index.js';
import type { ProfileName } from '../../src/config/config.js';
import { PROFILE_RULES } from '../../src/config/config.js';
import { printConfig } from '../../src/config/print.js';
import { ENVIRONMENT } from '../../src/config/resolve.js';
import { RUN_RULES } from '../../src/config/schema.js';
import { load, loadYaml, RULES } from './fixtures.js';

const FILE = 'c1-audit.config.yaml';

const WHOLE = `
$schema: ./schema.json
scope: tenant
sources: [service-principals, personal-clients]
profile: cis
failOn: medium
minSeverity: low
rules:
  unused: { severity: high, days: 40 }
  no-expiry: off
  expiring-soon: critical
  admin-scope:
    roles: [system:owner, system:viewer]
    exact: false
    prefix: x
waivers:
  - rule: unused
    credential: abc
    reason: quarterly job
    approvedBy: security@acme.example
    expires: 2027-01-31
  - rule: "*"
    credential: { name: "ci-*", owner: [user-1, jo@acme.example] }
    reason: |
      two
      lines
    approvedBy: security@acme.example
    expires: 2026-01-31
state: .c1-audit/state.json
slack:
  when: always
  minSeverity: high
  mentions: { Bob@Acme.example: U012345 }
  heartbeat: weekly
  notifyOwners: true
push: { conductorone: true }
`;

describe('merging flags, environment, file and defaults', () => {
  test('uses the defaults if nothing is set', async () => {
    const { config, settings, origins } = await load({});
    expect(config).toEqual({
      scope: 'mine',
      sources: undefined,
      callerSeesAll: false,
      profile: 'default',
      failOn: 'high',
      failOnNew: false,
      minSeverity: 'info',
      plugins: [],
      customRules: [],
      waivers: [],
      state: undefined,
      baseline: undefined,
      slack: {
        when: undefined,
        minSeverity: 'low',
        mentions: {},
        fallback: undefined,
        heartbeat: undefined,
        notifyOwners: false,
      },
      evidence: { systemLog: false, days: 30 },
      push: { conductorone: false },
    });
    const all = [...RULES, ...RUN_RULES].map(({ id }) => id);
    expect(Object.keys(settings)).toEqual(all);
    for (const id of all)
      expect(settings[id]).toEqual({ enabled: true, severity: undefined, options: {}, floors: {} });
    expect(new Set([...origins.values()].map(({ from }) => from))).toEqual(new Set(['default']));
  });

  test('reads every setting from a file', async () => {
    const { config, settings, origins, file } = await loadYaml(WHOLE);
    expect(config).toMatchObject({
      scope: 'tenant',
      sources: ['service-principals', 'personal-clients'],
      profile: 'cis',
      failOn: 'medium',
      minSeverity: 'low',
      state: path.join(path.dirname(file?.path ?? ''), '.c1-audit/state.json'),
      slack: {
        when: 'always',
        minSeverity: 'high',
        mentions: { 'bob@acme.example': 'U012345' },
        heartbeat: 'weekly',
        notifyOwners: true,
      },
      push: { conductorone: true },
    });
    expect(settings).toMatchObject({
      unused: { enabled: true, severity: 'high', options: { days: 40 }, floors: {} },
      'no-expiry': { enabled: false, severity: undefined, options: {} },
      'expiring-soon': { enabled: true, severity: 'critical', options: {} },
      'not-rotated': { enabled: true, severity: undefined, options: { maxAgeDays: 90 } },
      'admin-scope': { options: { roles: ['system:owner', 'system:viewer'], exact: false, prefix: 'x' } },
    });
    expect(config.waivers).toEqual([
      {
        rule: 'unused',
        credential: 'abc',
        reason: 'quarterly job',
        approvedBy: 'security@acme.example',
        expires: '2027-01-31',
      },
      {
        rule: '*',
        credential: { name: 'ci-*', owner: ['user-1', 'jo@acme.example'] },
        reason: 'two\nlines\n',
        approvedBy: 'security@acme.example',
        expires: '2026-01-31',
      },
    ]);
    const at = (key: string) => origins.get(key)?.at;
    expect(at('scope')).toBe(`${FILE}:3`);
    expect(at('rules.unused')).toBe(`${FILE}:9`);
    expect(at('rules.unused.days')).toBe(`${FILE}:9`);
    expect(at('rules.no-expiry')).toBe(`${FILE}:10`);
    expect(at('rules.expiring-soon.severity')).toBe(`${FILE}:11`);
    expect(at('rules.expiring-soon.days')).toBe('default');
    expect(at('rules.not-rotated')).toBe('default');
    expect(at('rules.not-rotated.maxAgeDays')).toBe('profile cis');
    expect(at('rules.admin-scope.exact')).toBe(`${FILE}:14`);
    expect(at('waivers[1]')).toBe(`${FILE}:22`);
    expect(at('slack.heartbeat')).toBe(`${FILE}:34`);
    expect(at('push.conductorone')).toBe(`${FILE}:36`);
  });

  const layers = {
    scope: ['mine', 'tenant', 'mine'],
    sources: [['personal-clients'], ['service-principals'], ['federation-trusts']],
    profile: ['pci', 'cis', 'strict'],
    failOn: ['critical', 'never', 'high'],
    minSeverity: ['info', 'low', 'high'],
    state: ['/file.json', 'env.json', 'flag.json'],
    baseline: ['/file.json', 'env.json', '-'],
    failOnNew: [true, false, true],
  } as const;

  test.each(Object.entries(layers))('%s: flag over environment over file', async (key, [file, env, flag]) => {
    const name = Object.entries(ENVIRONMENT).find(([, about]) => about.key === key)?.[0] ?? '';
    const text = `${key}: ${JSON.stringify(file)}`;
    const variable = { [name]: ` ${[env].flat().join(' , ')} ` };
    const all = await loadYaml(text, { env: variable, flags: { [key]: flag } });
    expect(all.config).toMatchObject({ [key]: flag });
    expect(all.origins.get(key)?.from).toBe('flag');
    expect(all.origins.get(key)?.at).toMatch(/^--/);
    const two = await loadYaml(text, { env: variable });
    expect(two.config).toMatchObject({ [key]: env });
    expect(two.origins.get(key)).toEqual({ from: 'environment', at: name });
    const one = await loadYaml(text, { env: { [name]: '' } });
    expect(one.config).toMatchObject({ [key]: file });
    expect(one.origins.get(key)).toEqual({ from: 'file', at: `${FILE}:1` });
  });

  test('failOnNew: the flag can turn it off, and a variable that is neither true nor false is refused', async () => {
    const off = await loadYaml('failOnNew: true', { flags: { failOnNew: false } });
    expect(off.config.failOnNew).toBe(false);
    expect(off.origins.get('failOnNew')?.at).toBe('--no-fail-on-new');
    await expect(load({ env: { C1_AUDIT_FAIL_ON_NEW: '1' } })).rejects.toThrow(/C1_AUDIT_FAIL_ON_NEW/);
  });

  test('runs only the rules that --rule names, even if the file turns one off', async () => {
    const { settings, origins } = await loadYaml('rules: { no-expiry: off, unused: { days: 3 } }', {
      flags: { rules: ['no-expiry'] },
    });
    const enabled = Object.entries(settings).filter(([, setting]) => setting.enabled);
    expect(enabled.map(([id]) => id)).toEqual(['no-expiry']);
    expect(settings.unused?.options).toEqual({ days: 3 });
    expect(origins.get('rules.unused')).toEqual({ from: 'flag', at: '--rule' });
  });

  test('sets the rules on drift and waivers like other rules', async () => {
    const text = 'rules: { waiver-expiring: off, waiver-unmatched: high, scope-widened: { severity: low } }';
    const { settings, rules } = await loadYaml(text);
    expect(settings['waiver-expiring']).toMatchObject({ enabled: false });
    expect(settings['waiver-unmatched']).toMatchObject({ enabled: true, severity: 'high' });
    expect(settings['scope-widened']).toMatchObject({ enabled: true, severity: 'low' });
    expect(rules.map(({ id }) => id)).toEqual(RULES.map(({ id }) => id));
    const { settings: only } = await load({ flags: { rules: ['waiver-expired'] } });
    expect(Object.keys(only).filter((id) => only[id]?.enabled)).toEqual(['waiver-expired']);
  });

  test('ignores waivers with --no-waivers, but reports their mistakes', async () => {
    const flags = { waivers: false };
    const { config, origins } = await loadYaml(WHOLE, { flags });
    expect(config.waivers).toEqual([]);
    expect(origins.get('waivers')).toEqual({ from: 'flag', at: '--no-waivers' });
    await expect(loadYaml(WHOLE.replace('2026-01-31', '2026-13-31'), { flags })).rejects.toThrow(
      /does not exist/,
    );
  });

  test('resolves paths in the file relative to it, and leaves others as given', async () => {
    const files = { 'night/audit.yaml': 'state: state.json' };
    const { config, file } = await load({ files, configPath: 'night/audit.yaml' });
    expect(config.state).toBe(path.join(path.dirname(file?.path ?? ''), 'state.json'));
    expect((await load({ flags: { state: 'x.json' } })).config.state).toBe('x.json');
  });
});

describe('profiles', () => {
  const inForce = async (profile: ProfileName, rules = '{}') =>
    (await loadYaml(`profile: ${profile}\nrules: ${rules}`)).settings;

  test('are overridden by the file, key by key', async () => {
    const rules = await inForce('cis', '{ unused: { severity: low }, not-rotated: { maxAgeDays: 400 } }');
    expect(rules.unused).toEqual({ enabled: true, severity: 'low', options: { days: 45 }, floors: {} });
    expect(rules['not-rotated']?.options).toEqual({ maxAgeDays: 400 });
  });

  test('leave a rule off that the file turns off', async () => {
    expect((await inForce('strict', '{ no-scoped-roles: off }'))['no-scoped-roles']?.enabled).toBe(false);
  });

  test('strict raises severities that the file does not set', async () => {
    const rules = await inForce('strict', '{ open-cidr: low }');
    expect(rules['no-scoped-roles']?.floors).toEqual({ '*': 'high' });
    expect(rules['open-cidr']).toMatchObject({ severity: 'low', floors: {} });
    expect((await inForce('strict'))['open-cidr']?.floors).toEqual({ unrestricted: 'high' });
  });

  test.each<[ProfileName, object | undefined]>([
    ['pci', { '*': 'critical' }],
    ['strict', { '*': 'critical' }],
    ['cis', {}],
    ['fedramp-high', {}],
  ])('%s sets the severity of no-expiry to at least %j', async (profile, floors) => {
    expect((await inForce(profile))['no-expiry']?.floors).toEqual(floors);
  });

  test('strict is the tightest of the others', () => {
    const { cis, pci, 'fedramp-high': fedramp, strict } = PROFILE_RULES;
    const least = (id: string, option: string) =>
      Math.min(
        ...[cis, pci, fedramp].map((profile) =>
          Number(profile[id]?.options?.[option] ?? Number.POSITIVE_INFINITY),
        ),
      );
    expect(strict.unused?.options?.days).toBe(least('unused', 'days'));
    expect(strict['not-rotated']?.options?.maxAgeDays).toBe(least('not-rotated', 'maxAgeDays'));
    expect(least('unused', 'days')).toBe(35);
  });

  test.each(Object.entries(PROFILE_RULES))(
    '%s speaks of built-in rules, options and messages only',
    async (name, settings) => {
      for (const [id, { options = {}, floors = {} }] of Object.entries(settings)) {
        const rule = builtIns.find((known) => known.id === id);
        expect(Object.keys(rule?.options ?? {})).toEqual(expect.arrayContaining(Object.keys(options)));
        expect(['*', ...Object.keys(rule?.messages ?? {})]).toEqual(
          expect.arrayContaining(Object.keys(floors)),
        );
        await expect(
          loadYaml(`rules: { ${id}: ${JSON.stringify(options)} }`, { rules: builtIns }),
        ).resolves.toBeDefined();
      }
      expect(await inForce(name as ProfileName)).toBeDefined();
    },
  );

  test('change only the rules that they name', async () => {
    const plain = await inForce('default');
    for (const profile of ['cis', 'pci', 'fedramp-high', 'strict'] as const) {
      const rules = await inForce(profile);
      for (const { id } of RULES.filter((rule) => !Object.hasOwn(PROFILE_RULES[profile], rule.id))) {
        expect(rules[id]).toEqual(plain[id]);
      }
    }
  });
});

describe('--print-config', () => {
  test('prints every value and where it comes from', async () => {
    const loaded = await loadYaml(
      [
        'profile: strict',
        'rules:',
        '  unused: { severity: high }',
        '  no-expiry: off',
        'waivers:',
        '  - { rule: unused, credential: { name: "ci-*", owner: [user-1, jo@acme.example] }, reason: r, approvedBy: a, expires: 2027-01-31 }',
      ].join('\n'),
      { env: { C1_AUDIT_FAIL_ON: 'low' }, flags: { scope: 'tenant' } },
    );
    expect(printConfig(loaded, loaded, loaded.file)).toBe(
      `# Configuration file: ${FILE}\n\nscope: tenant # --scope
sources: [personal-clients, service-principals, federation-trusts, external-clients, tunnel-credentials, llm-gateway-keys, functions] # default for scope tenant
callerSeesAll: false # default
profile: strict # ${FILE}:1
failOn: low # C1_AUDIT_FAIL_ON
failOnNew: false # default
minSeverity: info # default
plugins: [] # default
customRules: [] # default
rules:
  unused: # ${FILE}:3
    severity: high # ${FILE}:3
    days: 35 # profile strict
  expiring-soon: # default; severity medium: default
    days: 30 # default
    lifetimeShare: 0.3333333333333333 # default
  not-rotated: # default; severity medium: default
    maxAgeDays: 90 # profile strict
  no-expiry: off # ${FILE}:4
  admin-scope: # default; severity high: default
    roles: [system:owner] # default
    exact: true # default
    prefix: "" # default
  no-scoped-roles: {} # default; severity medium: default; never below high: profile strict
  open-cidr: {} # default; severity medium: default; unrestricted never below high: profile strict
${RUN_RULES.map(({ id, severity, options }) => {
  const about = ` # default; severity ${severity}: default\n`;
  return options ? `  ${id}:${about}    days: 90 # default\n` : `  ${id}: {}${about}`;
}).join('')}waivers: # ${FILE}:5
  - rule: unused # ${FILE}:6
    credential:
      name: ci-*
      owner:
        - user-1
        - jo@acme.example
    reason: r
    approvedBy: a
    expires: 2027-01-31
slack:
  minSeverity: low # default
  mentions: {} # default
  notifyOwners: false # default
evidence:
  systemLog: false # default
  days: 30 # default
push:
  conductorone: false # default

# state: not set (default)
# baseline: not set (default)
# slack.when: not set (default)
# slack.fallback: not set (default)
# slack.heartbeat: not set (default)
# webhook: not set (default)
`,
    );
  });

  test.each([
    ['defaults', '', {}],
    ['a whole file', WHOLE, {}],
    ['a profile and flags', 'profile: strict', { rules: ['unused'], scope: 'tenant', waivers: false }],
  ])('used as a file it says the same: %s', async (_, text, flags) => {
    const before = await loadYaml(text, { flags });
    const printed = printConfig(before, before, before.file);
    const after = await loadYaml(printed);
    const printedAgain = parse(printConfig(after, after, after.file));
    expect(printedAgain).toEqual(parse(printed));
    expect(after.config.waivers).toEqual(before.config.waivers);
    expect(after.config.slack).toEqual(before.config.slack);
    for (const { id } of RULES) {
      expect(after.settings[id]?.enabled).toBe(before.settings[id]?.enabled);
      expect(after.settings[id]?.severity).toBe(before.settings[id]?.severity);
    }
  });
});
