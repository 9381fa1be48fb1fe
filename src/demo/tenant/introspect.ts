import type { Call } from './call.js';

/** GET /auth/introspect */
export function introspect({ caller, state }: Call) {
  return {
    principleId: caller.clientId,
    userId: caller.userId,
    roles: caller.roles.map((role) => role.id),
    permissions: [...caller.permissions].sort(),
    features: Object.entries(state.features).flatMap(([name, setting]) => (setting === 'on' ? [name] : [])),
    disabledModules: [],
    deviceClientId: '',
    tenantId: '2aBcTenant0000000000000000A',
  };
}
