import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { emptyFolder, runProgram } from '../helpers/program.js';
import {
  type ExposureFinding,
  exposure,
  type Fault,
  personalClient,
  ROLE,
  setAnswerField,
  startTenant,
  type Tenant,
  tenantRecords,
  user,
} from '../tenant/index.js';

const NOW = Date.parse('2026-11-24T06:00:00Z');
const KEY = 'calm-otter-10001';
const always = Number.POSITIVE_INFINITY;

let tenant: Tenant;

beforeEach(async () => {
  const data = tenantRecords(NOW);
  data.users.push(user({ id: 'jo', displayName: 'Jo', email: 'jo@acme.example', roleIds: [ROLE.user] }));
  data.personalClients.push(
    personalClient({ id: KEY, displayName: 'job', userId: 'jo', createdAt: '2026-11-01T00:00:00Z' }),
  );
  tenant = await startTenant({ data, now: () => NOW });
});
afterEach(() => tenant.close());

async function audit(...more: string[]) {
  const flags = [
    '--scope',
    'tenant',
    '--source',
    'personal-clients',
    '--fail-on',
    'never',
    '-f',
    'json',
    ...more,
  ];
  const run = await runProgram(flags, { env: tenant.environment, now: () => NOW });
  const { code } = run;
  const report = code === 2 ? undefined : run.report;
  const found = report?.findings.filter(({ rule }) => rule === 'exposed') ?? [];
  return {
    code,
    coverage: report?.coverage,
    notes: report?.coverage.notes.join('\n') ?? '',
    exposed: found.map(({ outcome, credential }) => `${outcome} ${credential?.id}`),
    messages: found.map(({ message }) => message),
  };
}

const find = (over: Partial<ExposureFinding> = {}) =>
  tenant.data.exposures.push(
    exposure({
      id: `finding-${tenant.data.exposures.length}`,
      createdAt: '2026-11-23T00:00:00Z',
      credentialPubliclyExposed: { userClientId: KEY, credentialDisplayName: 'job' },
      ...over,
    }),
  );

/** A configuration with a waiver of all rules. */
function waiveAll(): string {
  const file = join(emptyFolder(), 'c1-audit.config.json');
  const waiver = { rule: '*', credential: KEY, reason: 'known', approvedBy: 'sec', expires: '2026-12-31' };
  writeFileSync(file, JSON.stringify({ waivers: [waiver] }));
  return file;
}

const fault = (effect: Fault['effect']) =>
  tenant.faults.add({ on: 'search-findings', times: always, effect });

describe('a credential that ConductorOne found in public', () => {
  test('is reported with the place', async () => {
    const made = exposure({ id: 'x' }).credentialPubliclyExposedEvidence;
    find({ credentialPubliclyExposedEvidence: { ...made, sourceUrl: 'https://github.example/jo/x' } });
    const { code, exposed, messages, notes } = await audit();
    expect({ code, exposed }).toEqual({ code: 0, exposed: [`violation ${KEY}`] });
    expect(messages[0]).toBe('ConductorOne found it in public (https://github.example/jo/x): revoke it now');
    expect(notes).not.toContain('finding');
  });

  test.each<[string, Partial<ExposureFinding>]>([
    [
      'by its complete client id',
      { credentialPubliclyExposed: { userClientId: `${KEY}@127.0.0.1/pcc`, credentialDisplayName: '' } },
    ],
    [
      'in an annotation',
      {
        credentialPubliclyExposed: { userClientId: '', credentialDisplayName: '' },
        annotations: { key: KEY },
      },
    ],
    ['in a field that is not documented', { clientRef: { ids: ['x', KEY] } } as never],
    ['in a finding that is in progress', { state: 'FINDING_STATE_IN_PROGRESS' }],
    ['in a finding whose state is not known', { state: 'FINDING_STATE_ESCALATED' }],
  ])('is found %s', async (_, over) => {
    find(over);
    // The tenant obeys the filter on states: an answer with another state has to be made.
    if (over.state?.endsWith('ESCALATED'))
      fault({ kind: 'edit', edit: (json) => ({ ...(json as object), list: [...tenant.data.exposures] }) });
    expect((await audit()).exposed).toEqual([`violation ${KEY}`]);
  });

  test.each(['RESOLVED', 'SNOOZED', 'RISK_ACCEPTED', 'SUPPRESSED'])(
    'is not reported for a finding that is %s, even if the answer holds it',
    async (state) => {
      find({ state: `FINDING_STATE_${state}` });
      expect((await audit()).exposed).toEqual([]);
      fault({ kind: 'edit', edit: (json) => ({ ...(json as object), list: [...tenant.data.exposures] }) });
      const { exposed, notes } = await audit();
      expect({ exposed, noted: notes.includes('finding') }).toEqual({ exposed: [], noted: false });
    },
  );

  test('is not reported for findings of other types', async () => {
    find({ decoyCredentialUsed: { decoyId: KEY }, credentialPubliclyExposed: null } as never);
    const { exposed, code } = await audit();
    expect({ exposed, code }).toEqual({ exposed: [], code: 0 });
  });

  test('is not another one whose id is the name of the exposed one', async () => {
    tenant.data.personalClients.push(
      personalClient({ id: 'sly-fox-2', displayName: KEY, userId: 'jo', createdAt: '2026-11-02T00:00:00Z' }),
    );
    find({ credentialPubliclyExposed: { userClientId: 'sly-fox-2', credentialDisplayName: KEY } });
    expect((await audit()).exposed).toEqual(['violation sly-fox-2']);
  });

  test('is named in a note if it is not among those that were read', async () => {
    find({ credentialPubliclyExposed: { userClientId: 'elsewhere', credentialDisplayName: '' } });
    const { exposed, code, notes } = await audit();
    expect({ exposed, code }).toEqual({ exposed: [], code: 0 });
    expect(notes).toContain(
      "1 open finding of ConductorOne's own on credentials that are public names none of those that were read.",
    );
  });

  test('cannot be waived together with everything else', async () => {
    find();
    const { code } = await audit('--fail-on', 'critical', '-c', waiveAll());
    expect(code).toBe(1);
  });
});

describe('findings that cannot be read', () => {
  test('make the rule unknown where the right is missing', async () => {
    tenant.features.findings = 403;
    const { code, exposed, notes } = await audit();
    expect(code).toBe(0);
    expect(exposed).toHaveLength(2);
    expect(exposed.every((outcome) => outcome.startsWith('unknown '))).toBe(true);
    expect(notes).toMatch(/^Credentials that are public may not be known: .*right to read findings/m);
  });

  test.each([404, 501] as const)(
    'leave the rule out where the tenant has none (%s), and say so',
    async (status) => {
      tenant.features.findings = status;
      const { code, exposed, coverage, notes } = await audit();
      expect({ code, exposed }).toEqual({ code: 0, exposed: [] });
      expect(coverage?.rulesNotRun).toContain('exposed');
      expect(notes).toContain('ConductorOne does not offer its own findings here');
      expect(notes).toContain("Not run, because ConductorOne's findings were not read: exposed.");
      expect((await audit('--rule', 'exposed')).code).toBe(2);
    },
  );

  test.each<[string, Fault['effect']]>([
    ['a web page', { kind: 'html' }],
    ['a list that is none', setAnswerField('list', 'none')],
    [
      'a finding of no known type',
      {
        kind: 'edit',
        edit: (json) => ({ ...(json as object), list: [{ id: 'f', state: 'FINDING_STATE_OPEN' }] }),
      },
    ],
  ])('make the run incomplete and the rule unknown: %s', async (_, effect) => {
    fault(effect);
    const { code, exposed } = await audit();
    expect({ code, exposed }).toEqual({ code: 3, exposed: expect.arrayContaining([`unknown ${KEY}`]) });
  });
});
