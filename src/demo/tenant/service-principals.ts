import { type Call, may, notFound, require, requireFeature, undeclaredPage } from './call.js';
import { fullClientId } from './clients.js';
import { visibleUser } from './people.js';
import { Permission } from './permissions.js';
import type { ServicePrincipal } from './records.js';
import { filter, findById, ownedBy } from './tables.js';

/** GET /service_principals: all for those who may read them, else those that the caller owns. */
export function listServicePrincipals(call: Call) {
  const { data, features } = call.state;
  requireFeature('service principals', features.servicePrincipals);
  const visible = may(call, Permission.readServicePrincipals)
    ? data.servicePrincipals
    : filter(data.servicePrincipals, (principal) => isOwn(call, principal));
  const { list, nextPageToken } = undeclaredPage(call, 'service-principals', visible);
  return {
    list: list.map(({ ownerIds: _inside, ...principal }) => {
      const user = findById(data.users, principal.id);
      return { ...principal, user: user ? visibleUser(call, user) : null, objectPermissions: null };
    }),
    nextPageToken,
  };
}

/** GET /service_principals/{id}/credentials */
export function listCredentials(call: Call) {
  const { data, features, audience } = call.state;
  requireFeature('service principals', features.servicePrincipals);
  const principal = findById(data.servicePrincipals, call.params.id ?? '');
  if (!principal) throw notFound('service principal');
  if (!isOwn(call, principal)) require(call, Permission.readServicePrincipals);
  const theirs = ownedBy(data.credentials, new Set([principal.id]), (row) => row.servicePrincipalId);
  const { list, nextPageToken } = undeclaredPage(call, 'service-principal-credentials', theirs);
  return {
    list: list.map((credential) => ({
      ...credential,
      clientId: fullClientId(credential.clientId, audience, 'service-principal-credential'),
    })),
    nextPageToken,
  };
}

function isOwn(call: Call, principal: ServicePrincipal): boolean {
  return principal.ownerIds.includes(call.caller.userId);
}
