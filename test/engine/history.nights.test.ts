import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { SlackSettings } from '../../src/config/config.js';
import { type Credential, DAY, type Finding, KINDS } from '../../src/contract/index.js';
import { deliverToSlack } from '../../src/delivery/slack/index.js';
import { openState } from '../../src/delivery/state-file.js';
import { DRIFT_RULES } from '../../src/engine/drift.js';
import type { HistoryRun } from '../../src/engine/state.js';
import { AuditError } from '../../src/errors.js';
import { compare, drifted as drift } from '../helpers/follow-up.js';
import { sampleCredential, sampleFinding, sampleReport, TENANT } from '../helpers/sample-report.js';
import { type SlackServer, startSlack, textOf } from '../helpers/slack-server.js';

const NIGHT_1 = Date.parse('2026-09-01T02:00:00.000Z');
const SETTINGS: SlackSettings = {
  when: undefined,
  minSeverity: 'low',
  mentions: {},
  fallback: undefined,
  heartbeat: 'weekly',
  notifyOwners: false,
};

/** A credential's life, in nights (the first is 1). */
interface Life {
  readonly id: string;
  readonly from?: number;
  readonly until?: number;
  /** The night at whose start it expires. */
  readonly expires?: number;
  readonly unscopedFrom?: number;
  readonly severeFrom?: number;
  /** Nights on which the owner uses it: no finding then. */
  readonly used?: readonly number[];
}

/** Forty idle keys, and what becomes of them. */
const LIVES: readonly Life[] = [
  ...Array.from({ length: 33 }, (_, index) => ({ id: `idle-${index + 1}` })),
  { id: 'leaver-1', until: 3 },
  { id: 'leaver-2', until: 3 },
  { id: 'expiring', expires: 13 },
  { id: 'widened', unscopedFrom: 16 },
  { id: 'worse', severeFrom: 17 },
  { id: 'on-and-off', used: [18, 19] },
  { id: 'later', expires: 42 },
  { id: 'last' },
  { id: 'newcomer', from: 3 },
];

const SLACK_DOWN = 3;
const INCOMPLETE = 8;

function judge(life: Life, night: number): Finding[] {
  const now = NIGHT_1 + (night - 1) * DAY;
  const expiry = life.expires === undefined ? null : NIGHT_1 + (life.expires - 1) * DAY;
  const credential = sampleCredential({
    id: life.id,
    name: `name of ${life.id}`,
    expiresAt: expiry === null ? null : new Date(expiry).toISOString(),
  });
  if (expiry !== null && expiry <= now)
    return [sampleFinding({ rule: 'expired', severity: 'low', credential })];
  if (expiry !== null) {
    const soon = expiry - now <= 30 * DAY;
    return soon ? [sampleFinding({ rule: 'expiring-soon', severity: 'medium', credential })] : [];
  }
  if (life.used?.includes(night)) return [];
  return [sampleFinding({ severity: night >= (life.severeFrom ?? 99) ? 'high' : 'medium', credential })];
}

function asListed(life: Life, night: number): Credential {
  return {
    kind: 'personal-client',
    id: life.id,
    clientId: `${life.id}@${TENANT}/pcc`,
    name: `name of ${life.id}`,
    ownerId: 'user-1',
    deletedAt: null,
    disabled: false,
    createdAt: NIGHT_1 - 400 * DAY,
    expiresAt: null,
    lastUsedAt: null,
    allowedCidrs: ['192.0.2.0/24'],
    scopedRoleIds: night >= (life.unscopedFrom ?? 99) ? [] : ['role-1'],
    requireDpop: false,
    condition: '',
    providerId: '',
  };
}

let folder: string;
let statePath: string;
let slack: SlackServer;
let clock = NIGHT_1;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'c1-audit-nights-'));
  statePath = join(folder, 'state.json');
  slack = await startSlack({ now: () => clock });
});

afterAll(async () => {
  await slack.close();
  await rm(folder, { recursive: true });
});

/** One night as the program goes through it. Gives what was posted, or the error of a delivery that failed. */
async function play(night: number): Promise<string | undefined> {
  clock = NIGHT_1 + (night - 1) * DAY;
  const complete = night !== INCOMPLETE;
  const there = LIVES.filter(({ from = 1, until = 99 }) => from <= night && night < until)
    // The list broke off in the middle.
    .slice(0, complete ? undefined : 20);
  const run: HistoryRun = {
    tenant: TENANT,
    asOf: new Date(clock).toISOString(),
    scope: 'tenant',
    userId: null,
    complete,
    completeKinds: new Set(complete ? KINDS : []),
    rules: new Set(['unused', 'expiring-soon', 'expired', ...DRIFT_RULES.map(({ id }) => id)]),
  };
  const file = await openState(statePath, { tenant: TENANT, now: clock, asOf: clock, key: undefined });
  const drifted = drift({
    previous: file.state,
    credentials: there.map((life) => asListed(life, night)),
    roles: undefined,
    run,
  });
  const findings = [...there.flatMap((life) => judge(life, night)), ...drifted.findings];
  const comparison = compare({ previous: file.state, findings, credentials: drifted.credentials, run });
  const report = sampleReport({ findings: comparison.findings, resolved: comparison.resolved, complete });
  const before = slack.posted.length;
  if (night === SLACK_DOWN) slack.faults.push({ status: 404, body: 'no_service' });
  try {
    const told = await deliverToSlack({
      report: {
        ...report,
        run: { ...report.run, asOf: run.asOf },
        credentials: report.credentials.map((credential) => ({
          ...credential,
          live: credential.expiresAt === null || Date.parse(credential.expiresAt) > clock,
        })),
      },
      news: comparison.news,
      settings: SETTINGS,
      env: { SLACK_WEBHOOK_URL: slack.webhookUrl },
      now: () => clock,
      signal: new AbortController().signal,
      log: { warn() {} },
      patience: { backoff: 1 },
    });
    const next = comparison.next(told);
    if (next) await file.save(next);
  } catch (error) {
    if (!(error instanceof AuditError)) throw error;
    return `(failed: ${error.message})`;
  } finally {
    await file.release();
  }
  const posted = slack.posted.slice(before);
  expect(posted.length).toBeLessThanOrEqual(1);
  return posted[0] && textOf(posted[0].payload);
}

test('thirty nights', async () => {
  const diary: string[] = [];
  const texts: (string | undefined)[] = [];
  let untouched = '';
  for (let night = 1; night <= 30; night += 1) {
    const text = await play(night);
    texts[night] = text;
    diary.push(`night ${String(night).padStart(2)}  ${text?.split('\n')[0] ?? ''}`.trimEnd());
    if (night === SLACK_DOWN - 1) untouched = await readFile(statePath, 'utf8');
    if (night === SLACK_DOWN) expect(await readFile(statePath, 'utf8')).toBe(untouched);
  }
  process.stdout.write(`${diary.join('\n')}\n`);

  const headlines: Readonly<Record<number, string>> = {
    1: 'API credentials of acme.conductor.one: 40 new',
    3: '(failed: Cannot send the message to Slack (HTTP 404, no_service).)',
    4: 'API credentials of acme.conductor.one: 1 new, 2 resolved',
    // Seven days before `expiring` ends, three days, one day; then it has ended.
    6: 'API credentials of acme.conductor.one: 1 reminder',
    8: 'INCOMPLETE AUDIT of acme.conductor.one: nothing new',
    10: 'API credentials of acme.conductor.one: 1 reminder',
    // Both `expiring` and, for the first time, `later`.
    12: 'API credentials of acme.conductor.one: 1 new, 1 reminder',
    13: 'API credentials of acme.conductor.one: 1 new, 1 expired',
    16: 'API credentials of acme.conductor.one: 1 new',
    17: 'API credentials of acme.conductor.one: 1 more severe',
    18: 'API credentials of acme.conductor.one: 1 resolved',
    20: 'API credentials of acme.conductor.one: 1 back again',
    27: 'c1-audit is still running on acme.conductor.one: 40 credentials, nothing new, 40 known findings open.',
    28: 'API credentials of acme.conductor.one: 1 reminder',
  };
  expect(texts.map((text) => text?.split('\n')[0])).toEqual(
    Array.from({ length: 31 }, (_, night) => headlines[night]),
  );

  // The digest line repeats some that are known.
  const named = (night: number) =>
    [...(texts[night]?.split('Still open')[0] ?? '').matchAll(/name of ([\w-]+)/g)]
      .map(([, id]) => id)
      .sort();
  expect(named(1)).toHaveLength(5);
  expect(texts[1]).toContain('\nand 35 more\n');
  expect(named(4)).toEqual(['newcomer']);
  expect(texts[4]).toContain('Resolved: leaver-1 (unused), leaver-2 (unused).');
  expect(named(8)).toEqual([]);
  expect(texts[8]).toContain('findings may be missing here');
  expect(named(16)).toEqual(['widened']);
  expect(texts[16]).toContain(
    'HIGH  name of widened · personal client widened (new)\nlost its 1 scoped role',
  );
  expect(named(17)).toEqual(['worse']);
  expect(named(20)).toEqual(['on-and-off']);
  expect(texts[20]).toContain('first seen 1 Sep (19 days ago)');
  const digests = texts.flatMap((text, night) =>
    text?.includes('Still open, reported before:') ? [night] : [],
  );
  expect(digests).toEqual([10, 17, 28]);
});
