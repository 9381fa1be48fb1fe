import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { runProgram } from '../helpers/program.js';
import {
  type Fault,
  idOf,
  personalClient,
  ROLE,
  role,
  setAnswerField,
  startTenant,
  type Tenant,
  tenantRecords,
  user,
} from '../tenant/index.js';

const NOW = Date.parse('2026-11-24T06:00:00Z');
const always = Number.POSITIVE_INFINITY;
/** The owner of the one key that is not the caller's. */
const JO = idOf('jo');

let tenant: Tenant;

beforeEach(async () => {
  const data = tenantRecords(NOW);
  data.users.push(user({ id: JO, displayName: 'Jo', email: 'jo@acme.example', roleIds: [ROLE.user] }));
  data.personalClients.push(
    personalClient({
      id: 'calm-otter-10001',
      displayName: 'job',
      userId: JO,
      createdAt: '2026-11-01T00:00:00Z',
    }),
  );
  tenant = await startTenant({ data, now: () => NOW });
});
afterEach(() => tenant.close());

async function audit(scope: 'mine' | 'tenant' = 'tenant') {
  const flags = ['--scope', scope, '--source', 'personal-clients', '--fail-on', 'never', '-f', 'json'];
  const { code, report } = await runProgram(flags, { env: tenant.environment, now: () => NOW });
  const ofJo = (rule: string) =>
    report.findings.find((finding) => finding.rule === rule && finding.credential?.id === 'calm-otter-10001');
  return { code, report, ofJo, notes: report.coverage.notes.join('\n') };
}

function edit(on: Fault['on'], change: (list: Record<string, unknown>[]) => unknown[]): void {
  tenant.faults.add({
    on,
    times: always,
    effect: {
      kind: 'edit',
      edit: (json) => {
        const answer = json as { list: Record<string, unknown>[] };
        return { ...answer, list: change(answer.list) };
      },
    },
  });
}

const jo = () => tenant.data.users.find(({ id }) => id === JO);

describe("an owner's rights are not understated", () => {
  test('by a role that cannot be resolved beside a harmless one', async () => {
    expect((await audit()).ofJo('no-scoped-roles')?.severity).toBe('low');
    jo()?.roleIds.push(idOf('a role that nobody knows'));
    const finding = (await audit()).ofJo('no-scoped-roles');
    expect(finding).toMatchObject({ severity: 'medium', message: expect.stringContaining('not known') });
  });

  test('by such a role beside Super Administrator', async () => {
    const owner = jo();
    if (owner) owner.roleIds = [idOf('a role that nobody knows'), ROLE.owner];
    expect((await audit()).ofJo('no-scoped-roles')?.severity).toBe('critical');
  });

  test.each([
    ['a built-in role without a name', { displayName: 'Basic User', systemBuiltin: true }, true],
    ["a tenant's own role without any name", { displayName: '', systemBuiltin: false }, true],
    [
      "a tenant's own role that people call by another name",
      { displayName: 'Reviewer', systemBuiltin: false },
      false,
    ],
  ])('by a list of roles with %s', async (_, over, isUnknown) => {
    tenant.data.roles.push(role({ id: idOf('blank'), name: '', ...over }));
    const { notes, ofJo } = await audit();
    expect(/Roles are not known: .*whose name is blank/.test(notes)).toBe(isUnknown);
    expect(ofJo('no-scoped-roles')?.severity).toBe(isUnknown ? 'medium' : 'low');
  });
});

describe('an owner is not taken for active', () => {
  test.each([
    ['UNKNOWN', undefined],
    ['SUSPENDED', 'unknown'],
    ['DISABLED', 'violation'],
  ])('if the directory says %s', async (directoryStatus, outcome) => {
    Object.assign(jo() ?? {}, { directoryStatus });
    const { ofJo, notes } = await audit();
    expect(ofJo('owner-inactive')?.outcome).toBe(outcome);
    expect(/does not show whether they are active/.test(notes)).toBe(outcome === 'unknown');
  });
});

describe('an answer about somebody else', () => {
  test('in a search for users is ignored', async () => {
    edit('search-users', (list) => [
      ...list,
      { user: { id: idOf('nobody asked'), status: 5, displayName: [] }, userId: idOf('nobody asked') },
    ]);
    const { code, notes, ofJo } = await audit();
    expect([code, notes]).toEqual([0, expect.not.stringContaining(idOf('nobody asked'))]);
    expect(ofJo('no-scoped-roles')?.credential?.owner?.name).toBe('Jo');
  });

  test('to the look-up of one user is not taken for that user', async () => {
    const owner = jo();
    if (owner) owner.status = 'DISABLED';
    edit('search-users', (list) => list.filter((view) => view.userId !== JO));
    expect((await audit()).ofJo('owner-inactive')?.outcome).toBe('violation');
    tenant.faults.add({ on: 'user', times: always, effect: setAnswerField('userView.user.id', idOf('ada')) });
    tenant.faults.add({
      on: 'user',
      times: always,
      effect: setAnswerField('userView.user.status', 'ENABLED'),
    });
    const { code, ofJo, report } = await audit();
    expect([code, ofJo('owner-inactive')?.outcome]).toEqual([3, 'unknown']);
    expect(report.coverage.gaps).toEqual([
      expect.stringMatching(/^users could not be read .*does not hold the requested user/),
    ]);
  });
});

describe("one's own credentials", () => {
  const added = (over: object) => ({
    ...personalClient({ id: 'lucky-heron-10002', displayName: 'stray', createdAt: '2026-11-01T00:00:00Z' }),
    clientId: 'lucky-heron-10002@127.0.0.1/pcc',
    ...over,
  });

  beforeEach(() => {
    const [caller] = tenant.data.users;
    // More than the one page that the list of one's own keys gives.
    for (let n = 0; n < 30; n += 1)
      tenant.data.personalClients.push(
        personalClient({ id: `brave-lynx-${20_000 + n}`, displayName: `key ${n}`, userId: caller?.id ?? '' }),
      );
  });

  test.each([
    ["somebody else's key", { userId: JO }, false],
    ['a key whose owner the record does not name', { userId: '' }, true],
  ])('a search that ignores whose keys it should list adds %s: %j', async (_, over, isJudged) => {
    edit('search-personal-clients', (list) => [...list, added(over)]);
    const { report, code } = await audit('mine');
    expect(tenant.requests.some(({ target }) => target === 'search-personal-clients')).toBe(true);
    expect(report.credentials.some(({ name }) => name === 'stray')).toBe(isJudged);
    expect([code, report.summary.credentials]).toEqual([0, isJudged ? 32 : 31]);
  });

  test('are complete if nothing names the credential that reads them', async () => {
    tenant.faults.add({ on: 'introspect', times: always, effect: setAnswerField('principleId', '') });
    edit('personal-clients', (list) => list.slice(1));
    edit('search-personal-clients', (list) => list.filter(({ displayName }) => displayName !== 'c1-audit'));
    const env = await tenant.issue.accessToken();
    const { code } = await runProgram(['--scope', 'mine', '--fail-on', 'never'], { env, now: () => NOW });
    expect(code).toBe(0);
  });
});
