import { DAY } from '../../src/contract/index.js';
import {
  credential,
  idOf,
  type PersonalClient,
  personalClient,
  provider,
  ROLE,
  type ServicePrincipalCredential,
  servicePrincipal,
  type TenantData,
  trust,
  type User,
  user,
} from '../../src/demo/records.js';
import type { Table } from '../../src/demo/tenant/call.js';
import { tenantRecords } from './records.js';

export interface BulkSize {
  /** Milliseconds since the epoch. All dates are relative to it. */
  readonly now: number;
  /** Personal clients in all, the caller's included. */
  readonly clients: number;
  /** The people who own them, evenly; by default one for every five. */
  readonly users?: number;
  readonly servicePrincipals?: number;
  /** The number of credentials of the nth principal, counted from 0. */
  readonly credentialsOf?: (principal: number) => number;
  readonly trusts?: number;
  /** One personal client in this many has something to find; by default nearly all have. */
  readonly oneIn?: number;
}

/** A tenant of any size. Personal clients and users are computed when they are read, and so take no memory. */
export function bulk(size: BulkSize): TenantData {
  const { now, clients } = size;
  const base = tenantRecords(now);
  const [caller] = base.users;
  const [own] = base.personalClients;
  if (!caller || !own) throw new TypeError('a tenant has a caller');
  const userCount = Math.max(1, size.users ?? Math.ceil(clients / 5));
  const at = isoDates(now);
  const machines = bulkMachines(size);

  const userAt = (index: number): User => (index === 0 ? caller : person(index, at));
  const clientAt = (index: number): PersonalClient =>
    index === 0
      ? own
      : index % (size.oneIn ?? 1) === 0
        ? key(index, userAt(index % userCount).id, at)
        : tidyKey(index, userAt(index % userCount).id, at);
  const numberOf = (id: string): number | undefined => {
    if (id === caller.id) return 0;
    const index = USER_ID.test(id) ? Number(id.slice(-9)) : Number.NaN;
    return index > 0 && index < userCount ? index : undefined;
  };
  return {
    ...base,
    personalClients: {
      length: clients,
      at: (index) => (index < clients ? clientAt(index) : undefined),
      byOwner(ownerId) {
        const owner = numberOf(ownerId);
        // Every `userCount`-th client is theirs.
        const length = owner === undefined ? 0 : Math.max(0, Math.ceil((clients - owner) / userCount));
        return { length, at: (index) => clientAt((owner ?? 0) + index * userCount) };
      },
    },
    users: {
      length: userCount + machines.users.length,
      at: (index) => (index < userCount ? userAt(index) : machines.users[index - userCount]),
      byId(id) {
        const index = numberOf(id);
        return index === undefined ? machines.userById.get(id) : userAt(index);
      },
    },
    servicePrincipals: machines.principals,
    credentials: machines.credentials,
    trusts: machines.trusts,
    providers: machines.providers,
  };
}

const USER_ID = /^2bulkUser0{9}\d{9}$/;

function person(index: number, at: (daysAgo: number) => string): User {
  const number = String(index).padStart(9, '0');
  return user({
    id: `2bulkUser000000000${number}`,
    displayName: `Person ${index}`,
    email: `person.${index}@acme.example`,
    roleIds: [index % 50 === 0 ? ROLE.applicationAdmin : ROLE.user, ROLE.viewer],
    status: index % 97 === 0 ? 'DISABLED' : 'ENABLED',
    createdAt: at(900),
    updatedAt: at(40),
  });
}

/** Only its owner can have something to find. */
function tidyKey(index: number, userId: string, at: (daysAgo: number) => string): PersonalClient {
  const age = 5 + (index % 30);
  return personalClient({
    id: `steady-heron-${String(index).padStart(9, '0')}`,
    displayName: `job-${index}`,
    userId,
    createdAt: at(age),
    updatedAt: at(age),
    expiresTime: at(age - 85),
    lastUsedAt: at(index % 5),
    allowSourceCidr: [`62.${index % 200}.${index % 251}.0/24`],
    scopedRoles: [ROLE.viewer],
  });
}

/** Keys that differ, so that rules find some of them. */
function key(index: number, userId: string, at: (daysAgo: number) => string): PersonalClient {
  const number = String(index).padStart(9, '0');
  const created = 5 + (index % 400);
  const createdAt = at(created);
  return personalClient({
    id: `steady-heron-${number}`,
    displayName: `job-${index}`,
    userId,
    createdAt,
    updatedAt: createdAt,
    expiresTime: index % 11 === 0 ? null : at(-1 - (index % 170)),
    lastUsedAt: index % 13 === 0 ? null : at(Math.min(created, index % 120)),
    allowSourceCidr: index % 7 === 0 ? [] : [`62.${index % 200}.${index % 251}.0/24`],
    scopedRoles: index % 5 === 0 ? [] : [ROLE.viewer],
  });
}

/** RFC 3339 by days ago. The strings are shared by all records. */
function isoDates(now: number): (daysAgo: number) => string {
  const known = new Map<number, string>();
  return (daysAgo) => {
    const text = known.get(daysAgo) ?? new Date(now - daysAgo * DAY).toISOString();
    known.set(daysAgo, text);
    return text;
  };
}

function bulkMachines(size: BulkSize) {
  const at = isoDates(size.now);
  const count = size.servicePrincipals ?? 0;
  const numbers = [...Array(count).keys()];
  const users = numbers.map((n) =>
    user({
      id: idOf(`bulk principal ${n}`),
      displayName: `service-${n}`,
      roleIds: [ROLE.viewer],
      type: 'USER_TYPE_SERVICE',
      createdAt: at(500),
    }),
  );
  const byPrincipal = new Map(
    users.map((each, n) => [each.id, secrets(each.id, n, size.credentialsOf?.(n) ?? 2, at)]),
  );
  const all = [...byPrincipal.values()].flat();
  const credentials: Table<ServicePrincipalCredential> = {
    length: all.length,
    at: (index) => all[index],
    byOwner: (ownerId) => byPrincipal.get(ownerId) ?? [],
  };
  const github = provider({
    id: idOf('bulk provider'),
    displayName: 'GitHub Actions',
    issuerUrl: 'https://token.actions.githubusercontent.com',
    wellKnownProvider: 'WELL_KNOWN_WORKLOAD_PROVIDER_GITHUB_ACTIONS',
  });
  return {
    users,
    providers: [github],
    userById: new Map(users.map((each) => [each.id, each])),
    principals: users.map(({ id, displayName }) => servicePrincipal({ id, displayName, createdAt: at(500) })),
    credentials,
    trusts: [...Array(size.trusts ?? 0).keys()].map((n) =>
      trust({
        clientId: `quiet-puffin-${n}`,
        providerId: github.id,
        displayName: `trust-${n}`,
        conditionExpression: `claims.repository == "acme/service-${n}"`,
        servicePrincipalId: users[n % Math.max(1, count)]?.id ?? '',
        scopedRoleIds: [ROLE.viewer],
        createdAt: at(100),
      }),
    ),
  };
}

function secrets(
  servicePrincipalId: string,
  principal: number,
  count: number,
  at: (daysAgo: number) => string,
): ServicePrincipalCredential[] {
  return [...Array(count).keys()].map((n) =>
    credential({
      // Random names would collide in a tenant of this size.
      id: `calm-otter-${principal}-${n}`,
      displayName: `secret-${n}`,
      servicePrincipalId,
      createdAt: at(20 + (n % 100)),
      expiresAt: at(-(160 - (n % 100))),
      lastUsedAt: at(n % 20),
      requireDpop: n % 2 === 0,
      allowSourceCidrs: ['62.176.96.0/24'],
      scopedRoleIds: [ROLE.viewer],
    }),
  );
}
