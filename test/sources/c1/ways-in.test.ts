import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { isKnown } from '../../../src/contract/index.js';
import type { Report } from '../../../src/engine/report.js';
import {
  collectExternalClients,
  collectMyExternalClients,
} from '../../../src/sources/c1/external-clients.js';
import { collectFunctions } from '../../../src/sources/c1/functions.js';
import type { KindSeen, Reader } from '../../../src/sources/c1/lists.js';
import { collectGatewayKeys } from '../../../src/sources/c1/llm-gateway-keys.js';
import { collectTunnelCredentials } from '../../../src/sources/c1/tunnel-credentials.js';
import { emptyFolder, runProgram } from '../../helpers/program.js';
import { readerOf } from '../../helpers/reader.js';
import { smallTenant, waysIn } from '../../helpers/small-tenant.js';
import {
  type Effect,
  externalClient,
  type Fault,
  gatewayKey,
  idOf,
  personalClient,
  setAnswerField,
  setField,
  startTenant,
  type Target,
  type Tenant,
  type TenantRecords,
  tenantFunction,
  tunnelCredential,
} from '../../tenant/index.js';

const NOW = Date.parse('2026-11-24T06:00:00Z');
const ALWAYS = Number.POSITIVE_INFINITY;
const NEW_KINDS = ['external-client', 'tunnel-credential', 'llm-gateway-key', 'function'];

let tenant: Tenant<TenantRecords>;
let reader: Reader;

beforeEach(async () => {
  const data = { ...smallTenant(NOW), ...waysIn(NOW) };
  tenant = await startTenant({ now: () => NOW, data, paging: { minSize: 1, maxSize: 2, defaultSize: 25 } });
  reader = readerOf(tenant, NOW);
});
afterEach(() => tenant.close());

const strike = (on: Fault['on'], effect: Effect, from = 1) =>
  tenant.faults.add({ on, effect, from, times: ALWAYS });

interface Source {
  readonly kind: string;
  readonly name: string;
  readonly lists: readonly Target[];
  readonly feature: 'externalClients' | 'tunnels' | 'llmGateway' | 'functions';
  readonly collect: (required?: boolean) => Promise<KindSeen>;
  /** Ids of those that are not deleted. */
  readonly ids: () => string[];
}

const SOURCES: readonly Source[] = [
  {
    kind: 'external-client',
    name: 'external-clients',
    lists: ['search-external-clients'],
    feature: 'externalClients',
    collect: (required = false) => collectExternalClients(reader, required),
    ids: () => tenant.data.externalClients.map(({ clientId, userId }) => `${clientId} ${userId}`),
  },
  {
    kind: 'tunnel-credential',
    name: 'tunnel-credentials',
    lists: ['tunnel-bridges', 'tunnel-credentials'],
    feature: 'tunnels',
    collect: (required = false) => collectTunnelCredentials(reader, required),
    ids: () => ['tunnel-0', 'tunnel-1'],
  },
  {
    kind: 'llm-gateway-key',
    name: 'llm-gateway-keys',
    lists: ['llm-gateway-keys'],
    feature: 'llmGateway',
    collect: (required = false) => collectGatewayKeys(reader, required),
    ids: () => [idOf('gateway key')],
  },
  {
    kind: 'function',
    name: 'functions',
    lists: ['search-functions', 'functions'],
    feature: 'functions',
    collect: (required = false) => collectFunctions(reader, required),
    ids: () => [idOf('function')],
  },
];

const live = ({ credentials }: KindSeen) =>
  credentials.filter(({ deletedAt }) => deletedAt === null).map(({ id }) => id);

describe.each(SOURCES)('$name', ({ kind, lists, feature, collect, ids }) => {
  test('are read completely', async () => {
    const read = await collect();
    expect(read.seen).toMatchObject({ kind, status: 'complete' });
    expect(live(read).sort()).toEqual(ids().sort());
  });

  test.each([403, 404, 501] as const)(
    'that answer %d leave the audit complete, with a note',
    async (status) => {
      tenant.features[feature] = status;
      const { seen, credentials } = await collect();
      expect(seen).toMatchObject({ status: 'unavailable', required: false, pages: 0 });
      expect([seen.absent ?? false, credentials]).toEqual([status !== 403, []]);
      expect(seen.note).toContain(`answered ${status}`);
    },
  );

  test.each([403, 404, 501] as const)(
    'that answer %d are required if they were requested',
    async (status) => {
      tenant.features[feature] = status;
      const { seen, failure } = await collect(true);
      expect(seen).toMatchObject({ status: 'unavailable', required: true });
      expect(failure?.message).toContain(`answered ${status}`);
    },
  );

  test.each([
    ['a web page', { kind: 'html' }],
    ['a web page with 404', { kind: 'html', status: 404 }],
    ['500', { kind: 'status', status: 500 }],
    ['a reset', { kind: 'reset', at: 'before' }],
    ['a list of another shape', setAnswerField('list', { items: [] })],
    ['no list', setAnswerField('list', undefined)],
  ] as const)('that answer with %s are an outage, not absent', async (_, effect) => {
    for (const list of lists) strike(list, effect);
    const { seen, failure } = await collect();
    expect(seen.required).toBe(true);
    expect(seen.status).not.toBe('complete');
    expect(seen.absent).toBeUndefined();
    expect(failure).toBeDefined();
  });

  test('that are refused in the middle are partial', async () => {
    tenant.paging.ignoring = [];
    const [list = 'search-functions'] = lists;
    strike(list, { kind: 'page-size', size: 1 });
    strike(list, { kind: 'status', status: 403 }, 2);
    expect((await collect()).seen).toMatchObject({ status: 'partial', required: true });
  });

  test('with a record that is not one are partial', async () => {
    const list = kind === 'tunnel-credential' ? 'tunnel-credentials' : lists[0];
    strike(list ?? 'search-functions', setAnswerField('list', [null]));
    const { seen } = await collect();
    expect(seen).toMatchObject({ status: 'partial', note: expect.stringContaining('malformed') });
  });
});

describe('lists that ignore the page token', () => {
  beforeEach(() => {
    tenant.paging.defaultSize = 1;
  });

  test('bridges are partial', async () => {
    const { seen } = await collectTunnelCredentials(reader, false);
    expect(seen).toMatchObject({ status: 'partial', required: true });
    expect(seen.note).toContain('only 1 bridge could be read');
  });

  test("a bridge's credentials are partial", async () => {
    strike('tunnel-bridges', { kind: 'page-size', size: 10 });
    const { seen } = await collectTunnelCredentials(reader, false);
    expect(seen.status).toBe('partial');
    expect(seen.note).toContain('credentials may be missing, for bridges');
  });

  test('keys of the LLM gateway are partial', async () => {
    const { seen } = await collectGatewayKeys(reader, false);
    expect(seen.note).toContain('repeats itself instead of going on');
    expect(seen).toMatchObject({ status: 'partial', required: true });
  });

  test('functions are searched, which pages', async () => {
    tenant.data.functions.push(
      ...[1, 2, 3, 4, 5].map((n) => tenantFunction({ id: idOf(`f${n}`), isDraft: n < 4 })),
    );
    const read = await collectFunctions(reader, false);
    expect(read.seen).toMatchObject({ status: 'complete', pages: 4 });
    expect(read.credentials).toHaveLength(3);
    expect(tenant.requests.some(({ target }) => target === 'functions')).toBe(false);
  });

  test('functions without a search are listed, and the list is partial', async () => {
    strike('search-functions', { kind: 'status', status: 404 });
    const { seen } = await collectFunctions(reader, false);
    expect(seen).toMatchObject({ status: 'partial', required: true });
  });

  test('functions without a search keep what was listed before the list broke off', async () => {
    strike('search-functions', { kind: 'status', status: 403 });
    strike('functions', setAnswerField('nextPageToken', 'more'));
    strike('functions', { kind: 'status', status: 404 }, 2);
    const { seen, credentials } = await collectFunctions(reader, false);
    expect(seen).toMatchObject({ status: 'partial', required: true });
    expect(credentials.length).toBeGreaterThan(0);
  });
});

describe('external clients', () => {
  test('of the same client are one for each user who approved it', async () => {
    tenant.data.externalClients.push(
      ...['u1', 'u2'].map((userId) => externalClient({ clientId: 'https://claude.ai/oauth a', userId })),
    );
    const { credentials, seen } = await collectExternalClients(reader, false);
    expect(seen.status).toBe('complete');
    expect(credentials.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['https://claude.ai/oauth a u1', 'https://claude.ai/oauth a u2']),
    );
  });

  test('listed twice with other fields are malformed', async () => {
    const [one] = tenant.data.externalClients;
    if (one) tenant.data.externalClients.push({ ...one, displayName: 'other' });
    const { seen } = await collectExternalClients(reader, false);
    expect(seen).toMatchObject({ status: 'partial', note: expect.stringContaining('listed twice') });
  });

  test("of one's own are searched by user, and others that come along are dropped", async () => {
    const me = idOf('caller');
    const mine = await collectMyExternalClients(reader, { userId: me }, false);
    expect(mine.credentials.map(({ ownerId }) => ownerId)).toEqual([me]);
    expect(tenant.requests.at(-1)?.body).toMatchObject({ users: [{ id: me }] });
    strike(
      'search-external-clients',
      setField('userId', 'somebody', (_, index) => index === 0),
    );
    expect((await collectMyExternalClients(reader, { userId: me }, false)).credentials).toEqual([]);
  });

  test("of one's own are not available if the caller's user is not known", async () => {
    const { seen } = await collectMyExternalClients(reader, { userId: undefined }, true);
    expect(seen).toMatchObject({ status: 'unavailable', required: true, pages: 0 });
    expect(seen.note).toContain("the caller's user id");
  });

  test.each<[string, Effect, number]>([
    ['refused', { kind: 'status', status: 403 }, 0],
    ['down', { kind: 'status', status: 500 }, 3],
    ['a web page', { kind: 'html' }, 3],
  ])("of one's own are missed without a false clean if introspect is %s", async (_, effect, exit) => {
    tenant.faults.add({ on: 'introspect', times: ALWAYS, effect });
    const { code, report, stderr } = await runProgram(
      ['--scope', 'mine', '--fail-on', 'never', '-f', 'json'],
      {
        env: tenant.environment,
        cwd: emptyFolder(),
        now: () => NOW,
      },
    );
    const way = report.coverage.ledger?.find((one) => one.way === 'external-clients');
    expect([code, report.coverage.complete, way?.status]).toEqual([exit, exit === 0, 'refused']);
    // A parenthesis that ends without a stop.
    expect(stderr.includes("(The search needs the caller's user id, which is not known)")).toBe(exit === 3);
  });
});

test('a rule that judges none of the sources that were read names those it needs', async () => {
  const { report } = await runProgram(['--scope', 'tenant', '--source', 'functions', '-f', 'json'], {
    env: tenant.environment,
    cwd: emptyFolder(),
    now: () => NOW,
  });
  expect(report.coverage.notes.join()).toContain(
    'no personal clients, service-principal credentials or tunnel credentials were read: expired',
  );
});

describe('tunnel credentials', () => {
  const named = async (id: string) => {
    const { credentials } = await collectTunnelCredentials(reader, false);
    return credentials.find((one) => one.id === id);
  };

  test('are named after their bridge, and know whether it is connected', async () => {
    expect(await named('tunnel-0')).toMatchObject({ name: 'north tunnel-0', connected: true, ownerId: '' });
    expect(await named('tunnel-1')).toMatchObject({ name: 'south tunnel-1', connected: false });
    expect(await named('revoked-0')).toMatchObject({ connected: false, deletedAt: expect.any(Number) });
  });

  test.each(['TUNNEL_APPLIANCE_STATUS_UNSPECIFIED', 'TUNNEL_APPLIANCE_STATUS_NEWER', 5])(
    'of a bridge with the status %j: nobody knows whether they are in use',
    async (status) => {
      strike('tunnel-bridges', setField('appliance.status', status));
      const credential = await named('tunnel-0');
      expect(isKnown(credential?.connected ?? null)).toBe(false);
      const { seen } = await collectTunnelCredentials(reader, false);
      expect(seen.status).toBe(typeof status === 'number' ? 'partial' : 'complete');
    },
  );

  test('of a bridge whose appliance is not an object are partial', async () => {
    strike('tunnel-bridges', setField('appliance', 'on'));
    const { seen } = await collectTunnelCredentials(reader, false);
    expect(seen).toMatchObject({
      status: 'partial',
      note: expect.stringContaining('appliance is not an object'),
    });
  });

  test('of a bridge without an appliance are not connected', async () => {
    strike('tunnel-bridges', setField('appliance', null));
    expect((await named('tunnel-0'))?.connected).toBe(false);
  });

  test('of a deleted bridge are read while they are listed, and may be gone', async () => {
    const [bridge] = tenant.data.bridges;
    if (bridge) bridge.deletedAt = new Date(NOW - 1000).toISOString();
    expect(await named('tunnel-0')).toMatchObject({ deletedAt: null });
    strike(({ path }) => path.includes(bridge?.id ?? '-'), { kind: 'status', status: 404 });
    const { seen, credentials } = await collectTunnelCredentials(reader, false);
    expect([seen.status, credentials.map(({ id }) => id)]).toEqual(['complete', ['tunnel-1', 'revoked-1']]);
  });

  test('of a bridge that exists and answers 404 are missing', async () => {
    const [bridge] = tenant.data.bridges;
    strike(({ path }) => path.includes(bridge?.id ?? '-'), { kind: 'status', status: 404 });
    expect((await collectTunnelCredentials(reader, false)).seen).toMatchObject({
      status: 'partial',
      required: true,
    });
  });

  test('that are all refused are refused, although the bridges are listed', async () => {
    strike('tunnel-credentials', { kind: 'status', status: 403 });
    const { seen } = await collectTunnelCredentials(reader, false);
    expect(seen).toMatchObject({ status: 'unavailable', required: false });
    expect(seen.note).toContain('answered 403');
    expect((await collectTunnelCredentials(reader, true)).seen.required).toBe(true);
  });

  test('that are refused beside those of a deleted bridge are refused', async () => {
    const [deleted] = tenant.data.bridges;
    if (deleted) deleted.deletedAt = new Date(NOW - 1000).toISOString();
    const isDeleted = (path: string) => path.includes(deleted?.id ?? '-');
    strike(({ path }) => path.endsWith('/credentials') && isDeleted(path), { kind: 'status', status: 404 });
    strike(({ path }) => path.endsWith('/credentials') && !isDeleted(path), { kind: 'status', status: 403 });
    expect((await collectTunnelCredentials(reader, false)).seen).toMatchObject({
      status: 'unavailable',
      required: false,
    });
  });

  test('that are refused for one bridge are partial', async () => {
    const [bridge] = tenant.data.bridges;
    strike(({ path }) => path.includes(bridge?.id ?? '-'), { kind: 'status', status: 403 });
    expect((await collectTunnelCredentials(reader, false)).seen).toMatchObject({
      status: 'partial',
      required: true,
    });
  });

  test.each(['a/b', 'a b', '../x', '?', '%2e'])(
    'ask for a bridge with the id %j, and nothing else',
    async (id) => {
      tenant.data.bridges = [{ ...tenant.data.bridges[0], id } as (typeof tenant.data.bridges)[number]];
      tenant.data.tunnelCredentials = [tunnelCredential({ id: 'of it', bridgeId: id })];
      const { seen, credentials } = await collectTunnelCredentials(reader, false);
      expect([seen.status, credentials.map((one) => one.id)]).toEqual(['complete', ['of it']]);
    },
  );
});

describe('an audit', () => {
  const audit = async (argv: readonly string[] = [], cwd = emptyFolder()) => {
    const result = await runProgram(['-f', 'json', '--fail-on', 'never', ...argv], {
      env: tenant.environment,
      cwd,
      now: () => NOW,
      limits: { retries: 0 },
    });
    return { ...result, report: result.report as Report };
  };
  const of = ({ coverage }: Report, kind: string) => coverage.sources.find((one) => one.kind === kind);

  test('of everyone reads all kinds; drafts, deleted and revoked ones are not judged', async () => {
    const { code, report } = await audit(['--scope', 'tenant']);
    expect(code).toBe(0);
    const counts = NEW_KINDS.map((kind) => {
      const { credentials, deleted } = of(report, kind) ?? {};
      return [kind, credentials, deleted];
    });
    expect(counts).toEqual([
      ['external-client', 3, 0],
      ['tunnel-credential', 2, 2],
      ['llm-gateway-key', 1, 1],
      ['function', 1, 0],
    ]);
    expect(of(report, 'function')?.note).toBe('1 function is a draft and was not judged.');
    const client = report.credentials.find(({ id }) => id === `dcr-2 ${idOf('caller')}`);
    expect(client?.owner).toMatchObject({ id: idOf('caller'), email: 'ada.okafor@acme.example' });
  });

  test('reads the other kinds while the pages of personal clients come in', async () => {
    await audit(['--scope', 'tenant']);
    const asked = tenant.requests.map(({ target }) => target);
    const lastPage = asked.lastIndexOf('search-personal-clients');
    expect(lastPage).toBeGreaterThan(12);
    for (const list of [
      'search-external-clients',
      'tunnel-credentials',
      'llm-gateway-keys',
      'search-functions',
    ])
      expect(asked.lastIndexOf(list as Target)).toBeLessThan(lastPage);
  });

  test("of one's own reads what one approved, and nothing of the tenant", async () => {
    const { code, report } = await audit([]);
    expect(code).toBe(0);
    expect(report.coverage.sources.map(({ kind, credentials }) => [kind, credentials])).toEqual([
      ['personal-client', 2],
      ['external-client', 1],
    ]);
  });

  test("of one's own is complete although the search is refused", async () => {
    strike('search-external-clients', { kind: 'status', status: 403 });
    const { code, report } = await audit([]);
    expect(code).toBe(0);
    expect(of(report, 'external-client')).toMatchObject({ status: 'unavailable' });
  });

  test('of a tenant that offers none of this is complete, and says so', async () => {
    for (const { lists } of SOURCES) for (const list of lists) strike(list, { kind: 'status', status: 404 });
    const { code, report } = await audit(['--scope', 'tenant']);
    expect([code, report.coverage.complete]).toEqual([0, true]);
    for (const kind of NEW_KINDS)
      expect(of(report, kind)).toMatchObject({
        status: 'unavailable',
        note: expect.stringMatching(/answered 404.*does not offer this/),
      });
    const absent = report.coverage.ledger?.filter(({ status }) => status === 'absent').map(({ way }) => way);
    expect(absent).toEqual(['external-clients', 'tunnel-credentials', 'llm-gateway-keys', 'functions']);
  });

  test.each(SOURCES)('of $name by name is incomplete if they are not available', async ({ name, lists }) => {
    for (const list of lists) strike(list, { kind: 'status', status: 403 });
    const { code } = await audit(['--scope', 'tenant', '--source', 'personal-clients', '--source', name]);
    expect(code).toBe(3);
  });

  test.each(SOURCES)('is incomplete if $name answer with a web page', async ({ lists }) => {
    for (const list of lists) strike(list, { kind: 'html' });
    expect((await audit(['--scope', 'tenant'])).code).toBe(3);
  });

  test('reports a waiver that matches nothing although some kinds are not offered', async () => {
    for (const { lists } of SOURCES) for (const list of lists) strike(list, { kind: 'status', status: 404 });
    const cwd = emptyFolder();
    const { writeFileSync } = await import('node:fs');
    writeFileSync(
      `${cwd}/c1-audit.config.yaml`,
      'waivers: [{ rule: no-expiry, credential: nobody, reason: r, approvedBy: a, expires: 2027-01-31 }]\n',
    );
    const { report } = await audit(['--scope', 'tenant'], cwd);
    expect(report.findings.map(({ rule }) => rule)).toContain('waiver-unmatched');
  });

  describe('with a state', () => {
    const night = (cwd: string) => audit(['--scope', 'tenant', '--state', 'state.json'], cwd);

    test('of an older version does not report what it could not know as new', async () => {
      const { readFileSync, writeFileSync } = await import('node:fs');
      const cwd = emptyFolder();
      const whole = tenant.data;
      const kept = waysIn(NOW);
      Object.assign(whole, {
        externalClients: [],
        bridges: [],
        tunnelCredentials: [],
        gatewayKeys: [],
        functions: [],
      });
      await night(cwd);
      const file = `${cwd}/state.json`;
      const state = JSON.parse(readFileSync(file, 'utf8'));
      for (const kind of NEW_KINDS) delete state.seen[kind];
      writeFileSync(file, JSON.stringify(state));
      Object.assign(whole, kept);
      const { code, report } = await night(cwd);
      expect(code).toBe(0);
      expect(report.findings.filter(({ rule }) => rule === 'credential-appeared')).toEqual([]);
      whole.gatewayKeys.push(gatewayKey({ id: 'new', createdAt: new Date(NOW).toISOString() }));
      whole.personalClients.push(
        personalClient({ id: 'new', userId: idOf('caller'), createdAt: new Date(NOW).toISOString() }),
      );
      const next = await night(cwd);
      const appeared = next.report.findings.filter(({ rule }) => rule === 'credential-appeared');
      expect(appeared.map(({ credential }) => `${credential?.kind} ${credential?.id}`).sort()).toEqual([
        'llm-gateway-key new',
        'personal-client new',
      ]);
    });

    test.each(SOURCES)(
      'is incomplete if $name were read before and are not available now',
      async ({ lists }) => {
        const cwd = emptyFolder();
        expect((await night(cwd)).code).toBe(0);
        for (const list of lists) strike(list, { kind: 'status', status: 403 });
        const { code, stderr } = await night(cwd);
        expect(code).toBe(3);
        expect(stderr).toContain('An earlier audit could read');
      },
    );

    test('is incomplete if most of a list is gone', async () => {
      const cwd = emptyFolder();
      const many = Array.from({ length: 24 }, (_, n) =>
        externalClient({ clientId: `dcr-many-${n}`, userId: idOf('caller') }),
      );
      tenant.data.externalClients.push(...many);
      expect((await night(cwd)).code).toBe(0);
      tenant.data.externalClients.splice(2);
      const { code, stderr } = await night(cwd);
      expect([code, stderr]).toEqual([3, expect.stringContaining('external clients')]);
    });
  });
});
