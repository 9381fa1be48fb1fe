import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { runProgram } from '../helpers/program.js';
import { schemaErrors } from '../helpers/report-schema.js';
import { smallTenant, waysIn } from '../helpers/small-tenant.js';
import {
  type Fault,
  idOf,
  personalClient,
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
    const { code, report } = await audit();
    expect(code).toBe(3);
    expect(report.coverage.gaps?.join()).toMatch(/providers lists \S+ twice, with other fields/);
  });

  test('makes roles unknown: the most powerful one must not look like another', async () => {
    const owner = tenant.data.roles.find(({ name }) => name === 'system:owner');
    strike(
      'roles',
      setField('id', owner?.id, ({ name }) => name === 'system:viewer'),
    );
    const { code, report } = await audit();
    expect(code).toBe(3);
    expect(report.coverage.gaps?.join()).toMatch(/roles could not be read .* twice, with other fields/);
    const unknown = report.findings.filter(
      ({ rule, outcome }) => rule === 'admin-scope' && outcome === 'unknown',
    );
    expect(unknown.length).toBeGreaterThan(0);
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
    ['search-external-clients', 'external-client'],
    ['tunnel-bridges', 'tunnel-credential'],
    ['tunnel-credentials', 'tunnel-credential'],
    ['llm-gateway-keys', 'llm-gateway-key'],
    ['search-functions', 'function'],
  ] as const;

  test.each(
    LISTS.flatMap(
      ([target, kind]) =>
        [
          [target, kind, 'error', 'partial failure'],
          [target, kind, 'error', { code: 13, message: 'backend timed out' }],
          [target, kind, 'code', 13],
          [target, kind, 'errors', ['page 3 timed out']],
          [target, kind, 'errors', { page: 3 }],
          [target, kind, 'next_page_token', 'more'],
        ] as const,
    ),
  )('%s: a %s is not read completely with %s %j', async (target, kind, field, value) => {
    Object.assign(tenant.data, waysIn(NOW));
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
    ['errors', []],
    ['errors', {}],
    ['next_page_token', ''],
    ['next_page_token', null],
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
    for (const [field, value] of [
      ['code', 13],
      ['errors', ['lost']],
      ['next_page_token', 'more'],
    ] as const) {
      const { code, report } = await input({ list, nextPageToken: '', [field]: value });
      expect(code).toBe(3);
      expect(report.coverage.sources[0]?.note).toContain(`answer 1: has "${field}" beside its "list"`);
    }
  });
});

describe('a record that is not an object', () => {
  const added = (record: unknown): Fault['effect'] => ({
    kind: 'edit',
    edit: (json) => ({ ...(json as object), list: [record, ...(json as { list: unknown[] }).list] }),
  });

  test.each([
    ['roles', 'roles could not be read (GET /iam/roles lists a role without an id.)'],
    [
      'federation-providers',
      'federation providers could not be read (GET /workload_federation/providers lists a provider without an id.)',
    ],
    ['search-users', 'users could not be read (POST /search/users lists a record that is not an object.)'],
  ] as const)('in the list of %s makes the run incomplete', async (target, gap) => {
    for (const record of [null, 'text', [{}]]) {
      tenant.faults.clear();
      strike(target, added(record));
      const { code, report, stderr } = await audit();
      expect([code, report.coverage.gaps]).toEqual([3, [gap]]);
      expect(stderr).toContain(gap.replace(/^[^(]*\(|\)$/g, ''));
    }
  });

  test.each([
    'search-personal-clients',
    'service-principals',
    'search-federation-trusts',
    'search-external-clients',
    'tunnel-bridges',
    'tunnel-credentials',
    'llm-gateway-keys',
    'search-functions',
    'search-decoys',
    'search-findings',
  ] as const)('in the list of %s makes the run incomplete as well', async (target) => {
    Object.assign(tenant.data, waysIn(NOW));
    strike(target, added(null));
    expect((await audit()).code).toBe(3);
  });
});

describe('a field of another type', () => {
  test.each([
    ['roles', 'displayName', 'GET /iam/roles lists a role whose displayName is not text.'],
    [
      'federation-providers',
      'disabled',
      'GET /workload_federation/providers lists a provider whose disabled is neither true nor false.',
    ],
    ['search-users', 'user.roleIds', 'roleIds is not a list of texts'],
    ['service-principals', 'user.status', 'status is not text'],
  ] as const)('in a record of %s, %s, makes the run incomplete', async (target, field, problem) => {
    strike(target, setField(field, 7, first));
    const { code, report, stderr } = await audit();
    expect(code).toBe(3);
    expect(report.coverage.gaps?.join()).toContain(problem);
    expect(stderr).toContain(problem);
  });
});

describe('the list of service principals, read for the owners of trusts', () => {
  const trusts = () => audit('--source', 'federation-trusts');

  test.each([
    ['fails', { kind: 'status', status: 500 }],
    ['is a web page', { kind: 'html' }],
    ['holds one without an id', setField('id', 7, first)],
  ] as const)('makes the run incomplete if it %s', async (_, effect) => {
    strike('service-principals', effect);
    const { code, report } = await trusts();
    expect([code, report.coverage.gaps]).toEqual([
      3,
      [expect.stringMatching(/^service principals could not be read \(/)],
    ]);
  });

  test.each([403, 404])('is only a missing right if it answers %d', async (status) => {
    strike('service-principals', { kind: 'status', status });
    expect((await trusts()).code).toBe(0);
  });
});

describe('beside a missing right to read users', () => {
  const refused = { kind: 'status', status: 403 } as const;

  test('an outage of their search makes the run incomplete', async () => {
    for (let n = 0; n < 120; n += 1)
      tenant.data.personalClients.push(
        personalClient({ id: `calm-otter-${30_000 + n}`, displayName: 'job', userId: idOf(`owner ${n}`) }),
      );
    strike('user', refused);
    tenant.faults.add({ on: 'search-users', effect: refused });
    strike('search-users', { kind: 'status', status: 500 }, 2);
    expect((await audit()).code).toBe(3);
    tenant.faults.clear();
    strike('user', refused);
    strike('search-users', refused);
    expect((await audit()).code).toBe(0);
  });

  test('a malformed service principal makes the run incomplete', async () => {
    strike('search-users', refused);
    strike('user', refused);
    strike('service-principals', {
      kind: 'edit',
      edit(json) {
        const answer = json as { list: { user: object }[] };
        const [one, other] = answer.list;
        Object.assign(one?.user ?? {}, { status: 'DISABLED', managerIds: [idOf('somebody')] });
        Object.assign(other?.user ?? {}, { status: 7 });
        return answer;
      },
    });
    const { code, report } = await audit();
    expect([code, report.coverage.gaps?.join()]).toEqual([3, expect.stringContaining('status is not text')]);
  });
});

describe('an empty list of federation providers', () => {
  test('does not make trusts leftovers: the caller may just not be shown any', async () => {
    strike('federation-providers', setAnswerField('list', []));
    const { code, report } = await audit('--rule', 'trust-leftover', '--rule', 'static-beside-federation');
    expect(report.findings.filter(({ outcome }) => outcome === 'violation')).toEqual([]);
    expect(report.findings.filter(({ rule }) => rule === 'trust-leftover').length).toBeGreaterThan(0);
    expect(code).toBe(0);
    expect(report.coverage.notes).toContainEqual(
      expect.stringMatching(
        /^Some federation providers are not known: GET \/workload_federation\/providers lists none, but trusts name some\./,
      ),
    );
  });

  test('is nothing to report if no trust names one', async () => {
    strike('federation-providers', setAnswerField('list', []));
    strike('search-federation-trusts', setAnswerField('list', []));
    const { code, report } = await audit();
    expect([code, report.coverage.notes.join('\n').includes('federation providers')]).toEqual([0, false]);
  });

  test('is believed to lack one provider if it lists others', async () => {
    const gone = tenant.data.trusts[1]?.providerId;
    tenant.data.providers = tenant.data.providers.filter(({ id }) => id !== gone);
    const { report } = await audit('--rule', 'trust-leftover');
    expect(report.findings.map(({ messageId }) => messageId)).toContain('providerDisabled');
  });
});

describe('an empty list of service principals', () => {
  const EMPTY = 'GET /service_principals lists none, but federation trusts name some.';

  test('is not believed while trusts name some: their credentials may be hidden', async () => {
    strike('service-principals', setAnswerField('list', []));
    const { code, report, stderr, of } = await audit();
    expect([code, of('service-principal-credential')?.status]).toEqual([3, 'partial']);
    expect(of('service-principal-credential')?.note).toContain(EMPTY);
    expect(stderr).toContain(EMPTY);
    const trusts = report.findings.filter(({ credential }) => credential?.kind === 'federation-trust');
    expect(trusts.filter(({ rule }) => rule === 'owner-inactive').map(({ outcome }) => outcome)).toEqual(
      tenant.data.trusts.map(() => 'unknown'),
    );
  });

  test('makes the owners of trusts unknown if only trusts are audited', async () => {
    strike('service-principals', setAnswerField('list', []));
    const { code, report } = await audit('--source', 'federation-trusts', '--rule', 'owner-inactive');
    expect([code, report.summary.findings]).toEqual([0, 0]);
    expect(report.coverage.notes.join()).toContain('Some owners of federation trusts are not known');
  });

  test('is believed if no trust names one', async () => {
    strike('service-principals', setAnswerField('list', []));
    strike('search-federation-trusts', setField('deletedAt', new Date(NOW).toISOString()));
    expect((await audit()).of('service-principal-credential')?.status).toBe('complete');
    tenant.faults.clear();
    strike('service-principals', setAnswerField('list', []));
    strike('search-federation-trusts', setField('servicePrincipalId', ''));
    expect((await audit()).of('service-principal-credential')?.status).toBe('complete');
  });

  test('is an answer with --scope mine', async () => {
    strike('service-principals', setAnswerField('list', []));
    expect(
      (await audit('--scope', 'mine', '--source', 'service-principals', '--source', 'federation-trusts')).of(
        'service-principal-credential',
      )?.status,
    ).toBe('complete');
  });
});

describe('one cause that stops everything', () => {
  const text = async (env = tenant.environment) =>
    runProgram(['--scope', 'tenant'], { env, now: () => NOW, limits: { retries: 0 } });
  const times = (text: string, part: string) => text.split(part).length - 1;

  test.each([
    ['an outage', { kind: 'status', status: 503 }, 'answered 503'],
    ['a refused login', { kind: 'status', status: 401 }, 'answered 401'],
    ['an answer in HTML', { kind: 'html' }, 'did not answer with an OAuth token'],
    ['a broken connection', { kind: 'reset', at: 'before' }, 'failed: '],
  ] as const)(
    '%s of the login is said once in the first line, and once on stderr',
    async (_, effect, said) => {
      strike('token', effect);
      const { code, stdout, stderr } = await text();
      const [first = ''] = stdout.split('Audited: ');
      expect(code).toBe(3);
      expect(first.replaceAll(/\s+/g, ' ')).toContain(
        'INCOMPLETE: personal clients, service-principal credentials, federation trusts, external clients, tunnel credentials, LLM gateway keys and functions were not read (',
      );
      expect([times(first, said), times(stderr, said)]).toEqual([1, 1]);
    },
  );

  test('is said for each source if it differs', async () => {
    strike('search-personal-clients', { kind: 'status', status: 500 });
    strike('service-principals', { kind: 'status', status: 502 });
    const { stdout } = await text();
    expect(stdout.replaceAll(/\s+/g, ' ')).toMatch(
      /^INCOMPLETE: personal clients were not read [^;]*500[^;]*; service-principal credentials were not read [^;]*502/,
    );
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

describe('an answer that is nested deeper than the stack does not lose the report', () => {
  const DEEP = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  const twice = `{"id":"x","user":{"deep":${DEEP}}}`;
  test.each([
    [
      'search-findings',
      0,
      `{"id":"x","state":"FINDING_STATE_OPEN","credentialPubliclyExposed":{"deep":${DEEP}}}`,
    ],
    ['service-principals', 3, `${twice},${twice}`],
    ['tunnel-bridges', 3, `${twice},${twice}`],
  ] as const)('%s', async (target, code, records) => {
    strike(target, {
      kind: 'status',
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: `{"list":[${records}],"nextPageToken":""}`,
    });
    const result = await audit();
    expect(result.code).toBe(code);
    expect(result.report.findings.length).toBeGreaterThan(0);
  });
});
