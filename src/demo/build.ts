import { createHash } from 'node:crypto';
import { DAY } from '../contract/index.js';
import type {
  Decoy,
  FederationProvider,
  FederationTrust,
  PersonalClient,
  Role,
  ServicePrincipal,
  ServicePrincipalCredential,
  TenantRecords,
  User,
} from './records.js';
import { Permission, ServiceRole } from './records.js';

const ALPHANUMERICS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const ADJECTIVES = [
  'brave',
  'calm',
  'clever',
  'eager',
  'fuzzy',
  'gentle',
  'jolly',
  'lucky',
  'quiet',
  'strange',
];
const ANIMALS = ['badger', 'falcon', 'gecko', 'heron', 'hydra', 'lynx', 'otter', 'puffin', 'raven', 'walrus'];

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

/** A role of the system's own, unless told otherwise. */
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

/** A personal client with every optional field unset: it never expires, was never used and may do all. */
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

/** An empty tenant but for its system roles, one Super Administrator and the personal client that calls. */
export function tenantRecords(now: number, over: Partial<TenantRecords> = {}): TenantRecords {
  const calendar = new Calendar(now);
  const roles = systemRoles();
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
    roles,
    servicePrincipals: [],
    credentials: [],
    trusts: [],
    providers: [],
    decoys: [],
    sessionSettings: sessionSettings(),
    caller: own.clientId,
    federatedCaller: '',
    ...over,
  };
}

/** No network is restricted. */
export function sessionSettings(): TenantRecords['sessionSettings'] {
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

const PEOPLE_AND_ROLES = [Permission.readUsers, Permission.readRoles];

/** The roles that every tenant has. */
export function systemRoles(): Role[] {
  return [
    role({
      id: ROLE.owner,
      name: 'system:owner',
      displayName: 'Super Administrator',
      serviceRoles: [ServiceRole.owner, ServiceRole.reflection],
      permissions: [
        ...PEOPLE_AND_ROLES,
        Permission.searchPersonalClients,
        Permission.readServicePrincipals,
        Permission.readFederation,
        Permission.readDecoys,
        Permission.readSettings,
        Permission.readFindings,
        Permission.writeFindings,
      ],
    }),
    role({
      id: ROLE.viewer,
      name: 'system:viewer',
      displayName: 'Read-Only Administrator',
      serviceRoles: [ServiceRole.viewer, ServiceRole.reflection],
      permissions: [
        ...PEOPLE_AND_ROLES,
        Permission.readServicePrincipals,
        Permission.readFederation,
        Permission.readSettings,
        Permission.readFindings,
      ],
    }),
    role({
      id: ROLE.user,
      name: 'system:user',
      displayName: 'Basic User',
      serviceRoles: [ServiceRole.user, ServiceRole.reflection],
    }),
    role({
      id: ROLE.applicationAdmin,
      name: 'system:application-admin',
      displayName: 'Application Administrator',
      serviceRoles: [ServiceRole.applicationAdmin, ServiceRole.reflection],
      permissions: PEOPLE_AND_ROLES,
    }),
    role({
      id: ROLE.campaignAdmin,
      name: 'system:campaign-admin',
      displayName: 'Campaign Administrator',
      serviceRoles: [ServiceRole.campaignAdmin, ServiceRole.reflection],
      permissions: PEOPLE_AND_ROLES,
    }),
    role({
      id: ROLE.logsReader,
      name: 'system:system-logs-reader',
      displayName: 'System Logs Reader',
      serviceRoles: [ServiceRole.logsReader, ServiceRole.reflection],
    }),
  ];
}
