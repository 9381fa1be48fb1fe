import {
  Calendar,
  clientNameOf,
  idOf,
  personalClient,
  ROLE,
  sessionSettings,
  systemRoles,
  type TenantRecords,
  user,
} from '../../src/demo/records.js';

/** A tenant with the system roles, one Super Administrator and the caller's personal client only. */
export function tenantRecords(now: number, over: Partial<TenantRecords> = {}): TenantRecords {
  const calendar = new Calendar(now);
  const caller = user({
    id: idOf('caller'),
    displayName: 'Ada Okafor',
    email: 'ada.okafor@acme.example',
    roleIds: [ROLE.owner],
  });
  const own = personalClient({
    id: clientNameOf(idOf('caller-key')),
    displayName: 'c1-audit',
    userId: caller.id,
    createdAt: calendar.ago(10),
    expiresTime: calendar.ahead(80),
    lastUsedAt: calendar.ago(0),
    allowSourceCidr: ['62.176.96.0/24'],
    scopedRoles: [ROLE.owner],
  });
  return {
    personalClients: [own],
    users: [caller],
    roles: systemRoles(),
    servicePrincipals: [],
    credentials: [],
    trusts: [],
    providers: [],
    decoys: [],
    exposures: [],
    externalClients: [],
    bridges: [],
    tunnelCredentials: [],
    gatewayKeys: [],
    functions: [],
    sessionSettings: sessionSettings(),
    caller: own.clientId,
    federatedCaller: '',
    ...over,
  };
}
