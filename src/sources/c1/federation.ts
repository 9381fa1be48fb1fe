import { type PrincipalTrust, type Provider, type TenantFacts, Unknown } from '../../contract/index.js';
import type { AuditError } from '../../errors.js';
import { asRecord, FieldReader } from '../record.js';
import {
  collectList,
  errorNote,
  type KindSeen,
  type List,
  nameOf,
  type Reader,
  readById,
  summariseOptional,
} from './lists.js';

const KIND = 'federation-trust';
export const SEARCH: List = { method: 'POST', path: '/search/workload_federation_trusts' };
export const PROVIDERS: List = { method: 'GET', path: '/workload_federation/providers' };
const CURE =
  "Give the audit's credential the right to read federation providers (GET /workload_federation/providers).";

/** What else can be done about a provider that is not listed. */
const LOOK = 'Look at the providers in ConductorOne.';

/** All federation trusts of the tenant. */
export async function collectTrusts(reader: Reader, required: boolean): Promise<KindSeen> {
  return summariseOptional(KIND, await collectList(KIND, reader, SEARCH), null, required);
}

/** The tenant's providers. Their list very likely does not page: a provider that is not listed is then not known. */
export async function readProviders(
  reader: Reader,
): Promise<{ providers: TenantFacts['providers']; note: string | null; failure?: AuditError }> {
  const { byId: seen, problem, failure, malformed } = await readById(PROVIDERS, reader, toProvider);
  if (failure)
    return {
      providers: { seen, rest: new Unknown("the tenant's federation providers could not be read", CURE) },
      note: `Federation providers are not known: ${errorNote(failure)}`,
      failure,
    };
  if (problem === undefined) return { providers: { seen, rest: null }, note: null };
  return {
    providers: { seen, rest: new Unknown(problem, LOOK) },
    note: notKnown(problem),
    ...(malformed && { failure: malformed }),
  };
}

function notKnown(problem: string): string {
  return `Some federation providers are not known: ${problem}. ${LOOK}`;
}

/** The provider, or what is wrong with its record. */
function toProvider(value: unknown): Provider | string {
  const read = new FieldReader(asRecord(value) ?? {});
  const provider = {
    id: read.text('id'),
    name: read.text('displayName'),
    disabled: read.flag('disabled') === true,
  };
  if (read.problems[0]) return `a provider whose ${read.problems[0]}`;
  return provider.id === '' ? 'a provider without an id' : provider;
}

/**
 * The providers as trusts know them: one that a trust does not name is not known to be missing, and a list without any
 * may just not be shown to the caller.
 */
export function providersOf(
  trusts: KindSeen | undefined,
  providers: TenantFacts['providers'],
): { readonly providers: TenantFacts['providers']; readonly note: string | null } {
  const named = trusts?.credentials.map(({ providerId }) => providerId) ?? [];
  if (providers.rest !== null || named.length === 0) return { providers, note: null };
  if (named.includes(''))
    return {
      providers: { ...providers, rest: new Unknown('a trust does not say who its provider is', LOOK) },
      note: null,
    };
  if (providers.seen.size > 0) return { providers, note: null };
  const problem = `${nameOf(PROVIDERS)} lists none, but trusts name some`;
  return { providers: { ...providers, rest: new Unknown(problem, CURE) }, note: notKnown(problem) };
}

/** Undeleted trusts by service principal, for the rules that look at a static credential beside them. */
export function trustsByPrincipal(
  { credentials, seen }: KindSeen,
  providers: TenantFacts['providers'],
): NonNullable<TenantFacts['trusts']> {
  const byPrincipal = new Map<string, PrincipalTrust[]>();
  for (const { id, name, ownerId, deletedAt, disabled, providerId } of credentials) {
    if (ownerId === '' || deletedAt !== null) continue;
    const list = byPrincipal.get(ownerId) ?? [];
    list.push({ id, name, disabled, providerDisabled: isProviderDisabled(providerId, providers) });
    byPrincipal.set(ownerId, list);
  }
  for (const list of byPrincipal.values()) list.sort((a, b) => (a.id < b.id ? -1 : 1));
  if (seen.status === 'complete') return { byPrincipal, rest: null };
  // A principal without a trust that works may have one among those that were not listed.
  for (const [principal, list] of byPrincipal)
    if (!list.some(({ disabled, providerDisabled }) => !disabled && providerDisabled === false))
      byPrincipal.delete(principal);
  const rest = new Unknown(
    "the tenant's federation trusts were not read completely",
    'See the coverage of federation trusts.',
  );
  return { byPrincipal, rest };
}

/** Whether a provider is disabled, which a missing one counts as; undefined where it is not known. */
function isProviderDisabled(id: string, { seen, rest }: TenantFacts['providers']): boolean | undefined {
  const provider = seen.get(id);
  if (provider) return provider.disabled;
  return rest || id === '' ? undefined : true;
}
