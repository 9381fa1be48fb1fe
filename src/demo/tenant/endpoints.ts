import {
  type FederationTrust,
  Permission,
  type PersonalClient,
  type Role,
  type ServicePrincipal,
  type ServicePrincipalCredential,
  type User,
} from '../records.js';
import {
  type Call,
  declaredPage,
  may,
  notFound,
  require,
  requireFeature,
  searchPage,
  undeclaredPage,
} from './call.js';
import { searchDecoys } from './decoys.js';
import { apiError, Code, jsonName, readFields } from './errors.js';
import { createFinding, searchFindings, setFindingState } from './findings.js';
import { evaluateCondition, fullClientId } from './login.js';
import { filter, findById, findByIds, ownedBy } from './paging.js';

/** POST /search/workload_federation_trusts */
function searchTrusts(call: Call) {
  const { data, features } = call.state;
  requireFeature('workload federation', features.federation);
  const ask = readFields(call.body, {
    pageSize: 'integer',
    pageToken: 'string',
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
  const { list, nextPageToken } = searchPage(call, matching, ask, [providerId, servicePrincipalId, text]);
  return {
    list: list.map((trust) => trustOnWire(call, trust)),
    nextPageToken,
  };
}

function trustOnWire(call: Call, trust: FederationTrust): FederationTrust {
  return { ...trust, clientId: fullClientId(trust.clientId, call.state.audience, 'federation-trust') };
}

/** GET /workload_federation/providers */
function listProviders(call: Call) {
  const { data, features } = call.state;
  requireFeature('workload federation', features.federation);
  require(call, Permission.readFederation);
  return undeclaredPage(call, 'federation-providers', data.providers);
}

/** GET /workload_federation/providers/{id} */
function getProvider(call: Call) {
  const { data, features } = call.state;
  requireFeature('workload federation', features.federation);
  require(call, Permission.readFederation);
  const provider = findById(data.providers, call.params.id ?? '');
  if (!provider) throw notFound('workload federation provider');
  return { provider };
}

/** POST /workload_federation/test-cel */
async function testCel(call: Call) {
  requireFeature('workload federation', call.state.features.federation);
  const { expression, claimsJson } = readFields(call.body, { expression: 'string', claimsJson: 'string' });
  const claims = parseClaims(claimsJson);
  return { expression, ...(await evaluateCondition(expression, claims)) };
}

function parseClaims(text: string): Record<string, unknown> {
  try {
    const claims: unknown = JSON.parse(text);
    if (typeof claims === 'object' && claims !== null && !Array.isArray(claims)) {
      return claims as Record<string, unknown>;
    }
  } catch {
    // Said below, like any other claims that are no object.
  }
  throw apiError(Code.invalidArgument, 'claims_json must be a JSON object');
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

const SEARCH_USERS = {
  pageSize: 'integer',
  pageToken: 'string',
  query: 'string',
  email: 'string',
  refs: 'refs',
  ids: 'strings',
  excludeIds: 'strings',
  roleIds: 'strings',
  managerIds: 'strings',
  userStatuses: 'strings',
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

/** Filters of the real search that this tenant does not know: refused, lest a list look narrowed that is not. */
const NOT_SERVED = [
  'expandMask',
  'delegateStatus',
  'delegatedUserIds',
  'departments',
  'excludeOrigins',
  'excludeTypes',
  'isDelegate',
  'jobTitles',
  'origins',
  'sourceAppIds',
] as const;

/** POST /search/users */
function searchUsers(call: Call) {
  const ask = readFields(call.body, SEARCH_USERS);
  const given = Object.keys(call.body).map(jsonName);
  const unknown = NOT_SERVED.find((name) => given.includes(name));
  if (unknown) throw apiError(Code.unimplemented, `the embedded tenant does not filter users by ${unknown}`);
  if (call.state.withoutRights === 'refuse') require(call, Permission.readUsers);

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

  const { pageSize: _size, pageToken: _token, ...query } = ask;
  const { list, nextPageToken } = searchPage(call, matching, ask, query);
  return { list: list.map((user) => userView(call, user)), expanded: [], nextPageToken };
}

/** GET /users */
function listUsers(call: Call) {
  if (call.state.withoutRights === 'refuse') require(call, Permission.readUsers);
  const { list, nextPageToken } = declaredPage(call, call.state.data.users);
  return { list: list.map((user) => userView(call, user)), expanded: [], nextPageToken };
}

/** GET /users/{id} */
function getUser(call: Call) {
  if (call.state.withoutRights === 'refuse') require(call, Permission.readUsers);
  const user = findById(call.state.data.users, call.params.id ?? '');
  if (!user) throw notFound('user');
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

/** The whole user, or one with blank fields for a caller who may not read others. */
function visibleUser(call: Call, user: User) {
  const whole = {
    ...user,
    emails: user.email === '' ? [] : [user.email],
    usernames: user.username === '' ? [] : [user.username],
    employeeIds: [],
    directoryIds: [],
    delegatedUserId: '',
    employmentStatus: '',
    employmentType: '',
    profile: null,
  };
  if (user.id === call.caller.userId || may(call, Permission.readUsers)) return whole;
  return {
    ...whole,
    email: '',
    emails: [],
    username: '',
    usernames: [],
    department: '',
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
  if (call.state.withoutRights === 'refuse') require(call, Permission.readRoles);
  const { list, nextPageToken } = declaredPage(call, call.state.data.roles);
  return { list: list.map((role) => visibleRole(call, role)), nextPageToken };
}

/** GET /iam/roles/{id} */
function getRole(call: Call) {
  if (call.state.withoutRights === 'refuse') require(call, Permission.readRoles);
  const role = findById(call.state.data.roles, call.params.id ?? '');
  if (!role) throw notFound('role');
  return { role: visibleRole(call, role) };
}

function visibleRole(call: Call, role: Role): Role {
  if (may(call, Permission.readRoles)) return role;
  return { ...role, name: '', displayName: '', permissions: [], createdAt: null, updatedAt: null };
}

/** GET /iam/personal_clients: the caller's own. */
function listPersonalClients(call: Call) {
  const own = ofUsers(call, new Set([call.caller.userId]));
  const { list, nextPageToken } = undeclaredPage(call, 'personal-clients', own);
  return { list: list.map((client) => onWire(call, client)), nextPageToken };
}

/** GET /iam/personal_clients/{id} */
function getPersonalClient(call: Call) {
  const client = findById(call.state.data.personalClients, call.params.id ?? '');
  if (!client) throw notFound('personal client');
  if (client.userId !== call.caller.userId) require(call, Permission.searchPersonalClients);
  return { client: onWire(call, client) };
}

/** POST /search/iam/personal_clients: everyone's, or those of some users; the caller's own need no right. */
function searchPersonalClients(call: Call) {
  const ask = readFields(call.body, {
    pageSize: 'integer',
    pageToken: 'string',
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
  const { list, nextPageToken } = searchPage(call, matching, ask, [[...users], text]);
  return { list: list.map((client) => onWire(call, client)), nextPageToken };
}

function ofUsers(call: Call, users: ReadonlySet<string>) {
  return ownedBy(call.state.data.personalClients, users, (client) => client.userId);
}

function onWire(call: Call, client: PersonalClient): PersonalClient {
  return { ...client, clientId: fullClientId(client.clientId, call.state.audience, 'personal-client') };
}

/** GET /service_principals: all for those who may read them, else those that the caller owns. */
function listServicePrincipals(call: Call) {
  const { data, features } = call.state;
  requireFeature('service principals', features.servicePrincipals);
  const visible = may(call, Permission.readServicePrincipals)
    ? data.servicePrincipals
    : filter(data.servicePrincipals, (principal) => isOwn(call, principal));
  const { list, nextPageToken } = undeclaredPage(call, 'service-principals', visible);
  return { list: list.map((principal) => servicePrincipalsOnWire(call, principal)), nextPageToken };
}

/** GET /service_principals/{id} */
function getServicePrincipal(call: Call) {
  return { servicePrincipal: servicePrincipalsOnWire(call, readable(call, 'service principals')) };
}

/** GET /service_principals/{id}/credentials */
function listCredentials(call: Call) {
  const { list, nextPageToken } = undeclaredPage(
    call,
    'service-principal-credentials',
    credentialsOf(call, readable(call, 'service principals')),
  );
  return { list: list.map((credential) => credentialOnWire(call, credential)), nextPageToken };
}

/** GET /service_principals/{id}/credentials/{credential_id} */
function getCredential(call: Call) {
  const theirs = credentialsOf(call, readable(call, 'service principals'));
  const credential = findById(theirs, call.params.credential ?? '');
  if (!credential) throw notFound('service principal credential');
  return { credential: credentialOnWire(call, credential) };
}

/** GET /service_principals/{id}/trusts */
function listPrincipalTrusts(call: Call) {
  const { list, nextPageToken } = undeclaredPage(
    call,
    'service-principal-trusts',
    trustsOf(call, readable(call, 'workload federation')),
  );
  return { list: list.map((trust) => trustOnWire(call, trust)), nextPageToken };
}

/** GET /service_principals/{id}/trusts/{client_id} */
function getPrincipalTrust(call: Call) {
  const theirs = trustsOf(call, readable(call, 'workload federation'));
  const trust = theirs
    .map((row) => trustOnWire(call, row))
    .find(({ clientId }) => clientId === call.params.trust);
  if (!trust) throw notFound('workload federation trust');
  return { trust };
}

/** The service principal of the path, if the caller may read it. */
function readable(call: Call, feature: 'service principals' | 'workload federation'): ServicePrincipal {
  const { data, features } = call.state;
  requireFeature(
    feature,
    feature === 'service principals' ? features.servicePrincipals : features.federation,
  );
  const principal = findById(data.servicePrincipals, call.params.id ?? '');
  if (!principal) throw notFound('service principal');
  if (!isOwn(call, principal)) require(call, Permission.readServicePrincipals);
  return principal;
}

function servicePrincipalsOnWire(call: Call, { ownerIds: _inside, ...principal }: ServicePrincipal) {
  const user = findById(call.state.data.users, principal.id);
  return { ...principal, user: user ? visibleUser(call, user) : null, objectPermissions: null };
}

function credentialsOf(call: Call, { id }: ServicePrincipal) {
  return ownedBy(call.state.data.credentials, new Set([id]), (row) => row.servicePrincipalId);
}

function credentialOnWire(call: Call, credential: ServicePrincipalCredential): ServicePrincipalCredential {
  const { audience } = call.state;
  return {
    ...credential,
    clientId: fullClientId(credential.clientId, audience, 'service-principal-credential'),
  };
}

function trustsOf(call: Call, { id }: ServicePrincipal) {
  return filter(call.state.data.trusts, (trust) => trust.servicePrincipalId === id);
}

function isOwn(call: Call, principal: ServicePrincipal): boolean {
  return principal.ownerIds.includes(call.caller.userId);
}

/** GET /settings/session */
function getSessionSettings(call: Call) {
  require(call, Permission.readSettings);
  return {
    sessionSettings: {
      ...call.state.data.sessionSettings,
      maxSessionLength: '86400s',
      externalClientsEnabled: false,
      clientIdMetadataDocumentPolicy: 'CLIENT_ID_METADATA_DOCUMENT_POLICY_UNSPECIFIED',
      clientIdApprovalRequestPolicyId: '',
    },
  };
}

export const API_PREFIX = '/api/v1';

interface Endpoint {
  readonly method: 'GET' | 'POST';
  /** Below the API's prefix; `:id` stands for one part of the path. */
  readonly path: string;
  /** Returns the JSON of a 200, or throws a Refusal. */
  answer(call: Call): unknown;
}

/** Every endpoint of the API that the tenant serves, by the name that faults and recorded requests use. */
export const ENDPOINTS = {
  introspect: { method: 'GET', path: '/auth/introspect', answer: introspect },
  'personal-clients': { method: 'GET', path: '/iam/personal_clients', answer: listPersonalClients },
  'personal-client': { method: 'GET', path: '/iam/personal_clients/:id', answer: getPersonalClient },
  'search-personal-clients': {
    method: 'POST',
    path: '/search/iam/personal_clients',
    answer: searchPersonalClients,
  },
  'search-users': { method: 'POST', path: '/search/users', answer: searchUsers },
  users: { method: 'GET', path: '/users', answer: listUsers },
  user: { method: 'GET', path: '/users/:id', answer: getUser },
  roles: { method: 'GET', path: '/iam/roles', answer: listRoles },
  role: { method: 'GET', path: '/iam/roles/:id', answer: getRole },
  'service-principals': { method: 'GET', path: '/service_principals', answer: listServicePrincipals },
  'service-principal': { method: 'GET', path: '/service_principals/:id', answer: getServicePrincipal },
  'service-principal-credentials': {
    method: 'GET',
    path: '/service_principals/:id/credentials',
    answer: listCredentials,
  },
  'service-principal-credential': {
    method: 'GET',
    path: '/service_principals/:id/credentials/:credential',
    answer: getCredential,
  },
  'service-principal-trusts': {
    method: 'GET',
    path: '/service_principals/:id/trusts',
    answer: listPrincipalTrusts,
  },
  'service-principal-trust': {
    method: 'GET',
    path: '/service_principals/:id/trusts/:trust',
    answer: getPrincipalTrust,
  },
  'search-federation-trusts': {
    method: 'POST',
    path: '/search/workload_federation_trusts',
    answer: searchTrusts,
  },
  'federation-providers': { method: 'GET', path: '/workload_federation/providers', answer: listProviders },
  'federation-provider': { method: 'GET', path: '/workload_federation/providers/:id', answer: getProvider },
  'test-cel': { method: 'POST', path: '/workload_federation/test-cel', answer: testCel },
  'search-decoys': { method: 'POST', path: '/decoys/search', answer: searchDecoys },
  'session-settings': { method: 'GET', path: '/settings/session', answer: getSessionSettings },
  'create-finding': { method: 'POST', path: '/findings', answer: createFinding },
  'search-findings': { method: 'POST', path: '/findings/search', answer: searchFindings },
  'finding-state': { method: 'POST', path: '/findings/:id/state', answer: setFindingState },
} as const satisfies Record<string, Endpoint>;

export type EndpointName = keyof typeof ENDPOINTS;

/** Where a request goes. `other`: no endpoint of the API. */
export type Target = EndpointName | 'token' | 'other';

export interface Route {
  readonly name: EndpointName;
  readonly endpoint: Endpoint;
  readonly params: Readonly<Record<string, string>>;
}

/** The endpoint for a path below the API's prefix; the methods allowed there when it is served by others. */
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
