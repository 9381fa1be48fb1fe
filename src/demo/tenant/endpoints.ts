import { Permission, type Role, type ServicePrincipal, type User, user } from '../records.js';
import {
  admits,
  type Call,
  declaredPage,
  existing,
  type Features,
  filter,
  findById,
  findByIds,
  mapped,
  may,
  ownedBy,
  PAGE,
  type Page,
  require,
  searchPage,
  type Table,
  undeclaredPage,
} from './call.js';
import { createFinding, searchFindings, setFindingState } from './findings.js';
import { type ClientKind, fullClientId } from './login.js';
import { apiError, Code, jsonName, readFields, type Shape, type Values } from './messages.js';
import { listEvents } from './system-log.js';

export const API_PREFIX = '/api/v1';

interface Endpoint {
  readonly method: 'GET' | 'POST';
  /** Below the API's prefix; `:id` is any one part of the path. */
  readonly path: string;
  readonly feature: keyof Features | undefined;
  /** Returns the JSON of a 200, or throws a Refusal. */
  readonly answer: (call: Call) => unknown;
}

export const ENDPOINTS = {
  introspect: get('/auth/introspect', introspect),
  'personal-clients': get('/iam/personal_clients', listPersonalClients),
  // `plan` names this call in its steps.
  'personal-client': get('/iam/personal_clients/:id', getPersonalClient),
  'search-personal-clients': post('/search/iam/personal_clients', searchPersonalClients),
  'search-users': post('/search/users', searchUsers),
  user: get('/users/:id', getUser),
  roles: get('/iam/roles', listRoles),
  'service-principals': get('/service_principals', listServicePrincipals, 'servicePrincipals'),
  'service-principal-credentials': get(
    '/service_principals/:id/credentials',
    listCredentials,
    'servicePrincipals',
  ),
  'search-federation-trusts': post('/search/workload_federation_trusts', searchTrusts, 'federation'),
  'federation-providers': get(
    '/workload_federation/providers',
    plain('providers', Permission.readFederation),
    'federation',
  ),
  'search-external-clients': post('/search/iam/external_clients', searchExternalClients, 'externalClients'),
  'tunnel-bridges': get('/iam/tunnel/bridges', plain('bridges', Permission.readTunnels), 'tunnels'),
  'tunnel-credentials': get('/iam/tunnel/bridges/:id/credentials', listTunnelCredentials, 'tunnels'),
  'llm-gateway-keys': get(
    '/llm-gateway/keys',
    plain('gatewayKeys', Permission.readGatewayKeys),
    'llmGateway',
  ),
  functions: get('/functions', plain('functions', Permission.readFunctions), 'functions'),
  'search-functions': post('/search/functions', searchFunctions, 'functions'),
  'search-decoys': post('/decoys/search', searchDecoys, 'decoys'),
  'session-settings': get('/settings/session', getSessionSettings),
  'create-finding': post('/findings', createFinding, 'findings'),
  'search-findings': post('/findings/search', searchFindings, 'findings'),
  'finding-state': post('/findings/:id/state', setFindingState, 'findings'),
  'system-log': post('/systemlog/events', listEvents, 'systemLog'),
} satisfies Record<string, Endpoint>;

export type EndpointName = keyof typeof ENDPOINTS;

/** Where a request goes. `other`: not an endpoint of the API. */
export type Target = EndpointName | 'token' | 'other';

interface Route extends Pick<Call, 'params'> {
  readonly name: EndpointName;
  readonly endpoint: Endpoint;
}

function get(path: string, answer: Endpoint['answer'], feature?: keyof Features): Endpoint {
  return { method: 'GET', path, answer, feature };
}

function post(path: string, answer: Endpoint['answer'], feature?: keyof Features): Endpoint {
  return { method: 'POST', path, answer, feature };
}

const ROUTES = Object.entries(ENDPOINTS).map(([name, endpoint]) => ({
  name: name as EndpointName,
  endpoint,
  pattern: new RegExp(`^${endpoint.path.replace(/:(\w+)/g, '(?<$1>[^/]*)')}$`),
}));

/** The endpoint of a path below the API's prefix; the allowed methods if the path has other methods only. */
export function findRoute(method: string, path: string): Route | { readonly allow: readonly string[] } {
  const allow = new Set<string>();
  for (const { name, endpoint, pattern } of ROUTES) {
    const found = pattern.exec(path);
    if (!found) continue;
    const params = Object.entries(found.groups ?? {}).map(([key, part]) => [key, decode(part)]);
    if (endpoint.method === method) return { name, endpoint, params: Object.fromEntries(params) };
    allow.add(endpoint.method);
  }
  return { allow: [...allow] };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    // A stray % names nothing that exists.
    return part;
  }
}

/** GET /auth/introspect: service roles and permissions of the credential, not the role ids of its owner. */
function introspect(call: Call) {
  const { caller, state } = call;
  require(call, Permission.introspect);
  return {
    principleId: caller.clientId,
    userId: caller.userId,
    roles: [...new Set(caller.roles.flatMap((role) => role.serviceRoles))].sort(),
    permissions: [...caller.permissions].sort(),
    features: Object.entries(state.features).flatMap(([name, setting]) => (setting === 'on' ? [name] : [])),
    disabledModules: [],
    deviceClientId: '',
    tenantId: '2aBcTenant0000000000000000A',
  };
}

/** GET /iam/personal_clients: the caller's own. */
function listPersonalClients(call: Call) {
  const own = ofUsers(call, new Set([call.caller.userId]));
  return mapped(undeclaredPage(call, own), (client) => withClientId(call, client, 'personal-client'));
}

function getPersonalClient(call: Call) {
  const client = existing(call.state.data.personalClients, call.params.id, 'personal client');
  if (client.userId !== call.caller.userId) require(call, Permission.searchPersonalClients);
  return { client: withClientId(call, client, 'personal-client') };
}

/** POST /search/iam/personal_clients: everyone's, or those of some users. The caller's own need no permission. */
function searchPersonalClients(call: Call) {
  const ask = readFields(call.body, { ...PAGE, query: 'string', users: 'refs' });
  const users = new Set(ask.users);
  const onlyOwn = users.size === 1 && users.has(call.caller.userId);
  if (!onlyOwn) require(call, Permission.searchPersonalClients);
  const theirs = users.size === 0 ? call.state.data.personalClients : ofUsers(call, users);
  const matching =
    ask.query === '' ? theirs : filter(theirs, (client) => contains(client.displayName, ask.query));
  return mapped(searchPage(call, matching, ask), (client) => withClientId(call, client, 'personal-client'));
}

function ofUsers(call: Call, users: ReadonlySet<string>) {
  return ownedBy(call.state.data.personalClients, users, (client) => client.userId);
}

/** Filters of the real search that this tenant does not have. It refuses them rather than return too much. */
const NOT_SERVED = {
  expandMask: 'object',
  delegateStatus: 'string',
  delegatedUserIds: 'strings',
  departments: 'strings',
  excludeOrigins: 'strings',
  excludeTypes: 'strings',
  isDelegate: 'boolean',
  jobTitles: 'strings',
  origins: 'strings',
  sourceAppIds: 'strings',
} as const;

const SEARCH_USERS = {
  ...PAGE,
  query: 'string',
  email: 'string',
  refs: 'refs',
  ids: 'strings',
  excludeIds: 'strings',
  roleIds: 'strings',
  managerIds: 'strings',
  userStatuses: 'strings',
  ...NOT_SERVED,
} as const;

function searchUsers(call: Call) {
  const ask = readFields(call.body, SEARCH_USERS);
  const unknown = Object.keys(call.body)
    .map(jsonName)
    .find((name) => Object.hasOwn(NOT_SERVED, name));
  if (unknown) throw apiError(Code.unimplemented, `the embedded tenant does not filter users by ${unknown}`);
  requireUnlessBlank(call, Permission.readUsers);

  const { users } = call.state.data;
  const ids = new Set([...ask.refs, ...ask.ids]);
  const chosen = ids.size === 0 ? users : findByIds(users, ids);
  const isWanted = (one: User) =>
    contains(`${one.displayName} ${one.email}`, ask.query) &&
    (ask.email === '' || one.email === ask.email) &&
    !ask.excludeIds.includes(one.id) &&
    (ask.roleIds.length === 0 || one.roleIds.some((id) => ask.roleIds.includes(id))) &&
    (ask.managerIds.length === 0 || one.managerIds.some((id) => ask.managerIds.includes(id))) &&
    admits(ask.userStatuses, one.status);
  const { excludeIds, roleIds, managerIds, userStatuses } = ask;
  const isNarrowed =
    `${ask.query}${ask.email}` !== '' || [excludeIds, roleIds, managerIds, userStatuses].flat().length > 0;
  const matching = isNarrowed ? filter(chosen, isWanted) : chosen;
  return { ...mapped(searchPage(call, matching, ask), (user) => userView(call, user)), expanded: [] };
}

function getUser(call: Call) {
  requireUnlessBlank(call, Permission.readUsers);
  const found = existing(call.state.data.users, call.params.id, 'user');
  return { userView: userView(call, found), expanded: [] };
}

function userView(call: Call, user: User) {
  return {
    user: visibleUser(call, user),
    userId: user.id,
    rolesPath: '',
    managersPath: '',
    delegatedUserPath: '',
    directoriesPath: '',
    objectPermissions: null,
  };
}

/** The user, with blank fields for a caller who may not read others. */
function visibleUser(call: Call, { ...shown }: User) {
  if (shown.id !== call.caller.userId && !may(call, Permission.readUsers)) {
    const { id, displayName } = shown;
    const unknown = { status: 'UNKNOWN', directoryStatus: 'UNKNOWN' } as const;
    const unspecified = { type: 'USER_TYPE_UNSPECIFIED', origin: 'USER_ORIGIN_UNSPECIFIED' } as const;
    Object.assign(shown, user({ id, displayName, ...unknown, ...unspecified }));
  }
  return {
    ...shown,
    emails: shown.email === '' ? [] : [shown.email],
    usernames: shown.username === '' ? [] : [shown.username],
    employeeIds: [],
    directoryIds: [],
    delegatedUserId: '',
    employmentType: '',
    profile: null,
  };
}

function listRoles(call: Call) {
  requireUnlessBlank(call, Permission.readRoles);
  return mapped(declaredPage(call, call.state.data.roles), (role) => visibleRole(call, role));
}

function visibleRole(call: Call, role: Role): Role {
  if (may(call, Permission.readRoles)) return role;
  return { ...role, name: '', displayName: '', permissions: [], createdAt: null, updatedAt: null };
}

/** GET /service_principals: all, or those that the caller owns if it may not read all. */
function listServicePrincipals(call: Call) {
  const { data } = call.state;
  const visible = may(call, Permission.readServicePrincipals)
    ? data.servicePrincipals
    : filter(data.servicePrincipals, (principal) => isOwn(call, principal));
  return mapped(undeclaredPage(call, visible), (principal) => withUser(call, principal));
}

function listCredentials(call: Call) {
  const page = undeclaredPage(call, credentialsOf(call, readable(call)));
  return mapped(page, (credential) => withClientId(call, credential, 'service-principal-credential'));
}

/** The service principal of the path, if the caller may read it. */
function readable(call: Call): ServicePrincipal {
  const principal = existing(call.state.data.servicePrincipals, call.params.id, 'service principal');
  if (!isOwn(call, principal)) require(call, Permission.readServicePrincipals);
  return principal;
}

function withUser(call: Call, { ownerIds: _inside, ...principal }: ServicePrincipal) {
  const found = findById(call.state.data.users, principal.id);
  return { ...principal, user: found ? visibleUser(call, found) : null, objectPermissions: null };
}

function credentialsOf(call: Call, { id }: ServicePrincipal) {
  return ownedBy(call.state.data.credentials, new Set([id]), (row) => row.servicePrincipalId);
}

function isOwn(call: Call, principal: ServicePrincipal): boolean {
  return principal.ownerIds.includes(call.caller.userId);
}

/** A search by text and `fields`: the records that `wanted` admits. */
function search<S extends Shape, T>(
  call: Call,
  table: Table<T>,
  permission: string,
  fields: S,
  wanted: (row: T, ask: Values<S> & { readonly query: string }) => boolean,
): Page<T> {
  const ask = readFields(call.body, { ...PAGE, query: 'string', ...fields }) as Values<S> &
    Values<typeof PAGE> & { readonly query: string };
  require(call, permission);
  const { pageSize, pageToken, ...filters } = ask;
  // A large table is read through only if something is filtered out.
  const isNarrowed = Object.values(filters).some((value) => value !== false && String(value) !== '');
  return searchPage(call, isNarrowed ? filter(table, (row) => wanted(row, ask)) : table, ask);
}

function contains(text: string, query: string): boolean {
  return text.toLowerCase().includes(query.toLowerCase());
}

function searchTrusts(call: Call) {
  const fields = { providerId: 'string', servicePrincipalId: 'string' } as const;
  const page = search(
    call,
    call.state.data.trusts,
    Permission.readFederation,
    fields,
    ({ displayName, description, ...trust }, { query, providerId, servicePrincipalId }) =>
      (providerId === '' || trust.providerId === providerId) &&
      (servicePrincipalId === '' || trust.servicePrincipalId === servicePrincipalId) &&
      contains(`${displayName}\n${description}`, query),
  );
  return mapped(page, (trust) => withClientId(call, trust, 'federation-trust'));
}

function searchDecoys(call: Call) {
  const fields = {
    kinds: 'strings',
    statuses: 'strings',
    annotationKeys: 'strings',
    hasBeenUsed: 'boolean',
  } as const;
  return search(
    call,
    call.state.data.decoys,
    Permission.readDecoys,
    fields,
    (decoy, { query, kinds, statuses, annotationKeys, hasBeenUsed }) =>
      contains(`${decoy.displayName}\n${decoy.description}`, query) &&
      admits(kinds, decoy.kind) &&
      admits(statuses, `DECOY_STATUS_FILTER_${decoy.disabled ? 'DISABLED' : 'ACTIVE'}`) &&
      (annotationKeys.length === 0 || annotationKeys.some((key) => key in decoy.annotations)) &&
      (!hasBeenUsed || decoy.lastUsedAt !== null),
  );
}

/** POST /search/iam/external_clients: everyone's, or those of some users. */
function searchExternalClients(call: Call) {
  const fields = { users: 'refs', clientIdUrls: 'strings', wellKnownClients: 'strings' } as const;
  return search(
    call,
    call.state.data.externalClients,
    Permission.searchExternalClients,
    fields,
    (client, { query, users, clientIdUrls, wellKnownClients }) =>
      contains(client.clientName, query) &&
      admits(users, client.userId) &&
      admits(clientIdUrls, client.clientId) &&
      admits(wellKnownClients, client.wellKnownClient),
  );
}

/** A list that answers with the records as they are: deleted bridges and revoked keys too. */
function plain(name: 'providers' | 'bridges' | 'gatewayKeys' | 'functions', permission: string) {
  return (call: Call) => {
    require(call, permission);
    return undeclaredPage<unknown>(call, call.state.data[name]);
  };
}

/** GET /iam/tunnel/bridges/{bridge_id}/credentials: revoked and expired ones too. */
function listTunnelCredentials(call: Call) {
  require(call, Permission.readTunnels);
  const { data, audience } = call.state;
  const { id } = existing(data.bridges, call.params.id, 'tunnel bridge');
  const theirs = filter(data.tunnelCredentials, ({ bridgeId }) => bridgeId === id);
  return mapped(undeclaredPage(call, theirs), (credential) => ({
    ...credential,
    clientId: `${credential.clientId}@${audience}/tcc`,
  }));
}

function searchFunctions(call: Call) {
  const { readFunctions } = Permission;
  const fields = { functionTypes: 'strings' } as const;
  return search(
    call,
    call.state.data.functions,
    readFunctions,
    fields,
    (row, { query, functionTypes }) =>
      contains(row.displayName, query) && admits(functionTypes, row.functionType),
  );
}

function getSessionSettings(call: Call) {
  require(call, Permission.readSettings);
  return {
    sessionSettings: {
      ...call.state.data.sessionSettings,
      maxSessionLength: '86400s',
      externalClientsEnabled: call.state.features.externalClients === 'on',
      clientIdMetadataDocumentPolicy: 'CLIENT_ID_METADATA_DOCUMENT_POLICY_UNSPECIFIED',
      clientIdApprovalRequestPolicyId: '',
    },
  };
}

function withClientId<T extends { readonly clientId: string }>(call: Call, record: T, kind: ClientKind): T {
  return { ...record, clientId: fullClientId(record.clientId, call.state.audience, kind) };
}

/** Without the permission, some tenants refuse and others leave fields blank. */
function requireUnlessBlank(call: Call, permission: string): void {
  if (call.state.withoutRights === 'refuse') require(call, permission);
}
