import { describe, expect, test } from '@jest/globals';
import { Ajv } from 'ajv';
import { rules as builtIns } from '../../rules/index.js';
import { configJsonSchema } from '../../scripts/schemas.js';
import { load, RULES } from './fixtures.js';

const ajv = new Ajv({ strict: true, allowUnionTypes: true });
const validate = ajv.compile(configJsonSchema(RULES));

const WAIVER = { rule: 'unused', credential: 'a', reason: 'r', approvedBy: 'b', expires: '2027-01-31' };
const slack = (settings: unknown) => ({ slack: settings });
const rule = (id: string, setting: unknown) => ({ rules: { [id]: setting } });
const waiver = (change: object) => ({ waivers: [{ ...WAIVER, ...change }] });

describe('the JSON Schema and the check agree', () => {
  test.each<[unknown]>([
    [{}],
    [{ $schema: 'x', scope: 'tenant', sources: ['personal-clients'], profile: 'cis', failOn: 'never' }],
    [{ minSeverity: 'low', plugins: [], rules: null, waivers: null, slack: null, push: null }],
    [rule('unused', 'off')],
    [rule('unused', 'high')],
    [rule('unused', { days: 1, severity: 'low' })],
    [rule('no-expiry', {})],
    [rule('admin-scope', { roles: ['a'], exact: false, prefix: '' })],
    [waiver({})],
    [waiver({ rule: '*', credential: { name: 'ci-*', owner: 'jo@acme.example' } })],
    [waiver({ credential: { name: 'ci-[a-f]?', owner: ['user-1', 'jo@acme.example'] } })],
    [slack({ when: 'new', minSeverity: 'info', mentions: { 'a@b.c': 'U01' }, heartbeat: 'daily' })],
    [{ push: { conductorone: true }, state: 'x' }],
  ])('accepts %j', async (config) => {
    expect(validate(config)).toBe(true);
    await expect(load({ files: { 'c1-audit.config.json': JSON.stringify(config) } })).resolves.toBeDefined();
  });

  test.each<[unknown]>([
    [[]],
    ['x'],
    [{ scop: 'mine' }],
    [{ scope: null }],
    [{ scope: 'all' }],
    [{ sources: [] }],
    [{ sources: ['personal-clients', 'personal-clients'] }],
    [{ plugins: [' '] }],
    [{ days: 3 }],
    [rule('unsued', 'off')],
    [rule('unused', false)],
    [rule('unused', null)],
    [rule('unused', [])],
    [rule('unused', { days: 0 })],
    [rule('unused', { days: 1001 })],
    [rule('unused', { days: '3' })],
    [rule('unused', { severity: 'off' })],
    [rule('no-expiry', { days: 3 })],
    [rule('not-rotated', { maxAgeDays: 1.5 })],
    [rule('admin-scope', { roles: 'a' })],
    [rule('admin-scope', { roles: ['a', 'a'] })],
    [waiver({ rule: 'x' })],
    [waiver({ credential: 'ci-*' })],
    [waiver({ credential: {} })],
    [waiver({ credential: { name: '', owner: 'a' } })],
    [waiver({ credential: { name: 'ci-*' } })],
    [waiver({ credential: { owner: 'a' } })],
    [waiver({ credential: { name: 'ci-*', owner: '' } })],
    [waiver({ credential: { name: 'ci-*', owner: [] } })],
    [waiver({ credential: { name: 'ci-*', owner: ['a', 'a'] } })],
    [waiver({ credential: { name: 'ci-*', owner: { id: 'a' } } })],
    [waiver({ reason: ' ' })],
    [waiver({ expires: '2027-1-31' })],
    [{ waivers: [{}] }],
    [slack({ mentions: { bob: 'U01' } })],
    [slack({ mentions: { 'a@b.c': 'bob' } })],
    [slack({ notifyOwners: 'yes' })],
    [{ push: { conductor: true } }],
  ])('refuses %j', async (config) => {
    expect(validate(config)).toBe(false);
    await expect(load({ files: { 'c1-audit.config.json': JSON.stringify(config) } })).rejects.toThrow();
  });

  test('accepts settings and waivers of plug-in rules, which an editor has not loaded', () => {
    expect(validate(rule('acme/x', { severity: 'low', anything: [1] }))).toBe(true);
    expect(validate(rule('acme/x', { severity: 'lowest' }))).toBe(false);
    expect(validate(waiver({ rule: 'acme/x' }))).toBe(true);
  });

  test('has the description, default and limits of every option', () => {
    const days = [
      'properties',
      'rules',
      'anyOf',
      0,
      'properties',
      'unused',
      'anyOf',
      0,
      'properties',
      'days',
    ];
    const found = days.reduce(
      (schema, step) => (schema as Record<string | number, unknown>)[step],
      configJsonSchema(RULES) as unknown,
    );
    expect(found).toEqual({
      description: 'Days without use',
      type: 'number',
      minimum: 1,
      maximum: 1000,
      default: 90,
    });
  });

  test('is valid for the built-in rules, and accepts their defaults', () => {
    const check = ajv.compile(configJsonSchema(builtIns));
    const defaults = builtIns.map(({ id, options = {} }) => [
      id,
      Object.fromEntries(Object.entries(options).map(([name, spec]) => [name, spec.default])),
    ]);
    expect(check({ rules: Object.fromEntries(defaults) })).toBe(true);
  });
});
