import { type Call, may, notFound, require, requireFeature, undeclaredPage } from './call.js';
import { fullClientId } from './clients.js';
import { trustOnWire } from './federation.js';
import { visibleUser } from './people.js';
import { Permission } from './permissions.js';
import type { ServicePrincipal, ServicePrincipalCredential } from './records.js';
import { filter, findById, ownedBy } from './tables.js';

/** GET /service_principals: all for those who may read them, else those that the caller owns. */
export function listServicePrincipals(call: Call) {
  const { data, features } = call.state;
  requireFeature('service principals', features.servicePrincipals);
  const visible = may(call, Permission.readServicePrincipals)
    ? data.servicePrincipals
    : filter(data.servicePrincipals, (principal) => isOwn(call, principal));
  const { list, nextPageToken } = undeclaredPage(call, 'service-principals', visible);
  return { list: list.map((principal) => onWire(call, principal)), nextPageToken };
}

/** GET /service_principals/{id} */
export function getServicePrincipal(call: Call) {
  return { servicePrincipal: onWire(call, readable(call, 'service principals')) };
}

/** GET /service_principals/{id}/credentials */
export function listCredentials(call: Call) {
  const { list, nextPageToken } = undeclaredPage(
    call,
    'service-principal-credentials',
    credentialsOf(call, readable(call, 'service principals')),
  );
  return { list: list.map((credential) => credentialOnWire(call, credential)), nextPageToken };
}

/** GET /service_principals/{id}/credentials/{credential_id} */
export function getCredential(call: Call) {
  const theirs = credentialsOf(call, readable(call, 'service principals'));
  const credential = findById(theirs, call.params.credential ?? '');
  if (!credential) throw notFound('service principal credential');
  return { credential: credentialOnWire(call, credential) };
}

/** GET /service_principals/{id}/trusts */
export function listPrincipalTrusts(call: Call) {
  const { list, nextPageToken } = undeclaredPage(
    call,
    'service-principal-trusts',
    trustsOf(call, readable(call, 'workload federation')),
  );
  return { list: list.map((trust) => trustOnWire(call, trust)), nextPageToken };
}

/** GET /service_principals/{id}/trusts/{client_id} */
export function getPrincipalTrust(call: Call) {
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

function onWire(call: Call, { ownerIds: _inside, ...principal }: ServicePrincipal) {
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
