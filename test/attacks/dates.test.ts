import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { runProgram } from '../helpers/program.js';
import { schemaErrors } from '../helpers/report-schema.js';
import { smallTenant, waysIn } from '../helpers/small-tenant.js';
import { startTenant, type Tenant, type TenantRecords } from '../tenant/index.js';

const NOW = Date.parse('2026-11-24T06:00:00Z');
const DAY = 86_400_000;
const at = (ms: number) => new Date(NOW + ms).toISOString();

let tenant: Tenant<TenantRecords>;

beforeEach(async () => {
  tenant = await startTenant({ data: smallTenant(NOW), now: () => NOW, paging: { ignoring: [] } });
});
afterEach(() => tenant.close());

const KINDS = ['personal-client', 'service-principal-credential'] as const;

const TABLES = {
  'personal-client': ['personalClients', 3],
  'service-principal-credential': ['credentials', 3],
  'external-client': ['externalClients', 0],
  'tunnel-credential': ['tunnelCredentials', 2],
} as const;

/** An audit of the tenant in which one credential of a kind has other dates, and what is reported on it. */
async function audit(kind: keyof typeof TABLES, dates: Record<string, string | null>, ...argv: string[]) {
  const [table, index] = TABLES[kind];
  const victim = tenant.data[table][index];
  if (!victim) throw new Error('the small tenant has too few credentials');
  Object.assign(victim, { deletedAt: null, ...dates });
  const { code, report } = await runProgram(
    ['-f', 'json', '--scope', 'tenant', '--fail-on', 'never', ...argv],
    { env: tenant.environment, now: () => NOW },
  );
  expect(schemaErrors(report)).toEqual([]);
  const source = report.coverage.sources.find((one) => one.kind === kind);
  const isVictim = (one: { readonly kind: string; readonly id: string } | null) =>
    one?.kind === kind && one.id === ('id' in victim ? victim.id : `${victim.clientId} ${victim.userId}`);
  return {
    code,
    source,
    reported: report.credentials.find(isVictim),
    /** Rule and outcome of what is reported on it. */
    of: (rule: string) =>
      report.findings.find(({ credential, rule: found }) => isVictim(credential) && found === rule),
    named: source?.note?.includes('id' in victim ? victim.id : victim.clientId) ?? false,
  };
}

describe.each(['external-client', 'tunnel-credential'] as const)('a date in the future of a %s', (kind) => {
  test('as last use does not hide it either', async () => {
    Object.assign(tenant.data, waysIn(NOW));
    const { code, source, reported, named } = await audit(kind, { lastUsedAt: '2099-01-01T00:00:00Z' });
    expect([code, source?.status, named]).toEqual([3, 'partial', true]);
    expect(reported?.lastUsedAt).toBeNull();
  });
});

describe.each(KINDS)('a date in the future of a %s', (kind) => {
  test('as last use does not hide a credential that may be unused', async () => {
    const { code, source, reported, of, named } = await audit(kind, {
      createdAt: at(-400 * DAY),
      lastUsedAt: '2099-01-01T00:00:00Z',
    });
    expect([code, source?.status, named]).toEqual([3, 'partial', true]);
    expect(source?.note).toContain('lastUsedAt is in the future (2099-01-01)');
    expect(of('unused')).toMatchObject({ outcome: 'unknown' });
    expect(of('unused')?.message).toContain('its lastUsedAt is in the future');
    expect(reported?.lastUsedAt).toBeNull();
  });

  test('as creation does not hide a credential that may be old', async () => {
    const { code, source, of } = await audit(kind, {
      createdAt: '2099-01-01T00:00:00Z',
      lastUsedAt: null,
    });
    expect([code, source?.status]).toEqual([3, 'partial']);
    expect(source?.note).toContain('createdAt is in the future (2099-01-01)');
    expect(of('not-rotated')).toMatchObject({ outcome: 'unknown' });
    expect(of('unused')).toMatchObject({ outcome: 'unknown' });
  });

  test.each([
    ['a day ahead, as clocks may differ', DAY, 0],
    ['a millisecond more', DAY + 1, 3],
  ])('is believed up to a day: %s', async (_, ms, code) => {
    for (const field of ['createdAt', 'lastUsedAt'])
      expect([field, (await audit(kind, { lastUsedAt: null, [field]: at(ms) })).code]).toEqual([field, code]);
  });

  test('is measured by the later of the clock and --as-of', async () => {
    const dates = { createdAt: at(-400 * DAY), lastUsedAt: at(-2 * DAY) };
    expect((await audit(kind, dates, '--as-of', at(-30 * DAY))).code).toBe(0);
    const ahead = { ...dates, lastUsedAt: at(11 * DAY) };
    expect((await audit(kind, ahead, '--as-of', at(10 * DAY))).code).toBe(0);
    expect((await audit(kind, ahead, '--as-of', at(10 * DAY - 1))).code).toBe(3);
  });
});

describe('a date in the future of a file', () => {
  const input = (lastUsedAt: string) =>
    runProgram(['-f', 'json', '--fail-on', 'never', '--input', '-', '--as-of', at(0)], {
      stdin: JSON.stringify([{ id: 'a', clientId: 'a@b/pcc', createdAt: at(-400 * DAY), lastUsedAt }]),
      now: () => NOW,
    });

  test('makes it incomplete', async () => {
    expect((await input(at(DAY))).code).toBe(0);
    const { code, report } = await input(at(DAY + 1));
    expect(code).toBe(3);
    expect(report.coverage.sources[0]?.note).toContain('record 1 (a): lastUsedAt is in the future');
    expect(report.findings.find(({ rule }) => rule === 'unused')?.outcome).toBe('unknown');
  });
});

describe.each([
  ['personal-client', 'expiresTime'],
  ['service-principal-credential', 'expiresAt'],
] as const)('an end before the creation of a %s', (kind, field) => {
  test.each([
    ['a year before', -365 * DAY, true],
    ['a millisecond before', -1, true],
    ['at the same time', 0, false],
  ])('%s: is it judged as live?', async (_, ms, live) => {
    const created = -400 * DAY;
    const dates = { createdAt: at(created), lastUsedAt: null, [field]: at(created + ms) };
    const { code, source, reported, of } = await audit(kind, dates);
    expect([code, reported?.live, of('unused')?.outcome]).toEqual(
      live ? [3, true, 'violation'] : [0, false, undefined],
    );
    expect(of('expired')?.outcome).toBe(live ? undefined : 'violation');
    if (live) expect(source?.note).toContain(`${field} is before createdAt`);
    if (live) expect(of('no-expiry')?.outcome).toBe('unknown');
  });
});

describe('a deletion before the creation', () => {
  test.each([
    ['a year before', -365 * DAY, true],
    ['a millisecond before', -1, true],
    ['at the same time', 0, false],
    ['after', 1, false],
  ])('%s: is the credential judged?', async (_, ms, judged) => {
    const createdAt = -400 * DAY;
    const { code, source, reported, of, named } = await audit('personal-client', {
      createdAt: at(createdAt),
      deletedAt: at(createdAt + ms),
      lastUsedAt: null,
    });
    expect([code, reported !== undefined, of('unused')?.outcome]).toEqual(
      judged ? [3, true, 'violation'] : [0, false, undefined],
    );
    expect([named, source?.status]).toEqual([judged, judged ? 'partial' : 'complete']);
    if (judged) expect(source?.note).toContain('deletedAt is before createdAt');
  });

  test('that is in the future does not hide it either', async () => {
    const { code, reported } = await audit('personal-client', {
      createdAt: '2099-01-01T00:00:00Z',
      deletedAt: at(-DAY),
    });
    expect([code, reported?.live]).toEqual([3, true]);
  });

  test('is believed where no creation date is given', async () => {
    const { code, reported } = await audit('personal-client', { createdAt: null, deletedAt: at(-DAY) });
    expect([code, reported]).toEqual([0, undefined]);
  });
});
