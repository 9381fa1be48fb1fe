import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { deliverToSlack } from '../../src/delivery/slack/index.js';
import { emptyFolder, type ProgramWorld, runProgram } from '../helpers/program.js';
import { schemaErrors } from '../helpers/report-schema.js';
import { BOT_TOKEN, CHANNEL, startSlack } from '../helpers/slack-server.js';
import { SMALL, smallTenant } from '../helpers/small-tenant.js';
import {
  credential,
  type Decoy,
  decoy,
  idOf,
  personalClient,
  startTenant,
  type Tenant,
  type TenantRecords,
  trust,
} from '../tenant/index.js';

const NOW = Date.parse('2026-11-24T06:00:00Z');
const MADE = Date.parse('2025-03-01T09:00:00Z');
const iso = (ms: number) => new Date(ms).toISOString();
/** What no output may hold of a decoy. */
const TRIPWIRES = [
  'tripwire-key',
  'tripwire-secret',
  'tripwire-trust',
  'canary-one',
  'canary-two',
  'canary-three',
];

let tenant: Tenant<TenantRecords>;
let cwd: string;

beforeEach(async () => {
  cwd = emptyFolder();
  const data = smallTenant(NOW);
  const owner = data.users.find(({ displayName }) => displayName === 'Person 5');
  data.personalClients.push(
    personalClient({
      id: 'canary-one',
      clientId: 'canary-one',
      displayName: 'tripwire-key',
      userId: owner?.id ?? '',
      createdAt: iso(MADE),
    }),
  );
  data.credentials.push(
    credential({
      id: 'canary-two',
      displayName: 'tripwire-secret',
      servicePrincipalId: SMALL.auditor,
      createdAt: iso(MADE + 60_000),
    }),
  );
  data.trusts.push(
    trust({
      clientId: 'canary-three',
      displayName: 'tripwire-trust',
      servicePrincipalId: SMALL.auditor,
      providerId: data.providers[0]?.id ?? '',
      createdAt: iso(MADE - 60_000),
    }),
  );
  data.decoys.push(
    planted('tripwire-key'),
    planted('tripwire-secret'),
    planted('tripwire-trust', { kind: 'DECOY_KIND_WORKLOAD_FEDERATION' }),
    ...Array.from({ length: 12 }, (_, index) => planted(`elsewhere-${index}`)),
  );
  tenant = await startTenant({
    data,
    now: () => NOW,
    paging: { ignoring: [], maxSize: 10 },
    features: { findings: 'on' },
  });
});

afterEach(() => tenant.close());

function planted(displayName: string, over: Partial<Decoy> = {}): Decoy {
  return decoy({ id: idOf(`decoy ${displayName}`), displayName, createdAt: iso(MADE), ...over });
}

function run(argv: readonly string[], over: ProgramWorld = {}) {
  return runProgram(argv, {
    cwd,
    now: () => NOW,
    ...over,
    env: { ...tenant.environment, ...over.env },
    limits: { retries: 1 },
  });
}

const audit = (...argv: string[]) => run(['--scope', 'tenant', '--fail-on', 'never', ...argv]);

const speaksOfOne = (text: string) => TRIPWIRES.filter((word) => text.includes(word));

describe('a decoy that the ordinary lists hold as well', () => {
  test('is judged like any other credential where nobody says that it is one', async () => {
    tenant.data.decoys.length = 0;
    const { stdout, report } = await audit('-f', 'json');
    expect(speaksOfOne(stdout)).toEqual(TRIPWIRES);
    expect(report.coverage.notes.join()).not.toMatch(/decoy/i);
  });

  test.each(['json', 'ndjson', 'text', 'markdown', 'html', 'csv', 'sarif', 'ocsf', 'ics', 'openmetrics'])(
    'is in no %s report',
    async (format) => {
      const { code, stdout, stderr } = await audit('-f', format);
      expect(code).toBe(0);
      expect(speaksOfOne(stdout + stderr)).toEqual([]);
      expect(stdout.length).toBeGreaterThan(100);
    },
  );

  test('is counted, and that is all', async () => {
    const { code, report } = await audit('-f', 'json');
    expect(code).toBe(0);
    expect(report.coverage.complete).toBe(true);
    expect(report.coverage.notes).toContain('3 credentials are decoys and were left out.');
    expect(report.summary.credentials).toBe(25 + 7 + 4);
  });

  test('is in no Slack message, and in no plan, not even its owner’s', async () => {
    const slack = await audit('--slack-dry-run');
    expect(slack.stdout).toContain('"blocks"');
    expect(speaksOfOne(slack.stdout)).toEqual([]);
    const everyone = await run(['plan', '--scope', 'tenant']);
    expect(everyone.stdout).toContain('person.5@acme.example');
    expect(speaksOfOne(everyone.stdout)).toEqual([]);
    const owner = await run(['plan', '--scope', 'tenant', '--owner', 'person.5@acme.example']);
    expect(owner.stdout).toContain('API credentials of Person 5');
    expect(speaksOfOne(owner.stdout)).toEqual([]);
  });

  test('is neither pushed to ConductorOne nor kept in the state', async () => {
    writeFileSync(join(cwd, 'c1-audit.config.yaml'), 'push: { conductorone: true }\n');
    const dry = await audit('--dry-run');
    expect(dry.stdout).toContain('dedupKeyParts');
    expect(speaksOfOne(dry.stdout)).toEqual([]);
    expect((await audit('--state', 'state.json')).code).toBe(0);
    expect(tenant.findings.length).toBeGreaterThan(20);
    expect(speaksOfOne(JSON.stringify(tenant.findings))).toEqual([]);
    expect(speaksOfOne(readFileSync(join(cwd, 'state.json'), 'utf8'))).toEqual([]);
  });

  test('is forgotten without a word once it is known to be one', async () => {
    tenant.features.decoys = 403;
    await audit('--state', 'state.json');
    expect(speaksOfOne(readFileSync(join(cwd, 'state.json'), 'utf8'))).toContain('canary-one');
    tenant.features.decoys = 'on';
    const slack = await audit('--state', 'state.json', '--slack-dry-run');
    expect(speaksOfOne(slack.stdout)).toEqual([]);
    const { stdout, report } = await audit('--state', 'state.json', '-f', 'json');
    expect(speaksOfOne(stdout)).toEqual([]);
    expect(report.resolved).toEqual([]);
    expect(speaksOfOne(readFileSync(join(cwd, 'state.json'), 'utf8'))).toEqual([]);
  });

  test('gives no other credential away as its like or its substitute', async () => {
    // Each would be judged beside the decoy: an older key of its name, and a secret beside its trust.
    tenant.data.trusts.splice(0, tenant.data.trusts.length - 1);
    const { stdout, report } = await audit('-f', 'json');
    expect(report.findings.filter(({ rule }) => rule === 'static-beside-federation')).toEqual([]);
    expect(speaksOfOne(stdout)).toEqual([]);
  });
});

describe('a credential that only shares a decoy’s name', () => {
  const found = async () => {
    const { report } = await audit('-f', 'json');
    const all = report.findings.filter(({ credential: of }) => of?.id === 'canary-one');
    return { report, all, open: all.filter(({ outcome }) => outcome === 'violation') };
  };
  const change = (over: Partial<Decoy>) => Object.assign(tenant.data.decoys[0] ?? {}, over);

  test.each([
    ['61 seconds apart', { createdAt: iso(MADE + 60_001) }],
    ['earlier than that', { createdAt: iso(MADE - 60_001) }],
    ['whose own date is not known', { createdAt: null }],
    ['spelt with another case', { displayName: ' Tripwire-KEY' }],
  ])('is judged, and nobody is advised to end it: %s', async (_, over) => {
    change(over);
    const { report, all, open } = await found();
    expect(schemaErrors(report)).toEqual([]);
    expect(open.map(({ rule }) => rule)).toEqual(
      expect.arrayContaining(['no-expiry', 'no-scoped-roles', 'not-rotated', 'open-cidr', 'unused']),
    );
    for (const { message, fix, credential: of } of all) {
      expect(`${message} ${fix}`).not.toMatch(/revoke|delete|rotate|replace it|successor|decoy/i);
      expect(of?.adviceWithheld).toBe(true);
    }
    for (const { fix } of open) expect(fix).toBe('Ask a Super Administrator before you change or remove it.');
    expect(report.coverage.notes).toContain(
      '2 credentials are decoys and were left out. 1 credential has the name of a decoy, but not its creation date: judged, without advice on what to do.',
    );
  });

  test.each([
    ['of another kind', { kind: 'DECOY_KIND_WORKLOAD_FEDERATION' as const }],
    ['of a kind that no list holds', { kind: 'DECOY_KIND_CONNECTOR_CLIENT' as const }],
    ['of a kind that nobody knows yet', { kind: 'constructor' as never }],
  ])('cannot hide behind a decoy %s', async (_, over) => {
    change(over);
    const { open } = await found();
    expect(open.find(({ rule }) => rule === 'not-rotated')?.fix).toMatch(/revoke/);
    expect(open.every(({ credential: of }) => of?.adviceWithheld === undefined)).toBe(true);
  });

  test('has no step but to ask in a plan, and is not in its owner’s', async () => {
    change({ createdAt: null });
    const { stdout } = await run(['plan', '--scope', 'tenant']);
    const [, part = ''] = stdout.split('tripwire-key');
    const own = part.split(/\n(?=\S)/)[0] ?? '';
    expect(own).toContain('Ask a Super Administrator');
    expect(own).not.toMatch(/curl|DELETE|revoke|delete it/);
    expect(
      (await run(['plan', '--scope', 'tenant', '--owner', 'person.5@acme.example'])).stdout,
    ).not.toContain('tripwire-key');
  });

  test('is pushed, but not to its owner', async () => {
    change({ createdAt: null });
    writeFileSync(join(cwd, 'c1-audit.config.yaml'), 'push: { conductorone: true }\n');
    await audit();
    const pushed = tenant.findings.filter(({ description }) => description.includes('tripwire-key'));
    expect(pushed.length).toBeGreaterThan(3);
    for (const finding of pushed) {
      expect(finding.identityUserTarget).toBeNull();
      expect(finding.description + finding.remediationDescription).not.toMatch(
        /revoke|rotate it|replace it/i,
      );
    }
  });

  test('is in the channel without its owner’s mention, and not in the owner’s own message', async () => {
    change({ createdAt: null });
    const { report } = await audit('-f', 'json');
    let clock = NOW;
    const slack = await startSlack({ now: () => (clock += 2000) });
    slack.users.set('person.5@acme.example', 'U0PERSON5');
    try {
      const mine = report.findings.filter(({ credential: of }) => of?.owner?.name === 'Person 5');
      const only = mine.filter(({ credential: of }) => of?.id === 'canary-one');
      const deliver = (findings: typeof mine) =>
        deliverToSlack({
          report: { ...report, findings },
          news: undefined,
          settings: {
            when: undefined,
            minSeverity: 'info',
            mentions: {},
            fallback: undefined,
            heartbeat: undefined,
            notifyOwners: true,
          },
          env: {
            SLACK_BOT_TOKEN: BOT_TOKEN,
            SLACK_CHANNEL: CHANNEL,
            C1_AUDIT_SLACK_API_URL: slack.apiUrl,
          },
          now: () => clock,
          signal: new AbortController().signal,
          log: { warn: () => undefined },
          patience: { backoff: 1, pause: 1, timeout: 2000 },
        });
      expect(await deliver(only)).toMatchObject({ sent: true, ownersNotified: 0 });
      expect(slack.posted).toHaveLength(1);
      expect(JSON.stringify(slack.posted[0])).toContain('tripwire-key');
      expect(JSON.stringify(slack.posted[0])).not.toContain('U0PERSON5');
      expect(await deliver(mine)).toMatchObject({ sent: true, ownersNotified: 1 });
      expect(JSON.stringify(slack.posted.at(-1))).not.toContain('tripwire-key');
    } finally {
      await slack.close();
    }
  });
});

describe('decoys that cannot be read', () => {
  test.each([403, 404, 501] as const)('%s is noted once, and the run is complete', async (status) => {
    tenant.features.decoys = status;
    const { code, report, stderr } = await audit('-f', 'json');
    expect([code, stderr]).toEqual([0, '']);
    const notes = report.coverage.notes.filter((note) => /decoy/i.test(note));
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatch(
      new RegExp(`^Some decoys are not known.*POST .*/decoys/search answered ${status}.*Super Administrator`),
    );
  });

  test.each([
    ['a server error', { kind: 'status', status: 500 }],
    ['a refusal on a later page', { kind: 'status', status: 403 }, 2],
    ['a reset connection', { kind: 'reset', at: 'before' }],
    ['a web page', { kind: 'html' }],
    ['a web page that refuses', { kind: 'html', status: 403 }],
    ['pages that repeat themselves', { kind: 'repeat-page' }],
    [
      'a decoy without a readable kind',
      {
        kind: 'edit',
        edit: (json: { list: object[] }) => ({
          ...json,
          list: [{ ...json.list[0], kind: 5 }, ...json.list.slice(1)],
        }),
      },
    ],
    ['a decoy that is no record', { kind: 'edit', edit: (json: object) => ({ ...json, list: [null] }) }],
  ] as readonly (readonly [string, object, number?])[])(
    '%s makes the run incomplete, and says so',
    async (_, effect, from = 1) => {
      tenant.faults.add({
        on: 'search-decoys',
        effect: effect as never,
        from,
        times: Number.POSITIVE_INFINITY,
      });
      const { code, report, stderr } = await audit('-f', 'json', '-f', 'text:report.txt');
      expect(code).toBe(3);
      expect(schemaErrors(report)).toEqual([]);
      expect(report.coverage.gaps).toEqual([expect.stringMatching(/^decoys could not be read/)]);
      expect(report.coverage.sources.every(({ status }) => status === 'complete')).toBe(true);
      expect(stderr + report.coverage.notes.join('\n')).toMatch(/\/decoys\/search/);
      const text = readFileSync(join(cwd, 'report.txt'), 'utf8');
      expect(text).toMatch(/^INCOMPLETE: decoys could not be read/);
    },
  );

  test('what was read before the list broke off is left out all the same', async () => {
    tenant.faults.add({
      on: 'search-decoys',
      from: 2,
      times: Number.POSITIVE_INFINITY,
      effect: { kind: 'status', status: 500 },
    });
    expect(speaksOfOne((await audit('-f', 'json')).stdout)).toEqual([]);
  });
});
