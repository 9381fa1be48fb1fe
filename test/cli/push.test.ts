import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { HOSTILE_NAMES } from '../helpers/hostile.js';
import { LeakFinder } from '../helpers/leak-finder.js';
import { emptyFolder, type ProgramWorld, runProgram } from '../helpers/program.js';
import { startSlack } from '../helpers/slack-server.js';
import {
  idOf,
  personalClient,
  ROLE,
  startTenant,
  type Tenant,
  tenantRecords,
  user,
} from '../tenant/index.js';

const DAY = 86_400_000;
const FIRST = Date.parse('2026-09-01T02:00:00.000Z');
const iso = (ms: number) => new Date(ms).toISOString();
const PUSH = 'push: { conductorone: true }\n';
const CHANGING = ['create-finding', 'finding-state'];

let now = FIRST;
let tenant: Tenant;
let cwd: string;

const owner = user({
  id: idOf('owner'),
  displayName: 'Jo Doe',
  email: 'jo@acme.example',
  roleIds: [ROLE.user, ROLE.viewer],
});

/** A key with nothing wrong but that it never expires. */
const key = (name: string, over: Parameters<typeof personalClient>[0] | object = {}) =>
  personalClient({
    id: idOf(name),
    displayName: name,
    userId: owner.id,
    createdAt: iso(FIRST - 20 * DAY),
    lastUsedAt: iso(FIRST),
    allowSourceCidr: ['62.176.96.0/24'],
    scopedRoles: [ROLE.viewer],
    ...over,
  });

beforeEach(async () => {
  now = FIRST;
  cwd = emptyFolder();
  config(PUSH);
  const data = tenantRecords(FIRST);
  data.users.push(owner);
  data.personalClients.push(key('one'), key('two'));
  tenant = await startTenant({ data, now: () => now, features: { findings: 'on' } });
});

afterEach(() => tenant.close());

function config(text: string): void {
  writeFileSync(join(cwd, 'c1-audit.config.yaml'), text);
}

/** Audits, and says which calls that can change anything it made. */
async function audit(
  argv: readonly string[] = [],
  world: ProgramWorld = {},
  sources: readonly string[] = ['personal-clients'],
) {
  const before = tenant.requests.length;
  const asked = sources.flatMap((source) => ['--source', source]);
  const result = await runProgram(['--scope', 'tenant', ...asked, '--fail-on', 'never', ...argv], {
    cwd,
    now: () => now,
    ...world,
    env: { ...tenant.environment, ...world.env },
  });
  const requests = tenant.requests.slice(before);
  const { code, stdout } = result;
  const lines = result.stderr.split('\n');
  const isSaid = (line: string) => line.startsWith('c1-audit: Pushed to ConductorOne: ');
  return {
    code,
    stdout,
    /** What was said of the push, and everything else. */
    said: lines.filter(isSaid).map((line) => line.slice('c1-audit: Pushed to ConductorOne: '.length)),
    stderr: lines.filter((line) => !isSaid(line)).join('\n'),
    get report() {
      return result.report;
    },
    changes: requests.filter(({ target }) => CHANGING.includes(target)),
    /** Of findings of c1-audit; an audit also searches for those of ConductorOne on public credentials. */
    searches: requests.filter(({ body }) => JSON.stringify(body ?? '').includes('FINDING_TYPE_CUSTOM'))
      .length,
    tokens: requests.filter(({ target }) => target === 'token').length,
  };
}

const standing = (rule = 'no-expiry') =>
  tenant.findings
    .filter(({ customSubType }) => customSubType === rule)
    .map(({ annotations, state }) => [
      annotations['c1-audit/credential'],
      state.replace('FINDING_STATE_', ''),
    ])
    .sort();
const both = (one: string, two: string) =>
  [
    [idOf('one'), one],
    [idOf('two'), two],
  ].sort();
const findingOf = (name: string, rule = 'no-expiry') => {
  const found = tenant.findings.find(
    ({ customSubType, annotations }) =>
      customSubType === rule && annotations['c1-audit/credential'] === idOf(name),
  );
  if (!found) throw new Error(`${name} has no ${rule}`);
  return found;
};
const drop = (name: string) => {
  tenant.data.personalClients = tenant.data.personalClients.filter(({ id }) => id !== idOf(name));
};

test('without push nothing is asked of the findings', async () => {
  config('failOn: never\n');
  const { code, changes, searches } = await audit();
  expect([code, changes, searches]).toEqual([0, [], 0]);
});

test('open findings are pushed with all that identifies them, on the login of the audit', async () => {
  const { code, stderr, report, tokens } = await audit(['-f', 'json']);
  expect([code, stderr, tokens]).toEqual([0, '', 1]);
  expect(tenant.findings).toHaveLength(report.summary.findings);
  const found = report.findings.find(
    ({ rule, credential }) => rule === 'no-expiry' && credential?.id === idOf('one'),
  );
  expect(findingOf('one')).toMatchObject({
    dedupKeyParts: ['c1-audit', found?.fingerprint],
    customSubType: 'no-expiry',
    severity: 'FINDING_SEVERITY_HIGH',
    description: expect.stringMatching(
      /personal client \*\*one\*\*[\s\S]*Owner: Jo Doe[\s\S]*as of 2026-09-01/,
    ),
    remediationDescription: expect.stringMatching(/\w/),
    identityUserTarget: { identityUserId: owner.id },
    tenantTarget: null,
    annotations: {
      'c1-audit/rule': 'no-expiry',
      'c1-audit/kind': 'personal-client',
      'c1-audit/credential': idOf('one'),
      'c1-audit/fingerprint': found?.fingerprint,
      'c1-audit/version': expect.stringMatching(/^\d/),
      'c1-audit/reach': 'tenant',
      'c1-audit/content': expect.stringMatching(/^[0-9a-f]{16}$/),
    },
  });
});

describe('what was done is said, in one line on stderr:', () => {
  const only = ['--rule', 'no-expiry'];

  test('what is new, changed, accepted, resolved, unchanged and left, and none of it on stdout', async () => {
    const first = await audit([...only, '-f', 'json']);
    expect(first.said).toEqual(['2 new, 0 changed, 0 resolved, 0 unchanged.']);
    expect(first.stdout).not.toContain('Pushed to');
    expect((await audit(only)).said).toEqual(['0 new, 0 changed, 0 resolved, 2 unchanged.']);

    const two = tenant.data.personalClients.find(({ id }) => id === idOf('two'));
    if (two) two.displayName = 'renamed';
    drop('one');
    tenant.data.personalClients.push(key('three'));
    expect((await audit(only)).said).toEqual(['1 new, 1 changed, 1 resolved, 0 unchanged.']);

    config(
      `${PUSH}waivers:\n  - { rule: no-expiry, credential: ${idOf('two')}, reason: job, approvedBy: a, expires: 2026-09-20 }\n`,
    );
    findingOf('three').state = 'FINDING_STATE_SUPPRESSED';
    drop('three');
    expect((await audit(only)).said).toEqual([
      '0 new, 0 changed, 0 resolved, 1 accepted, 0 unchanged, 1 decided in ConductorOne.',
    ]);
    expect((await audit(only)).said).toEqual([
      '0 new, 0 changed, 0 resolved, 0 unchanged, 2 decided in ConductorOne.',
    ]);
  });

  test('nothing where there is nothing', async () => {
    drop('one');
    drop('two');
    expect((await audit(only)).said).toEqual(['0 new, 0 changed, 0 resolved, 0 unchanged.']);
  });

  test('only what was taken', async () => {
    tenant.faults.add({ on: 'create-finding', effect: { kind: 'status', status: 400 } });
    const { code, said } = await audit(only);
    expect([code, said]).toEqual([3, ['1 new, 0 changed, 0 resolved, 0 unchanged.']]);
  });

  test.each([400, 403])('not at all where nothing was (%d)', async (status) => {
    tenant.faults.add({
      on: 'create-finding',
      times: Number.POSITIVE_INFINITY,
      effect: { kind: 'status', status },
    });
    const { said, stderr } = await audit(only);
    expect(said).toEqual([]);
    expect(stderr).not.toBe('');
  });

  test('nor with --quiet, nor by a dry run', async () => {
    expect((await audit([...only, '--dry-run'])).said).toEqual([]);
    const { said, changes } = await audit([...only, '--quiet']);
    expect([said, changes.length]).toEqual([[], 2]);
  });
});

test('the next night pushes nothing twice, what changed again, and resolves what is gone', async () => {
  await audit();
  now += DAY;
  expect((await audit()).changes).toEqual([]);

  const two = tenant.data.personalClients.find(({ id }) => id === idOf('two'));
  if (two) two.displayName = 'renamed';
  drop('one');
  const { code, changes } = await audit();
  expect(code).toBe(0);
  expect(standing()).toEqual(both('RESOLVED', 'OPEN'));
  expect(findingOf('two').description).toContain('renamed');
  expect(changes.filter(({ target }) => target === 'finding-state').map(({ body }) => body)).toContainEqual({
    resolve: { reason: expect.stringContaining('2026-09-02') },
  });

  expect((await audit()).changes).toEqual([]);
  tenant.data.personalClients.push(key('one'));
  await audit();
  expect(standing()).toEqual(both('OPEN', 'OPEN'));
});

test('what is resolved there by hand but still found is opened again, whatever a push does to it', async () => {
  await audit();
  findingOf('one').state = 'FINDING_STATE_RESOLVED';
  tenant.faults.add({
    on: 'create-finding',
    effect: {
      kind: 'edit',
      edit: (json) => {
        findingOf('one').state = 'FINDING_STATE_RESOLVED';
        return { finding: { ...(json as { finding: object }).finding, state: 'FINDING_STATE_RESOLVED' } };
      },
    },
  });
  const { changes } = await audit();
  expect(changes.map(({ body }) => body)).toContainEqual({ reopen: {} });
  expect(standing()).toEqual(both('OPEN', 'OPEN'));
});

test('what is resolved there but still found is opened again where the search shows every state', async () => {
  await audit();
  findingOf('one').state = 'FINDING_STATE_RESOLVED';
  tenant.faults.add({
    on: 'search-findings',
    times: Number.POSITIVE_INFINITY,
    effect: { kind: 'edit', edit: () => ({ list: tenant.findings, nextPageToken: '' }) },
  });
  const { code, changes } = await audit();
  expect([code, changes.map(({ target }) => target)]).toEqual([0, ['create-finding']]);
  expect(standing()).toEqual(both('OPEN', 'OPEN'));
});

test.each(['RISK_ACCEPTED', 'SUPPRESSED', 'SNOOZED'])(
  'what a person set to %s stays so while it is found',
  async (state) => {
    await audit();
    findingOf('one').state = `FINDING_STATE_${state}`;
    expect((await audit()).changes).toEqual([]);
  },
);

test.each([
  ['RISK_ACCEPTED', 'RISK_ACCEPTED'],
  ['SUPPRESSED', 'SUPPRESSED'],
  ['SNOOZED', 'RESOLVED'],
  ['IN_PROGRESS', 'RESOLVED'],
])('once it is gone, %s becomes %s', async (before, after) => {
  await audit();
  findingOf('one').state = `FINDING_STATE_${before}`;
  drop('one');
  await audit();
  expect(standing()).toEqual(both(after, 'OPEN'));
});

describe('waivers', () => {
  const waiver = (rule = 'no-expiry') =>
    `${PUSH}waivers:\n  - { rule: ${rule}, credential: ${idOf('one')}, reason: quarterly job, approvedBy: ciso@acme.example, expires: 2026-09-20 }\n`;

  test('a waived finding is not sent', async () => {
    config(waiver());
    await audit();
    expect(standing()).toEqual([[idOf('two'), 'OPEN']]);
  });

  test('one that stands there becomes an accepted risk until the waiver ends, and open again then', async () => {
    await audit();
    config(waiver());
    await audit();
    expect(standing()).toEqual(both('RISK_ACCEPTED', 'OPEN'));
    expect(findingOf('one')).toMatchObject({
      riskAcceptanceJustification:
        'Waived in c1-audit: quarterly job (approved by ciso@acme.example, until 2026-09-20)',
      riskAcceptanceExpiresAt: '2026-09-21T00:00:00.000Z',
    });
    expect((await audit()).changes).toEqual([]);

    now = Date.parse('2026-09-20T23:59:59.000Z');
    await audit();
    expect(standing()).toEqual(both('RISK_ACCEPTED', 'OPEN'));
    now = Date.parse('2026-09-21T00:00:00.000Z');
    await audit();
    expect(standing()).toEqual(both('OPEN', 'OPEN'));
    expect(standing('waiver-expired')).toEqual([['', 'OPEN']]);
  });

  test('mended under a waiver, it is resolved; the finding on the waiver goes with the waiver', async () => {
    await audit();
    config(waiver());
    await audit();
    drop('one');
    await audit();
    expect(standing()).toEqual(both('RESOLVED', 'OPEN'));
    expect(standing('waiver-unmatched')).toEqual([['', 'OPEN']]);
    config(PUSH);
    await audit(['--source', 'service-principals']);
    expect(standing('waiver-unmatched')).toEqual([['', 'OPEN']]);
    await audit();
    expect(standing('waiver-unmatched')).toEqual([['', 'RESOLVED']]);
  });

  test('a finding on one is kept up by audits over other sources, which can then resolve it', async () => {
    const text = waiver().replace(idOf('one'), idOf('nobody'));
    config(text);
    await audit();
    expect((await audit()).changes).toEqual([]);
    await audit(['--source', 'service-principals']);
    config(PUSH);
    const less = await audit();
    expect(standing('waiver-unmatched')).toEqual([['', 'OPEN']]);
    expect(less.stderr).toMatch(/1 finding .* stays open there: this audit covered less/);
    const same = await audit(['--source', 'service-principals']);
    expect(standing('waiver-unmatched')).toEqual([['', 'RESOLVED']]);
    expect(same.stderr).toBe('');
  });

  test('the reason goes there without secrets', async () => {
    await audit();
    const secret = tenant.environment.CONDUCTORONE_CLIENT_SECRET ?? '';
    const part = secret.slice(secret.lastIndexOf(':') + 1).slice(0, 30);
    const secrets = new LeakFinder();
    secrets.plant('client secret', part);
    config(waiver().replace('quarterly job', `job of ${part} here`));
    const dry = await audit(['--dry-run']);
    expect(dry.stdout).toContain('Waived in c1-audit: job of [redacted] here');
    const { code, changes } = await audit();
    expect([code, changes.map(({ target }) => target)]).toEqual([0, ['finding-state']]);
    expect(secrets.find(dry.stdout + JSON.stringify(changes))).toEqual([]);
    expect(findingOf('one').riskAcceptanceJustification).toContain('job of [redacted] here');
  });
});

describe('what is not certainly gone is not resolved:', () => {
  beforeEach(async () => {
    await audit();
    drop('one');
  });

  test('in an incomplete run, which says so and pushes what it found', async () => {
    tenant.data.personalClients.push(key('three'));
    tenant.faults.add({
      on: 'service-principals',
      times: Number.POSITIVE_INFINITY,
      effect: { kind: 'status', status: 500 },
    });
    const { code, stderr } = await audit(['--source', 'service-principals']);
    expect(code).toBe(3);
    expect(stderr).toMatch(/stays open there: the audit is incomplete/);
    expect(standing()).toEqual([...both('OPEN', 'OPEN'), [idOf('three'), 'OPEN']].sort());
  });

  test('of a rule that did not run', async () => {
    await audit(['--rule', 'unused']);
    config(`${PUSH}rules: { no-expiry: off }\n`);
    await audit();
    expect(standing()).toEqual(both('OPEN', 'OPEN'));
  });

  test('of a source that was not asked for', async () => {
    const { code, stderr } = await audit([], {}, ['service-principals']);
    expect(code).toBe(0);
    expect(standing()).toEqual(both('OPEN', 'OPEN'));
    expect(stderr).toMatch(/\d+ findings that were pushed .* stay open there: this audit covered less/);
  });

  test('of a rule that could not be run without a source', async () => {
    const seeded = await startTenant({ now: () => now, features: { findings: 'on' } });
    const run = (...sources: string[]) =>
      runProgram(['--scope', 'tenant', '--fail-on', 'never', ...sources], {
        cwd,
        now: () => now,
        env: seeded.environment,
      });
    const states = () =>
      seeded.findings
        .filter(({ customSubType }) => customSubType === 'static-beside-federation')
        .map(({ state }) => state);
    await run();
    expect(states()).toContain('FINDING_STATE_OPEN');
    await run('--source', 'service-principals');
    expect(states()).not.toContain('FINDING_STATE_RESOLVED');
    seeded.data.trusts.length = 0;
    await run();
    expect(states()).not.toContain('FINDING_STATE_OPEN');
    await seeded.close();
  });

  test('by a run of one person, who sees their own keys alone and resolves those', async () => {
    const self = tenant.data.personalClients[0];
    const mine = key('mine', { userId: self?.userId });
    tenant.data.personalClients.push(mine);
    await audit(['--scope', 'mine']);
    expect(findingOf('mine').annotations['c1-audit/reach']).toBe(`mine:${self?.userId}`);
    drop('mine');
    const { changes } = await audit(['--scope', 'mine']);
    expect(changes).not.toEqual([]);
    expect(findingOf('mine').state).toBe('FINDING_STATE_RESOLVED');
    expect(findingOf('one').state).toBe('FINDING_STATE_OPEN');

    findingOf('mine').state = 'FINDING_STATE_OPEN';
    await audit();
    expect(findingOf('mine').state).toBe('FINDING_STATE_RESOLVED');
  });

  test('by a run that sees less', async () => {
    const { code } = await audit(['--scope', 'mine']);
    expect(code).toBe(0);
    expect(standing()).toEqual(both('OPEN', 'OPEN'));
  });

  test('by a caller that is not known to be shown everything, and that is said', async () => {
    tenant.faults.add({ on: 'introspect', effect: { kind: 'status', status: 403 } });
    const { code, stderr } = await audit();
    expect(code).toBe(3);
    expect(stderr).toMatch(/It is not known whether the audit runs as a Super Administrator/);
    expect(stderr).toMatch(/1 finding .*stays open there: the audit is incomplete/);
    expect(standing()).toEqual(both('OPEN', 'OPEN'));
    await audit();
    expect(standing()).toEqual(both('RESOLVED', 'OPEN'));
  });

  test('below the least severity: hidden from the report is not gone', async () => {
    await audit(['--min-severity', 'critical']);
    expect(standing()).toEqual(both('RESOLVED', 'OPEN'));
  });

  test.each([
    ['a key of its own', { dedupKeyParts: ['x', 'y'] }],
    ['more key parts', { dedupKeyParts: (parts: string[]) => [...parts, 'z'] }],
    ['another sub-type', { customSubType: 'unused' }],
    ['no annotations', { annotations: {} }],
    ['another credential in its annotations', { annotations: { 'c1-audit/credential': idOf('three') } }],
    ['another kind in its annotations', { annotations: { 'c1-audit/kind': 'federation-trust' } }],
    ['a claim to be on a waiver', { annotations: { 'c1-audit/kind': 'waiver' } }],
  ] as [string, Record<string, unknown>][])('not ours: %s', async (_, over) => {
    const finding = findingOf('one');
    const { annotations = {}, dedupKeyParts = finding.dedupKeyParts, ...rest } = over;
    Object.assign(finding, rest, {
      dedupKeyParts:
        typeof dedupKeyParts === 'function' ? dedupKeyParts(finding.dedupKeyParts) : dedupKeyParts,
      annotations:
        Object.keys(annotations as object).length === 0 && 'annotations' in over
          ? {}
          : { ...finding.annotations, ...(annotations as object) },
    });
    const { code, changes } = await audit();
    expect([code, changes]).toEqual([0, []]);
    expect(finding.state).toBe('FINDING_STATE_OPEN');
  });
});

test('a change found between runs is pushed, and stays open until a person closes it', async () => {
  const state = ['--state', 'state.json'];
  await audit(state);
  const two = tenant.data.personalClients.find(({ id }) => id === idOf('two'));
  if (two) two.scopedRoles = [];
  now += DAY;
  await audit(state);
  expect(standing('scope-widened')).toEqual([[idOf('two'), 'OPEN']]);
  now += DAY;
  const { changes, stderr } = await audit(state);
  expect([changes, stderr]).toEqual([[], '']);
  expect(standing('scope-widened')).toEqual([[idOf('two'), 'OPEN']]);
});

test("a finding on an owner whom the tenant lost goes to the tenant's own list", async () => {
  tenant.data.personalClients.push(key('orphan', { userId: idOf('nobody') }));
  const { code } = await audit();
  expect(code).toBe(0);
  expect(findingOf('orphan', 'owner-inactive')).toMatchObject({ tenantTarget: {}, identityUserTarget: null });
});

describe('a tenant that does not offer findings', () => {
  test.each([403, 404, 501] as const)('%d is a note; the audit stays what it is', async (status) => {
    tenant.features.findings = status;
    const { code, stderr, report, changes } = await audit(['-f', 'json', '--fail-on', 'high']);
    expect(code).toBe(1);
    expect(report.coverage.complete).toBe(true);
    expect(stderr).toMatch(/does not offer its findings .* nothing was pushed/);
    expect(stderr).toContain(String(status));
    expect(changes).toEqual([]);
  });

  test('the right to read but not to write is a note as well', async () => {
    tenant.faults.add({
      on: 'create-finding',
      times: Number.POSITIVE_INFINITY,
      effect: { kind: 'status', status: 403 },
    });
    tenant.data.personalClients.push(...Array.from({ length: 20 }, (_, n) => key(`more ${n}`)));
    const { code, stderr, changes } = await audit();
    expect(code).toBe(0);
    expect(stderr).toMatch(/so 0 of \d+ changes were made/);
    // It is not tried in vain for each.
    expect(changes.length).toBeLessThan(10);
  });

  test('a proxy in between that says 403 is a failure', async () => {
    tenant.faults.add({ on: 'search-findings', effect: { kind: 'status', status: 403, body: '<html>' } });
    expect((await audit()).code).toBe(3);
  });
});

describe('a push that fails', () => {
  const always = (status: number) => ({
    times: Number.POSITIVE_INFINITY,
    effect: { kind: 'status' as const, status },
  });

  test.each([
    ['the search', { on: 'search-findings' as const, from: 2, ...always(500) }, /could not be read.*500/],
    ['every push', { on: 'create-finding' as const, ...always(503) }, /changes .* failed.*503/],
    [
      'a broken connection',
      {
        on: 'create-finding' as const,
        times: Number.POSITIVE_INFINITY,
        effect: { kind: 'reset' as const, at: 'before' as const },
      },
      /failed, and .* not tried.*broke off/,
    ],
    [
      'a page that is no JSON',
      { on: 'search-findings' as const, from: 2, effect: { kind: 'html' as const } },
      /instead of JSON/,
    ],
  ])('%s: exit 3, the report printed, the state kept', async (_, fault, says) => {
    tenant.data.personalClients.push(...Array.from({ length: 20 }, (_each, n) => key(`more ${n}`)));
    tenant.faults.add(fault);
    const { code, stderr, report } = await audit(['-f', 'json', '--state', 'state.json']);
    expect(code).toBe(3);
    expect(report.coverage.complete).toBe(true);
    expect(stderr).toMatch(says);
    expect(existsSync(join(cwd, 'state.json'))).toBe(true);
  });

  test('one that is refused does not keep the others back, and is counted', async () => {
    tenant.faults.add({ on: 'create-finding', effect: { kind: 'status', status: 400 } });
    const { code, stderr, report } = await audit(['-f', 'json']);
    expect(code).toBe(3);
    const all = report.summary.findings;
    expect(stderr).toContain(`1 of ${all} changes to ConductorOne's findings failed; the first: POST`);
    expect(tenant.findings).toHaveLength(all - 1);
  });

  test.each([
    [403, 1],
    [404, 1],
    [501, 1],
    // The first to be answered of those in hand at once, or one that comes later.
    [404, 3],
    [403, 3],
  ])('%d for the finding in place %d alone is no lack of the feature', async (status, from) => {
    tenant.faults.add({ on: 'create-finding', from, effect: { kind: 'status', status } });
    const { code, stderr, report } = await audit(['-f', 'json']);
    const all = report.summary.findings;
    expect(code).toBe(3);
    expect(stderr).toContain(`1 of ${all} changes to ConductorOne's findings failed; the first: POST`);
    expect(stderr).not.toContain('does not offer');
    expect(tenant.findings).toHaveLength(all - 1);
  });

  test('one change of state that is refused among others is counted as well', async () => {
    await audit();
    drop('one');
    drop('two');
    tenant.faults.add({ on: 'finding-state', effect: { kind: 'status', status: 404 } });
    const { code, stderr } = await audit();
    expect(code).toBe(3);
    expect(stderr).toMatch(/1 of \d+ changes to ConductorOne's findings failed; the first: POST .*404/);
  });

  test('404 for some does not keep the others back, however many', async () => {
    tenant.data.personalClients.push(...Array.from({ length: 8 }, (_, n) => key(`more ${n}`)));
    tenant.faults.add({ on: 'create-finding', times: 7, effect: { kind: 'status', status: 404 } });
    const { code, stderr, report } = await audit(['-f', 'json']);
    const all = report.summary.findings;
    expect([code, tenant.findings.length]).toEqual([3, all - 7]);
    expect(stderr).toContain(`7 of ${all} changes`);
  });

  test('one that fails in passing is sent again', async () => {
    tenant.faults.add({
      on: ['create-finding', 'search-findings'],
      times: 2,
      effect: { kind: 'status', status: 502 },
    });
    const { code, report } = await audit(['-f', 'json']);
    expect(code).toBe(0);
    expect(tenant.findings).toHaveLength(report.summary.findings);
  });

  test('a list that repeats itself is not taken for the whole', async () => {
    await audit();
    tenant.faults.add({
      on: 'search-findings',
      times: Number.POSITIVE_INFINITY,
      effect: { kind: 'page-size', size: 1 },
    });
    tenant.faults.add({
      on: 'search-findings',
      times: Number.POSITIVE_INFINITY,
      effect: { kind: 'repeat-page' },
    });
    const { code, stderr, changes } = await audit();
    expect([code, changes]).toEqual([3, []]);
    expect(stderr).toContain('repeats itself');
  });

  test('one that takes too long ends', async () => {
    tenant.faults.add({ on: 'create-finding', effect: { kind: 'hang', at: 'before' } });
    const { code, stderr } = await audit(['--timeout', '0.5']);
    expect(code).toBe(3);
    expect(stderr).toContain('took longer than 0.5 s');
  });

  test('Ctrl-C before it begins: nothing is pushed, and not in silence', async () => {
    const stop = new AbortController();
    tenant.faults.add({
      on: ({ target }) => {
        if (target === 'search-findings') stop.abort();
        return false;
      },
      effect: { kind: 'latency', ms: 0 },
    });
    const { code, changes } = await audit([], { signal: stop.signal });
    expect([code, changes]).toEqual([3, []]);
  });
});

describe('a dry run', () => {
  test('prints what would be done, sends nothing to anybody and keeps nothing', async () => {
    await audit();
    drop('one');
    tenant.data.personalClients.push(key('three'));
    const slack = await startSlack();
    const argv = ['--dry-run', '--state', 'state.json', '-f', 'json:report.json'];
    // A loopback address that nobody listens on: a beat would be complained of.
    const env = { SLACK_WEBHOOK_URL: slack.webhookUrl, C1_AUDIT_HEARTBEAT_URL: 'http://127.0.0.1:9/beat' };
    const { code, stdout, stderr, changes } = await audit(argv, { env });
    await slack.close();
    expect([code, stderr, changes, slack.posted]).toEqual([0, '', [], []]);
    expect(existsSync(join(cwd, 'state.json'))).toBe(false);
    expect(JSON.parse(readFileSync(join(cwd, 'report.json'), 'utf8')).schemaVersion).toBe(1);
    const { push: printed, slack: message } = JSON.parse(stdout);
    expect(message.blocks.length).toBeGreaterThan(0);
    expect(printed.push).toHaveLength(1);
    expect(printed.push[0]).toMatchObject({
      customSubType: 'no-expiry',
      annotations: { 'c1-audit/credential': idOf('three') },
    });
    expect(printed.changes).toEqual([
      {
        id: findingOf('one').id,
        rule: 'no-expiry',
        fingerprint: findingOf('one').dedupKeyParts[1],
        action: { resolve: { reason: expect.any(String) } },
      },
    ]);
    expect(printed).toMatchObject({ beyond: 0, left: 0 });
  });

  describe('its numbers come to what stands there:', () => {
    const counted = async (argv: readonly string[], sources?: readonly string[]) => {
      const { stdout, changes } = await audit(['--dry-run', ...argv], {}, sources);
      expect(changes).toEqual([]);
      const printed = JSON.parse(stdout).push;
      const { changed, resolved, accepted, unchanged, left, decided, standing } = printed;
      expect(changed + resolved + accepted + unchanged + left + decided).toBe(standing);
      expect(standing).toBe(tenant.findings.length);
      expect(printed.push).toHaveLength(printed.new + changed);
      expect(printed.changes).toHaveLength(resolved + accepted);
      return printed;
    };
    const ofRule = (rule: string) => tenant.findings.filter(({ customSubType }) => customSubType === rule);

    beforeEach(async () => {
      tenant.data.personalClients.push(
        key('open', { allowSourceCidr: [], expiresTime: iso(FIRST + 20 * DAY) }),
      );
      await audit();
    });

    test('with one rule', async () => {
      const all = tenant.findings.length;
      expect(await counted(['--rule', 'no-expiry'])).toMatchObject({
        unchanged: 2,
        left: all - 2,
        note: `Would be pushed: 0 new, 0 changed, 0 resolved, 2 unchanged, ${all - 2} left open (${all - 2} not covered by this audit).`,
      });
      expect(all).toBeGreaterThan(3);
      // Whatever that rule says, if it finds nothing: no list is asked for without a restriction.
      expect((await counted(['--rule', 'expired'])).left).toBe(all);
    });

    test('with a least severity', async () => {
      const high = tenant.findings.filter(({ severity }) => /HIGH|CRITICAL/.test(severity)).length;
      const hidden = tenant.findings.length - high;
      const printed = await counted(['--min-severity', 'high']);
      expect(printed).toMatchObject({ unchanged: high, left: hidden });
      expect(printed.note).toContain(`${hidden} left open (${hidden} below minSeverity).`);
      expect(Math.min(high, hidden)).toBeGreaterThan(0);
    });

    test('of other sources, or with a rule switched off', async () => {
      expect((await counted([], ['service-principals'])).left).toBe(tenant.findings.length);
      config(`${PUSH}rules: { no-expiry: off }\n`);
      expect((await counted([])).left).toBe(2);
    });

    test('with changes since an earlier audit', async () => {
      const state = ['--state', 'state.json'];
      await audit(state);
      const two = tenant.data.personalClients.find(({ id }) => id === idOf('two'));
      if (two) two.scopedRoles = [];
      now += DAY;
      await audit(state);
      expect(ofRule('scope-widened')).toHaveLength(1);
      const { left, note } = await counted([]);
      expect(left).toBe(1);
      expect(note).toContain('1 left open (1 about changes, for people to close).');
    });

    test('with some decided, waived, renamed and gone', async () => {
      config(
        `${PUSH}waivers:\n  - { rule: open-cidr, credential: ${idOf('open')}, reason: job, approvedBy: a, expires: 2026-09-20 }\n`,
      );
      findingOf('one').state = 'FINDING_STATE_RISK_ACCEPTED';
      drop('one');
      const two = tenant.data.personalClients.find(({ id }) => id === idOf('two'));
      if (two) two.displayName = 'renamed';
      expect(await counted(['--rule', 'no-expiry', '--rule', 'open-cidr'])).toMatchObject({
        changed: 1,
        accepted: 1,
        decided: 1,
      });
    });
  });

  test('against a tenant without findings prints that nothing would be', async () => {
    tenant.features.findings = 501;
    const { code, stdout, stderr } = await audit(['--dry-run']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout).push).toMatchObject({
      note: expect.stringMatching(/^Nothing would be pushed: /),
      push: [],
      changes: [],
    });
    expect(stderr).toContain('501');
  });

  test.each([
    ['without push', 'failOn: never\n', ['--dry-run'], /push: \{ conductorone: true \}/],
    [
      'with a report on stdout',
      PUSH,
      ['--dry-run', '-f', 'json'],
      /--dry-run prints what would be sent to stdout/,
    ],
    ['with --slack-dry-run', PUSH, ['--dry-run', '--slack-dry-run'], /both print to stdout/],
    ['with --no-waivers', PUSH, ['--dry-run', '--no-waivers'], /nothing is pushed/],
    ['with --as-of', PUSH, ['--dry-run', '--as-of', '2026-09-01T00:00:00Z'], /nothing is pushed/],
  ])('%s is a usage error', async (_, text, argv, says) => {
    config(text);
    const { code, stdout, stderr } = await audit(argv);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(says);
    expect(tenant.requests).toEqual([]);
  });
});

test('with --as-of nothing is pushed: what is open on another day is not', async () => {
  const { code, searches, stderr } = await audit(['--as-of', '2026-08-01T00:00:00Z']);
  expect([code, searches]).toEqual([0, 0]);
  expect(stderr).toContain('With --as-of nothing is pushed');
});

test('--input and push are a usage error', async () => {
  const { code, stderr } = await runProgram(['--input', '-'], { cwd, stdin: '[]' });
  expect(code).toBe(2);
  expect(stderr).toContain('push.conductorone is set, but --input names a file');
});

test('the demo pushes to its own tenant', async () => {
  const { code, stdout, stderr } = await runProgram(['demo', '--dry-run'], { cwd, now: () => now });
  expect([code, stderr]).toEqual([0, '']);
  expect(JSON.parse(stdout).push.push.length).toBeGreaterThan(20);
  expect((await runProgram(['demo'], { cwd, now: () => now })).code).toBe(0);
});

test('at most a thousand are pushed, the worst first, and the rest is named', async () => {
  const many = Array.from({ length: 1001 }, (_, n) =>
    key(`many ${n}`, {
      expiresTime: iso(FIRST + 100 * DAY),
      allowSourceCidr: n === 700 ? ['0.0.0.0/0'] : ['10.0.0.0/8'],
    }),
  );
  tenant.data.personalClients = [...tenant.data.personalClients.slice(0, 1), ...many];
  const argv = ['--rule', 'unreachable-cidr', '--rule', 'open-cidr'];
  const { code, stderr } = await audit(argv);
  expect(code).toBe(0);
  expect(stderr).toContain('Only the 1000 worst of 1001 findings are pushed');
  expect(tenant.findings).toHaveLength(1000);
  expect(tenant.findings.some(({ severity }) => severity === 'FINDING_SEVERITY_HIGH')).toBe(true);
  const again = await audit(argv);
  expect(again.changes).toEqual([]);
  expect(again.searches).toBe(40);
});

test('hostile names are pushed harmless, and no secret with them', async () => {
  const secrets = new LeakFinder();
  const secret = tenant.environment.CONDUCTORONE_CLIENT_SECRET ?? '';
  secrets.plant('client secret', secret.slice(secret.lastIndexOf(':') + 1));
  tenant.data.personalClients.push(
    ...HOSTILE_NAMES.map(([name, text]) => key(`hostile ${name}`, { displayName: text })),
    key('leak', { displayName: `x ${secret} y` }),
  );
  const { code, stderr } = await audit();
  expect([code, stderr]).toEqual([0, '']);
  for (const { description, annotations } of tenant.findings) {
    const text = description + Object.values(annotations).join('\n');
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
    expect(description.replaceAll('<!-- -->', '')).not.toMatch(/<[a-z!/]|(?<!\\)\]\(|^::/im);
    expect(description.length).toBeLessThan(20_000);
  }
  expect(secrets.find(JSON.stringify(tenant.findings))).toEqual([]);
  expect(secrets.find(JSON.stringify(tenant.requests))).toEqual([]);
  const dry = await audit(['--dry-run']);
  expect(secrets.find(dry.stdout)).toEqual([]);
  expect(JSON.parse(dry.stdout)).toMatchObject({ push: { push: [], changes: [] } });
});
