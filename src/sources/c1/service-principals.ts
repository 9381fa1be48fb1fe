import { type Credential, type Fact, type Owner, type Role, Unknown } from '../../contract/index.js';
import { AuditError } from '../../errors.js';
import {
  type Collected,
  collectList,
  errorNote,
  getPage,
  type KindSeen,
  type Reader,
  summariseKind,
} from './collect.js';
import { type Ending, paginate } from './paginate.js';
import { toOwner } from './people.js';
import { isUnavailable, RequestError } from './request-error.js';
import { asRecord, FieldReader, idOf, type WireRecord } from './wire.js';

const KIND = 'service-principal-credential';
const LIST = '/service_principals';

/** The tenant's service principals, as far as their list goes. */
export interface PrincipalsSeen {
  readonly principals: ReadonlyMap<string, WireRecord>;
  readonly pages: number;
  readonly ending: Ending | AuditError;
}

/** Reads the list of service principals, which very likely does not page. */
export async function readPrincipals({ client, pageLimit }: Reader): Promise<PrincipalsSeen> {
  const principals = new Map<string, WireRecord>();
  let pages = 0;
  const list = paginate((token) => getPage(client, LIST, token), idOf, pageLimit);
  try {
    for (;;) {
      const step = await list.next();
      if (step.done) return { principals, pages, ending: step.value };
      pages += 1;
      for (const value of step.value.records) {
        const id = idOf(value);
        const record = asRecord(value);
        if (record && id !== '') principals.set(id, record);
        else throw malformedPrincipal();
      }
    }
  } catch (error) {
    if (!(error instanceof AuditError)) throw error;
    return { principals, pages, ending: error };
  }
}

function malformedPrincipal(): RequestError {
  return new RequestError(
    'api',
    `GET ${LIST} lists a service principal without an id.`,
    "Report it to ConductorOne's support: its credentials cannot be asked for.",
  );
}

/** The credentials of every service principal that was seen. */
export async function collectPrincipalCredentials(
  reader: Reader,
  { principals, pages, ending }: PrincipalsSeen,
  required: boolean,
): Promise<KindSeen> {
  const gone: string[] = [];
  const cut: string[] = [];
  const failed: { id: string; error: AuditError }[] = [];
  const credentials: Credential[] = [];
  const malformed: string[] = [];
  let allPages = pages;
  await Promise.all(
    [...principals.keys()].map(async (id) => {
      const one = await collectOf(reader, id);
      allPages += one.pages;
      malformed.push(...one.malformed);
      for (const credential of one.credentials) credentials.push(ownedBy(credential, id));
      if (one.ending === 'repeats') cut.push(id);
      else if (one.ending instanceof RequestError && one.ending.status === 404 && one.pages === 0)
        gone.push(id);
      else if (one.ending instanceof AuditError) failed.push({ id, error: one.ending });
    }),
  );
  const first = failed[0]?.error;
  const notes = [
    ending === 'repeats'
      ? `The list of service principals repeats its first page instead of going on: only ${principals.size} of them were seen.`
      : null,
    cut.length > 0
      ? `The list of credentials repeats its first page instead of going on, so some were not seen, for ${named(cut)}.`
      : null,
    first
      ? `The credentials of ${named(failed.map(({ id }) => id))} could not be read: ${errorNote(first)}`
      : null,
    gone.length > 0 ? `Deleted while the audit ran: ${named(gone)}.` : null,
  ].filter((note) => note !== null);
  const note = notes.length > 0 ? notes.join(' ') : null;
  const whole = ending === 'end' && cut.length === 0 && !first;
  const collected: Collected = {
    credentials,
    pages: allPages,
    ending: ending instanceof AuditError ? ending : whole ? 'end' : 'repeats',
    malformed: malformed.sort(),
  };
  const kind = summariseKind(KIND, collected, note, required || !isUnavailable(ending));
  return { ...kind, failure: kind.failure ?? first };
}

function collectOf(reader: Reader, principal: string): Promise<Collected> {
  const path = `${LIST}/${encodeURIComponent(principal)}/credentials`;
  return collectList(KIND, reader, (token) => getPage(reader.client, path, token));
}

/** The list was asked for by principal, so a record that does not repeat it still has this owner. */
function ownedBy(credential: Credential, principal: string): Credential {
  return credential.ownerId === '' ? { ...credential, ownerId: principal } : credential;
}

/** How many principals a note names. */
const NAMED = 50;

function named(ids: readonly string[]): string {
  const sorted = [...ids].sort();
  const more = sorted.length > NAMED ? ` and ${sorted.length - NAMED} more` : '';
  return `service principal${ids.length === 1 ? '' : 's'} ${sorted.slice(0, NAMED).join(', ')}${more}`;
}

/**
 * Service principals as the owners of credentials and trusts.
 *
 * One that a whole list does not hold is gone, provided that the caller may see them all.
 */
export function principalOwners(
  ids: readonly string[],
  { principals, ending }: PrincipalsSeen,
  roles: Fact<ReadonlyMap<string, Role>>,
  seesAll: boolean,
): ReadonlyMap<string, Fact<Owner>> {
  const unseen = new Unknown(
    'its service principal was not seen',
    'Run the audit as a Super Administrator, who can list all service principals.',
  );
  return new Map(
    ids.map((id) => {
      const record = principals.get(id);
      if (record) return [id, principalOwner(id, record, roles)];
      const missing: Owner = {
        id,
        name: '',
        email: '',
        status: 'gone',
        type: 'service',
        roles: undefined,
        managers: [],
      };
      return [id, ending === 'end' && seesAll ? missing : unseen];
    }),
  );
}

function principalOwner(id: string, record: WireRecord, roles: Fact<ReadonlyMap<string, Role>>): Owner {
  const user = asRecord(record.user);
  const owner = toOwner(id, user ?? {}, roles);
  return {
    ...owner,
    name: new FieldReader(record).text('displayName') || owner.name,
    type: 'service',
    // Without its user nothing is known of what it may do.
    roles: user ? owner.roles : undefined,
  };
}
