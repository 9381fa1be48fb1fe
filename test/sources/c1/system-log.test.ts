import { afterEach, describe, expect, test } from '@jest/globals';
import type { Credential, LogMemory, Usage } from '../../../src/contract/index.js';
import { LOG_LIMITS, readSystemLog } from '../../../src/sources/c1/system-log.js';
import { Tally } from '../../../src/sources/c1/usage.js';
import { readerOf } from '../../helpers/reader.js';
import { type Fault, type LoggedUse, startTenant, type Tenant, tenantRecords } from '../../tenant/index.js';

const DAY = 86_400_000;
const NOW = Date.parse('2026-09-01T12:00:00Z');
const KEY = 'brave-otter-10001';
const ID = `${KEY}@127.0.0.1/spc`;
let tenant: Tenant;
afterEach(() => tenant?.close());

let made = 0;
const use = (days: number, over: Partial<LoggedUse> = {}): LoggedUse => {
  made += 1;
  return {
    uid: `uid-${made}`,
    at: NOW - Math.round(days * DAY),
    clientId: KEY,
    kind: 'service-principal-credential',
    principalId: 'p',
    address: '62.176.96.4',
    grant: 'client_credentials',
    refused: '',
    ...over,
  };
};
/** Somebody else's, so that the log covers the time. */
const other = (days: number) => use(days, { clientId: 'calm-lynx-10002' });

async function read(
  uses: LoggedUse[],
  over: {
    memory?: LogMemory | undefined;
    asOf?: number;
    faults?: Fault[];
    limits?: object;
    ids?: string[];
  } = {},
) {
  await tenant?.close();
  tenant = await startTenant({
    now: () => NOW,
    faults: over.faults ?? [],
    data: tenantRecords(NOW),
  });
  tenant.data.uses = uses;
  const { asOf = NOW, memory, limits, ids = [ID] } = over;
  const seen = await readSystemLog(
    readerOf(tenant, NOW),
    ids.map((clientId) => ({ kind: 'service-principal-credential', clientId }) as Credential),
    { days: 30, memory },
    asOf,
    { ...LOG_LIMITS, ...limits },
  );
  const usage = seen.usage instanceof Map ? (seen.usage.get(ID) as Usage) : undefined;
  return { ...seen, usage, fact: seen.usage };
}
const iso = (days: number) => new Date(NOW - Math.round(days * DAY)).toISOString();

describe('what the log says about a credential', () => {
  test('its addresses with counts and last times, refused logins by reason, and the last use', async () => {
    const { usage, note } = await read([
      other(29.5),
      use(20),
      use(10, { address: '::ffff:62.176.96.4' }),
      use(9, { address: '62.176.96.9' }),
      use(3, { refused: 'sp_disabled', address: '9.9.9.9' }),
      use(2, { refused: 'sp_disabled', address: '9.9.9.9' }),
      use(1, { refused: 'jo@acme.example is not allowed' }),
    ]);
    expect(note).toBeNull();
    expect(usage).toEqual({
      since: new Date(iso(30)),
      complete: true,
      lastAt: new Date(iso(9)),
      addresses: [
        { address: '62.176.96.4', count: 2, lastAt: new Date(iso(10)) },
        { address: '62.176.96.9', count: 1, lastAt: new Date(iso(9)) },
      ],
      refused: [
        { reason: 'sp_disabled', address: '9.9.9.9', count: 2, lastAt: new Date(iso(2)) },
        { reason: 'other', address: '62.176.96.4', count: 1, lastAt: new Date(iso(1)) },
      ],
    });
  });

  test('a log that begins within a day of the window covers it, and no other', async () => {
    expect((await read([other(29), use(1)])).usage?.since).toEqual(new Date(iso(30)));
    const late = NOW - 29 * DAY + 1;
    const { usage } = await read([use(0, { at: late, clientId: 'calm-lynx-10002' }), use(1)]);
    expect(usage?.since).toEqual(new Date(late));
    expect(usage?.complete).toBe(true);
  });

  test('an empty log covers nothing', async () => {
    const { usage, note } = await read([], { asOf: NOW - 1 });
    expect(usage).toMatchObject({ since: new Date(NOW - 1), complete: false, lastAt: null });
    expect(note).toContain('It shows no event');
  });

  test('a clock that runs backwards covers no more than the first event does', async () => {
    const { usage } = await read([other(5), other(29.9), use(3), use(4)]);
    expect(usage?.since).toEqual(new Date(iso(5)));
    expect(usage?.lastAt).toEqual(new Date(iso(3)));
  });
});

describe('reading goes on', () => {
  test('from the last event, over a time that adds up', async () => {
    const first = [other(39.5), use(39), other(10)];
    const before = await read(first, { asOf: NOW - 9 * DAY });
    expect(before.usage?.since).toEqual(new Date(iso(39)));
    const then = await read([...first, other(8.5), use(2)], { memory: before.log });
    expect(tenant.requests.at(-1)?.body).toMatchObject({ sinceEventUid: first[2]?.uid });
    expect(then.usage).toMatchObject({
      since: new Date(iso(39)),
      complete: true,
      lastAt: new Date(iso(2)),
      addresses: [{ address: '62.176.96.4', count: 2 }],
    });
  });

  test('not over a gap, and what was seen before it is kept', async () => {
    const first = [other(39), use(38.5), other(10)];
    const before = await read(first, { asOf: NOW - 9 * DAY });
    const { usage } = await read([...first, other(7.9), use(2)], { memory: before.log });
    expect(usage?.since).toEqual(new Date(iso(7.9)));
    expect(usage?.addresses).toMatchObject([{ count: 2 }]);
  });

  test('after the last event is gone, by time and without counting twice', async () => {
    const first = [other(39), use(38.5), use(10)];
    const before = await read(first, { asOf: NOW - 9 * DAY });
    const kept = await read([other(8.5), use(2)], { memory: before.log });
    expect(kept.usage).toMatchObject({ since: new Date(iso(39)), addresses: [{ count: 3 }] });
    const gap = await read([other(5), use(2)], { memory: before.log });
    expect(gap.usage?.since).toEqual(new Date(iso(5)));
    expect(gap.usage?.complete).toBe(true);
  });

  test.each([
    ['a day', DAY, true],
    ['more than a day', DAY + 1, false],
  ])('with nothing new within %s, no further time is covered', async (_, ms, complete) => {
    const first = [other(39), use(38.5), use(10)];
    const before = await read(first, { asOf: NOW - 9 * DAY });
    const { usage, log } = await read(first, { memory: before.log, asOf: NOW - 9 * DAY + ms });
    expect(usage?.complete).toBe(complete);
    expect(usage?.since).toEqual(new Date(iso(39)));
    expect(log).toEqual(before.log);
  });

  test('from the start after a longer pause, and a credential that was not listed starts later', async () => {
    const first = [other(70), use(69), other(60.5)];
    const before = await read(first, { asOf: NOW - 60 * DAY });
    const { usage } = await read([...first, other(29.9), use(2)], { memory: before.log });
    expect(usage?.since).toEqual(new Date(iso(30)));
    const near = await read([other(39), other(9.5)], { asOf: NOW - 9 * DAY, ids: ['x'] });
    const late = await read([other(39), other(9.5), other(8.9)], { memory: near.log });
    expect(late.usage?.since).toEqual(new Date(iso(9)));
    expect(late.log?.clients.x).toEqual(near.log?.clients.x);
  });
});

describe('what is asked of the log', () => {
  const bodies = () =>
    tenant.requests.filter(({ target }) => target === 'system-log').map(({ body }) => body);
  const asked = (since: number, until = 0) => ({
    since: iso(since),
    until: iso(until),
    sortDirection: 'SORT_DIRECTION_ASC',
    pageSize: 100,
    pageToken: '',
  });

  test('is the time that is wanted, or what comes after the last event that is remembered', async () => {
    const first = [other(39.5), use(39), other(10)];
    const before = await read(first, { asOf: NOW - 9 * DAY });
    expect(bodies()).toEqual([asked(39, 9)]);
    await read([...first, other(8.5)], { memory: before.log });
    // An event may come into the log a day late.
    expect(bodies()).toEqual([{ ...asked(10), sinceEventUid: first[2]?.uid }]);
    await read([other(8.5)], { memory: before.log });
    expect(bodies()).toEqual([{ ...asked(10), sinceEventUid: first[2]?.uid }, asked(9)]);
    const old = [other(38.5), other(30)];
    const then = await read(old, { asOf: NOW - 29.5 * DAY });
    await read([...old, other(29)], { memory: then.log });
    expect(bodies()).toEqual([{ ...asked(30), sinceEventUid: old[1]?.uid }]);
  });

  test('is asked once if there is no log, and nothing is remembered', async () => {
    await read([], {
      faults: [{ on: 'system-log', times: Infinity, effect: { kind: 'status', status: 404 } }],
    });
    expect(bodies()).toHaveLength(1);
  });

  test('counts an event at the very end of the last audit once', async () => {
    const same = [use(9), use(9)];
    const before = await read([other(39), ...same], { asOf: NOW - 9 * DAY });
    expect(before.usage?.addresses).toMatchObject([{ count: 2 }]);
    const [one = use(9)] = same;
    const { usage } = await read([one, other(8.9), use(2)], { memory: before.log });
    expect(usage?.addresses).toMatchObject([{ count: 3 }]);
  });

  test('goes on from an audit at the same time, and not from one of a later time', async () => {
    const uses = [other(38.5), use(12)];
    const asOf = NOW - 9 * DAY;
    const { log } = await read(uses, { asOf });
    await read(uses, { memory: log, asOf });
    expect(bodies()).toMatchObject([{ sinceEventUid: uses[1]?.uid }]);
    await read(uses, { memory: log, asOf: asOf - 1 });
    expect(bodies()).toMatchObject([{ since: new Date(asOf - 1 - 30 * DAY).toISOString() }]);
  });

  test.each([
    [90, true],
    [90.001, false],
  ])('is remembered for %d days of a credential that is not listed: %s', async (days, isKept) => {
    const { log } = await read([other(39), use(20)], { asOf: NOW - 10 * DAY });
    const asOf = NOW - 10 * DAY + days * DAY;
    await tenant.close();
    tenant = await startTenant({ now: () => asOf, data: tenantRecords(asOf) });
    tenant.data.uses = [];
    const seen = await readSystemLog(readerOf(tenant, asOf), [], { days: 30, memory: log }, asOf);
    expect(Object.keys(seen.log?.clients ?? {})).toEqual(isKept ? [ID] : []);
  });

  test('is forgotten of refusals after thirty days', async () => {
    const refusals = [use(29.9, { refused: 'sp_disabled' }), use(1, { refused: 'sp_disabled' })];
    const before = await read([other(29.95), ...refusals, other(0.5)]);
    expect(before.usage?.refused).toMatchObject([{ count: 2 }]);
    const { usage } = await read([other(0.4)], { memory: before.log, asOf: NOW + DAY / 2 });
    expect(usage?.refused).toMatchObject([{ count: 1, lastAt: new Date(iso(1)) }]);
  });
});

describe('what cannot be read is not known', () => {
  const many = [other(29.5), ...Array.from({ length: 250 }, (_, n) => use(29 - n * 0.1))];
  const on = 'system-log';

  test.each([403, 404, 501] as const)('%d: the audit is complete, use is unknown', async (status) => {
    const { fact, note, log, failure } = await read(many, {
      faults: [{ on, times: Infinity, effect: { kind: 'status', status } }],
    });
    expect(fact).toMatchObject({ reason: 'the system log could not be read' });
    expect([log, failure]).toEqual([undefined, undefined]);
    expect(note).toContain(status === 403 ? 'right to read the system log' : 'does not offer');
  });

  test.each([
    ['HTML', { kind: 'html' }],
    ['500', { kind: 'status', status: 500 }],
  ] as const)('%s: the audit is not complete', async (_, effect) => {
    const { fact, failure } = await read(many, { faults: [{ on, times: Infinity, effect }] });
    expect(fact).toMatchObject({ reason: 'the system log could not be read' });
    expect(failure).toBeDefined();
  });

  test.each([403, 404, 501, 500] as const)('%d midway: only up to there', async (status) => {
    const { usage, note, log } = await read(many, {
      faults: [{ on, from: 2, times: Infinity, effect: { kind: 'status', status } }],
    });
    expect(usage).toMatchObject({ complete: false, addresses: [{ count: 99 }] });
    expect(note).toContain('was not read completely');
    expect(Date.parse(log?.to ?? '')).toBeLessThan(NOW - 10 * DAY);
  });

  test.each(['repeat-page', 'cursor-loop', 'endless-pages'] as const)(
    '%s: only up to there',
    async (kind) => {
      const { usage, note } = await read(many, { faults: [{ on, times: Infinity, effect: { kind } }] });
      expect(usage?.complete).toBe(false);
      expect(note).toMatch(
        kind === 'endless-pages'
          ? /was not read completely/
          : /as unused: POST \/systemlog\/events repeats itself instead of going on\.$/,
      );
    },
  );

  test.each([
    ['pages', { logPages: 2 }],
    ['characters', { logCharacters: 1000 }],
    ['time', { logTime: -1 }],
  ])('a limit on %s: the next audit goes on', async (_, limits) => {
    const cut = await read(many, { limits });
    expect(cut.usage?.complete).toBe(false);
    expect(cut.failure).toBeUndefined();
    const why =
      'logPages' in limits
        ? 'POST /systemlog/events did not end within 2 pages.'
        : 'POST /systemlog/events is larger than c1-audit reads at once.';
    expect(cut.note).toBe(
      `The system log was not read completely, so it shows no credential as unused: ${why} The next audit with the same state goes on from there.`,
    );
    const { usage } = await read(many, { memory: cut.log });
    expect(usage).toMatchObject({ complete: true, addresses: [{ count: 250 }], since: new Date(iso(30)) });
  });
});

describe('events', () => {
  const tally = (...events: unknown[]) => {
    const made = new Tally([ID, 'b@h/pcc'], { start: NOW - 30 * DAY, after: 0, asOf: NOW, remembered: '' });
    for (const event of events) made.add(event);
    return made;
  };
  const login = (over: object) => ({
    class_uid: 3002,
    status_id: 1,
    time: NOW - DAY,
    src_endpoint: { ip: '62.176.96.4' },
    ...over,
  });
  const counted = (id: string, ...events: unknown[]) => {
    const { addresses, refused, lastAt } = tally(...events).memoryOf(id, undefined);
    return { uses: addresses.map(({ address, count }) => [address, count]), refused, lastAt };
  };

  test.each([
    ['user', { user: { credential_uid: ID } }],
    ['actor', { actor: { app_uid: ID } }],
    ['actor, deeper', { actor: { session: { issuer: [{ a: { b: ID } }] } } }],
    ['a list', { unmapped: ['x', ID] }],
    ['a key', { unmapped: { [ID]: 1 } }],
    ['service', { service: { uid: ID } }],
    ['resources alone', { resources: [{ uid: ID }] }],
  ])('name the client id in %s', (_, over) => {
    expect(counted(ID, login(over)).uses).toEqual([['62.176.96.4', 1]]);
  });

  test('of a call on another credential are the caller’s', () => {
    const event = login({ class_uid: 6003, actor: { user: { uid: 'b@h/pcc' } }, resources: [{ uid: ID }] });
    expect(counted(ID, event).uses).toEqual([]);
    expect(counted('b@h/pcc', event).uses).toEqual([['62.176.96.4', 1]]);
  });

  test('that name two credentials alike count for both', () => {
    const event = login({ user: { uid: ID }, actor: { uid: 'b@h/pcc' } });
    expect(counted(ID, event).uses).toEqual(counted('b@h/pcc', event).uses);
  });

  test('that only contain a client id count for nobody', () => {
    expect(
      counted(ID, login({ message: `login of ${ID}` }), login({ user: { uid: `${ID} ` } })).uses,
    ).toEqual([]);
  });

  test.each([
    ['no address', {}],
    ['a host name', { src_endpoint: { ip: 'office' } }],
    ['a network', { src_endpoint: { ip: '10.0.0.0/8' } }],
    ['a number', { src_endpoint: { ip: 7 } }],
    ['hostile text', { src_endpoint: { ip: '\u001b[2J' } }],
  ])('with %s count as a use from an address that is not known', (_, over) => {
    expect(
      counted(ID, { class_uid: 3002, status_id: 1, time: NOW, user: { uid: ID }, ...over }).uses,
    ).toEqual([['', 1]]);
  });

  test('that fail are no use if they are logins, by number or word', () => {
    const refusal = { user: { uid: ID }, status_detail: 'Token_Too_Old' };
    for (const failed of [
      { status_id: 2 },
      { status_id: 0, status: 'Failure' },
      { status_id: undefined, status: 'failed' },
      { status_id: '2' },
      { status_id: 'STATUS_ID_FAILURE' },
      { class_uid: 'AUTHENTICATION', status_id: 2 },
      { class_uid: undefined, class_name: 'Authentication', status_id: 2 },
    ])
      expect(counted(ID, login({ ...refusal, ...failed }))).toMatchObject({
        uses: [],
        lastAt: null,
        refused: [{ reason: 'token_too_old', count: 1 }],
      });
    expect(counted(ID, login({ ...refusal, class_uid: 6003, status_id: 2 })).uses).toHaveLength(1);
    expect(counted(ID, login({ ...refusal, status_id: 2, status_detail: 'use_dpop_nonce' }))).toMatchObject({
      uses: [],
      refused: [],
    });
    expect(counted(ID, login({ ...refusal, status_id: 99 })).uses).toHaveLength(1);
  });

  test('without a time are from about the time of the one before, and those from the future from now', () => {
    const uid = { user: { uid: ID } };
    const made = tally(login({ time: NOW - 5 * DAY }), login({ ...uid, time: 'yesterday' }));
    expect(made.unreadable).toBe(1);
    expect(made.memoryOf(ID, undefined).lastAt).toBe(iso(5));
    expect(counted(ID, login({ ...uid, time: NOW + 3_600_000 })).lastAt).toBe(iso(0));
    expect(counted(ID, login({ ...uid, time: undefined, time_dt: iso(2) })).lastAt).toBe(iso(2));
    expect(counted(ID, login({ ...uid, time: String(NOW - 2 * DAY) })).lastAt).toBe(iso(2));
    expect(tally(login({ ...uid, time: NOW + 2 * DAY }), login({ ...uid, time: 0 })).unreadable).toBe(2);
  });

  test('up to a day ahead are from now, and those without a time count as unread only for a credential', () => {
    const uid = { user: { uid: ID } };
    expect(counted(ID, login({ ...uid, time: NOW + DAY })).lastAt).toBe(iso(0));
    expect(tally(login({ ...uid, time: NOW + DAY + 1 })).unreadable).toBe(1);
    expect(tally(login({ time: 'soon' })).unreadable).toBe(0);
    expect(tally(login({ metadata: { uid: 7 } })).lastEvent).toBe('');
  });

  test('that are no objects, or nested without end, do no harm', () => {
    let deep: unknown = ID;
    for (let n = 0; n < 100_000; n += 1) deep = [deep];
    const made = tally(null, 7, 'x', [ID], login({ deep }));
    expect(made.unreadable).toBe(4);
    expect(made.memoryOf(ID, undefined).addresses).toHaveLength(1);
  });

  test('from many addresses are merged into 64 networks, none of them lost', () => {
    const address = (n: number) => `62.${176 + (n >> 14)}.${(n >> 6) & 255}.${n & 63}`;
    const events = Array.from({ length: 3000 }, (_, n) =>
      login({ user: { uid: ID }, src_endpoint: { ip: n % 100 === 0 ? '' : address(n * 7) } }),
    );
    const { addresses } = tally(...events).memoryOf(ID, undefined);
    expect(addresses).toHaveLength(64);
    expect(addresses.reduce((sum, { count }) => sum + count, 0)).toBe(3000);
    expect(addresses.find(({ address: one }) => one === '')?.count).toBe(30);
  });

  test('of many refusals are kept by reason', () => {
    const events = Array.from({ length: 500 }, (_, n) =>
      login({
        user: { uid: ID },
        status_id: 2,
        status_detail: 'x',
        src_endpoint: { ip: `9.9.${n >> 8}.${n & 255}` },
      }),
    );
    const { refused } = tally(...events).memoryOf(ID, undefined);
    expect(refused).toHaveLength(65);
    expect(refused.reduce((sum, { count }) => sum + count, 0)).toBe(500);
    expect(refused.find(({ address }) => address === '')?.count).toBe(436);
  });
});
