import { readFields } from './body.js';
import { type Call, notFound, require, requireFeature, searchPage, undeclaredPage } from './call.js';
import { evaluateCondition } from './cel.js';
import { fullClientId } from './clients.js';
import { apiError, Code } from './errors.js';
import { Permission } from './permissions.js';
import type { FederationTrust } from './records.js';
import { filter, findById } from './tables.js';

/** POST /search/workload_federation_trusts */
export function searchTrusts(call: Call) {
  const { data, features } = call.state;
  requireFeature('workload federation', features.federation);
  const ask = readFields(call.body, {
    pageSize: 'integer',
    pageToken: 'string',
    providerId: 'string',
    servicePrincipalId: 'string',
    query: 'string',
  });
  require(call, Permission.readFederation);
  const { providerId, servicePrincipalId } = ask;
  const text = ask.query.toLowerCase();
  const narrowed = providerId !== '' || servicePrincipalId !== '' || text !== '';
  const matching = narrowed
    ? filter(
        data.trusts,
        (trust) =>
          (providerId === '' || trust.providerId === providerId) &&
          (servicePrincipalId === '' || trust.servicePrincipalId === servicePrincipalId) &&
          `${trust.displayName}\n${trust.description}`.toLowerCase().includes(text),
      )
    : data.trusts;
  const { list, nextPageToken } = searchPage(call, matching, ask, [providerId, servicePrincipalId, text]);
  return {
    list: list.map((trust) => trustOnWire(call, trust)),
    nextPageToken,
  };
}

export function trustOnWire(call: Call, trust: FederationTrust): FederationTrust {
  return { ...trust, clientId: fullClientId(trust.clientId, call.state.audience, 'federation-trust') };
}

/** GET /workload_federation/providers */
export function listProviders(call: Call) {
  const { data, features } = call.state;
  requireFeature('workload federation', features.federation);
  require(call, Permission.readFederation);
  return undeclaredPage(call, 'federation-providers', data.providers);
}

/** GET /workload_federation/providers/{id} */
export function getProvider(call: Call) {
  const { data, features } = call.state;
  requireFeature('workload federation', features.federation);
  require(call, Permission.readFederation);
  const provider = findById(data.providers, call.params.id ?? '');
  if (!provider) throw notFound('workload federation provider');
  return { provider };
}

/** POST /workload_federation/test-cel */
export async function testCel(call: Call) {
  requireFeature('workload federation', call.state.features.federation);
  const { expression, claimsJson } = readFields(call.body, { expression: 'string', claimsJson: 'string' });
  const claims = parseClaims(claimsJson);
  return { expression, ...(await evaluateCondition(expression, claims)) };
}

function parseClaims(text: string): Record<string, unknown> {
  try {
    const claims: unknown = JSON.parse(text);
    if (typeof claims === 'object' && claims !== null && !Array.isArray(claims)) {
      return claims as Record<string, unknown>;
    }
  } catch {
    // Said below, like any other claims that are no object.
  }
  throw apiError(Code.invalidArgument, 'claims_json must be a JSON object');
}
