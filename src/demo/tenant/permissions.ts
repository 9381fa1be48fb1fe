/** What the tenant's roles can allow. Owners of a credential need none to see their own. */
export const Permission = {
  searchPersonalClients: 'iam:personal_client:search',
  readUsers: 'user:read',
  readRoles: 'iam:role:read',
  readServicePrincipals: 'service_principal:read',
  readFederation: 'workload_federation:read',
  readDecoys: 'decoy:read',
  readSettings: 'settings:session:read',
  readFindings: 'finding:read',
  writeFindings: 'finding:write',
} as const;
