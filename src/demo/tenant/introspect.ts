import { type Call, require } from './call.js';
import { Permission } from './permissions.js';

/** GET /auth/introspect: service roles and permissions of the credential, not the role ids of its owner. */
export function introspect(call: Call) {
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
