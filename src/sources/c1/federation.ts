import { type PrincipalTrust, type Provider, type TenantFacts, Unknown } from '../../contract/index.js';
import { AuditError } from '../../errors.js';
import {
  collectList,
  errorNote,
  getPage,
  type KindSeen,
  postPage,
  type Reader,
  summariseKind,
} from './collect.js';
import { paginate } from './paginate.js';
import { isUnavailable } from './request-error.js';
import { asRecord, FieldReader, idOf } from './wire.js';

const KIND = 'federation-trust';
const SEARCH = '/search/workload_federation_trusts';
const PROVIDERS = '/workload_federation/providers';
const CURE =
  "Give the audit's credential the right to read federation providers (GET /workload_federation/providers).";

/** All federation trusts of the tenant. */
export async function collectTrusts(reader: Reader, required: boolean): Promise<KindSeen> {
  const found = await collectList(KIND, reader, (token) => postPage(reader.client, SEARCH, token));
  return summariseKind(KIND, found, null, required || !isUnavailable(found.ending));
}

/** The tenant's providers. Their list very likely does not page: a provider that was not seen is then not known. */
export async function readProviders({
  client,
  pageLimit,
}: Reader): Promise<{ providers: TenantFacts['providers']; note: string | null }> {
  const seen = new Map<string, Provider>();
  const list = paginate((token) => getPage(client, PROVIDERS, token), idOf, pageLimit);
  try {
    for (;;) {
      const step = await list.next();
      if (step.done) {
        if (step.value === 'end') return { providers: { seen, rest: null }, note: null };
        const reason = 'the list of federation providers repeats itself instead of going on';
        return {
          providers: { seen, rest: new Unknown(reason, 'Look at the provider in ConductorOne.') },
          note: `Some federation providers are not known: ${reason}.`,
        };
      }
      for (const value of step.value.records) {
        const record = asRecord(value);
        const id = idOf(value);
        if (!record || id === '') continue;
        const read = new FieldReader(record);
        seen.set(id, { id, name: read.text('displayName'), disabled: read.flag('disabled') === true });
      }
    }
  } catch (error) {
    if (!(error instanceof AuditError)) throw error;
    return {
      providers: { seen, rest: new Unknown("the tenant's federation providers could not be read", CURE) },
      note: `Federation providers are not known: ${errorNote(error)}`,
    };
  }
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
      providerDisabled: provider ? provider.disabled : providers.rest ? undefined : true,
    };
    const list = byPrincipal.get(trust.ownerId);
    if (list) list.push(entry);
    else byPrincipal.set(trust.ownerId, [entry]);
  }
  for (const list of byPrincipal.values()) list.sort((a, b) => (a.id < b.id ? -1 : 1));
  const rest =
    seen.status === 'complete'
      ? null
      : new Unknown(
          "the tenant's federation trusts were not all seen",
          'See the coverage of federation trusts.',
        );
  return { byPrincipal, rest };
}
