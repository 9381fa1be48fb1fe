import { createHash } from 'node:crypto';
import { DAY } from '../contract/index.js';
import type { Table } from './tenant/call.js';

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

const ALPHANUMERICS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const ADJECTIVES = 'brave calm clever eager fuzzy gentle jolly lucky quiet strange'.split(' ');
const ANIMALS = 'badger falcon gecko heron hydra lynx otter puffin raven walrus'.split(' ');

/** An id of 27 alphanumerics, always the same for the same text. */
export function idOf(text: string): string {
  const bytes = createHash('sha256').update(text).digest();
  return `2${[...bytes.subarray(0, 26)].map((byte) => ALPHANUMERICS[byte % 62]).join('')}`;
}

/** The bare name of a client, such as `strange-hydra-68836`, always the same for the same text. */
export function clientNameOf(text: string): string {
  const bytes = createHash('sha256').update(`name of ${text}`).digest();
  const [adjective = 0, animal = 0] = bytes;
  return `${ADJECTIVES[adjective % 10]}-${ANIMALS[animal % 10]}-${10_000 + (bytes.readUInt32BE(2) % 90_000)}`;
}

/** RFC 3339 in UTC, or null where unset. */
export type Timestamp = string | null;

/** Instants around `now`, as the API writes them. */
export class Calendar {
  readonly now: number;

  constructor(now: number) {
    this.now = now;
  }

  ago(days: number): string;
  ago(days: number | null | undefined): Timestamp;
  ago(days: number | null = null): Timestamp {
    return days === null ? null : new Date(this.now - days * DAY).toISOString();
  }

  ahead(days: number): string {
    return this.ago(-days);
  }
}

const UNSET = null as Timestamp;

/** What a record must be made with: its id; a client without one has its client id. */
type Key<T> = Pick<T, keyof T & ('id' extends keyof T ? 'id' : 'clientId')>;

/** Makes records as `blank` has them, but for what is given. */
function maker<T extends object>(blank: (given: Readonly<Record<string, unknown>>) => T) {
  return (given: Partial<T> & Key<T>): T => ({ ...blank(given), ...given });
}

/** As the API sets it: a record that was never changed has the date of its creation. */
const changedAt = ({ createdAt = null }: Readonly<Record<string, unknown>>) => createdAt as Timestamp;

const madeAt = (given: Readonly<Record<string, unknown>>) => ({
  createdAt: UNSET,
  updatedAt: changedAt(given),
});

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/*
 * The tenant's records as the API returns them, with one difference: a `clientId` may be the bare name
 * (`strange-hydra-68836`). The tenant adds its host and the suffix when it answers.
 */

type UserStatus = 'UNKNOWN' | 'ENABLED' | 'DISABLED' | 'DELETED';

/** An active person without roles. */
export const user = maker(({ email = '' }) => ({
  id: '',
  displayName: '',
  email: '',
  username: email as string,
  department: '',
  jobTitle: '',
  employmentStatus: '',
  status: 'ENABLED' as UserStatus,
  directoryStatus: 'ENABLED' as UserStatus,
  type: 'USER_TYPE_HUMAN' as `USER_TYPE_${'UNSPECIFIED' | 'SYSTEM' | 'HUMAN' | 'SERVICE' | 'AGENT'}`,
  origin: 'USER_ORIGIN_DIRECTORY' as `USER_ORIGIN_${'UNSPECIFIED' | 'DIRECTORY' | 'LOCAL' | 'SYSTEM'}`,
  roleIds: [] as string[],
  managerIds: [] as string[],
  ...madeAt({}),
  deletedAt: UNSET,
}));
export type User = ReturnType<typeof user>;

/** A built-in role by default. */
export const role = maker(() => ({
  id: '',
  name: '',
  displayName: '',
  permissions: [] as string[],
  serviceRoles: [] as string[],
  systemApiOnly: false,
  systemBuiltin: true,
  ...madeAt({}),
  deletedAt: UNSET,
}));
export type Role = ReturnType<typeof role>;

/** A personal client with every optional field unset: it never expires, was never used and has no role scope. */
export const personalClient = maker((given) => ({
  id: '',
  // A personal client's id is the local part of its client id.
  clientId: given.id as string,
  displayName: '',
  userId: '',
  ...madeAt(given),
  deletedAt: UNSET,
  expiresTime: UNSET,
  lastUsedAt: UNSET,
  allowSourceCidr: [] as string[],
  scopedRoles: [] as string[],
}));
export type PersonalClient = ReturnType<typeof personalClient>;

/** The API adds the user of the same id as `user`. `ownerIds` are not returned; they decide who else may read it. */
export const servicePrincipal = maker((given) => ({
  id: '',
  displayName: '',
  ...madeAt(given),
  ownerIds: [] as string[],
}));
export type ServicePrincipal = ReturnType<typeof servicePrincipal>;

/** A service-principal credential with every optional field unset. */
export const credential = maker((given) => ({
  id: '',
  clientId: given.id as string,
  displayName: '',
  servicePrincipalId: '',
  createdAt: UNSET,
  expiresAt: UNSET,
  lastUsedAt: UNSET,
  requireDpop: false,
  allowSourceCidrs: [] as string[],
  scopedRoleIds: [] as string[],
}));
export type ServicePrincipalCredential = ReturnType<typeof credential>;

/** An enabled trust without condition. */
export const trust = maker((given) => ({
  clientId: '',
  displayName: '',
  description: '',
  conditionExpression: '',
  disabled: false,
  providerId: '',
  servicePrincipalId: '',
  allowSourceCidrs: [] as string[],
  scopedRoleIds: [] as string[],
  passthroughClaims: [] as string[],
  ...madeAt(given),
}));
export type FederationTrust = ReturnType<typeof trust>;

export const provider = maker((given) => ({
  id: '',
  displayName: '',
  description: '',
  issuerUrl: `https://issuer.example/${given.id}`,
  wellKnownProvider: 'WELL_KNOWN_WORKLOAD_PROVIDER_CUSTOM',
  disabled: false,
  oidc: {} as Record<string, never> | null,
  spiffe: null as { bundleEndpointUrl: string } | null,
  ...madeAt(given),
}));
export type FederationProvider = ReturnType<typeof provider>;

type DecoyKind =
  `DECOY_KIND_${'UNSPECIFIED' | 'USER_CLIENT_CREDENTIAL' | 'CONNECTOR_CLIENT' | 'WORKLOAD_FEDERATION' | 'ACCESS_TOKEN'}`;

/** A planted credential that was never used, without the client id that it has in the ordinary lists. */
export const decoy = maker((given) => ({
  id: '',
  kind: 'DECOY_KIND_USER_CLIENT_CREDENTIAL' as DecoyKind,
  displayName: '',
  description: '',
  annotations: {} as Record<string, string>,
  disabled: false,
  materialFingerprintSha256:
    given.kind === 'DECOY_KIND_WORKLOAD_FEDERATION' ? '' : sha256(`secret of ${given.id}`),
  ...madeAt(given),
  lastUsedAt: UNSET,
}));
export type Decoy = ReturnType<typeof decoy>;

/** An open finding of ConductorOne's own detector: the secret of the named credential is in a public repository. */
export const exposure = maker((given) => {
  const at = changedAt(given);
  return {
    id: '',
    fingerprint: sha256(`exposure ${given.id}`),
    severity: 'FINDING_SEVERITY_CRITICAL',
    state: 'FINDING_STATE_OPEN',
    sourceKind: 'FINDING_SOURCE_KIND_DETECTOR',
    sourceDetectorId: 'credential_publicly_exposed',
    annotations: {} as Readonly<Record<string, string>>,
    identityUserTarget: null as { identityUserId: string } | null,
    tenantTarget: (given.identityUserTarget ? null : {}) as Record<string, never> | null,
    credentialPubliclyExposed: { userClientId: '', credentialDisplayName: '' },
    credentialPubliclyExposedEvidence: {
      sourceUrl: '',
      sourceKind: 'github',
      credentialRevoked: false,
      firstObservedAt: at,
      reportingScanners: ['github-secret-scanning'],
    },
    recurrenceCount: 0,
    createdAt: at,
    updatedAt: at,
    firstObservedAt: at,
    lastObservedAt: at,
    resolvedAt: UNSET,
  };
});
export type ExposureFinding = ReturnType<typeof exposure>;

/**
 * An OAuth or MCP client that a user approved, one record for each user: it registered itself, was never used, and has
 * every right of its user.
 */
export const externalClient = maker(({ clientId, clientIdType, displayName = '' }) => ({
  clientId: '',
  clientIdType: 'CLIENT_ID_TYPE_DCR' as `CLIENT_ID_TYPE_${'UNSPECIFIED' | 'DCR' | 'METADATA_URL' | 'APP'}`,
  clientIdUrl: clientIdType === 'CLIENT_ID_TYPE_METADATA_URL' ? (clientId as string) : '',
  clientName: displayName as string,
  displayName: '',
  userId: '',
  roleIds: [] as string[],
  createdAt: UNSET,
  lastUsedAt: UNSET,
  verifiedDomain: '',
  wellKnownClient: 'WELL_KNOWN_CLIENT_UNKNOWN',
  mcpClientId: '',
}));
export type ExternalClient = ReturnType<typeof externalClient>;

interface Appliance {
  status: `TUNNEL_APPLIANCE_STATUS_${'UNSPECIFIED' | 'CONNECTED' | 'DISCONNECTED' | 'NEVER_CONNECTED'}`;
  lastSeenAt: Timestamp;
  announcedServiceCount: number;
  links: never[];
}

/** A bridge whose appliance never connected. */
export const bridge = maker((given) => ({
  id: '',
  displayName: '',
  description: '',
  appliance: {
    status: 'TUNNEL_APPLIANCE_STATUS_NEVER_CONNECTED',
    lastSeenAt: null,
    announcedServiceCount: 0,
    links: [],
  } as Appliance | null,
  ...madeAt(given),
  deletedAt: UNSET,
}));
export type TunnelBridge = ReturnType<typeof bridge>;

/** An active credential that never expires and was never used. */
export const tunnelCredential = maker((given) => ({
  id: '',
  bridgeId: '',
  clientId: given.id as string,
  // Only the answer to its creation holds one.
  clientSecret: '',
  credentialStatus:
    'TUNNEL_CREDENTIAL_STATUS_ACTIVE' as `TUNNEL_CREDENTIAL_STATUS_${'UNSPECIFIED' | 'ACTIVE' | 'REVOKED' | 'EXPIRED'}`,
  ...madeAt(given),
  expiresTime: UNSET,
  lastUsedAt: UNSET,
  revokedAt: UNSET,
  deletedAt: UNSET,
}));
export type TunnelCredential = ReturnType<typeof tunnelCredential>;

export const gatewayKey = maker((given) => ({
  id: '',
  displayName: '',
  keyPrefix: `c1llm_${(given.id as string).slice(0, 4)}`,
  ...madeAt(given),
  revokedAt: UNSET,
}));
export type GatewayKey = ReturnType<typeof gatewayKey>;

/** A published function without roles. */
export const tenantFunction = maker((given) => ({
  id: '',
  displayName: '',
  description: '',
  functionType: 'FUNCTION_TYPE_ANY' as `FUNCTION_TYPE_${'ANY' | 'CODE_MODE'}`,
  scopedRoleIds: [] as string[],
  useSpn: true,
  isDraft: false,
  ...madeAt(given),
  deletedAt: UNSET,
}));
export type TenantFunction = ReturnType<typeof tenantFunction>;

type OfDetectors = 'sourceKind' | 'sourceDetectorId' | `credentialPubliclyExposed${'' | 'Evidence'}`;

/** A finding that a client pushed. */
export interface CustomFinding extends Omit<ExposureFinding, OfDetectors> {
  dedupKeyParts: readonly string[];
  customSubType: string;
  description: string;
  remediationDescription: string;
  sourceKind: 'FINDING_SOURCE_KIND_EXTERNAL';
  custom: Record<string, never>;
  riskAcceptanceJustification: string;
  riskAcceptanceExpiresAt: string | null;
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

const NETWORKS = [
  'pccUserSource',
  'pccAdminSource',
  'ssoUserSource',
  'ssoAdminSource',
  'connectorSource',
  'externalClientSource',
] as const;

export type SessionSettings = Record<
  (typeof NETWORKS)[number],
  { enabled: boolean; sourceCidr: string[] } | null
>;

/** No network is restricted. */
export function sessionSettings(): SessionSettings {
  const open = NETWORKS.map((name) => [name, { enabled: false, sourceCidr: [] }] as const);
  return Object.fromEntries(open) as unknown as SessionSettings;
}

interface Lists {
  personalClients: PersonalClient;
  users: User;
  roles: Role;
  servicePrincipals: ServicePrincipal;
  credentials: ServicePrincipalCredential;
  trusts: FederationTrust;
  providers: FederationProvider;
  decoys: Decoy;
  exposures: ExposureFinding;
  externalClients: ExternalClient;
  bridges: TunnelBridge;
  tunnelCredentials: TunnelCredential;
  gatewayKeys: GatewayKey;
  functions: TenantFunction;
}

interface Rest {
  sessionSettings: SessionSettings;
  /** The system log from before the tenant was started, oldest first. Absent: empty. */
  uses?: Table<LoggedUse>;
  /** The bare client id of the personal client that the tenant hands out as its environment. */
  caller: string;
  /** The bare client id of the federation trust that is used by default. */
  federatedCaller: string;
}

/** Everything in a tenant. Held by reference: a change is in the next answer. */
export type TenantData = { [Name in keyof Lists]: Table<Lists[Name]> } & Rest;

/** The same with plain arrays. */
export type TenantRecords = { [Name in keyof Lists]: Lists[Name][] } & Rest & { uses?: LoggedUse[] };

/** Ids of the system's roles. */
export const ROLE = {
  owner: idOf('role system:owner'),
  viewer: idOf('role system:viewer'),
  user: idOf('role system:user'),
  applicationAdmin: idOf('role system:application-admin'),
  campaignAdmin: idOf('role system:campaign-admin'),
  logsReader: idOf('role system:system-logs-reader'),
} as const;

/** Any role lets its holder ask who they are. */
const REFLECTION = 'role/c1.api.auth.v1.Auth:reflection';

const ALL_PERMISSIONS = Object.values(Permission).filter(
  (permission) => permission !== Permission.introspect,
);
const SUPER_ADMINISTRATOR_ONLY: readonly string[] = [
  Permission.searchPersonalClients,
  Permission.searchExternalClients,
  Permission.readDecoys,
  Permission.writeFindings,
  Permission.readSystemLog,
];
const READ = ALL_PERMISSIONS.filter((permission) => !SUPER_ADMINISTRATOR_ONLY.includes(permission));
const PEOPLE_AND_ROLES = [Permission.readUsers, Permission.readRoles];

/** Id, name, display name, service role below `role/c1.api.`, permissions. */
// biome-ignore format: a table
const SYSTEM_ROLES: readonly (readonly [string, string, string, string, readonly string[]])[] = [
  [ROLE.owner,            'owner',              'Super Administrator',       'tenant.v1.Tenant:owner',                    ALL_PERMISSIONS],
  [ROLE.viewer,           'viewer',             'Read-Only Administrator',   'tenant.v1.Tenant:viewer',                   READ],
  [ROLE.user,             'user',               'Basic User',                'tenant.v1.Tenant:user',                     []],
  [ROLE.applicationAdmin, 'application-admin',  'Application Administrator', 'app.v1.Apps:admin',                         PEOPLE_AND_ROLES],
  [ROLE.campaignAdmin,    'campaign-admin',     'Campaign Administrator',    'accessreview.v1.AccessReviewService:admin', PEOPLE_AND_ROLES],
  [ROLE.logsReader,       'system-logs-reader', 'System Logs Reader',        'systemlog.v1.SystemLogService:viewer',      [Permission.readSystemLog]],
];

/** The roles that every tenant has. */
export function systemRoles(): Role[] {
  return SYSTEM_ROLES.map(([id, name, displayName, serviceRole, permissions]) =>
    role({
      id,
      name: `system:${name}`,
      displayName,
      serviceRoles: [`role/c1.api.${serviceRole}`, REFLECTION],
      permissions: [...permissions],
    }),
  );
}
