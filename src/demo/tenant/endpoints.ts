import type { Call } from './call.js';
import { searchDecoys } from './decoys.js';
import { getProvider, listProviders, searchTrusts, testCel } from './federation.js';
import { createFinding, searchFindings, setFindingState } from './findings.js';
import { introspect } from './introspect.js';
import { getRole, getUser, listRoles, listUsers, searchUsers } from './people.js';
import { getPersonalClient, listPersonalClients, searchPersonalClients } from './personal-clients.js';
import {
  getCredential,
  getPrincipalTrust,
  getServicePrincipal,
  listCredentials,
  listPrincipalTrusts,
  listServicePrincipals,
} from './service-principals.js';
import { getSessionSettings } from './settings.js';

export const API_PREFIX = '/api/v1';

interface Endpoint {
  readonly method: 'GET' | 'POST';
  /** Below the API's prefix; `:id` stands for one part of the path. */
  readonly path: string;
  /** Returns the JSON of a 200, or throws a Refusal. */
  answer(call: Call): unknown;
}

/** Every endpoint of the API that the tenant serves, by the name that faults and recorded requests use. */
export const ENDPOINTS = {
  introspect: { method: 'GET', path: '/auth/introspect', answer: introspect },
  'personal-clients': { method: 'GET', path: '/iam/personal_clients', answer: listPersonalClients },
  'personal-client': { method: 'GET', path: '/iam/personal_clients/:id', answer: getPersonalClient },
  'search-personal-clients': {
    method: 'POST',
    path: '/search/iam/personal_clients',
    answer: searchPersonalClients,
  },
  'search-users': { method: 'POST', path: '/search/users', answer: searchUsers },
  users: { method: 'GET', path: '/users', answer: listUsers },
  user: { method: 'GET', path: '/users/:id', answer: getUser },
  roles: { method: 'GET', path: '/iam/roles', answer: listRoles },
  role: { method: 'GET', path: '/iam/roles/:id', answer: getRole },
  'service-principals': { method: 'GET', path: '/service_principals', answer: listServicePrincipals },
  'service-principal': { method: 'GET', path: '/service_principals/:id', answer: getServicePrincipal },
  'service-principal-credentials': {
    method: 'GET',
    path: '/service_principals/:id/credentials',
    answer: listCredentials,
  },
  'service-principal-credential': {
    method: 'GET',
    path: '/service_principals/:id/credentials/:credential',
    answer: getCredential,
  },
  'service-principal-trusts': {
    method: 'GET',
    path: '/service_principals/:id/trusts',
    answer: listPrincipalTrusts,
  },
  'service-principal-trust': {
    method: 'GET',
    path: '/service_principals/:id/trusts/:trust',
    answer: getPrincipalTrust,
  },
  'search-federation-trusts': {
    method: 'POST',
    path: '/search/workload_federation_trusts',
    answer: searchTrusts,
  },
  'federation-providers': { method: 'GET', path: '/workload_federation/providers', answer: listProviders },
  'federation-provider': { method: 'GET', path: '/workload_federation/providers/:id', answer: getProvider },
  'test-cel': { method: 'POST', path: '/workload_federation/test-cel', answer: testCel },
  'search-decoys': { method: 'POST', path: '/decoys/search', answer: searchDecoys },
  'session-settings': { method: 'GET', path: '/settings/session', answer: getSessionSettings },
  'create-finding': { method: 'POST', path: '/findings', answer: createFinding },
  'search-findings': { method: 'POST', path: '/findings/search', answer: searchFindings },
  'finding-state': { method: 'POST', path: '/findings/:id/state', answer: setFindingState },
} as const satisfies Record<string, Endpoint>;

export type EndpointName = keyof typeof ENDPOINTS;

/** Where a request goes. `other`: no endpoint of the API. */
export type Target = EndpointName | 'token' | 'other';

export interface Route {
  readonly name: EndpointName;
  readonly endpoint: Endpoint;
  readonly params: Readonly<Record<string, string>>;
}

/** The endpoint for a path below the API's prefix; the methods allowed there when it is served by others. */
export function findRoute(method: string, path: string): Route | { readonly allow: readonly string[] } {
  const allow = new Set<string>();
  for (const [name, endpoint] of Object.entries(ENDPOINTS)) {
    const params = matchPath(endpoint.path, path);
    if (!params) continue;
    if (endpoint.method === method) return { name: name as EndpointName, endpoint, params };
    allow.add(endpoint.method);
  }
  return { allow: [...allow] };
}

function matchPath(pattern: string, path: string): Record<string, string> | undefined {
  const wanted = pattern.split('/');
  const parts = path.split('/');
  if (wanted.length !== parts.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, name] of wanted.entries()) {
    const part = parts[index] ?? '';
    if (name.startsWith(':')) params[name.slice(1)] = decode(part);
    else if (name !== part) return undefined;
  }
  return params;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    // A stray % names nothing that exists.
    return part;
  }
}
