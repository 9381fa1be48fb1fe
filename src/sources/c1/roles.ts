import { type Fact, type Role, Unknown } from '../../contract/index.js';
import { AuditError } from '../../errors.js';
import { errorNote, getPage, type Reader } from './collect.js';
import { paginate } from './paginate.js';
import { asRecord, FieldReader, idOf } from './wire.js';

const CURE = "Give the audit's credential the right to read roles (GET /iam/roles).";

/** The tenant's undeleted roles by id; unknown unless the list was seen whole, or a role would look deleted. */
export async function readRoles({
  client,
  pageLimit,
}: Reader): Promise<{ roles: Fact<ReadonlyMap<string, Role>>; note: string | null }> {
  const roles = new Map<string, Role>();
  const list = paginate((token) => getPage(client, '/iam/roles', token), idOf, pageLimit);
  try {
    for (;;) {
      const step = await list.next();
      if (step.done) {
        if (step.value === 'end') return { roles, note: null };
        const reason = 'the list of roles repeats itself instead of going on';
        return { roles: new Unknown(reason, CURE), note: `Roles are not known: ${reason}.` };
      }
      for (const record of step.value.records) addRole(roles, record);
    }
  } catch (error) {
    if (!(error instanceof AuditError)) throw error;
    return {
      roles: new Unknown("the tenant's roles could not be read", CURE),
      note: `Roles are not known: ${errorNote(error)}`,
    };
  }
}

function addRole(roles: Map<string, Role>, value: unknown): void {
  const record = asRecord(value);
  if (!record) return;
  const read = new FieldReader(record);
  const id = read.text('id');
  if (id === '' || read.instant('deletedAt') !== null) return;
  roles.set(id, { id, name: read.text('name'), displayName: read.text('displayName') });
}
