import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { runProgram } from '../helpers/program.js';
import { schemaErrors } from '../helpers/report-schema.js';
import { smallTenant } from '../helpers/small-tenant.js';
import {
  type Fault,
  setAnswerField,
  setField,
  startTenant,
  type Target,
  type Tenant,
  type TenantRecords,
} from '../tenant/index.js';

const NOW = Date.parse('2026-11-24T06:00:00Z');
const DAY = 86_400_000;
const ALWAYS = Number.POSITIVE_INFINITY;
/** Half of an emoji. */
const HALF = 'a\ud83db';

let tenant: Tenant<TenantRecords>;

beforeEach(async () => {
  tenant = await startTenant({
    data: smallTenant(NOW),
    now: () => NOW,
    paging: { ignoring: [], minSize: 1, maxSize: 10 },
  });
});
afterEach(() => tenant.close());

async function audit(...argv: string[]) {
  const result = await runProgram(['-f', 'json', '--scope', 'tenant', '--fail-on', 'never', ...argv], {
    env: tenant.environment,
    now: () => NOW,
    limits: { retries: 1 },
  });
  const { report } = result;
  expect(schemaErrors(report)).toEqual([]);
  return {
    ...result,
    report,
    of: (kind: string) => report.coverage.sources.find((one) => one.kind === kind),
  };
}

const strike = (on: Target, effect: Fault['effect'], from = 1): void =>
  tenant.faults.add({ on, effect, from, times: ALWAYS });

const ALL = 25 + 7 + 4;
const first = (_: unknown, index: number) => index === 0;

describe('half a character in an id', () => {
  test.each([
    ['search-personal-clients', 'id', 3],
    ['search-personal-clients', 'clientId', 3],
    ['search-personal-clients', 'userId', 3],
    ['search-personal-clients', 'displayName', 0],
    ['search-personal-clients', 'allowSourceCidr', 0, [HALF]],
    ['search-personal-clients', 'scopedRoles', 0, [HALF]],
    ['search-users', 'user.email', 0],
    ['search-users', 'user.roleIds', 0, [HALF]],
    ['search-users', 'user.managerIds', 0, [HALF]],
    ['roles', 'id', 0],
    ['roles', 'displayName', 0],
    ['service-principal-credentials', 'id', 3],
    ['service-principal-credentials', 'servicePrincipalId', 3],
    ['search-federation-trusts', 'clientId', 3],
    ['search-federation-trusts', 'providerId', 3],
    ['search-federation-trusts', 'conditionExpression', 0],
    ['federation-providers', 'id', 0],
  ] as const)(
    '%s, %s: the report is there and holds every credential',
    async (target, field, code, value: unknown = HALF) => {
      strike(target, setField(field, value, first));
      const result = await audit(
        '-f',
        'sarif:report.sarif',
        '-f',
        'html:report.html',
        '-f',
        'ics:report.ics',
      );
      expect(result.stderr).not.toContain('Something went wrong inside');
      expect(result.code).toBe(code);
      expect(result.stdout.isWellFormed()).toBe(true);
      if (code === 0) expect(result.report.summary.credentials).toBe(ALL);
      else expect(JSON.stringify(result.report.coverage.sources)).toContain('is not valid Unicode');
    },
  );

  test('of a service principal makes its source incomplete and is reported', async () => {
    strike('service-principals', setField('id', HALF, first));
    const { code, of } = await audit();
    expect(code).toBe(3);
    expect(of('service-principal-credential')?.note).toMatch(/a service principal without a valid id/);
    expect(of('personal-client')?.status).toBe('complete');
  });

  test('of the caller is never sent in a request', async () => {
    strike('introspect', setAnswerField('userId', HALF));
    expect((await audit('--scope', 'mine')).report.schemaVersion).toBe(1);
  });
});

describe('an id that comes twice with other content', () => {
  test.each([
    ['personal-client', 'search-personal-clients', 'id'],
    ['service-principal-credential', 'service-principal-credentials', 'id'],
    ['federation-trust', 'search-federation-trusts', 'clientId'],
  ] as const)('makes the source of a %s partial and is named', async (kind, target, field) => {
    strike(
      target,
      setField(field, 'the-same', (_, index) => index < 2),
    );
    const { code, report, of } = await audit();
    expect(code).toBe(3);
    expect(of(kind)).toMatchObject({ status: 'partial' });
    expect(of(kind)?.note).toContain('the-same: listed twice, with other fields');
    expect(report.credentials.filter(({ id }) => id === 'the-same')).toHaveLength(1);
  });

  test('counts across service principals as well', async () => {
    strike('service-principal-credentials', setField('id', 'the-same', first));
    strike('service-principal-credentials', setField('displayName', 'harmless', first), 2);
    const { code, of } = await audit();
    expect(code).toBe(3);
    expect(of('service-principal-credential')?.note).toContain('the-same: listed twice, with other fields');
  });

  const twice =
    (change: (record: Record<string, unknown>) => unknown): ((json: unknown) => unknown) =>
    (json) => {
      const answer = json as { list: Record<string, unknown>[] };
      const [one] = answer.list;
      return { ...answer, list: one ? [...answer.list, change(structuredClone(one))] : [] };
    };

  test('makes the owner unknown where it is a user, and the run incomplete', async () => {
    strike('search-users', {
      kind: 'edit',
      edit: twice(({ user }) => ({ user: { ...(user as object), status: 'DISABLED' } })),
    });
    const { code, report, stderr } = await audit();
    expect(code).toBe(3);
    expect(report.coverage.gaps).toEqual([
      expect.stringMatching(
        /^users could not be read \(POST \/search\/users lists users twice, with other fields: /,
      ),
    ]);
    expect(stderr).toContain('lists users twice');
    const unknown = report.findings.filter(
      ({ rule, outcome }) => rule === 'owner-inactive' && outcome === 'unknown',
    );
    expect(unknown.map(({ message }) => message).join('\n')).toContain('lists its owner twice');
  });

  test('is nothing to report where a user is listed twice with the same content', async () => {
    strike('search-users', { kind: 'edit', edit: twice((record) => record) });
    const { code, report } = await audit();
    expect([code, report.coverage.gaps]).toEqual([0, undefined]);
  });

  test('makes the source partial where it is a service principal', async () => {
    strike('service-principals', {
      kind: 'edit',
      edit: twice((record) => ({ ...record, displayName: 'another' })),
    });
    const { code, of } = await audit();
    expect([code, of('service-principal-credential')?.status]).toEqual([3, 'partial']);
    expect(of('service-principal-credential')?.note).toMatch(
      /lists the service principal \S+ twice, with other fields/,
    );
  });

  test('makes a federation provider that is not listed unknown where it is a provider', async () => {
    strike('federation-providers', {
      kind: 'edit',
      edit: twice((record) => ({ ...record, disabled: !record.disabled })),
    });
    const { report } = await audit();
    expect(report.coverage.notes.join('\n')).toMatch(/providers lists \S+ twice, with other fields/);
  });

  test('makes roles unknown: the most powerful one must not look like another', async () => {
    const owner = tenant.data.roles.find(({ name }) => name === 'system:owner');
    strike(
      'roles',
      setField('id', owner?.id, ({ name }) => name === 'system:viewer'),
    );
    const { report } = await audit();
    expect(report.coverage.notes.join('\n')).toMatch(/Roles are not known: .* twice, with other fields/);
  });

  test('is not seen in one record on two pages', async () => {
    strike('search-personal-clients', { kind: 'duplicate-ids' });
    const { of } = await audit();
    expect(of('personal-client')).toMatchObject({ status: 'complete', credentials: 25 });
  });
});

describe('a deletion that is still to come', () => {
  const at = (ms: number) => new Date(NOW + ms).toISOString();

  test.each([
    ['a day ahead', DAY, true],
    ['a millisecond ahead', 1, true],
    ['this very moment', 0, false],
    ['a day ago', -DAY, false],
  ])('of a key, %s: is it judged?', async (_, ms, judged) => {
    const [, key] = tenant.data.personalClients;
    if (key) key.deletedAt = at(ms);
    const { report, of } = await audit();
    expect(report.credentials.some(({ id }) => id === key?.id)).toBe(judged);
    expect(report.findings.some(({ credential }) => credential?.id === key?.id)).toBe(judged);
    expect(of('personal-client')?.deleted).toBe(judged ? 0 : 1);
  });

  test.each([
    ['ahead', DAY, 'active'],
    ['past', -DAY, 'deleted'],
  ])('of an owner, %s: the owner is as active as the status says', async (_, ms, status) => {
    const person = tenant.data.users.find(({ displayName }) => displayName === 'Person 5');
    if (person) person.deletedAt = at(ms);
    const { report } = await audit('--rule', 'owner-inactive');
    const found = report.findings.filter(({ credential }) => credential?.owner?.id === person?.id);
    expect(found.length > 0).toBe(status === 'deleted');
  });

  test('of a role: the role still counts', async () => {
    strike('roles', setField('deletedAt', at(DAY)));
    const { report } = await audit('--rule', 'admin-scope', '--rule', 'unknown-role');
    expect(report.findings.filter(({ rule }) => rule === 'admin-scope').length).toBeGreaterThan(3);
    expect(report.findings.filter(({ rule }) => rule === 'unknown-role')).toEqual([]);
  });
});

describe('an error beside the list of a 200 answer', () => {
  const LISTS = [
    ['search-personal-clients', 'personal-client'],
    ['service-principals', 'service-principal-credential'],
    ['service-principal-credentials', 'service-principal-credential'],
    ['search-federation-trusts', 'federation-trust'],
  ] as const;

  test.each(
    LISTS.flatMap(
      ([target, kind]) =>
        [
          [target, kind, 'error', 'partial failure'],
          [target, kind, 'error', { code: 13, message: 'backend timed out' }],
          [target, kind, 'code', 13],
        ] as const,
    ),
  )('%s: a %s is not read completely with %s %j', async (target, kind, field, value) => {
    strike(target, setAnswerField(field, value));
    const { code, of } = await audit();
    expect(code).toBe(3);
    expect(of(kind)?.status).not.toBe('complete');
    expect(of(kind)?.note).toMatch(new RegExp(`has "${field}" beside the "list"`));
  });

  test.each([
    ['error', null],
    ['error', ''],
    ['error', false],
    ['code', 0],
    ['code', null],
  ])('%s: %j is not an error', async (field, value) => {
    strike('search-personal-clients', setAnswerField(field, value));
    expect((await audit()).code).toBe(0);
  });

  test('makes a file incomplete too', async () => {
    const list = [{ id: 'a', clientId: 'a@b/pcc', displayName: 'x' }];
    const input = async (answer: object) =>
      runProgram(['-f', 'json', '--fail-on', 'never', '--input', '-'], {
        stdin: JSON.stringify(answer),
        now: () => NOW,
      });
    expect((await input({ list, nextPageToken: '' })).code).toBe(0);
    const { code, report } = await input({ list, nextPageToken: '', code: 13 });
    expect(code).toBe(3);
    expect(report.coverage.sources[0]?.note).toContain('has "code" beside its "list"');
  });
});

describe('a DPoP token that was not requested', () => {
  test('is refused, because it would be sent as a bearer token', async () => {
    strike('token', setAnswerField('token_type', 'DPoP'));
    const { code, stderr } = await audit();
    expect(code).toBe(3);
    expect(stderr).toMatch(
      /\/auth\/v1\/token answered with a DPoP token, although no proof of possession was sent/,
    );
    expect(tenant.requests.every(({ target }) => target === 'token')).toBe(true);
  });
});

describe('a service principal whose credentials answer 404', () => {
  const missing = (principals: readonly (string | undefined)[]) =>
    tenant.faults.add({
      on: ({ path }) => principals.some((id) => path.endsWith(`/${id}/credentials`)),
      times: ALWAYS,
      effect: { kind: 'status', status: 404 },
    });
  const ids = () => tenant.data.servicePrincipals.map(({ id }) => id);
  const source = async () => {
    const { code, of } = await audit('--source', 'service-principals');
    return { code, ...of('service-principal-credential') };
  };

  test('is not gone while the list still holds it', async () => {
    missing([ids()[1]]);
    const { code, status, note } = await source();
    expect([code, status]).toEqual([3, 'partial']);
    expect(note).toMatch(new RegExp(`The credentials of service principal ${ids()[1]} could not be read`));
  });

  test('is gone if the list no longer holds it', async () => {
    const [, victim = ''] = ids();
    tenant.faults.add({
      on({ path }) {
        if (path.endsWith(`/${victim}/credentials`))
          tenant.data.servicePrincipals = tenant.data.servicePrincipals.filter(({ id }) => id !== victim);
        return false;
      },
      effect: { kind: 'latency', ms: 0 },
    });
    const { code, status, note } = await source();
    expect([code, status, note]).toEqual([
      0,
      'complete',
      `Deleted while the audit ran: service principal ${victim}.`,
    ]);
  });

  test('is not gone if the list cannot be read again', async () => {
    const [, victim = ''] = ids();
    missing([victim]);
    tenant.faults.add({
      on: 'service-principals',
      from: 2,
      times: ALWAYS,
      effect: { kind: 'status', status: 500 },
    });
    expect(await source()).toMatchObject({ code: 3, status: 'partial' });
  });

  test('is not gone if all the others are gone too', async () => {
    const all = ids();
    missing(all);
    tenant.faults.add({
      on: 'service-principals',
      from: 2,
      times: ALWAYS,
      effect: setAnswerField('list', []),
    });
    const { code, status, note } = await source();
    expect([code, status]).toEqual([3, 'partial']);
    for (const id of all) expect(note).toContain(id);
    expect(note).not.toContain('Deleted while');
  });
});
