import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { main } from '../../src/cli/main.js';
import { emptyFolder, QUICK, Sink } from '../helpers/program.js';
import { startWebhook, type WebhookServer } from '../helpers/webhook-server.js';
import { personalClient, ROLE, startTenant, type Tenant, tenantRecords } from '../tenant/index.js';

const DAY = 86_400_000;
const FIRST = Date.parse('2026-09-01T02:00:00.000Z');

let now: number;
let tenant: Tenant;
let receiver: WebhookServer;
let cwd: string;

beforeEach(async () => {
  now = FIRST;
  const data = tenantRecords(FIRST);
  for (let index = 0; index < 15; index += 1)
    data.personalClients.push(
      personalClient({
        id: `calm-otter-${10_001 + index}`,
        displayName: `job ${index}`,
        userId: data.personalClients[0]?.userId ?? '',
        createdAt: new Date(FIRST - DAY).toISOString(),
        allowSourceCidr: ['62.176.96.0/24'],
        scopedRoles: [ROLE.viewer],
      }),
    );
  tenant = await startTenant({ data, now: () => now, paging: { ignoring: [], minSize: 1, maxSize: 5 } });
  receiver = await startWebhook();
  cwd = emptyFolder();
});
afterEach(() => Promise.all([tenant.close(), receiver.close()]));

/** A night; `onReport` is called when the report reaches stdout. */
async function night(stop = new AbortController(), onReport: () => void = () => undefined) {
  const [stdout, stderr] = [new Sink(), new Sink()];
  const write = stdout.write.bind(stdout) as (...all: unknown[]) => boolean;
  stdout.write = (...all: unknown[]) => {
    onReport();
    return write(...all);
  };
  const flags = ['--scope', 'tenant', '--source', 'personal-clients', '--fail-on', 'never'];
  const code = await main([...flags, '--state', 'state.json', '-f', 'json'], {
    env: { ...tenant.environment, C1_AUDIT_WEBHOOK_URL: receiver.url },
    cwd,
    stdin: Readable.from(['']),
    stdout,
    stderr,
    now: () => now,
    signal: stop.signal,
    limits: { ...QUICK, requestTimeout: 20_000 },
  });
  now += DAY;
  return { code, stdout: stdout.text, stderr: stderr.text };
}

/** The rules that each message is about. */
const told = () =>
  receiver.taken.map(({ findings }) => [
    ...new Set(
      (findings as { rule: string }[]).map(({ rule }) => rule).filter((rule) => /widened/.test(rule)),
    ),
  ]);

test('an audit that is stopped before its news is sent says so and is not done', async () => {
  const stop = new AbortController();
  const { code, stderr } = await night(stop, () => stop.abort());
  expect(receiver.taken).toEqual([]);
  expect(code).toBe(3);
  expect(stderr).toMatch(/webhook/);
  expect(existsSync(join(cwd, 'state.json'))).toBe(false);
  expect((await night()).code).toBe(0);
  expect(receiver.taken).toHaveLength(1);
});

test('a change that a stopped audit sees is sent by the next one', async () => {
  await night();
  const [, , key] = tenant.data.personalClients;
  Object.assign(key as object, { scopedRoles: [] });
  const stop = new AbortController();
  tenant.faults.add({
    on: 'search-personal-clients',
    from: 2,
    times: Number.POSITIVE_INFINITY,
    effect: { kind: 'hang', at: 'before' },
  });
  setTimeout(() => stop.abort(), 500);
  expect((await night(stop)).code).toBe(3);
  tenant.faults.clear();
  await night();
  expect(told().flat()).toEqual(['scope-widened']);
});
