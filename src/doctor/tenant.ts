import { type Scope, SOURCE_KINDS, type SourceName } from '../config/config.js';
import {
  type Credential,
  count,
  countDays,
  DAY,
  dateOf,
  ifKnown,
  isKnown,
  type Kind,
  kindName,
  openFamilies,
  type Role,
  readAddresses,
  Unknown,
  wholeDays,
} from '../contract/index.js';
import { toTimestamp } from '../contract/time.js';
import { SEARCH } from '../delivery/conductorone/client.js';
import { AuditError } from '../errors.js';
import type { ApiClient } from '../sources/c1/client.js';
import { SEARCH as EXTERNAL_CLIENTS } from '../sources/c1/external-clients.js';
import { PROVIDERS, readProviders, SEARCH as TRUSTS } from '../sources/c1/federation.js';
import { LIST as ALL_FUNCTIONS, SEARCH as FUNCTIONS } from '../sources/c1/functions.js';
import { collectList, errorNote, type List, nameOf, type Page } from '../sources/c1/lists.js';
import { LIST as GATEWAY_KEYS } from '../sources/c1/llm-gateway-keys.js';
import { readUser, rolesAmong, toOwner, userOf } from '../sources/c1/people.js';
import {
  collectMine,
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
import { LIST as BRIDGES, listOf as tunnelCredentialsOf } from '../sources/c1/tunnel-credentials.js';
import { asRecord, idOf } from '../sources/record.js';
import {
  attempt,
  type Check,
  type Connection,
  defineCheck,
  type Known,
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
    if (failure) return warning(`not known: ${failure.message}`, failure.hint, { caller });
    const as = `principal ${shortName(principal ?? 'unknown')} in ${access.tenant}`;
    if (userId !== undefined) return ok(`user ${shortName(userId)}, ${as}`, { caller });
    return warning(
      `GET /auth/introspect does not say which user this credential acts for; ${as}`,
      "Report it to ConductorOne's support.",
      { caller },
    );
  },
});

export const roles = defineCheck({
  id: 'roles',
  title: 'Roles',
  needs: ['plan', 'connection', 'caller'],
  async run(_, { plan, connection, caller }) {
    const roles = await readRoles(connection.reader);
    const known = { roles };
    const { scope, callerSeesAll } = plan.config;
    const superAdministrator = isSuperAdministrator(caller, roles.roles) === true;
    const owner = await ownerRoles(connection.reader.client, caller, roles);
    const detail = [...credentialLines(caller, roles, superAdministrator), ...owner.lines];
    if (scope === 'mine' || superAdministrator) return ok(detail, known);
    if (!callerSeesAll)
      return problem(
        [
          ...detail,
          'scope tenant is complete only for a Super Administrator (system:owner), and this credential is not known to be one',
        ],
        `${GRANT_OWNER} If you have checked that it sees every credential, set callerSeesAll: true in the configuration.`,
        known,
      );
    if (holdsNoAdministratorRole(caller, roles.roles, { owner: owner.roles }))
      return obstacle(
        [...detail, 'callerSeesAll is true, but this credential holds no administrator role'],
        'Remove callerSeesAll, or run the audit with a credential of a Super Administrator.',
        known,
      );
    return ok([...detail, 'callerSeesAll is true: the configuration states that it sees everything'], known);
  },
});

function credentialLines(
  { roles: held, failure }: Caller,
  { roles: seen }: RolesSeen,
  superAdministrator: boolean,
): string[] {
  if (superAdministrator)
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

/** The credential may have fewer roles than its owner: its role scope limits them. */
async function ownerRoles(
  client: ApiClient,
  { userId }: Caller,
  { roles: seen }: RolesSeen,
): Promise<{ readonly lines: string[]; readonly roles: readonly Role[] | undefined }> {
  const unknown = (why = '') => ({ lines: [`the roles of its owner are not known${why}`], roles: undefined });
  if (userId === undefined) return unknown();
  const user = await attempt(readUser(client, userId));
  if (user instanceof AuditError) return unknown(`: ${user.message}`);
  const owner = user === 'gone' ? undefined : toOwner(user, rolesAmong(seen));
  const held = owner && isKnown(owner) ? owner.roles : undefined;
  if (held === undefined) return unknown();
  const lines = held.map((role) => `its owner is ${title(role)}`);
  return { lines: lines.length === 0 ? ['its owner holds no role'] : lines, roles: held };
}

function title({ name, displayName }: Role): string {
  const short = shortName(name);
  return displayName === '' || displayName === name ? short : `${shortName(displayName)} (${short})`;
}

/** What a role allows an audit to read. */
const ALLOWS: ReadonlyMap<string, string> = new Map([
  [
    'system:viewer',
    "to read; whether this includes everyone's keys is not documented, see the sources below",
  ],
  ['system:user', 'your own keys: enough for --scope mine'],
  ['system:application-admin', "applications; of an audit's sources only your own keys"],
  ['system:campaign-admin', "campaigns; of an audit's sources only your own keys"],
  ['system:system-logs-reader', "the system log; of an audit's sources only your own keys"],
]);

function allows(name: string): string {
  return ALLOWS.get(name) ?? "see the tenant's settings for its permissions";
}

/** The list that an audit reads a source from. */
export function listOf(source: SourceName, scope: Scope): List {
  return source === 'personal-clients' && scope === 'mine' ? OWN_KEYS : LISTS[source];
}

const LISTS: Readonly<Record<SourceName, List>> = {
  'personal-clients': EVERYONES_KEYS,
  'service-principals': PRINCIPALS,
  'federation-trusts': TRUSTS,
  'external-clients': EXTERNAL_CLIENTS,
  'tunnel-credentials': BRIDGES,
  'llm-gateway-keys': GATEWAY_KEYS,
  functions: FUNCTIONS,
};

/** The lists that hold the credentials of one service principal or one bridge. */
const NESTED: { readonly [S in SourceName]?: (id: string) => List } = {
  'service-principals': credentialsOf,
  'tunnel-credentials': tunnelCredentialsOf,
};

/** The credentials of the first service principal or bridge, as a sample; undefined if there is none. */
export async function sampleOf(source: SourceName, connection: Connection): Promise<List | undefined> {
  const { records } = await connection.firstPage(LISTS[source]);
  const id = idOf(records[0]);
  return id === '' ? undefined : NESTED[source]?.(id);
}

export const sources: readonly Check[] = (Object.keys(SOURCE_KINDS) as SourceName[]).map((source) =>
  defineCheck({
    id: `source-${source}`,
    title: `Source ${source}`,
    needs: ['plan', 'access', 'connection', 'caller'],
    async run(_, { plan, access, connection }) {
      const kind = SOURCE_KINDS[source];
      const isWanted = plan.kinds.has(kind);
      const { list, page } = await readFirst(source, plan.config.scope, connection);
      if (page instanceof AuditError) {
        if (!isWanted) return skipped(`not part of this audit, and not readable: ${page.message}`);
        return unreadable(page, list, source === 'personal-clients' || plan.required.has(kind));
      }
      if (source === 'personal-clients' && isEmpty(page) && access.clientId?.endsWith('/pcc'))
        return problem(NOT_EVEN_SELF, GRANT_OWNER);
      const detail = `readable (${nameOf(list)}), ${countOf(page)}`;
      if (!isWanted) return skipped(`${detail}; not part of this audit`);
      return NESTED[source] ? withCredentials(source, connection, detail) : ok(detail);
    },
  }),
);

/** The first page of a source, from the list that an audit would read it from. */
async function readFirst(
  source: SourceName,
  scope: Scope,
  connection: Connection,
): Promise<{ readonly list: List; readonly page: Page | AuditError }> {
  const list = listOf(source, scope);
  const page = await attempt(connection.firstPage(list));
  if (source !== 'functions' || !isUnavailable(page)) return { list, page };
  const other = await attempt(connection.firstPage(ALL_FUNCTIONS));
  return other instanceof AuditError ? { list, page } : { list: ALL_FUNCTIONS, page: other };
}

function unreadable(error: AuditError, list: List, isRequired: boolean): Outcome {
  if (isUnavailable(error) && !isRequired)
    return warning(
      `not available: ${error.message} An audit notes it and is complete without it`,
      `${error.hint} Or name the sources to audit with --source.`,
    );
  const isSearch = list.path === EVERYONES_KEYS.path && isUnavailable(error) && error.status === 403;
  const { message, hint } = isSearch ? searchRefused(error) : error;
  return problem(message, hint);
}

async function withCredentials(source: SourceName, connection: Connection, detail: string): Promise<Outcome> {
  const sample = await sampleOf(source, connection);
  if (!sample) return ok(detail);
  const page = await attempt(connection.firstPage(sample));
  return page instanceof AuditError
    ? problem(`${detail}, but not their credentials: ${page.message}`, page.hint)
    : ok(`${detail}, with credentials`);
}

function isEmpty({ records, nextPageToken }: Page): boolean {
  return records.length === 0 && nextPageToken === '';
}

function countOf({ records, nextPageToken }: Page): string {
  const onPage = count(records.length, 'record');
  return nextPageToken === '' ? onPage : `${onPage} on the first page`;
}

export const USERS = { method: 'POST', path: '/search/users' } as const;

const users = defineCheck({
  id: 'users',
  title: 'Users',
  needs: ['plan', 'connection', 'caller', 'roles'],
  async run(_, { plan, connection, caller, roles }) {
    const mine = plan.config.scope === 'mine';
    const me = caller.userId ?? '';
    // An audit of one's own keys needs no other user.
    const list = mine && me !== '' ? { ...USERS, narrowed: { refs: [{ id: me }] } } : USERS;
    const page = await attempt(connection.firstPage(list));
    if (page instanceof AuditError) return warning(page.message, `${page.hint} ${UNDECIDED}`);
    const rolesOf = rolesAmong(roles.roles);
    const owners = page.records.flatMap((view) => {
      const record = asRecord(asRecord(view)?.user);
      const id = idOf(record);
      return !record || id === '' || (!mine && id === me) ? [] : [toOwner(userOf(id, record), rolesOf)];
    });
    const blank = owners.find((owner) => owner instanceof Unknown);
    if (blank instanceof Unknown && !owners.some(isKnown))
      return warning(
        'listed, but blank: whether an owner is active is not shown',
        `${blank.cure} ${UNDECIDED}`,
      );
    if (owners.length === 0)
      return skipped('only the caller is listed, so nothing shows whether others would be');
    return ok(`readable (${nameOf(USERS)}), ${countOf(page)}`);
  },
});

/** An audit without these facts is complete, but rules that need them end as unknown. */
const UNDECIDED = 'An audit notes it; the outcome of rules that need it is unknown.';

function noted(note: string | null): Outcome {
  return warning(note ?? 'not known', UNDECIDED);
}

const roleList = defineCheck({
  id: 'role-list',
  title: 'Role list',
  needs: ['roles'],
  run: (_, { roles }) =>
    isKnown(roles.roles)
      ? ok(`readable (${nameOf(ROLES)}), ${count(roles.roles.size, 'role')}`)
      : noted(roles.note),
});

const settings = defineCheck({
  id: 'settings',
  title: 'Session settings',
  needs: ['connection', 'caller'],
  async run(_, { connection }) {
    const { allowList, note } = await readAllowList(connection.reader.client);
    if (!isKnown(allowList)) return noted(note);
    const on = [allowList.user.enabled && 'users', allowList.admin.enabled && 'administrators'].filter(
      Boolean,
    );
    return ok(
      `readable; ${on.length === 0 ? 'no allow list is on' : `an allow list is on for ${on.join(' and ')}`}`,
    );
  },
});

const providers = defineCheck({
  id: 'federation-providers',
  title: 'Federation providers',
  needs: ['plan', 'connection', 'caller'],
  async run(_, { plan, connection }) {
    if (!plan.kinds.has('federation-trust')) return skipped('not part of this audit');
    const { providers, note } = await readProviders(connection.reader);
    return note === null ? ok(`readable (${nameOf(PROVIDERS)}), ${providers.seen.size} seen`) : noted(note);
  },
});

export const facts: readonly Check[] = [users, roleList, settings, providers];

export const push = defineCheck({
  id: 'push',
  title: 'Push to ConductorOne',
  needs: ['plan', 'connection', 'caller'],
  async run(_, { plan, connection }) {
    if (!plan.config.push.conductorone) return skipped('not set up');
    const page = await attempt(connection.pushedFindings(plan.rules));
    if (!(page instanceof AuditError))
      return ok(`findings are readable (${SEARCH}), ${countOf(page)}; writing them was not tried`);
    if (isUnavailable(page))
      return warning(
        `findings are not available: ${page.message} An audit notes it and pushes nothing`,
        `${page.hint} Or set push.conductorone to false.`,
      );
    return problem(`findings cannot be read: ${page.message} The push of an audit would fail`, page.hint);
  },
});

const record = defineCheck({
  id: 'own-credential',
  title: 'Own credential',
  needs: ['access', 'connection', 'caller'],
  async run(_, given) {
    // An access token does not name its credential, but the tenant may.
    const clientId = given.access.clientId ?? given.caller.principal ?? '';
    const kind = kindOf(clientId);
    if (kind === undefined) return skipped('the login does not show which credential this is');
    const { credentials, note } = await readOwn(kind, given);
    const own = credentials.find((credential) => credential.clientId === clientId);
    if (own) {
      const name = own.name === '' ? '' : `"${shortName(own.name)}" `;
      return ok(`the ${kindName(kind)} ${name}(${shortName(own.id)})`, { own });
    }
    const missing = `the ${kindName(kind)} of this login was not found`;
    const fix = 'Check its end date, role scope and networks in ConductorOne.';
    if (note !== null) return warning(`${missing}: ${note}`, fix);
    if (!given.plan?.kinds.has(kind)) return warning(missing, fix);
    return problem(
      `${missing}: an audit is incomplete, as other credentials may be missing too`,
      'Check that its owner has the role Super Administrator (system:owner).',
    );
  },
});

const KINDS: Readonly<Record<string, Kind>> = {
  pcc: 'personal-client',
  spc: 'service-principal-credential',
  wfe: 'federation-trust',
};

/** The kind of credential that a client id belongs to. */
export function kindOf(clientId: string): Kind | undefined {
  return KINDS[/^[^@/]+@[^/]+\/([a-z]+)$/.exec(clientId)?.[1] ?? ''];
}

async function readOwn(
  kind: Kind,
  { connection: { reader }, caller: { userId } }: Pick<Known, 'connection' | 'caller'>,
): Promise<{ readonly credentials: readonly Credential[]; readonly note: string | null }> {
  if (kind === 'personal-client') {
    const { credentials, seen } = await collectMine(reader, userId);
    return { credentials, note: seen.note };
  }
  if (userId === undefined) return { credentials: [], note: null };
  // A service principal and its user have the same id.
  const list =
    kind === 'federation-trust'
      ? { ...TRUSTS, narrowed: { servicePrincipalId: userId } }
      : credentialsOf(userId);
  const { credentials, ending } = await collectList(kind, reader, list);
  return { credentials, note: ending instanceof Error ? errorNote(ending) : null };
}

/** Warns of an end within this many days, the last day included. */
const SOON = 30;

const expiry = defineCheck({
  id: 'own-expiry',
  title: 'Own expiry',
  needs: ['own'],
  run({ io }, { own: { kind, expiresAt } }) {
    if (kind === 'federation-trust') return ok('trusts never expire, and no secret is stored here');
    if (expiresAt instanceof Unknown) return notKnown(expiresAt);
    if (expiresAt === null)
      return warning(
        'never ends',
        'Replace it with one that ends within 90 days, or with a federation trust.',
      );
    const left = expiresAt - io.now();
    const end = dateOf(toTimestamp(expiresAt));
    const detail = left < 0 ? `ended on ${end}` : `ends in ${countDays(wholeDays(left))}, on ${end}`;
    if (left > SOON * DAY) return ok(detail);
    return warning(
      `${detail}; audits stop then`,
      'Create its successor now, and set it where the audit runs.',
    );
  },
});

const scope = defineCheck({
  id: 'own-scope',
  title: 'Own scope',
  needs: ['own'],
  run(_, { own: { scopedRoleIds }, roles }) {
    if (scopedRoleIds instanceof Unknown) return notKnown(scopedRoleIds);
    if (scopedRoleIds.length === 0)
      return warning('none: it has all roles of its owner', 'Limit it to the roles that the audit needs.');
    const known = roles && isKnown(roles.roles) ? roles.roles : undefined;
    return ok(listed(scopedRoleIds.map((id) => known?.get(id)?.displayName || id)));
  },
});

const networks = defineCheck({
  id: 'own-networks',
  title: 'Own networks',
  needs: ['own'],
  run(_, { own: { allowedCidrs } }) {
    if (allowedCidrs instanceof Unknown) return notKnown(allowedCidrs);
    const { set } = readAddresses(allowedCidrs);
    const isOpen = allowedCidrs.length === 0 || openFamilies(set) !== undefined;
    const detail = allowedCidrs.length === 0 ? 'any' : listed(allowedCidrs);
    if (!isOpen) return ok(detail);
    return warning(
      `${detail}: it can be used from anywhere`,
      'Restrict it to the addresses that the audit runs from.',
    );
  },
});

/** The first texts, and the number of the others. */
function listed(texts: readonly string[], shown = 10): string {
  const more = texts.length > shown ? ` and ${texts.length - shown} more` : '';
  return `${texts.slice(0, shown).map(shortName).join(', ')}${more}`;
}

function notKnown({ reason, cure }: Unknown): Outcome {
  return warning(reason, cure);
}

export const ownCredential: readonly Check[] = [record, expiry, scope, networks];
