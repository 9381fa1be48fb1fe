import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type Credential, type EarlyFacts, isKnown, KINDS, type Kind } from '../../../src/contract/index.js';
import { readEnvironment } from '../../../src/sources/c1/environment.js';
import { collect } from '../../../src/sources/c1/index.js';
import type { C1Options } from '../../../src/sources/c1/source.js';
import { clientOptions } from '../../helpers/reader.js';
import { smallTenant } from '../../helpers/small-tenant.js';
import {
  type Environment,
  type Fault,
  ROLE,
  setAnswerField,
  setField,
  startTenant,
  type Target,
  type Tenant,
  type TenantRecords,
} from '../../tenant/index.js';

/* What is read of a tenant altogether, and what is said to be missing, without the rest of an audit. */

const NOW = Date.parse('2026-11-24T06:00:00Z');
const THREE: readonly Kind[] = ['personal-client', 'service-principal-credential', 'federation-trust'];
const UNPROVEN = {
  no: 'The audit does not run as a Super Administrator (system:owner), so ConductorOne may leave out credentials or leave fields blank',
  unknown: 'It is not known whether the audit runs as a Super Administrator (system:owner)',
  cure: "Give the credential's owner that role and do not scope the credential below it. If you have checked that it sees every credential, set callerSeesAll: true in the configuration.",
};

let tenant: Tenant<TenantRecords>;
let paged: Credential[];
let known: EarlyFacts[];

beforeEach(async () => {
  paged = [];
  known = [];
  tenant = await startTenant({ data: smallTenant(NOW), now: () => NOW, paging: { ignoring: [] } });
});
afterEach(() => tenant.close());

const strike = (on: Fault['on'], effect: Fault['effect'], from = 1) =>
  tenant.faults.add({ on, effect, from, times: Number.POSITIVE_INFINITY });
const refuse = (on: Fault['on'], status = 403) => strike(on, { kind: 'status', status });

async function read(over: Partial<C1Options> = {}, environment: Environment = tenant.environment) {
  const options: C1Options = {
    ...(clientOptions({ environment }, NOW) as unknown as C1Options),
    access: readEnvironment(environment),
    scope: 'tenant',
    kinds: THREE,
    callerSeesAll: false,
    required: new Set(),
    asOf: NOW,
    onRecords: () => undefined,
    ...over,
  };
  return collect(options, new AbortController().signal, async () => (credentials, facts) => {
    paged.push(...credentials);
    known.push(facts);
  });
}

const missing = async (over: Partial<C1Options> = {}, environment?: Environment) => {
  const { gaps = [], notes, failures } = await read(over, environment);
  return { gaps, notes, failures: failures.map(({ message }) => message) };
};
const NOTHING = { gaps: [], notes: [], failures: [] };
const me = () => tenant.data.users[0]?.id ?? '';

describe('a tenant that shows everything', () => {
  test('is read as a whole', async () => {
    const { credentials, sources, facts, self, seesAll, ...rest } = await read();
    expect(rest).toMatchObject({ ...NOTHING, scope: 'tenant', tenant: '127.0.0.1', decoys: [] });
    expect(rest.log).toBeUndefined();
    expect(self).toEqual({ userId: me(), clientId: tenant.environment.CONDUCTORONE_CLIENT_ID });
    expect(seesAll).toBe(true);
    expect(sources.map(({ kind, status }) => [kind, status])).toEqual(
      THREE.map((kind) => [kind, 'complete']),
    );
    expect(credentials).toHaveLength(25 + 7 + 4);
    expect(new Set(paged.map(({ id }) => id))).toEqual(new Set(credentials.map(({ id }) => id)));
    for (const name of ['roles', 'allowList', 'exposures'] as const)
      expect(new Set(known.map((early) => early[name]))).toEqual(new Set([facts[name]]));
    expect([...facts.owners.keys()].sort()).toEqual(
      [...new Set(credentials.map(({ ownerId }) => ownerId))].sort(),
    );
    expect([...facts.owners.values()].every(isKnown)).toBe(true);
    expect(facts).toMatchObject({ usage: undefined, exposures: { rest: null } });
    expect([isKnown(facts.roles), isKnown(facts.allowList)]).toEqual([true, true]);
    expect([facts.providers.seen.size, facts.providers.rest]).toEqual([2, null]);
    expect([facts.trusts?.byPrincipal.size, facts.trusts?.rest]).toEqual([2, null]);
  });

  test('is asked for owners while its lists are read, each once', async () => {
    await read();
    const asked = tenant.requests
      .filter(({ target }) => target === 'search-users')
      .flatMap(({ body }) => (body as { refs: { id: string }[] }).refs.map(({ id }) => id));
    expect(new Set(asked).size).toBe(asked.length);
    expect(tenant.requests.filter(({ target }) => target === 'service-principals')).toHaveLength(1);
  });

  test.each<[Kind, string, number]>([
    ['personal-client', 'search-personal-clients', 25],
    ['service-principal-credential', 'service-principal-credentials', 7],
    ['federation-trust', 'search-federation-trusts', 4],
    ['external-client', 'search-external-clients', 0],
    ['tunnel-credential', 'tunnel-bridges', 0],
    ['llm-gateway-key', 'llm-gateway-keys', 0],
    ['function', 'search-functions', 0],
  ])('is asked for %s alone', async (kind, target, count) => {
    const { credentials, sources } = await read({ kinds: [kind], required: new Set(KINDS) });
    expect(credentials).toHaveLength(count);
    expect(sources.map((source) => source.kind)).toEqual([kind]);
    const lists = new Set(tenant.requests.map((request) => request.target as string));
    expect(lists).toContain(target);
    expect(lists.has('federation-providers')).toBe(kind === 'federation-trust');
    expect(lists.has('system-log')).toBe(false);
  });

  test('has no providers that were read where no trusts are', async () => {
    const { facts } = await read({ kinds: ['personal-client'] });
    expect(facts.trusts).toBeUndefined();
    expect(facts.providers.rest).toMatchObject({
      reason: 'federation providers were not read',
      cure: 'Audit --source federation-trusts.',
    });
  });

  test('is read for its log if that is wanted', async () => {
    const { facts, log } = await read({ evidenceDays: 30 });
    expect(tenant.requests.some(({ target }) => target === 'system-log')).toBe(true);
    expect([facts.usage instanceof Map, log?.to]).toEqual([true, new Date(NOW).toISOString()]);
  });
});

describe("the caller's own", () => {
  const mine = { scope: 'mine', kinds: ['personal-client', 'external-client'] as Kind[] } as const;

  test('are listed for the caller, and need no administrator', async () => {
    strike('introspect', setAnswerField('roles', ['role/c1.api.app.v1.Viewer']));
    const { credentials, seesAll, ...rest } = await read(mine);
    expect(rest).toMatchObject(NOTHING);
    expect(credentials.every(({ ownerId }) => ownerId === me())).toBe(true);
    expect(seesAll).toBe(false);
  });

  test('do not make a list of service principals that is empty wrong', async () => {
    strike('service-principals', setAnswerField('list', []));
    const { gaps, failures } = await missing({ ...mine, kinds: THREE });
    expect([gaps, failures]).toEqual([[], []]);
  });
});

describe('a caller', () => {
  test('without the role may not be shown everything', async () => {
    const environment = await tenant.issue.accessToken();
    strike('introspect', setAnswerField('roles', ['role/c1.api.app.v1.Viewer']));
    expect(await missing({}, environment)).toEqual({
      gaps: [UNPROVEN.no],
      notes: [`${UNPROVEN.no}. ${UNPROVEN.cure}`],
      failures: [`${UNPROVEN.no}.`],
    });
  });

  test('who is not known may not be shown everything either, and it is said once', async () => {
    refuse('introspect');
    const { gaps, notes, failures } = await missing();
    expect(gaps).toHaveLength(1);
    expect(gaps[0]).toMatch(
      /^It is not known whether the audit runs as a Super Administrator \(system:owner\) \(GET .* answered 403.*[^.]\), so ConductorOne may leave out credentials or leave fields blank$/,
    );
    expect(notes).toEqual([`${gaps[0]}. ${UNPROVEN.cure}`]);
    expect(failures).toEqual([`${gaps[0]}.`]);
  });

  test('of whom the roles are not said', async () => {
    strike('introspect', setAnswerField('roles', []));
    expect((await missing()).gaps).toEqual([
      `${UNPROVEN.unknown}, so ConductorOne may leave out credentials or leave fields blank`,
    ]);
  });

  test('of whom the user is not said is noted beside', async () => {
    strike('introspect', setAnswerField('userId', ''));
    const { gaps, notes } = await missing();
    expect(gaps).toEqual([]);
    expect(notes).toEqual([expect.stringContaining('does not say which user')]);
  });

  test('whose owner is a Basic User is audited all the same, unless they are stated to see everything', async () => {
    const isMe = ({ user }: Record<string, unknown>) => (user as { id: string }).id === me();
    strike('search-users', setField('user.roleIds', [ROLE.user], isMe));
    strike('introspect', setAnswerField('roles', ['role/c1.api.app.v1.Viewer']));
    expect((await missing()).gaps).toEqual([UNPROVEN.no]);
  });

  describe('who is stated to see everything', () => {
    const claim = { callerSeesAll: true };
    const STATED = 'The configuration states that the audit sees every credential (callerSeesAll: true); ';

    test('is believed, and it is said', async () => {
      strike('introspect', setAnswerField('roles', []));
      const { seesAll, notes, gaps } = await read(claim);
      expect([seesAll, gaps]).toEqual([true, []]);
      expect(notes).toEqual([`${STATED}c1-audit cannot confirm it.`]);
    });

    test('may be known to', async () => {
      expect((await read(claim)).notes).toEqual([`${STATED}it runs as a Super Administrator.`]);
    });

    test('is of no matter for what is their own', async () => {
      const { seesAll, notes } = await read({
        ...claim,
        scope: 'mine',
        kinds: ['personal-client'],
      });
      expect([seesAll, notes]).toEqual([true, []]);
    });

    test('is not believed if their owner is known to have no such role', async () => {
      const isMe = ({ user }: Record<string, unknown>) => (user as { id: string }).id === me();
      strike('search-users', setField('user.roleIds', [ROLE.user], isMe));
      strike('introspect', setAnswerField('roles', ['role/c1.api.app.v1.Viewer']));
      await expect(read(claim)).rejects.toMatchObject({
        code: 'config',
        message:
          'callerSeesAll is true in the configuration, but the credential that runs the audit holds no administrator role.',
        hint: 'Remove callerSeesAll, or run the audit with a credential of a Super Administrator.',
      });
    });

    test('is not believed if their own credential is scoped below it', async () => {
      const own = ({ userId }: Record<string, unknown>) => userId === me();
      strike('search-personal-clients', setField('scopedRoles', [ROLE.user], own));
      strike('introspect', setAnswerField('roles', ['role/c1.api.app.v1.Viewer']));
      await expect(read(claim)).rejects.toMatchObject({ code: 'config' });
    });
  });
});

describe('what could not be read', () => {
  test.each<[Target, string]>([
    ['search-users', 'users'],
    ['roles', 'roles'],
    ['session-settings', 'the session settings'],
    ['federation-providers', 'federation providers'],
  ])('of %s leaves a gap if it is an outage', async (target, what) => {
    refuse(target, 500);
    if (target === 'search-users') refuse('user', 500);
    const { gaps, notes, failures } = await missing({ callerSeesAll: target === 'roles' });
    expect(gaps).toEqual([expect.stringContaining(`${what} could not be read (`)]);
    expect(gaps[0]).toMatch(/could not be read \((GET|POST) .* answered 500.*\)$/);
    expect(failures).toHaveLength(1);
    // Its failure says it.
    expect(notes.filter((note) => note.includes('answered 500'))).toEqual([]);
  });

  test.each<Target>(['session-settings', 'federation-providers', 'search-decoys'])(
    'of %s is a note if a right is missing',
    async (target) => {
      refuse(target);
      const { gaps, notes, failures } = await missing();
      expect([gaps, failures]).toEqual([[], []]);
      expect(notes).toEqual([expect.stringContaining('answered 403')]);
    },
  );

  test('of the decoys is a gap of its own', async () => {
    refuse('search-decoys', 500);
    const { gaps, failures } = await missing();
    expect(gaps).toEqual([expect.stringMatching(/^decoys could not be read \(POST .* answered 500/)]);
    expect(failures).toHaveLength(1);
  });

  test('of the system log and of findings are gaps', async () => {
    refuse('system-log', 500);
    const { gaps } = await missing({ evidenceDays: 30 });
    expect(gaps).toEqual([expect.stringMatching(/^the system log could not be read \(/)]);
    tenant.faults.clear();
    refuse('search-findings', 500);
    const found = await missing({ kinds: KINDS });
    expect(found.gaps).toEqual([expect.stringMatching(/^ConductorOne's findings could not be read \(/)]);
  });

  test('of a required list stops the audit, and what everything else failed of as well is said once', async () => {
    refuse(({ target }) => target !== 'token', 500);
    const { gaps, notes, failures } = await missing({ required: new Set(THREE) });
    expect(failures.some((message) => message.includes('search/iam/personal_clients'))).toBe(true);
    // Not that the caller may not see everything: nothing was seen.
    expect([...gaps, ...notes].join()).not.toContain('Super Administrator');
    expect(new Set(failures).size).toBe(failures.length);
  });

  test('of a login that is refused is one failure', async () => {
    refuse('token', 401);
    const { gaps, notes, failures } = await missing({ required: new Set(THREE) });
    expect(failures).toEqual([expect.stringMatching(/^POST .*\/auth\/v1\/token answered 401/)]);
    expect([gaps, notes]).toEqual([[], []]);
  });

  test('of a network that fails is one failure, by its first call', async () => {
    const { environment } = tenant;
    await tenant.close();
    const { gaps, failures } = await missing({ required: new Set(THREE) }, {
      ...environment,
      CONDUCTORONE_CLIENT_ID: undefined,
      CONDUCTORONE_CLIENT_SECRET: undefined,
      CONDUCTORONE_ACCESS_TOKEN: 'given-token',
      CONDUCTORONE_SERVER_URL: tenant.url,
    } as unknown as Environment);
    expect(failures).toEqual([expect.stringMatching(/ failed: /)]);
    expect(gaps).toEqual([]);
  });

  test('of the service principals of trusts is noted, unless their credentials are read as well', async () => {
    strike('service-principals', { kind: 'cursor-loop' });
    const alone = await missing({ kinds: ['federation-trust'] });
    expect(alone.notes).toContain(
      'Some owners of federation trusts are not known: the list of service principals could not be read completely.',
    );
    const both = await missing();
    expect(both.notes.join()).not.toContain('Some owners of federation trusts');
  });

  test('of service principals, where none is listed but trusts name some', async () => {
    strike('service-principals', setAnswerField('list', []));
    const { sources } = await read();
    expect(sources[1]).toMatchObject({ kind: 'service-principal-credential', required: true });
    expect(sources[1]?.status).not.toBe('complete');
    expect([sources[0]?.status, sources[2]?.status]).toEqual(['complete', 'complete']);
  });

  test('of trusts leaves out the decoys among them', async () => {
    const [one] = tenant.data.trusts;
    strike(
      'search-decoys',
      setAnswerField('list', [
        {
          id: 'd',
          kind: 'DECOY_KIND_WORKLOAD_FEDERATION',
          displayName: one?.displayName,
          createdAt: one?.createdAt,
        },
      ]),
    );
    const { credentials, decoys, facts } = await read();
    expect(decoys?.length).toBe(1);
    expect(credentials).toHaveLength(25 + 7 + 3);
    expect([...(facts.trusts?.byPrincipal.values() ?? [])].flat()).toHaveLength(3);
  });
});

describe('the clock', () => {
  const off = (ms: number) => strike('*', { kind: 'date', ms: -ms });
  const SECOND = 1000;
  const HOUR = 3600 * SECOND;

  test('that is some minutes ahead is noted', async () => {
    off(10 * 60 * SECOND);
    expect(await missing()).toMatchObject({
      gaps: [],
      failures: [],
      notes: [
        expect.stringMatching(
          /^This machine's clock is 10 minutes ahead of the date in ConductorOne's answers\. Set/,
        ),
      ],
    });
  });

  test('that is more than a day off leaves the audit incomplete', async () => {
    off(25 * HOUR);
    expect(await missing()).toEqual({
      gaps: ["This machine's clock is 25 hours ahead of the date in ConductorOne's answers"],
      notes: [],
      failures: ["This machine's clock is 25 hours ahead of the date in ConductorOne's answers."],
    });
  });
});
