import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Unknown } from '../../../src/contract/index.js';
import { readExposures, unmatchedNote } from '../../../src/sources/c1/exposures.js';
import {
  collectExternalClients,
  collectMyExternalClients,
} from '../../../src/sources/c1/external-clients.js';
import { collectFunctions } from '../../../src/sources/c1/functions.js';
import type { Reader } from '../../../src/sources/c1/lists.js';
import { RequestError } from '../../../src/sources/c1/request-error.js';
import { collectTunnelCredentials, listOf } from '../../../src/sources/c1/tunnel-credentials.js';
import { readerOf } from '../../helpers/reader.js';
import { smallTenant, waysIn } from '../../helpers/small-tenant.js';
import { credential } from '../../helpers/snapshot.js';
import {
  type Fault,
  setAnswerField,
  setField,
  startTenant,
  type Tenant,
  type TenantRecords,
} from '../../tenant/index.js';

/* The ways into a tenant beside API credentials, and what ConductorOne itself found, over loopback. */

const NOW = Date.parse('2026-11-24T06:00:00Z');
let tenant: Tenant<TenantRecords>;
let reader: Reader;

beforeEach(async () => {
  tenant = await startTenant({
    data: { ...smallTenant(NOW), ...waysIn(NOW) },
    now: () => NOW,
    paging: { ignoring: [] },
    features: {
      findings: 'on',
      externalClients: 'on',
      tunnels: 'on',
      llmGateway: 'on',
      functions: 'on',
    },
  });
  reader = readerOf(tenant, NOW);
});
afterEach(() => tenant.close());

const strike = (on: Fault['on'], effect: Fault['effect'], from = 1) =>
  tenant.faults.add({ on, effect, from, times: Number.POSITIVE_INFINITY });
const refuse = (on: Fault['on'], status = 403, from = 1) => strike(on, { kind: 'status', status }, from);
const asked = (target: string) => tenant.requests.filter((request) => request.target === target);

describe('findings of ConductorOne on credentials that are public', () => {
  const CURE = "Give the audit's credential the right to read findings (POST /findings/search).";
  const exposed = (id: string, over: object = {}) => ({
    id,
    state: 'FINDING_STATE_OPEN',
    credentialPubliclyExposed: { credentialId: `key-${id}`, credentialDisplayName: `name ${id}` },
    credentialPubliclyExposedEvidence: { sourceUrl: `https://pastes.example/${id}` },
    ...over,
  });
  const read = async (...list: unknown[]) => {
    strike('search-findings', setAnswerField('list', list));
    const seen = await readExposures(reader, ['personal-client']);
    return { ...seen, of: (text: string) => seen.exposures?.byText.get(text) };
  };

  test('are asked for by type and state', async () => {
    const seen = await readExposures(reader, ['personal-client']);
    expect(seen).toEqual({ exposures: { byText: new Map(), rest: null }, findings: [], note: null });
    expect(asked('search-findings').map(({ body }) => body)).toEqual([
      {
        findingTypes: ['FINDING_TYPE_CREDENTIAL_PUBLICLY_EXPOSED'],
        states: ['FINDING_STATE_OPEN', 'FINDING_STATE_IN_PROGRESS'],
        pageSize: 100,
        pageToken: '',
      },
    ]);
  });

  test('are not asked for where no kind can be named in one', async () => {
    expect(await readExposures(reader, [])).toEqual({ exposures: undefined, findings: [], note: null });
    expect(tenant.requests).toEqual([]);
  });

  test('name a credential by any text but its name, and where it was found', async () => {
    const { of, note, findings } = await read(
      exposed('a'),
      exposed('b', { credentialPubliclyExposedEvidence: { sourceUrl: '' } }),
    );
    expect(of('key-a')).toEqual({ source: 'https://pastes.example/a' });
    expect(of('key-b')).toEqual({ source: null });
    expect([of('name a'), of(''), note]).toEqual([undefined, undefined, null]);
    expect(findings).toHaveLength(2);
  });

  test('count only if they are open and of that type', async () => {
    const closed = ['RESOLVED', 'SNOOZED', 'RISK_ACCEPTED', 'SUPPRESSED'].map((state) =>
      exposed(state, { state: `FINDING_STATE_${state}` }),
    );
    const others = [
      'similarUsernameMatch',
      'serviceAccountMisclassification',
      'nhiUnowned',
      'serviceAccountUnowned',
      'decoyCredentialUsed',
      'custom',
      'connectorAnomalyDetectionDisabled',
      'deactivatedOwner',
      'unusedSecret',
      'decoyPubliclyExposed',
      'credentialExpiring',
    ].map((type) => exposed(type, { credentialPubliclyExposed: undefined, [type]: {} }));
    const { findings, exposures, note } = await read(
      ...closed,
      ...others,
      exposed('new', { state: 'FINDING_STATE_ESCALATED' }),
    );
    expect(findings).toHaveLength(1);
    expect([exposures?.byText.has('key-new'), exposures?.rest, note]).toEqual([true, null, null]);
  });

  test.each([
    [exposed('a', { credentialPubliclyExposed: null }), 'a: is of no known type'],
    [exposed('a', { credentialPubliclyExposedEvidence: { sourceUrl: 7 } }), 'a: sourceUrl is not text'],
    [null, 'record 1 of page 1: is of no known type'],
  ])('that are malformed leave the rest unknown: %#', async (record, problem) => {
    const { exposures, note, failure } = await read(record);
    expect(exposures?.rest).toMatchObject({
      reason: "ConductorOne's findings could not be read completely",
      cure: "Report it to ConductorOne's support.",
    });
    expect(note).toContain(problem);
    expect(failure).toMatchObject({
      code: 'api',
      message: note,
      hint: "Report it to ConductorOne's support.",
    });
  });

  test('that repeat themselves leave the rest unknown', async () => {
    strike('search-findings', {
      kind: 'status',
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ list: [exposed('a')], nextPageToken: 'again' }),
    });
    const { exposures, note } = await readExposures(reader, ['personal-client']);
    expect(note).toBe('POST /findings/search repeats itself instead of going on.');
    expect(exposures?.byText.has('key-a')).toBe(true);
    expect(exposures?.rest).toBeInstanceOf(Unknown);
  });

  test.each([
    [403, true, false],
    [500, true, true],
    [404, false, false],
    [501, false, false],
  ])('that answer %d', async (status, isNamed, isFailure) => {
    refuse('search-findings', status);
    const { exposures, note, failure } = await readExposures(reader, ['personal-client']);
    if (isNamed) {
      expect(exposures?.rest).toMatchObject({
        reason: "ConductorOne's findings could not be read",
        cure: CURE,
      });
      expect(note).toMatch(/^Credentials that are public may not be known: POST .* answered /);
      expect(note?.endsWith(` ${CURE}`)).toBe(true);
    } else {
      expect(exposures).toBeUndefined();
      expect(note).toMatch(
        /^ConductorOne does not offer its own findings here, so credentials that are public are not known: POST /,
      );
    }
    expect(failure !== undefined).toBe(isFailure);
  });

  test('that are gone on a later page are not "not offered"', async () => {
    strike('search-findings', {
      kind: 'edit',
      edit: () => ({ list: [exposed('a')], nextPageToken: 'next' }),
    });
    refuse('search-findings', 404, 2);
    const { exposures } = await readExposures(reader, ['personal-client']);
    expect(exposures?.rest).toMatchObject({ cure: CURE });
    expect(exposures?.byText.has('key-a')).toBe(true);
  });

  test.each([
    [[], null],
    [[['a']], null],
    [
      [['a', 'x'], ['y']],
      "1 open finding of ConductorOne's own on credentials that are public names none of those that were read. Look at the findings in ConductorOne.",
    ],
    [
      [['x'], ['y']],
      "2 open findings of ConductorOne's own on credentials that are public name none of those that were read. Look at the findings in ConductorOne.",
    ],
  ])('that name no credential that was read are counted: %j', (findings, note) => {
    const sets = findings.map((texts) => new Set(texts));
    expect(unmatchedNote(sets, [credential({ id: 'a' }), credential({ id: 'b' })])).toBe(note);
  });
});

describe('clients that users approved', () => {
  const me = () => tenant.data.externalClients[0]?.userId ?? '';
  const caller = () => ({ userId: me() });

  test('are all searched', async () => {
    const { credentials, seen } = await collectExternalClients(reader, true);
    expect(credentials).toHaveLength(tenant.data.externalClients.length);
    expect(seen).toMatchObject({ kind: 'external-client', status: 'complete', required: true });
  });

  test("are the caller's alone, whatever the search answers", async () => {
    const { credentials } = await collectMyExternalClients(reader, caller(), false);
    expect(credentials.length).toBeGreaterThan(0);
    expect(asked('search-external-clients')[0]?.body).toMatchObject({ users: [{ id: me() }] });
    strike('search-external-clients', setField('userId', 'other'));
    expect((await collectMyExternalClients(reader, caller(), false)).credentials).toEqual([]);
  });

  test.each([
    ['refused', new RequestError('api', 'x', '', { status: 403, fromApi: true }), false],
    ['an outage', new RequestError('api', 'x', '', { status: 500 }), true],
    ['not said', undefined, false],
  ])('are not known if who calls is %s', async (_, failure, isOut) => {
    for (const required of [true, false])
      expect(
        await collectMyExternalClients(reader, { userId: undefined, ...(failure && { failure }) }, required),
      ).toEqual({
        credentials: [],
        failure: isOut ? failure : undefined,
        seen: {
          kind: 'external-client',
          status: 'unavailable',
          required: required || isOut,
          pages: 0,
          note: "The search needs the caller's user id, which is not known.",
        },
      });
    expect(tenant.requests).toEqual([]);
  });
});

describe('functions', () => {
  test('are searched', async () => {
    const { credentials, seen } = await collectFunctions(reader, false);
    expect(credentials).toHaveLength(1);
    expect(seen).toMatchObject({ kind: 'function', status: 'complete' });
    expect(asked('functions')).toEqual([]);
  });

  test.each([403, 404, 501])('are listed where the search answers %d', async (status) => {
    refuse('search-functions', status);
    const { credentials, seen } = await collectFunctions(reader, false);
    expect(credentials).toHaveLength(1);
    expect(seen.status).toBe('complete');
  });

  test.each([
    [403, 404, 'POST '],
    [404, 403, 'GET '],
    [403, 403, 'GET '],
    [404, 500, 'GET '],
  ])('that answer %d and %d: %s says why', async (search, list, which) => {
    refuse('search-functions', search);
    refuse('functions', list);
    const { seen } = await collectFunctions(reader, false);
    expect(seen.status).toBe('unavailable');
    expect(seen.note).toContain(which);
    expect(seen.note).toContain(`answered ${which === 'POST ' ? search : list}`);
  });

  test('are not listed where the search breaks off, or is an outage', async () => {
    refuse('search-functions', 500);
    expect((await collectFunctions(reader, false)).seen.status).toBe('unavailable');
    tenant.faults.clear();
    strike('search-functions', setAnswerField('nextPageToken', 'next'));
    refuse('search-functions', 404, 2);
    expect((await collectFunctions(reader, false)).seen.status).toBe('partial');
    expect(asked('functions')).toEqual([]);
  });
});

describe('tunnel credentials', () => {
  const collect = async (required = false) => collectTunnelCredentials(reader, required);
  const bridges = () => tenant.data.bridges;
  const named = async () =>
    Object.fromEntries((await collect()).credentials.map((one) => [one.id, [one.name, one.connected]]));

  test('are listed by bridge', () => {
    expect(listOf('{id}').path).toBe('/iam/tunnel/bridges/{id}/credentials');
    expect(listOf('a/b')).toEqual({ method: 'GET', path: '/iam/tunnel/bridges/a%2Fb/credentials' });
  });

  test('have the name of their bridge, and are connected if that is and they are live', async () => {
    const { credentials, seen } = await collect();
    expect(credentials).toHaveLength(tenant.data.tunnelCredentials.length);
    expect(seen).toMatchObject({ kind: 'tunnel-credential', status: 'complete', note: null });
    const bridgeOf = (id: string) => tenant.data.tunnelCredentials.find((one) => one.id === id)?.bridgeId;
    for (const { id, name, connected, deletedAt, disabled } of credentials) {
      const bridge = bridges().find((one) => one.id === bridgeOf(id));
      expect(name).toBe(`${bridge?.displayName} ${id}`);
      expect(connected).toBe(bridge?.displayName === 'north' && deletedAt === null && !disabled);
    }
    expect(credentials.some(({ connected }) => connected === true)).toBe(true);
  });

  test.each([
    ['TUNNEL_APPLIANCE_STATUS_CONNECTED', true],
    ['TUNNEL_APPLIANCE_STATUS_DISCONNECTED', false],
    ['TUNNEL_APPLIANCE_STATUS_NEVER_CONNECTED', false],
    ['', false],
    ['TUNNEL_APPLIANCE_STATUS_NEW', undefined],
  ])('of a bridge that is %s', async (status, connected) => {
    strike('tunnel-bridges', setField('appliance.status', status));
    const live = (await collect()).credentials.filter((one) => one.deletedAt === null && !one.disabled);
    expect(live.length).toBeGreaterThan(0);
    for (const one of live)
      if (connected === undefined)
        expect(one.connected).toMatchObject({
          reason: 'ConductorOne does not say whether its bridge is connected',
          cure: 'Look at the bridge in ConductorOne.',
        });
      else expect(one.connected).toBe(connected);
  });

  test('of a bridge without an appliance or a name', async () => {
    strike('tunnel-bridges', setField('appliance', null));
    strike('tunnel-bridges', setField('displayName', ''));
    for (const [id, [name, connected]] of Object.entries(await named())) {
      expect(name).toBe(id);
      expect(connected).toBe(false);
    }
  });

  test.each([
    ['appliance', 7, 'appliance is not an object'],
    ['appliance.status', 7, 'status is not text'],
    ['displayName', 7, 'displayName is not text'],
  ])('of a bridge whose %s is %j', async (field, value, problem) => {
    const [first] = bridges();
    strike(
      'tunnel-bridges',
      setField(field, value, ({ id }) => id === first?.id),
    );
    const { seen } = await collect();
    expect(seen.status).toBe('partial');
    expect(seen.note).toContain(`bridge ${first?.id}: ${problem}`);
  });

  test('of a deleted bridge need not be there', async () => {
    const [first] = bridges();
    const of = ({ path }: { path: string }) => path.endsWith(`/${first?.id}/credentials`);
    refuse(of, 404);
    expect((await collect()).seen.status).toBe('partial');
    strike(
      'tunnel-bridges',
      setField('deletedAt', new Date(NOW - 1).toISOString(), ({ id }) => id === first?.id),
    );
    expect((await collect()).seen).toMatchObject({ status: 'complete', note: null });
  });

  test.each([
    [403, false, 'unavailable', false],
    [403, true, 'unavailable', true],
    [500, false, 'partial', true],
  ])('that answer %d, requested by name %s', async (status, required, state, missed) => {
    refuse('tunnel-credentials', status);
    expect((await collect(required)).seen).toMatchObject({ status: state, required: missed });
  });

  test('of which some are refused are partial', async () => {
    refuse('tunnel-credentials', 403, 2);
    expect((await collect()).seen.status).toBe('partial');
  });
});
