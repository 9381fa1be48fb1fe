import { type Credential, type Fact, isKnown, type Owner, type Role, Unknown } from '../../contract/index.js';
import { asRecord, FieldReader, unlessDeletedLater, type WireRecord } from '../record.js';
import { type KindSeen, type List, nameOf, type Reader } from './lists.js';
import { collectNested, type Nesting, type ParentsSeen, readParents } from './nested.js';
import {
  goneOwner,
  malformedUsers,
  notShownNote,
  type OwnersSeen,
  problemsOf,
  readManagers,
  rolesAmong,
  toOwner,
  userOf,
} from './people.js';
import { isOutage, RequestError } from './request-error.js';

export const LIST: List = { method: 'GET', path: '/service_principals' };
/** An empty list is not believed while trusts name service principals: it may just not be shown. */
export function emptyInVain(
  { parents: principals, ending }: ParentsSeen,
  trusts: readonly Credential[],
): RequestError | undefined {
  const isNamed = ({ ownerId, deletedAt }: Credential) => ownerId !== '' && deletedAt === null;
  if (ending !== 'end' || principals.size > 0 || !trusts.some(isNamed)) return undefined;
  return new RequestError(
    'api',
    `${nameOf(LIST)} lists none, but federation trusts name some.`,
    "Check that the audit's credential may see service principals (Super Administrator).",
  );
}

/** The list of a service principal's credentials. */
export function listOf(principal: string): List {
  const id = principal === '{id}' ? principal : encodeURIComponent(principal);
  return { method: 'GET', path: `${LIST.path}/${id}/credentials` };
}

const NESTING: Nesting = {
  kind: 'service-principal-credential',
  list: LIST,
  noun: 'service principal',
  listOf,
  // A record of a principal's own list belongs to it, even if it does not say so.
  adopt: (credential: Credential, id: string) =>
    credential.ownerId === '' ? { ...credential, ownerId: id } : credential,
};

/** Reads the list of service principals. */
export function readPrincipals(reader: Reader): Promise<ParentsSeen> {
  const { now } = reader.client;
  return readParents(NESTING, reader, (record) => {
    const user = asRecord(record.user);
    return user ? { ...record, user: unlessDeletedLater(user, now) } : record;
  });
}

/** The credentials of every service principal that is listed. */
export function collectPrincipalCredentials(
  reader: Reader,
  principals: ParentsSeen,
  required: boolean,
): Promise<KindSeen> {
  return collectNested(NESTING, reader, principals, required);
}

/**
 * Service principals as the owners of credentials and trusts.
 *
 * One that a complete list does not hold is gone, provided that the caller may see them all.
 */
export async function principalOwners(
  reader: Reader,
  ids: readonly string[],
  { parents: principals, ending }: ParentsSeen,
  roles: Fact<ReadonlyMap<string, Role>>,
  seesAll: boolean,
): Promise<OwnersSeen> {
  const unseen = new Unknown(
    'its service principal is not listed',
    'Run the audit as a Super Administrator, who can list all service principals.',
  );
  const users = new Map(ids.map((id) => [id, userOf(id, asRecord(principals.get(id)?.user) ?? {})]));
  const { people, failure } = await readManagers(reader, [...users.values()]);
  const rolesOf = rolesAmong(roles);
  const owners = new Map(
    ids.map((id): [string, Fact<Owner>] => {
      const record = principals.get(id);
      const user = users.get(id);
      if (record && user) return [id, principalOwner(record, toOwner(user, rolesOf, people))];
      return [id, ending === 'end' && seesAll ? goneOwner(id, 'service') : unseen];
    }),
  );
  const malformed = [...users.values()].flatMap((user) => {
    const shown = principals.get(user.id)?.user ?? {};
    return asRecord(shown) ? problemsOf(user) : [`${user.id}: user is not an object`];
  });
  const blank = notShownNote(owners);
  const about = blank === null ? null : `Of the service principals (${nameOf(LIST)}): ${blank}`;
  const outage = failure && isOutage(failure) ? failure : undefined;
  return { owners, note: about, failure: outage ?? malformedUsers(malformed, nameOf(LIST)) };
}

/** Unknown where its user is not shown: only the user says whether it is active and what it may do. */
function principalOwner(record: WireRecord, owner: Fact<Owner>): Fact<Owner> {
  if (!isKnown(owner)) return owner;
  return { ...owner, name: new FieldReader(record).text('displayName') || owner.name, type: 'service' };
}
