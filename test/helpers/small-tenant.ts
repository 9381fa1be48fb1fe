import {
  bridge,
  Calendar,
  credential,
  externalClient,
  gatewayKey,
  idOf,
  type PersonalClient,
  personalClient,
  provider,
  ROLE,
  servicePrincipal,
  type Tenant,
  type TenantRecords,
  tenantFunction,
  tenantRecords,
  trust,
  tunnelCredential,
  user,
} from '../tenant/index.js';

/** Ids in the small tenant. */
export const SMALL = {
  auditor: idOf('service principal auditor'),
  bearer: 'auditor-bearer',
  dpop: 'auditor-dpop',
  trust: 'auditor-trust',
} as const;

/**
 * A tenant of 12 people with 25 keys (the caller's two among them), three service principals with seven credentials and
 * four trusts on two providers. The principal `auditor` is a Super Administrator.
 */
export function smallTenant(now: number): TenantRecords {
  const at = new Calendar(now);
  const base = tenantRecords(now);
  const [caller] = base.users;
  const people = [...Array(11).keys()].map((n) =>
    user({
      id: idOf(`person ${n}`),
      displayName: `Person ${n}`,
      email: `person.${n}@acme.example`,
      roleIds: [n === 1 ? ROLE.owner : n === 2 ? ROLE.applicationAdmin : ROLE.user],
      status: n === 3 ? 'DISABLED' : 'ENABLED',
      managerIds: caller ? [caller.id] : [],
    }),
  );
  const owners = [...people, ...people, ...people].slice(0, 23).map(({ id }) => id);
  const keys = [...owners, caller?.id ?? ''].map((userId, n) => key(n, userId, at));
  const machines = ['auditor', 'deployer', 'exporter'].map((name) => ({
    name,
    id: idOf(`service principal ${name}`),
  }));
  const secrets = machines.flatMap(({ name, id }, index) =>
    ['bearer', 'dpop'].map((kind, n) =>
      credential({
        id: idOf(`${name}-${kind}`),
        clientId: `${name}-${kind}`,
        displayName: `${name} ${kind}`,
        servicePrincipalId: id,
        createdAt: at.ago(30 + index),
        expiresAt: at.ahead(100 - 40 * index),
        lastUsedAt: at.ago(40 * index),
        requireDpop: kind === 'dpop',
        allowSourceCidrs: index === 0 ? ['62.176.96.0/24'] : [],
        scopedRoleIds: n === 0 ? [ROLE.owner] : [ROLE.owner, ROLE.viewer],
      }),
    ),
  );
  const github = provider({
    id: idOf('provider github'),
    displayName: 'GitHub',
    issuerUrl: 'https://oidc.example/gh',
  });
  const retired = provider({ id: idOf('provider retired'), displayName: 'Retired', disabled: true });
  const conditions = [
    'claims.repository == "acme/c1-audit"',
    'claims.repository_owner == "acme"',
    'claims.repository == "acme/deploy"',
    'true',
  ];
  return {
    ...base,
    personalClients: [...base.personalClients, ...keys],
    users: [
      ...base.users,
      ...people,
      ...machines.map(({ id, name }, index) =>
        user({
          id,
          displayName: name,
          roleIds: [index < 2 ? ROLE.owner : ROLE.user],
          type: 'USER_TYPE_SERVICE',
          directoryStatus: 'UNKNOWN',
        }),
      ),
    ],
    servicePrincipals: machines.map(({ id, name }) =>
      servicePrincipal({ id, displayName: name, createdAt: at.ago(300) }),
    ),
    credentials: [
      ...secrets,
      credential({
        id: idOf('exporter-old'),
        clientId: 'exporter-old',
        displayName: 'exporter old',
        servicePrincipalId: machines[2]?.id ?? '',
        createdAt: at.ago(400),
        scopedRoleIds: [ROLE.user],
      }),
    ],
    trusts: conditions.map((conditionExpression, n) =>
      trust({
        clientId: n === 0 ? SMALL.trust : `trust-${n}`,
        displayName: `trust ${n}`,
        conditionExpression,
        providerId: n === 2 ? retired.id : github.id,
        servicePrincipalId: machines[n % 2]?.id ?? '',
        allowSourceCidrs: n === 3 ? [] : ['62.176.96.0/24'],
        scopedRoleIds: n === 0 ? [ROLE.owner] : [],
        createdAt: at.ago(50 * n),
      }),
    ),
    providers: [github, retired],
    federatedCaller: SMALL.trust,
  };
}

/** The other ways into a small tenant: two or three records of each, one of them not live. */
export function waysIn(
  now: number,
): Pick<TenantRecords, 'externalClients' | 'bridges' | 'tunnelCredentials' | 'gatewayKeys' | 'functions'> {
  const at = new Calendar(now);
  const bridges = ['north', 'south'].map((name, n) =>
    bridge({
      id: idOf(`bridge ${name}`),
      displayName: name,
      appliance: {
        status: n === 0 ? 'TUNNEL_APPLIANCE_STATUS_CONNECTED' : 'TUNNEL_APPLIANCE_STATUS_DISCONNECTED',
        lastSeenAt: at.ago(n * 100),
        announcedServiceCount: 1,
        links: [],
      },
      createdAt: at.ago(500),
    }),
  );
  return {
    externalClients: [0, 1, 2].map((n) =>
      externalClient({
        clientId: n === 0 ? 'https://cursor.com/.well-known/oauth-client' : `dcr-${n}`,
        clientIdType: n === 0 ? 'CLIENT_ID_TYPE_METADATA_URL' : 'CLIENT_ID_TYPE_DCR',
        displayName: `client ${n}`,
        userId: n === 2 ? idOf('caller') : idOf(`person ${n}`),
        roleIds: n === 1 ? [] : [ROLE.viewer],
        createdAt: at.ago(200),
        lastUsedAt: n === 1 ? null : at.ago(3),
      }),
    ),
    bridges,
    tunnelCredentials: bridges.flatMap(({ id }, n) => [
      tunnelCredential({
        id: `tunnel-${n}`,
        bridgeId: id,
        createdAt: at.ago(400),
        expiresTime: n === 0 ? at.ahead(100) : null,
        lastUsedAt: at.ago(100),
      }),
      tunnelCredential({
        id: `revoked-${n}`,
        bridgeId: id,
        credentialStatus: 'TUNNEL_CREDENTIAL_STATUS_REVOKED',
        createdAt: at.ago(450),
        revokedAt: at.ago(400),
      }),
    ]),
    gatewayKeys: [
      gatewayKey({ id: idOf('gateway key'), displayName: 'bot', createdAt: at.ago(400) }),
      gatewayKey({ id: idOf('old key'), createdAt: at.ago(400), revokedAt: at.ago(1) }),
    ],
    functions: [
      tenantFunction({
        id: idOf('function'),
        displayName: 'hook',
        scopedRoleIds: [ROLE.owner],
        createdAt: at.ago(9),
      }),
      tenantFunction({ id: idOf('draft'), isDraft: true, createdAt: at.ago(1) }),
    ],
  };
}

/** Every third, fourth and fifth key has something to find. */
function key(n: number, userId: string, at: Calendar): PersonalClient {
  const networks = [[], ['62.176.96.0/24'], ['0.0.0.0/0']];
  const roles = [[ROLE.viewer], [], [ROLE.owner], [ROLE.viewer]];
  return personalClient({
    id: idOf(`key ${n}`),
    displayName: n === 7 ? '' : `job-${n}`,
    userId,
    createdAt: at.ago(20 + 20 * n),
    expiresTime: n % 5 === 0 ? null : at.ahead(3 + 9 * n),
    lastUsedAt: n % 4 === 0 ? null : at.ago(5 * n),
    allowSourceCidr: networks[n % 3] ?? [],
    scopedRoles: roles[n % 4] ?? [],
  });
}

/** Makes something happen right before the tenant answers its `n`th API request, counted from 1. */
export function beforeRequest(tenant: Tenant, n: number, happen: () => void): void {
  let count = 0;
  tenant.faults.add({
    on: ({ target }) => {
      if (target === 'token') return false;
      count += 1;
      if (count === n) happen();
      return false;
    },
    effect: { kind: 'latency', ms: 0 },
  });
}
