import type { Table } from './tenant/paging.js';

/** A finding that a client pushed. */
export interface CustomFinding {
  id: string;
  fingerprint: string;
  dedupKeyParts: readonly string[];
  customSubType: string;
  severity: string;
  state: string;
  description: string;
  remediationDescription: string;
  annotations: Readonly<Record<string, string>>;
  identityUserTarget: { identityUserId: string } | null;
  tenantTarget: Record<string, never> | null;
  sourceKind: 'FINDING_SOURCE_KIND_EXTERNAL';
  custom: Record<string, never>;
  recurrenceCount: number;
  createdAt: string;
  updatedAt: string;
  firstObservedAt: string;
  lastObservedAt: string;
  resolvedAt: string | null;
  riskAcceptanceJustification: string;
  riskAcceptanceExpiresAt: string | null;
}

/** A finding of ConductorOne's own detector: a credential is public. */
export interface ExposureFinding {
  id: string;
  fingerprint: string;
  severity: string;
  state: string;
  sourceKind: 'FINDING_SOURCE_KIND_DETECTOR';
  sourceDetectorId: string;
  annotations: Readonly<Record<string, string>>;
  identityUserTarget: { identityUserId: string } | null;
  tenantTarget: Record<string, never> | null;
  credentialPubliclyExposed: { userClientId: string; credentialDisplayName: string };
  credentialPubliclyExposedEvidence: {
    sourceUrl: string;
    sourceKind: string;
    credentialRevoked: boolean;
    firstObservedAt: Timestamp;
    reportingScanners: readonly string[];
  };
  recurrenceCount: number;
  createdAt: Timestamp;
  updatedAt: Timestamp;
  firstObservedAt: Timestamp;
  lastObservedAt: Timestamp;
  resolvedAt: Timestamp;
}

/** Permissions as introspect and refusals name them, after the operation that needs them. */
export const Permission = {
  introspect: 'permission/c1.api.auth.v1.Auth.Introspect',
  readUsers: 'permission/c1.api.user.v1.UserService.Get',
  readRoles: 'permission/c1.api.iam.v1.Roles.List',
  searchPersonalClients: 'permission/c1.api.iam.v1.PersonalClientSearchService.Search',
  readServicePrincipals: 'permission/c1.api.service_principal.v1.ServicePrincipalService.List',
  readFederation: 'permission/c1.api.workload_federation.v1.WorkloadFederationService.SearchTrusts',
  readDecoys: 'permission/c1.api.decoy.v1.DecoySearchService.Search',
  searchExternalClients: 'permission/c1.api.iam.v1.ExternalClientSearchService.Search',
  readTunnels: 'permission/c1.api.iam.v1.TunnelCredentialsService.ListBridges',
  readGatewayKeys: 'permission/c1.api.llm_gateway.v1.GatewayKeyService.List',
  readFunctions: 'permission/c1.api.functions.v1.FunctionsService.ListFunctions',
  readSettings: 'permission/c1.api.settings.v1.SessionSettingsService.Get',
  readFindings: 'permission/c1.api.finding.v1.FindingSearchService.Search',
  writeFindings: 'permission/c1.api.finding.v1.FindingService.CreateFinding',
  readSystemLog: 'permission/c1.api.systemlog.v1.SystemLogService.ListEvents',
} as const;

/** RFC 3339 in UTC, or null where unset. */
export type Timestamp = string | null;

/**
 * The tenant's records as the API returns them, with one difference: a `clientId` may be the bare name
 * (`strange-hydra-68836`). The tenant adds its host and the suffix when it answers.
 */
export interface PersonalClient {
  id: string;
  clientId: string;
  displayName: string;
  userId: string;
  createdAt: Timestamp;
  updatedAt: Timestamp;
  deletedAt: Timestamp;
  expiresTime: Timestamp;
  lastUsedAt: Timestamp;
  allowSourceCidr: string[];
  scopedRoles: string[];
}

type UserStatus = 'UNKNOWN' | 'ENABLED' | 'DISABLED' | 'DELETED';

type UserType =
  | 'USER_TYPE_UNSPECIFIED'
  | 'USER_TYPE_SYSTEM'
  | 'USER_TYPE_HUMAN'
  | 'USER_TYPE_SERVICE'
  | 'USER_TYPE_AGENT';

export interface User {
  id: string;
  displayName: string;
  email: string;
  username: string;
  department: string;
  jobTitle: string;
  employmentStatus: string;
  status: UserStatus;
  directoryStatus: UserStatus;
  type: UserType;
  origin: 'USER_ORIGIN_UNSPECIFIED' | 'USER_ORIGIN_DIRECTORY' | 'USER_ORIGIN_LOCAL' | 'USER_ORIGIN_SYSTEM';
  roleIds: string[];
  managerIds: string[];
  createdAt: Timestamp;
  updatedAt: Timestamp;
  deletedAt: Timestamp;
}

export interface Role {
  id: string;
  name: string;
  displayName: string;
  permissions: string[];
  serviceRoles: string[];
  systemApiOnly: boolean;
  systemBuiltin: boolean;
  createdAt: Timestamp;
  updatedAt: Timestamp;
  deletedAt: Timestamp;
}

/** The API adds the user of the same id as `user`. `ownerIds` are not returned; they decide who else may read it. */
export interface ServicePrincipal {
  id: string;
  displayName: string;
  createdAt: Timestamp;
  updatedAt: Timestamp;
  ownerIds: string[];
}

export interface ServicePrincipalCredential {
  id: string;
  clientId: string;
  displayName: string;
  servicePrincipalId: string;
  createdAt: Timestamp;
  expiresAt: Timestamp;
  lastUsedAt: Timestamp;
  requireDpop: boolean;
  allowSourceCidrs: string[];
  scopedRoleIds: string[];
}

export interface FederationTrust {
  clientId: string;
  displayName: string;
  description: string;
  conditionExpression: string;
  disabled: boolean;
  providerId: string;
  servicePrincipalId: string;
  allowSourceCidrs: string[];
  scopedRoleIds: string[];
  passthroughClaims: string[];
  createdAt: Timestamp;
  updatedAt: Timestamp;
}

export interface FederationProvider {
  id: string;
  displayName: string;
  description: string;
  issuerUrl: string;
  wellKnownProvider: string;
  disabled: boolean;
  oidc: Record<string, never> | null;
  spiffe: { bundleEndpointUrl: string } | null;
  createdAt: Timestamp;
  updatedAt: Timestamp;
}

type DecoyKind =
  | 'DECOY_KIND_UNSPECIFIED'
  | 'DECOY_KIND_USER_CLIENT_CREDENTIAL'
  | 'DECOY_KIND_CONNECTOR_CLIENT'
  | 'DECOY_KIND_WORKLOAD_FEDERATION'
  | 'DECOY_KIND_ACCESS_TOKEN';

/** A planted credential, without the client id that it has in the ordinary lists. */
export interface Decoy {
  id: string;
  kind: DecoyKind;
  displayName: string;
  description: string;
  annotations: Record<string, string>;
  disabled: boolean;
  materialFingerprintSha256: string;
  createdAt: Timestamp;
  updatedAt: Timestamp;
  lastUsedAt: Timestamp;
}

/** An OAuth or MCP client that a user approved: one record for each user. */
export interface ExternalClient {
  clientId: string;
  clientIdType:
    | 'CLIENT_ID_TYPE_UNSPECIFIED'
    | 'CLIENT_ID_TYPE_DCR'
    | 'CLIENT_ID_TYPE_METADATA_URL'
    | 'CLIENT_ID_TYPE_APP';
  clientIdUrl: string;
  clientName: string;
  displayName: string;
  userId: string;
  roleIds: string[];
  createdAt: Timestamp;
  lastUsedAt: Timestamp;
  verifiedDomain: string;
  wellKnownClient: string;
  mcpClientId: string;
}

export interface TunnelBridge {
  id: string;
  displayName: string;
  description: string;
  appliance: {
    status: `TUNNEL_APPLIANCE_STATUS_${'UNSPECIFIED' | 'CONNECTED' | 'DISCONNECTED' | 'NEVER_CONNECTED'}`;
    lastSeenAt: Timestamp;
    announcedServiceCount: number;
    links: never[];
  } | null;
  createdAt: Timestamp;
  updatedAt: Timestamp;
  deletedAt: Timestamp;
}

export interface TunnelCredential {
  id: string;
  bridgeId: string;
  clientId: string;
  /** Only the answer to its creation holds one. */
  clientSecret: '';
  credentialStatus: `TUNNEL_CREDENTIAL_STATUS_${'UNSPECIFIED' | 'ACTIVE' | 'REVOKED' | 'EXPIRED'}`;
  createdAt: Timestamp;
  updatedAt: Timestamp;
  expiresTime: Timestamp;
  lastUsedAt: Timestamp;
  revokedAt: Timestamp;
  deletedAt: Timestamp;
}

export interface GatewayKey {
  id: string;
  displayName: string;
  keyPrefix: string;
  createdAt: Timestamp;
  updatedAt: Timestamp;
  revokedAt: Timestamp;
}

export interface TenantFunction {
  id: string;
  displayName: string;
  description: string;
  functionType: 'FUNCTION_TYPE_ANY' | 'FUNCTION_TYPE_CODE_MODE';
  scopedRoleIds: string[];
  useSpn: boolean;
  isDraft: boolean;
  createdAt: Timestamp;
  updatedAt: Timestamp;
  deletedAt: Timestamp;
}

/** A login or a call with a credential, as the system log keeps it. */
export interface LoggedUse {
  uid: string;
  /** Milliseconds since the epoch. */
  at: number;
  /** Bare or complete, as in the credential's record. */
  clientId: string;
  kind: 'personal-client' | 'service-principal-credential' | 'federation-trust';
  /** The user or service principal; empty for a credential that does not exist. */
  principalId: string;
  address: string;
  grant: string;
  /** Why it was refused; empty if it was not. */
  refused: string;
  /** Absent for a login. */
  call?: { method: string; path: string; isSearch: boolean; status: number };
}

interface CidrRestriction {
  enabled: boolean;
  sourceCidr: string[];
}

export interface SessionSettings {
  pccUserSource: CidrRestriction | null;
  pccAdminSource: CidrRestriction | null;
  ssoUserSource: CidrRestriction | null;
  ssoAdminSource: CidrRestriction | null;
  connectorSource: CidrRestriction | null;
  externalClientSource: CidrRestriction | null;
}

/** Everything in a tenant. Held by reference: a change is in the next answer. */
export interface TenantData {
  personalClients: Table<PersonalClient>;
  users: Table<User>;
  roles: Table<Role>;
  servicePrincipals: Table<ServicePrincipal>;
  credentials: Table<ServicePrincipalCredential>;
  trusts: Table<FederationTrust>;
  providers: Table<FederationProvider>;
  decoys: Table<Decoy>;
  exposures: Table<ExposureFinding>;
  externalClients: Table<ExternalClient>;
  bridges: Table<TunnelBridge>;
  tunnelCredentials: Table<TunnelCredential>;
  gatewayKeys: Table<GatewayKey>;
  functions: Table<TenantFunction>;
  sessionSettings: SessionSettings;
  /** The system log from before the tenant was started, oldest first. Absent: empty. */
  uses?: Table<LoggedUse>;
  /** The bare client id of the personal client that the tenant hands out as its environment. */
  caller: string;
  /** The bare client id of the federation trust that is used by default. */
  federatedCaller: string;
}

/** The same with plain arrays. */
export interface TenantRecords extends TenantData {
  personalClients: PersonalClient[];
  users: User[];
  roles: Role[];
  servicePrincipals: ServicePrincipal[];
  credentials: ServicePrincipalCredential[];
  trusts: FederationTrust[];
  providers: FederationProvider[];
  decoys: Decoy[];
  exposures: ExposureFinding[];
  externalClients: ExternalClient[];
  bridges: TunnelBridge[];
  tunnelCredentials: TunnelCredential[];
  gatewayKeys: GatewayKey[];
  functions: TenantFunction[];
  uses?: LoggedUse[];
}
