/** Permissions as introspect and refusals name them: by the operation that needs them. */
export const Permission = {
  introspect: 'permission/c1.api.auth.v1.Auth.Introspect',
  searchPersonalClients: 'permission/c1.api.iam.v1.PersonalClientSearchService.Search',
  readUsers: 'permission/c1.api.user.v1.UserService.Get',
  readRoles: 'permission/c1.api.iam.v1.Roles.List',
  readServicePrincipals: 'permission/c1.api.service_principal.v1.ServicePrincipalService.List',
  readFederation: 'permission/c1.api.workload_federation.v1.WorkloadFederationService.SearchTrusts',
  readDecoys: 'permission/c1.api.decoy.v1.DecoySearchService.Search',
  readSettings: 'permission/c1.api.settings.v1.SessionSettingsService.Get',
  readFindings: 'permission/c1.api.finding.v1.FindingSearchService.Search',
  writeFindings: 'permission/c1.api.finding.v1.FindingService.CreateFinding',
} as const;

/** The service roles behind the system's roles. */
export const ServiceRole = {
  owner: 'role/c1.api.tenant.v1.Tenant:owner',
  viewer: 'role/c1.api.tenant.v1.Tenant:viewer',
  user: 'role/c1.api.tenant.v1.Tenant:user',
  applicationAdmin: 'role/c1.api.app.v1.Apps:admin',
  campaignAdmin: 'role/c1.api.accessreview.v1.AccessReviewService:admin',
  logsReader: 'role/c1.api.systemlog.v1.SystemLogService:viewer',
  /** Whoever may ask who they are. */
  reflection: 'role/c1.api.auth.v1.Auth:reflection',
} as const;
