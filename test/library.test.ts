import { describe, expect, test } from '@jest/globals';
import { AuditError, audit } from '../src/index.js';
import type { AuditOptions } from '../src/library.js';
import { seed, startTenant } from './tenant/index.js';

const LIST = JSON.stringify([
  { id: 'k1', displayName: 'ci', userId: 'u1', createdAt: '2020-01-01T00:00:00Z' },
]);

test('audits a tenant, and says nothing is wrong only where it looked', async () => {
  const now = Date.parse('2026-11-24T06:00:00Z');
  const tenant = await startTenant({ data: seed(now) });
  try {
    const options: AuditOptions = { env: tenant.environment, scope: 'tenant', asOf: new Date(now) };
    const report = await audit(options);
    expect(report.coverage.complete).toBe(true);
    expect(report.run).toMatchObject({ scope: 'tenant', asOf: '2026-11-24T06:00:00.000Z' });
    expect(report.summary.bySeverity.critical).toBeGreaterThan(0);
    const stopped = await audit({ ...options, signal: AbortSignal.abort() });
    expect(stopped.coverage.complete).toBe(false);
    const some = await audit({ ...options, sources: ['federation-trusts'], only: ['loose-trust-condition'] });
    expect(some.coverage.sources.map(({ kind }) => kind)).toEqual(['federation-trust']);
    expect(new Set(some.findings.map(({ rule }) => rule))).toEqual(new Set(['loose-trust-condition']));
  } finally {
    await tenant.close();
  }
});

test('finds no configuration by itself, and reads the one that is named', async () => {
  const report = await audit({ env: {}, input: LIST });
  expect(report.summary.byRule).toMatchObject({ 'no-expiry': 1 });
  await expect(audit({ env: {}, input: LIST, config: 'no/such/file.yaml' })).rejects.toThrow(
    /no\/such\/file\.yaml/,
  );
});

describe('refuses wrong options', () => {
  test.each<[string, unknown, string]>([
    [
      'nothing',
      undefined,
      'The options of audit() are wrong: must be a mapping of keys to values, not nothing.',
    ],
    ['no environment', {}, 'has no env: it is required'],
    ['a misspelt option', { env: {}, scop: 'tenant' }, 'scop: no such option; did you mean "scope"?'],
    ['another option', { env: {}, verbose: true }, 'verbose: no such option.'],
    ['an unknown scope', { env: {}, scope: 'all' }, 'scope: must be one of mine, tenant, not "all"'],
    [
      'sources that are not a list',
      { env: {}, sources: 'personal-clients' },
      'sources: must be a list, not "personal-clients"',
    ],
    ['an unknown source', { env: {}, sources: ['personal'] }, 'personal'],
    ['an input that is not text', { env: {}, input: [] }, 'input: must be text, not a list'],
    ['a configuration that is not a path', { env: {}, config: {} }, 'config: must be text, not a mapping'],
    [
      'rules that are not a list',
      { env: {}, rules: { expired: 'off' } },
      'rules: must be a list, not a mapping',
    ],
    ['a rule without fields', { env: {}, rules: [{}], input: LIST }, 'rule 1: has no id: it is required'],
    ['a time as text', { env: {}, asOf: '2026-01-01' }, 'asOf: must be a valid Date'],
    ['an invalid date', { env: {}, asOf: new Date('x') }, 'asOf: must be a valid Date'],
    ['an input without records', { env: {}, input: '3' }, 'the input'],
    [
      'rules of which none can run',
      { env: {}, input: LIST, only: ['scope-widened', 'loose-trust-condition'] },
      'no requested rule could run. loose-trust-condition: no federation trusts were read.',
    ],
  ])('%s', async (_, options, says) => {
    const failure = await audit(options as AuditOptions).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(AuditError);
    expect((failure as AuditError).message).toContain(says);
    expect((failure as AuditError).preventsAudit).toBe(true);
    expect((failure as AuditError).hint).not.toBe('');
  });
});
