import { Permission, type PersonalClient, type Role, type ServicePrincipal, type User } from '../records.js';
import {
  type Call,
  declaredPage,
  existing,
  mapped,
  may,
  notFound,
  PAGE,
  require,
  searchPage,
  undeclaredPage,
} from './call.js';
import { apiError, Code } from './errors.js';
import { jsonName, parseObject, readFields } from './fields.js';
import { createFinding, searchFindings, setFindingState } from './findings.js';
import { type ClientKind, evaluateCondition, fullClientId } from './login.js';
import { filter, findById, findByIds, ownedBy } from './paging.js';
import type { Features } from './state.js';
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

/** Every endpoint of the API that the tenant serves. */
export const ENDPOINTS = {
  introspect: get('/auth/introspect', introspect),
  'personal-clients': get('/iam/personal_clients', listPersonalClients),
  'personal-client': get('/iam/personal_clients/:id', getPersonalClient),
  'search-personal-clients': post('/search/iam/personal_clients', searchPersonalClients),
  'search-users': post('/search/users', searchUsers),
  users: get('/users', listUsers),
  user: get('/users/:id', getUser),
  roles: get('/iam/roles', listRoles),
  role: get('/iam/roles/:id', getRole),
  'service-principals': get('/service_principals', listServicePrincipals, 'servicePrincipals'),
  'service-principal': get('/service_principals/:id', getServicePrincipal, 'servicePrincipals'),
  'service-principal-credentials': get(
    '/service_principals/:id/credentials',
    listCredentials,
    'servicePrincipals',
  ),
  'service-principal-credential': get(
    '/service_principals/:id/credentials/:credential',
    getCredential,
    'servicePrincipals',
  ),
  'service-principal-trusts': get('/service_principals/:id/trusts', listPrincipalTrusts, 'federation'),
  'service-principal-trust': get('/service_principals/:id/trusts/:trust', getPrincipalTrust, 'federation'),
  'search-federation-trusts': post('/search/workload_federation_trusts', searchTrusts, 'federation'),
  'federation-providers': get('/workload_federation/providers', listProviders, 'federation'),
  'federation-provider': get('/workload_federation/providers/:id', getProvider, 'federation'),
  'test-cel': post('/workload_federation/test-cel', testCel, 'federation'),
  'search-external-clients': post('/search/iam/external_clients', searchExternalClients, 'externalClients'),
  'tunnel-bridges': get('/iam/tunnel/bridges', listBridges, 'tunnels'),
  'tunnel-credentials': get('/iam/tunnel/bridges/:id/credentials', listTunnelCredentials, 'tunnels'),
  'llm-gateway-keys': get('/llm-gateway/keys', listGatewayKeys, 'llmGateway'),
  functions: get('/functions', listFunctions, 'functions'),
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

interface Route {
  readonly name: EndpointName;
  readonly endpoint: Endpoint;
  readonly params: Readonly<Record<string, string>>;
}

function get(path: string, answer: Endpoint['answer'], feature?: keyof Features): Endpoint {
  return { method: 'GET', path, answer, feature };
}

function post(path: string, answer: Endpoint['answer'], feature?: keyof Features): Endpoint {
  return { method: 'POST', path, answer, feature };
}

/** The endpoint of a path below the API's prefix; the allowed methods if the path has other methods only. */
export function findRoute(method: string, path: string): Route | { readonly allow: readonly string[] } {
  const allow = new Set<string>();
  for (const [name, endpoint] of Object.entries(ENDPOINTS)) {
    const params = matchPath(endpoint.path, path);
    if (!params) continue;
    if (endpoint.method === method) return { name: name as EndpointName, endpoint, params };
    allow.add(endpoint.method);
  }
  return { allow: [...allow] };
}

function matchPath(pattern: string, path: string): Record<string, string> | undefined {
  const wanted = pattern.split('/');
  const parts = path.split('/');
  if (wanted.length !== parts.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, name] of wanted.entries()) {
    const part = parts[index] ?? '';
    if (name.startsWith(':')) params[name.slice(1)] = decode(part);
    else if (name !== part) return undefined;
  }
  return params;
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
  return mapped(undeclaredPage(call, 'personal-clients', own), (client) => personalClientView(call, client));
}

/** GET /iam/personal_clients/{id} */
function getPersonalClient(call: Call) {
  const client = existing(call.state.data.personalClients, call.params.id, 'personal client');
  if (client.userId !== call.caller.userId) require(call, Permission.searchPersonalClients);
  return { client: personalClientView(call, client) };
}

/** POST /search/iam/personal_clients: everyone's, or those of some users. The caller's own need no permission. */
function searchPersonalClients(call: Call) {
  const ask = readFields(call.body, {
    ...PAGE,
    query: 'string',
    users: 'refs',
  });
  const users = new Set(ask.users);
  const onlyOwn = users.size === 1 && users.has(call.caller.userId);
  if (!onlyOwn) require(call, Permission.searchPersonalClients);
  const theirs = users.size === 0 ? call.state.data.personalClients : ofUsers(call, users);
  const text = ask.query.toLowerCase();
  const matching =
    text === '' ? theirs : filter(theirs, (client) => client.displayName.toLowerCase().includes(text));
  return mapped(searchPage(call, matching, ask), (client) => personalClientView(call, client));
}

function personalClientView(call: Call, client: PersonalClient): PersonalClient {
  return withClientId(call, client, 'personal-client');
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

/** POST /search/users */
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
  const tests: ((user: User) => boolean)[] = [];
  const text = ask.query.toLowerCase();
  if (text !== '') tests.push((u) => `${u.displayName} ${u.email}`.toLowerCase().includes(text));
  if (ask.email !== '') tests.push((u) => u.email === ask.email);
  if (ask.excludeIds.length > 0) tests.push((u) => !ask.excludeIds.includes(u.id));
  if (ask.roleIds.length > 0) tests.push((u) => u.roleIds.some((id) => ask.roleIds.includes(id)));
  if (ask.managerIds.length > 0) tests.push((u) => u.managerIds.some((id) => ask.managerIds.includes(id)));
  if (ask.userStatuses.length > 0) tests.push((u) => ask.userStatuses.includes(u.status));
  const matching = tests.length === 0 ? chosen : filter(chosen, (user) => tests.every((test) => test(user)));

  return { ...mapped(searchPage(call, matching, ask), (user) => userView(call, user)), expanded: [] };
}

/** GET /users */
function listUsers(call: Call) {
  requireUnlessBlank(call, Permission.readUsers);
  const page = declaredPage(call, call.state.data.users);
  return { ...mapped(page, (user) => userView(call, user)), expanded: [] };
}

/** GET /users/{id} */
function getUser(call: Call) {
  requireUnlessBlank(call, Permission.readUsers);
  const user = existing(call.state.data.users, call.params.id, 'user');
  return { userView: userView(call, user), expanded: [] };
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
function visibleUser(call: Call, user: User) {
  const full = {
    ...user,
    emails: user.email === '' ? [] : [user.email],
    usernames: user.username === '' ? [] : [user.username],
    employeeIds: [],
    directoryIds: [],
    delegatedUserId: '',
    employmentType: '',
    profile: null,
  };
  if (user.id === call.caller.userId || may(call, Permission.readUsers)) return full;
  return {
    ...full,
    email: '',
    emails: [],
    username: '',
    usernames: [],
    department: '',
    employmentStatus: '',
    jobTitle: '',
    status: 'UNKNOWN',
    directoryStatus: 'UNKNOWN',
    type: 'USER_TYPE_UNSPECIFIED',
    origin: 'USER_ORIGIN_UNSPECIFIED',
    roleIds: [],
    managerIds: [],
    createdAt: null,
    updatedAt: null,
    deletedAt: null,
  };
}

/** GET /iam/roles */
function listRoles(call: Call) {
  requireUnlessBlank(call, Permission.readRoles);
  return mapped(declaredPage(call, call.state.data.roles), (role) => visibleRole(call, role));
}

/** GET /iam/roles/{id} */
function getRole(call: Call) {
  requireUnlessBlank(call, Permission.readRoles);
  const role = existing(call.state.data.roles, call.params.id, 'role');
  return { role: visibleRole(call, role) };
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
  return mapped(undeclaredPage(call, 'service-principals', visible), (principal) =>
    withUser(call, principal),
  );
}

/** GET /service_principals/{id} */
function getServicePrincipal(call: Call) {
  return { servicePrincipal: withUser(call, readable(call)) };
}

/** GET /service_principals/{id}/credentials */
function listCredentials(call: Call) {
  const page = undeclaredPage(call, 'service-principal-credentials', credentialsOf(call, readable(call)));
  return mapped(page, (credential) => withClientId(call, credential, 'service-principal-credential'));
}

/** GET /service_principals/{id}/credentials/{credential_id} */
function getCredential(call: Call) {
  const theirs = credentialsOf(call, readable(call));
  const credential = existing(theirs, call.params.credential, 'service principal credential');
  return { credential: withClientId(call, credential, 'service-principal-credential') };
}

/** GET /service_principals/{id}/trusts */
function listPrincipalTrusts(call: Call) {
  const page = undeclaredPage(call, 'service-principal-trusts', trustsOf(call, readable(call)));
  return mapped(page, (trust) => withClientId(call, trust, 'federation-trust'));
}

/** GET /service_principals/{id}/trusts/{client_id} */
function getPrincipalTrust(call: Call) {
  const theirs = trustsOf(call, readable(call));
  const trust = theirs
    .map((row) => withClientId(call, row, 'federation-trust'))
    .find(({ clientId }) => clientId === call.params.trust);
  if (!trust) throw notFound('workload federation trust');
  return { trust };
}

/** The service principal of the path, if the caller may read it. */
function readable(call: Call): ServicePrincipal {
  const principal = existing(call.state.data.servicePrincipals, call.params.id, 'service principal');
  if (!isOwn(call, principal)) require(call, Permission.readServicePrincipals);
  return principal;
}

function withUser(call: Call, { ownerIds: _inside, ...principal }: ServicePrincipal) {
  const user = findById(call.state.data.users, principal.id);
  return { ...principal, user: user ? visibleUser(call, user) : null, objectPermissions: null };
}

function credentialsOf(call: Call, { id }: ServicePrincipal) {
  return ownedBy(call.state.data.credentials, new Set([id]), (row) => row.servicePrincipalId);
}

function trustsOf(call: Call, { id }: ServicePrincipal) {
  return filter(call.state.data.trusts, (trust) => trust.servicePrincipalId === id);
}

function isOwn(call: Call, principal: ServicePrincipal): boolean {
  return principal.ownerIds.includes(call.caller.userId);
}

/** POST /search/workload_federation_trusts */
function searchTrusts(call: Call) {
  const { data } = call.state;
  const ask = readFields(call.body, {
    ...PAGE,
    providerId: 'string',
    servicePrincipalId: 'string',
    query: 'string',
  });
  require(call, Permission.readFederation);
  const { providerId, servicePrincipalId } = ask;
  const text = ask.query.toLowerCase();
  const narrowed = providerId !== '' || servicePrincipalId !== '' || text !== '';
  const matching = narrowed
    ? filter(
        data.trusts,
        (trust) =>
          (providerId === '' || trust.providerId === providerId) &&
          (servicePrincipalId === '' || trust.servicePrincipalId === servicePrincipalId) &&
          `${trust.displayName}\n${trust.description}`.toLowerCase().includes(text),
      )
    : data.trusts;
  return mapped(searchPage(call, matching, ask), (trust) => withClientId(call, trust, 'federation-trust'));
}

/** GET /workload_federation/providers */
function listProviders(call: Call) {
  require(call, Permission.readFederation);
  return undeclaredPage(call, 'federation-providers', call.state.data.providers);
}

/** GET /workload_federation/providers/{id} */
function getProvider(call: Call) {
  require(call, Permission.readFederation);
  return { provider: existing(call.state.data.providers, call.params.id, 'workload federation provider') };
}

/** POST /workload_federation/test-cel */
async function testCel(call: Call) {
  const { expression, claimsJson } = readFields(call.body, { expression: 'string', claimsJson: 'string' });
  const claims = parseObject(claimsJson);
  if (!claims) throw apiError(Code.invalidArgument, 'claims_json must be a JSON object');
  return { expression, ...(await evaluateCondition(expression, claims)) };
}

/** POST /decoys/search */
function searchDecoys(call: Call) {
  const ask = readFields(call.body, {
    ...PAGE,
    query: 'string',
    kinds: 'strings',
    statuses: 'strings',
    annotationKeys: 'strings',
    hasBeenUsed: 'boolean',
  });
  require(call, Permission.readDecoys);
  const text = ask.query.toLowerCase();
  const admits = (wanted: readonly string[], value: string) => wanted.length === 0 || wanted.includes(value);
  const matching = filter(
    call.state.data.decoys,
    (decoy) =>
      `${decoy.displayName}\n${decoy.description}`.toLowerCase().includes(text) &&
      admits(ask.kinds, decoy.kind) &&
      admits(ask.statuses, `DECOY_STATUS_FILTER_${decoy.disabled ? 'DISABLED' : 'ACTIVE'}`) &&
      (ask.annotationKeys.length === 0 || ask.annotationKeys.some((key) => key in decoy.annotations)) &&
      (!ask.hasBeenUsed || decoy.lastUsedAt !== null),
  );
  return searchPage(call, matching, ask);
}

/** POST /search/iam/external_clients: everyone's, or those of some users. */
function searchExternalClients(call: Call) {
  const ask = readFields(call.body, {
    ...PAGE,
    query: 'string',
    users: 'refs',
    clientIdUrls: 'strings',
    wellKnownClients: 'strings',
  });
  require(call, Permission.searchExternalClients);
  const text = ask.query.toLowerCase();
  const admits = (wanted: readonly string[], value: string) => wanted.length === 0 || wanted.includes(value);
  const matching = filter(
    call.state.data.externalClients,
    ({ clientId, clientName, userId, wellKnownClient }) =>
      clientName.toLowerCase().includes(text) &&
      admits(ask.users, userId) &&
      admits(ask.clientIdUrls, clientId) &&
      admits(ask.wellKnownClients, wellKnownClient),
  );
  return searchPage(call, matching, ask);
}

/** GET /iam/tunnel/bridges: deleted ones too, as long as they have an active credential. */
function listBridges(call: Call) {
  require(call, Permission.readTunnels);
  return undeclaredPage(call, 'tunnel-bridges', call.state.data.bridges);
}

/** GET /iam/tunnel/bridges/{bridge_id}/credentials: revoked and expired ones too. */
function listTunnelCredentials(call: Call) {
  require(call, Permission.readTunnels);
  const { data, audience } = call.state;
  const { id } = existing(data.bridges, call.params.id, 'tunnel bridge');
  const theirs = filter(data.tunnelCredentials, ({ bridgeId }) => bridgeId === id);
  return mapped(undeclaredPage(call, 'tunnel-credentials', theirs), (credential) => ({
    ...credential,
    clientId: `${credential.clientId}@${audience}/tcc`,
  }));
}

/** GET /llm-gateway/keys: revoked ones too. */
function listGatewayKeys(call: Call) {
  require(call, Permission.readGatewayKeys);
  return undeclaredPage(call, 'llm-gateway-keys', call.state.data.gatewayKeys);
}

/** GET /functions */
function listFunctions(call: Call) {
  require(call, Permission.readFunctions);
  return undeclaredPage(call, 'functions', call.state.data.functions);
}

/** POST /search/functions */
function searchFunctions(call: Call) {
  const ask = readFields(call.body, { ...PAGE, query: 'string', functionTypes: 'strings' });
  require(call, Permission.readFunctions);
  const text = ask.query.toLowerCase();
  const matching = filter(
    call.state.data.functions,
    ({ displayName, functionType }) =>
      displayName.toLowerCase().includes(text) &&
      (ask.functionTypes.length === 0 || ask.functionTypes.includes(functionType)),
  );
  return searchPage(call, matching, ask);
}

/** GET /settings/session */
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

/** The record with its complete client id. */
function withClientId<T extends { readonly clientId: string }>(call: Call, record: T, kind: ClientKind): T {
  return { ...record, clientId: fullClientId(record.clientId, call.state.audience, kind) };
}

/** Without the permission, some tenants refuse and others leave fields blank. */
function requireUnlessBlank(call: Call, permission: string): void {
  if (call.state.withoutRights === 'refuse') require(call, permission);
}
