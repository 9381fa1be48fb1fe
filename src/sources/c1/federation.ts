import { type PrincipalTrust, type Provider, type TenantFacts, Unknown } from '../../contract/index.js';
import { AuditError } from '../../errors.js';
import { isUnavailable } from './http.js';
import {
  asRecord,
  collectList,
  errorNote,
  FieldReader,
  type KindSeen,
  type List,
  nameOf,
  pagesOf,
  type Reader,
  summariseKind,
} from './lists.js';

const KIND = 'federation-trust';
export const SEARCH: List = { method: 'POST', path: '/search/workload_federation_trusts' };
export const PROVIDERS: List = { method: 'GET', path: '/workload_federation/providers' };
const CURE =
  "Give the audit's credential the right to read federation providers (GET /workload_federation/providers).";

/** What else can be done about a provider that was not seen. */
const LOOK = 'Look at the providers in ConductorOne.';

/** All federation trusts of the tenant. */
export async function collectTrusts(reader: Reader, required: boolean): Promise<KindSeen> {
  const found = await collectList(KIND, reader, SEARCH);
  // Refused in the middle of the list it is no feature that is switched off.
  const switchedOff = found.pages === 0 && isUnavailable(found.ending);
  return summariseKind(KIND, found, null, required || !switchedOff);
}

/** The tenant's providers. Their list very likely does not page: a provider that was not seen is then not known. */
export async function readProviders(
  reader: Reader,
): Promise<{ providers: TenantFacts['providers']; note: string | null; failure?: AuditError }> {
  const seen = new Map<string, Provider>();
  const partly = (reason: string) => ({
    providers: { seen, rest: new Unknown(reason, LOOK) },
    note: `Some federation providers are not known: ${reason}. ${LOOK}`,
  });
  const steps = pagesOf(PROVIDERS, reader);
  let malformed: string | undefined;
  try {
    for (;;) {
      const step = await steps.next();
      if (step.done) {
        if (step.value !== 'end') return partly(`${nameOf(PROVIDERS)} repeats itself instead of going on`);
        if (malformed) return partly(`${nameOf(PROVIDERS)} lists a provider ${malformed}`);
        return { providers: { seen, rest: null }, note: null };
      }
      for (const value of step.value.records) {
        const provider = toProvider(value);
        if (typeof provider === 'string') malformed ??= provider;
        else seen.set(provider.id, provider);
      }
    }
  } catch (error) {
    if (!(error instanceof AuditError)) throw error;
    return {
      providers: { seen, rest: new Unknown("the tenant's federation providers could not be read", CURE) },
      note: `Federation providers are not known: ${errorNote(error)}`,
      failure: error,
    };
  }
}

/** The provider, or what is wrong with its record. */
function toProvider(value: unknown): Provider | string {
  const read = new FieldReader(asRecord(value) ?? {});
  const id = read.text('id');
  const disabled = read.flag('disabled') === true;
  if (id === '') return 'without an id';
  return read.problems[0] ? `whose ${read.problems[0]}` : { id, name: read.text('displayName'), disabled };
}

/** The providers as trusts know them: one that a trust does not name is not known to be missing. */
export function providersOf(
  trusts: KindSeen | undefined,
  providers: TenantFacts['providers'],
): TenantFacts['providers'] {
  const named = trusts?.credentials.every(({ providerId }) => providerId !== '') ?? true;
  if (providers.rest !== null || named) return providers;
  return { ...providers, rest: new Unknown('a trust does not say who its provider is', LOOK) };
}

/** Undeleted trusts by service principal, for the rules that look at a static credential beside them. */
export function trustsByPrincipal(
  { credentials, seen }: KindSeen,
  providers: TenantFacts['providers'],
): NonNullable<TenantFacts['trusts']> {
  const byPrincipal = new Map<string, PrincipalTrust[]>();
  for (const trust of credentials) {
    if (trust.ownerId === '' || trust.deletedAt !== null) continue;
    const provider = providers.seen.get(trust.providerId);
    const entry: PrincipalTrust = {
      id: trust.id,
      name: trust.name,
      disabled: trust.disabled,
      providerDisabled: provider
        ? provider.disabled
        : providers.rest || trust.providerId === ''
          ? undefined
          : true,
    };
    const list = byPrincipal.get(trust.ownerId);
    if (list) list.push(entry);
    else byPrincipal.set(trust.ownerId, [entry]);
  }
  for (const list of byPrincipal.values()) list.sort((a, b) => (a.id < b.id ? -1 : 1));
  if (seen.status === 'complete') return { byPrincipal, rest: null };
  // A principal without a trust that works may have one among those that were not seen.
  for (const [principal, list] of byPrincipal)
    if (!list.some(({ disabled, providerDisabled }) => !disabled && providerDisabled === false))
      byPrincipal.delete(principal);
  const rest = new Unknown(
    "the tenant's federation trusts were not all seen",
    'See the coverage of federation trusts.',
  );
  return { byPrincipal, rest };
}
