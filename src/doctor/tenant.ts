import { type Scope, SOURCE_KINDS, type SourceName } from '../config/config.js';
import { ifKnown, isKnown, type Role, Unknown } from '../contract/index.js';
import { SEARCH } from '../delivery/conductorone/client.js';
import { AuditError } from '../errors.js';
import type { ApiClient } from '../sources/c1/client.js';
import { PROVIDERS, readProviders, SEARCH as TRUSTS } from '../sources/c1/federation.js';
import { type List, nameOf, type Page } from '../sources/c1/lists.js';
import { readUser, toOwner } from '../sources/c1/people.js';
import {
  SEARCH as EVERYONES_KEYS,
  GRANT_OWNER,
  NOT_EVEN_SELF,
  LIST as OWN_KEYS,
  searchRefused,
} from '../sources/c1/personal-clients.js';
import { isUnavailable } from '../sources/c1/request-error.js';
import { listOf as credentialsOf, LIST as PRINCIPALS } from '../sources/c1/service-principals.js';
import {
  type Caller,
  holdsNoAdministratorRole,
  introspect,
  isServiceRole,
  isSuperAdministrator,
  LIST as ROLES,
  type RolesSeen,
  readAllowList,
  readRoles,
} from '../sources/c1/tenant-facts.js';
import { asRecord, idOf } from '../sources/record.js';
import {
  type Check,
  type Connection,
  defineCheck,
  type Outcome,
  obstacle,
  ok,
  problem,
  shortName,
  skipped,
  warning,
} from './check.js';

export const identity = defineCheck({
  id: 'identity',
  title: 'Who am I',
  needs: ['access', 'connection', 'token'],
  async run(_, { access, connection }) {
    const caller = await introspect(connection.reader.client);
    const { userId, principal, failure } = caller;
    if (failure?.code === 'auth' || failure?.code === 'interrupted') throw failure;
    const learnt = { caller };
    if (failure) return warning(`not known: ${failure.message}`, failure.hint, learnt);
    const as = `principal ${shortName(principal ?? 'unknown')} in ${access.tenant}`;
    if (userId !== undefined) return ok(`user ${shortName(userId)}, ${as}`, learnt);
    return warning(
      `GET /auth/introspect does not say which user this credential acts for; ${as}`,
      "Report it to ConductorOne's support.",
      learnt,
    );
  },
});

/** The list that an audit reads a source from. */
export function listOf(source: SourceName, scope: Scope): List {
  if (source === 'service-principals') return PRINCIPALS;
  if (source === 'federation-trusts') return TRUSTS;
  return scope === 'mine' ? OWN_KEYS : EVERYONES_KEYS;
}

/** The list of the first service principal's credentials, standing for all of them; undefined where there is none. */
export async function sampleOfCredentials(connection: Connection): Promise<List | undefined> {
  const { records } = await connection.firstPage(PRINCIPALS);
  const id = idOf(records[0]);
  return id === '' ? undefined : credentialsOf(id);
}

export const sources: readonly Check[] = (Object.keys(SOURCE_KINDS) as SourceName[]).map((source) =>
  defineCheck({
    id: `source-${source}`,
    title: `Source ${source}`,
    needs: ['plan', 'access', 'connection', 'caller'],
    async run(_, { plan, access, connection }) {
      const kind = SOURCE_KINDS[source];
      const list = listOf(source, plan.config.scope);
      const wanted = plan.kinds.has(kind);
      try {
        const page = await connection.firstPage(list);
        if (source === 'personal-clients' && isEmpty(page) && access.clientId?.endsWith('/pcc'))
          return problem(NOT_EVEN_SELF, GRANT_OWNER);
        const detail = `readable (${nameOf(list)}), ${countOf(page)}`;
        if (!wanted) return skipped(`${detail}; not part of this audit`);
        return source === 'service-principals' ? await withCredentials(connection, detail) : ok(detail);
      } catch (error) {
        if (!(error instanceof AuditError) || error.code === 'interrupted') throw error;
        return refused(
          error,
          list,
          wanted,
          wanted && (plan.required.has(kind) || source === 'personal-clients'),
        );
      }
    },
  }),
);

async function withCredentials(connection: Connection, detail: string): Promise<Outcome> {
  const sample = await sampleOfCredentials(connection);
  if (!sample) return ok(detail);
  try {
    await connection.firstPage(sample);
    return ok(`${detail}, with credentials`);
  } catch (error) {
    if (!(error instanceof AuditError) || error.code === 'interrupted') throw error;
    return problem(`${detail}, but not their credentials: ${error.message}`, error.hint);
  }
}

function refused(error: AuditError, list: List, wanted: boolean, required: boolean): Outcome {
  if (!wanted) return skipped(`not part of this audit, and not readable: ${error.message}`);
  if (isUnavailable(error) && !required)
    return warning(
      `not available: ${error.message} An audit notes it and is complete without`,
      `${error.hint} Or name the sources to audit with --source.`,
    );
  const isSearch = list.path === EVERYONES_KEYS.path && isUnavailable(error) && error.status === 403;
  const { message, hint } = isSearch ? searchRefused(error) : error;
  return problem(message, hint);
}

function isEmpty({ records, nextPageToken }: Page): boolean {
  return records.length === 0 && nextPageToken === '';
}

function countOf({ records, nextPageToken }: Page): string {
  const count = records.length === 1 ? '1 record' : `${records.length} records`;
  return nextPageToken === '' ? count : `${count} on the first page`;
}

/** What an audit asks for beside the credentials. Without them it is complete, but leaves some rules undecided. */
const UNDECIDED = 'An audit notes it; rules that need it are left undecided.';

export const USERS = { method: 'POST', path: '/search/users' } as const;

const users = defineCheck({
  id: 'users',
  title: 'Users',
  needs: ['plan', 'connection', 'caller', 'roles'],
  async run(_, { plan, connection, caller, roles }) {
    const mine = plan.config.scope === 'mine';
    const me = caller.userId ?? '';
    // Whoever audits only their own keys need not see anybody else.
    const list = mine && me !== '' ? { ...USERS, narrowed: { refs: [{ id: me }] } } : USERS;
    let page: Page;
    try {
      page = await connection.firstPage(list);
    } catch (error) {
      if (!(error instanceof AuditError) || error.code === 'interrupted') throw error;
      return warning(error.message, `${error.hint} ${UNDECIDED}`);
    }
    const owners = page.records.flatMap((view) => {
      const record = asRecord(asRecord(view)?.user);
      const id = record?.id;
      if (!record || typeof id !== 'string' || (!mine && id === me)) return [];
      return [toOwner(id, record, roles.roles)];
    });
    const blank = owners.find((owner) => owner instanceof Unknown);
    if (blank instanceof Unknown && !owners.some(isKnown))
      return warning(
        'listed, but blank: whether an owner is active is not shown',
        `${blank.cure} ${UNDECIDED}`,
      );
    if (owners.length === 0) return skipped('nobody else is listed: whether others are shown cannot be told');
    return ok(`readable (${nameOf(USERS)}), ${countOf(page)}`);
  },
});

const roleList = defineCheck({
  id: 'role-list',
  title: 'Role list',
  needs: ['roles'],
  run: (_, { roles }) =>
    isKnown(roles.roles) ? ok(`readable (${nameOf(ROLES)}), ${roles.roles.size} roles`) : noted(roles.note),
});

const settings = defineCheck({
  id: 'settings',
  title: 'Session settings',
  needs: ['connection', 'caller'],
  async run(_, { connection }) {
    const { allowList, note } = await readAllowList(connection.reader.client);
    if (!isKnown(allowList)) return noted(note);
    const on = [allowList.user.enabled ? 'users' : '', allowList.admin.enabled ? 'administrators' : ''];
    const whose = on.filter((who) => who !== '').join(' and ');
    return ok(`readable; ${whose === '' ? 'no allow list is on' : `an allow list is on for ${whose}`}`);
  },
});

const providers = defineCheck({
  id: 'federation-providers',
  title: 'Federation providers',
  needs: ['plan', 'connection', 'caller'],
  async run(_, { plan, connection }) {
    if (!plan.kinds.has('federation-trust')) return skipped('not part of this audit');
    const { providers, note } = await readProviders(connection.reader);
    if (note !== null) return noted(note);
    return ok(`readable (${nameOf(PROVIDERS)}), ${providers.seen.size} seen`);
  },
});

function noted(note: string | null): Outcome {
  return warning(note ?? 'not known', UNDECIDED);
}

export const facts: readonly Check[] = [users, roleList, settings, providers];

/** An audit pushes last, and fails with it. */
export const push = defineCheck({
  id: 'push',
  title: 'Push to ConductorOne',
  needs: ['plan', 'connection', 'caller'],
  async run(_, { plan, connection }) {
    if (!plan.config.push.conductorone) return skipped('not set up');
    try {
      const page = await connection.pushedFindings(plan.rules);
      return ok(
        `findings are readable (${SEARCH}), ${countOf(page)}; whether they can be written was not tried`,
      );
    } catch (error) {
      if (!(error instanceof AuditError) || error.code === 'interrupted') throw error;
      if (isUnavailable(error))
        return warning(
          `findings are not available: ${error.message} An audit notes it and pushes nothing`,
          `${error.hint} Or set push.conductorone to false.`,
        );
      return problem(
        `findings cannot be read: ${error.message} An audit cannot push, and fails with it`,
        error.hint,
      );
    }
  },
});

/** What a role allows, as far as an audit is concerned. */
const ALLOWS: Readonly<Record<string, string>> = {
  'system:viewer':
    "to read; ConductorOne does not say whether this includes everyone's keys, see the sources below",
  'system:user': 'your own keys: enough for --scope mine',
  'system:application-admin': "applications; of an audit's sources only your own keys",
  'system:campaign-admin': "campaigns; of an audit's sources only your own keys",
  'system:system-logs-reader': "the system log; of an audit's sources only your own keys",
};

export const roles = defineCheck({
  id: 'roles',
  title: 'Roles',
  needs: ['plan', 'connection', 'caller'],
  async run(_, { plan, connection, caller }) {
    const seen = await readRoles(connection.reader);
    const learnt = { roles: seen };
    const { scope, callerSeesAll } = plan.config;
    const superAdministrator = isSuperAdministrator(caller, seen.roles);
    const owner = await ownerRoles(connection.reader.client, caller, seen);
    const detail = [...credentialLines(caller, seen, superAdministrator === true), ...owner.lines];
    if (scope === 'mine' || superAdministrator) return ok(detail, learnt);
    if (!callerSeesAll)
      return problem(
        [
          ...detail,
          `scope tenant is complete only for a Super Administrator (system:owner), which this credential is not known to be`,
        ],
        `${GRANT_OWNER} If you have checked that it sees every credential, set callerSeesAll: true in the configuration.`,
        learnt,
      );
    if (holdsNoAdministratorRole(caller, seen.roles, { owner: owner.roles }))
      return obstacle(
        [...detail, 'callerSeesAll is true, but this credential holds no administrator role'],
        'Remove callerSeesAll, or run the audit with a credential of a Super Administrator.',
        learnt,
      );
    return ok([...detail, 'callerSeesAll is true: the configuration states that it sees everything'], learnt);
  },
});

function credentialLines(
  { roles: held, failure }: Caller,
  { roles: seen }: RolesSeen,
  all: boolean,
): string[] {
  if (all)
    return [
      "this credential is a Super Administrator (system:owner): it can read all that --scope tenant needs, everyone's keys included",
    ];
  if (failure) return ['what this credential can do is not known: the tenant does not answer who it is'];
  if (held.length === 0) return ['what this credential can do is not known: the tenant names no roles'];
  const known = ifKnown(seen);
  return held.map((name) => {
    if (isServiceRole(name)) return `this credential holds the service role ${shortName(name.slice(5))}`;
    const role = known?.get(name) ?? [...(known?.values() ?? [])].find((each) => each.name === name);
    return `this credential is ${role ? title(role) : shortName(name)}: ${allows(role?.name ?? name)}`;
  });
}

/** What the owner is does not say what the credential can do: its role scope may be narrower. */
async function ownerRoles(
  client: ApiClient,
  { userId }: Caller,
  { roles: seen }: RolesSeen,
): Promise<{ readonly lines: string[]; readonly roles: readonly Role[] | undefined }> {
  const unknown = (why: string) => ({
    lines: [`the roles of its owner are not known${why}`],
    roles: undefined,
  });
  if (userId === undefined) return unknown('');
  try {
    const user = await readUser(client, userId);
    const owner = user === 'gone' ? undefined : toOwner(userId, user, seen);
    const held = owner && isKnown(owner) ? owner.roles : undefined;
    if (held === undefined) return unknown('');
    if (held.length === 0) return { lines: ['its owner holds no role'], roles: held };
    return { lines: held.map((role) => `its owner is ${title(role)}`), roles: held };
  } catch (error) {
    if (!(error instanceof AuditError) || error.code === 'interrupted') throw error;
    return unknown(`: ${error.message}`);
  }
}

function title({ name, displayName }: Role): string {
  const short = shortName(name);
  return displayName === '' || displayName === name ? short : `${shortName(displayName)} (${short})`;
}

function allows(name: string): string {
  return (
    (Object.hasOwn(ALLOWS, name) ? ALLOWS[name] : undefined) ?? "see the tenant's settings for its rights"
  );
}
