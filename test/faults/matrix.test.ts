import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Report } from '../../src/engine/report.js';
import { emptyFolder, type ProgramResult, runProgram } from '../helpers/program.js';
import { smallTenant, waysIn } from '../helpers/small-tenant.js';
import { decoy, idOf, provider, startTenant, type Tenant, type TenantRecords } from '../tenant/index.js';
import { type Case, casesOf, ENDPOINTS, type Endpoint } from './cases.js';
import { judge, type Mark } from './judge.js';
import { inLanes } from './pool.js';
import { table } from './table.js';

const NOW = Date.parse('2026-11-24T06:00:00Z');
const AT = new Date(NOW).toISOString();
const LANES = 4;

/** Where redirects lead: nobody may ever come. */
let trap: Server;
let trapped = 0;

beforeAll(async () => {
  trap = createServer((_, response) => {
    trapped += 1;
    response.end('{}');
  });
  await new Promise<void>((done) => trap.listen(0, '127.0.0.1', done));
});

afterAll(() => {
  trap.close();
});

/** A tenant, and what is found there when nothing goes wrong. */
interface Lane {
  readonly tenant: Tenant<TenantRecords>;
  readonly folder: string;
  readonly baselines: Map<string, Report>;
}

/** Pages of two make lists of a few records run over several. */
async function openLane(): Promise<Lane> {
  const whole = smallTenant(NOW);
  const data: TenantRecords = {
    ...whole,
    personalClients: [...whole.personalClients.slice(0, 6), ...whole.personalClients.slice(-1)],
    providers: [...whole.providers, provider({ id: idOf('provider third'), displayName: 'Third' })],
    ...waysIn(NOW),
    decoys: [1, 2, 3].map((n) => decoy({ id: idOf(`decoy ${n}`), displayName: `decoy ${n}`, createdAt: AT })),
  };
  const paging = { ignoring: [], minSize: 1, maxSize: 2 };
  const tenant = await startTenant({ now: () => NOW, data, paging });
  return { tenant, folder: emptyFolder(), baselines: new Map() };
}

/** What one run of the program is about. */
type Ask = Pick<Endpoint, 'scope' | 'sources' | 'given'>;

async function audit({ tenant, folder }: Lane, { scope, sources = [] }: Ask, slow: boolean) {
  const only = sources.flatMap((source) => ['--source', source]);
  return runProgram(['-f', 'json', '--verbose', '--fail-on', 'never', '--scope', scope, ...only], {
    env: tenant.environment,
    now: () => NOW,
    cwd: folder,
    limits: { retries: 2, firstDelay: 1, longestDelay: 2, pages: 100, requestTimeout: slow ? 250 : 10_000 },
  });
}

async function baselineOf(lane: Lane, ask: Ask): Promise<Report> {
  const key = [ask.scope, ask.sources, ask.given !== undefined].join('|');
  const known = lane.baselines.get(key);
  if (known) return known;
  const { faults } = lane.tenant;
  faults.clear();
  faults.add(...(ask.given?.() ?? []));
  const { code, report } = await audit(lane, ask, false);
  expect(code).toBe(0);
  lane.baselines.set(key, report);
  return report;
}

/** Any part of the client secret, an access token or a signed assertion. */
function leaks({ stdout, stderr }: ProgramResult, secret = ''): boolean {
  const text = stdout + stderr;
  const key = secret.slice(secret.lastIndexOf(':') + 1);
  const parts = Array.from({ length: Math.ceil(key.length / 12) - 1 }, (_, n) =>
    key.slice(12 * n, 12 * n + 12),
  );
  return parts.some((part) => text.includes(part)) || /c1at_[\w-]{7}|eyJ[\w-]{9}/.test(text);
}

/** One fault on one endpoint; or, where it must not show, on several at once. */
interface Trial {
  readonly endpoints: readonly Endpoint[];
  readonly cases: readonly Case[];
  readonly ask: Ask;
}

function trialsOf(all: readonly { endpoint: Endpoint; fault: Case }[]): Trial[] {
  const given = ENDPOINTS.find((endpoint) => endpoint.given !== undefined)?.given;
  const together = new Map<string, { endpoint: Endpoint; fault: Case }[]>();
  const alone: Trial[] = [];
  for (const one of all) {
    const { endpoint, fault } = one;
    if (fault.expected !== 'same') {
      alone.push({ endpoints: [endpoint], cases: [fault], ask: endpoint });
      continue;
    }
    // One way to have an endpoint requested would keep another from being requested.
    const own = endpoint.given && endpoint.given !== given ? endpoint.target : '';
    const key = `${endpoint.scope} ${fault.name} ${own}`;
    together.set(key, [...(together.get(key) ?? []), one]);
  }
  return [
    ...[...together.values()].map((some): Trial => {
      const scope = some[0]?.endpoint.scope ?? 'tenant';
      return {
        endpoints: some.map(({ endpoint }) => endpoint),
        cases: some.map(({ fault }) => fault),
        ask: {
          scope,
          ...(scope === 'tenant' && given ? { given: some[0]?.endpoint.given ?? given } : {}),
        },
      };
    }),
    ...alone,
  ];
}

test('reports the right findings or that the run is incomplete, whatever goes wrong', async () => {
  const { port } = trap.address() as AddressInfo;
  const elsewhere = new URL(`http://127.0.0.1:${port}/stolen`);
  const all = ENDPOINTS.flatMap((endpoint) =>
    casesOf(endpoint, elsewhere).map((fault) => ({ endpoint, fault })),
  );
  const marks = new Map<string, Mark | '!'>();
  const wrong: string[] = [];
  const lanes: Lane[] = [];

  const open = async () => {
    const lane = await openLane();
    lanes.push(lane);
    return lane;
  };
  try {
    await inLanes(trialsOf(all), LANES, open, async ({ endpoints, cases, ask }, lane) => {
      const baseline = await baselineOf(lane, ask);
      const { faults, requests } = lane.tenant;
      faults.clear();
      faults.add(
        ...(ask.given?.() ?? []),
        ...endpoints.flatMap(({ target }, index) => cases[index]?.faults(target) ?? []),
      );
      const { CONDUCTORONE_CLIENT_SECRET: secret } = lane.tenant.environment;
      requests.length = 0;
      const result = await audit(lane, ask, cases[0]?.slow ?? false);
      const everywhere = [
        ...(leaks(result, secret) ? ['a secret was printed'] : []),
        ...(requests.length > 250 ? [`${requests.length} requests`] : []),
      ];
      endpoints.forEach((endpoint, index) => {
        const fault = cases[index] as Case;
        const { mark, wrong: here } = judge(result, baseline, endpoint, fault);
        const isAsked = requests.some(({ target }) => target === endpoint.target);
        const all = [...here, ...everywhere, ...(isAsked ? [] : ['never requested'])];
        marks.set(`${fault.name}|${endpoint.target}`, all.length > 0 ? '!' : mark);
        wrong.push(...all.map((what) => `${endpoint.target} × ${fault.name}: ${what}`));
      });
    });
  } finally {
    await Promise.all(lanes.map(({ tenant }) => tenant.close()));
  }
  process.stdout.write(table(all, marks));
  expect(wrong).toEqual([]);
  expect(trapped).toBe(0);
}, 600_000);
