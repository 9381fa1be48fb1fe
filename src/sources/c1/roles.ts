import { type Fact, type Role, Unknown } from '../../contract/index.js';
import { AuditError } from '../../errors.js';
import { errorNote, type List, nameOf, pagesOf, type Reader } from './collect.js';
import { asRecord, FieldReader, unlessDeletedLater, type WireRecord } from './wire.js';

export const LIST: List = { method: 'GET', path: '/iam/roles' };
const CURE = "Give the audit's credential the right to read roles (GET /iam/roles).";
/** Every tenant has it: a list without it is not the whole truth, and would make the mightiest keys look harmless. */
const ALWAYS_THERE = 'system:owner';

export interface RolesSeen {
  readonly roles: Fact<ReadonlyMap<string, Role>>;
  readonly note: string | null;
  /** Why the list could not be read. */
  readonly failure?: AuditError;
}

/** The tenant's undeleted roles by id; unknown unless all of them were seen whole, or a role would look deleted. */
export async function readRoles(reader: Reader): Promise<RolesSeen> {
  const roles = new Map<string, Role>();
  let malformed: string | undefined;
  const steps = pagesOf(LIST, reader);
  try {
    for (;;) {
      const step = await steps.next();
      if (step.done) {
        if (step.value !== 'end') return notKnown(`${nameOf(LIST)} repeats itself instead of going on`);
        if (malformed !== undefined) return notKnown(`${nameOf(LIST)} lists a role ${malformed}`);
        if (![...roles.values()].some(({ name }) => name === ALWAYS_THERE))
          return notKnown(`${nameOf(LIST)} does not list ${ALWAYS_THERE}, which every tenant has`);
        return { roles, note: null };
      }
      for (const value of step.value.records) {
        const role = toRole(unlessDeletedLater(asRecord(value) ?? {}, reader.client.now));
        if (typeof role === 'string') malformed ??= role;
        else if (role) {
          if ((roles.get(role.id)?.name ?? role.name) !== role.name)
            malformed ??= `twice, with other fields (${role.id})`;
          roles.set(role.id, role);
        }
      }
    }
  } catch (error) {
    if (!(error instanceof AuditError)) throw error;
    return {
      roles: new Unknown("the tenant's roles could not be read", CURE),
      note: `Roles are not known: ${errorNote(error)} ${CURE}`,
      failure: error,
    };
  }
}

function notKnown(reason: string): RolesSeen {
  return { roles: new Unknown(reason, CURE), note: `Roles are not known: ${reason}. ${CURE}` };
}

/** The role, undefined for a deleted one, or what is wrong with its record. */
function toRole(record: WireRecord): Role | string | undefined {
  const read = new FieldReader(record);
  const role = { id: read.text('id'), name: read.text('name'), displayName: read.text('displayName') };
  const deletedAt = read.instant('deletedAt');
  const builtIn = read.flag('systemBuiltin') === true;
  if (read.problems[0]) return `whose ${read.problems[0]}`;
  if (role.id === '') return 'without an id';
  if (deletedAt !== null) return undefined;
  // Blank where the caller may not read it. What the system names cannot be told without its name.
  const blank = role.name === '' && (builtIn || role.displayName === '');
  return blank ? 'whose name is blank' : role;
}
