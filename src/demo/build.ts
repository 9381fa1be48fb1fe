import { createHash } from 'node:crypto';
import { DAY } from '../contract/index.js';
import type {
  Decoy,
  ExposureFinding,
  ExternalClient,
  FederationProvider,
  FederationTrust,
  GatewayKey,
  PersonalClient,
  Role,
  ServicePrincipal,
  ServicePrincipalCredential,
  SessionSettings,
  TenantFunction,
  TunnelBridge,
  TunnelCredential,
  User,
} from './records.js';
import { Permission } from './records.js';

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

/** Instants around `now`, as the API writes them. */
export class Calendar {
  readonly now: number;

  constructor(now: number) {
    this.now = now;
  }

  ago(days: number): string {
    return new Date(this.now - days * DAY).toISOString();
  }

  ahead(days: number): string {
    return this.ago(-days);
  }
}

/** An active person without roles. */
export function user(over: Partial<User> & { readonly id: string }): User {
  return {
    displayName: '',
    email: '',
    username: over.email ?? '',
    department: '',
    jobTitle: '',
    employmentStatus: '',
    status: 'ENABLED',
    directoryStatus: 'ENABLED',
    type: 'USER_TYPE_HUMAN',
    origin: 'USER_ORIGIN_DIRECTORY',
    roleIds: [],
    managerIds: [],
    createdAt: null,
    updatedAt: null,
    deletedAt: null,
    ...over,
  };
}

/** A built-in role by default. */
export function role(over: Partial<Role> & { readonly id: string }): Role {
  return {
    name: '',
    displayName: '',
    permissions: [],
    serviceRoles: [],
    systemApiOnly: false,
    systemBuiltin: true,
    createdAt: null,
    updatedAt: null,
    deletedAt: null,
    ...over,
  };
}

/** A personal client with every optional field unset: it never expires, was never used and has no role scope. */
export function personalClient(over: Partial<PersonalClient> & { readonly id: string }): PersonalClient {
  return {
    // A personal client's id is the local part of its client id.
    clientId: over.id,
    displayName: '',
    userId: '',
    createdAt: null,
    updatedAt: over.createdAt ?? null,
    deletedAt: null,
    expiresTime: null,
    lastUsedAt: null,
    allowSourceCidr: [],
    scopedRoles: [],
    ...over,
  };
}

export function servicePrincipal(
  over: Partial<ServicePrincipal> & { readonly id: string },
): ServicePrincipal {
  return { displayName: '', createdAt: null, updatedAt: over.createdAt ?? null, ownerIds: [], ...over };
}

/** A service-principal credential with every optional field unset. */
export function credential(
  over: Partial<ServicePrincipalCredential> & { readonly id: string },
): ServicePrincipalCredential {
  return {
    clientId: over.id,
    displayName: '',
    servicePrincipalId: '',
    createdAt: null,
    expiresAt: null,
    lastUsedAt: null,
    requireDpop: false,
    allowSourceCidrs: [],
    scopedRoleIds: [],
    ...over,
  };
}

/** An enabled trust without condition. */
export function trust(over: Partial<FederationTrust> & { readonly clientId: string }): FederationTrust {
  return {
    displayName: '',
    description: '',
    conditionExpression: '',
    disabled: false,
    providerId: '',
    servicePrincipalId: '',
    allowSourceCidrs: [],
    scopedRoleIds: [],
    passthroughClaims: [],
    createdAt: null,
    updatedAt: over.createdAt ?? null,
    ...over,
  };
}

export function provider(over: Partial<FederationProvider> & { readonly id: string }): FederationProvider {
  return {
    displayName: '',
    description: '',
    issuerUrl: `https://issuer.example/${over.id}`,
    wellKnownProvider: 'WELL_KNOWN_WORKLOAD_PROVIDER_CUSTOM',
    disabled: false,
    oidc: {},
    spiffe: null,
    createdAt: null,
    updatedAt: over.createdAt ?? null,
    ...over,
  };
}

/** A decoy that was never used. */
export function decoy(over: Partial<Decoy> & { readonly id: string }): Decoy {
  return {
    kind: 'DECOY_KIND_USER_CLIENT_CREDENTIAL',
    displayName: '',
    description: '',
    annotations: {},
    disabled: false,
    materialFingerprintSha256:
      over.kind === 'DECOY_KIND_WORKLOAD_FEDERATION'
        ? ''
        : createHash('sha256').update(`secret of ${over.id}`).digest('hex'),
    createdAt: null,
    updatedAt: over.createdAt ?? null,
    lastUsedAt: null,
    ...over,
  };
}

/** An open finding: the secret of the named credential is in a public repository. */
export function exposure(over: Partial<ExposureFinding> & { readonly id: string }): ExposureFinding {
  const at = over.createdAt ?? null;
  return {
    fingerprint: createHash('sha256').update(`exposure ${over.id}`).digest('hex'),
    severity: 'FINDING_SEVERITY_CRITICAL',
    state: 'FINDING_STATE_OPEN',
    sourceKind: 'FINDING_SOURCE_KIND_DETECTOR',
    sourceDetectorId: 'credential_publicly_exposed',
    annotations: {},
    identityUserTarget: null,
    tenantTarget: over.identityUserTarget ? null : {},
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
    resolvedAt: null,
    ...over,
  };
}

/** A client that registered itself and was never used, with every right of its user. */
export function externalClient(
  over: Partial<ExternalClient> & Pick<ExternalClient, 'clientId' | 'userId'>,
): ExternalClient {
  return {
    clientIdType: 'CLIENT_ID_TYPE_DCR',
    clientIdUrl: over.clientIdType === 'CLIENT_ID_TYPE_METADATA_URL' ? over.clientId : '',
    clientName: over.displayName ?? '',
    displayName: '',
    roleIds: [],
    createdAt: null,
    lastUsedAt: null,
    verifiedDomain: '',
    wellKnownClient: 'WELL_KNOWN_CLIENT_UNKNOWN',
    mcpClientId: '',
    ...over,
  };
}

/** A bridge whose appliance never connected. */
export function bridge(over: Partial<TunnelBridge> & { readonly id: string }): TunnelBridge {
  return {
    displayName: '',
    description: '',
    appliance: {
      status: 'TUNNEL_APPLIANCE_STATUS_NEVER_CONNECTED',
      lastSeenAt: null,
      announcedServiceCount: 0,
      links: [],
    },
    createdAt: null,
    updatedAt: over.createdAt ?? null,
    deletedAt: null,
    ...over,
  };
}

/** An active credential that never expires and was never used. */
export function tunnelCredential(
  over: Partial<TunnelCredential> & Pick<TunnelCredential, 'id' | 'bridgeId'>,
): TunnelCredential {
  return {
    clientId: over.id,
    clientSecret: '',
    credentialStatus: 'TUNNEL_CREDENTIAL_STATUS_ACTIVE',
    createdAt: null,
    updatedAt: over.createdAt ?? null,
    expiresTime: null,
    lastUsedAt: null,
    revokedAt: null,
    deletedAt: null,
    ...over,
  };
}

export function gatewayKey(over: Partial<GatewayKey> & { readonly id: string }): GatewayKey {
  return {
    displayName: '',
    keyPrefix: `c1llm_${over.id.slice(0, 4)}`,
    createdAt: null,
    updatedAt: over.createdAt ?? null,
    revokedAt: null,
    ...over,
  };
}

/** A published function without roles. */
export function tenantFunction(over: Partial<TenantFunction> & { readonly id: string }): TenantFunction {
  return {
    displayName: '',
    description: '',
    functionType: 'FUNCTION_TYPE_ANY',
    scopedRoleIds: [],
    useSpn: true,
    isDraft: false,
    createdAt: null,
    updatedAt: over.createdAt ?? null,
    deletedAt: null,
    ...over,
  };
}

/** No network is restricted. */
export function sessionSettings(): SessionSettings {
  const open = () => ({ enabled: false, sourceCidr: [] });
  return {
    pccUserSource: open(),
    pccAdminSource: open(),
    ssoUserSource: open(),
    ssoAdminSource: open(),
    connectorSource: open(),
    externalClientSource: open(),
  };
}

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
