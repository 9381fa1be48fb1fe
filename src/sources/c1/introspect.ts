import { AuditError } from '../../errors.js';
import type { ApiClient } from './client.js';
import { errorNote } from './collect.js';
import { FieldReader } from './wire.js';

/** Who the audit runs as. */
export interface Caller {
  /** undefined where it could not be learnt. */
  readonly userId: string | undefined;
  /** The credential it acts with, as the tenant calls it; undefined where it does not tell. */
  readonly principal: string | undefined;
  /** Role ids or names, as the tenant gives them; empty where none were given. */
  readonly roles: readonly string[];
  /** What could not be learnt, as a note. */
  readonly note: string | null;
  /** Why nothing could be learnt. */
  readonly failure?: AuditError;
}

/** Asks who the caller is. A refusal is a note: the lists themselves tell whether the run can go on. */
export async function introspect(client: ApiClient): Promise<Caller> {
  try {
    const read = new FieldReader(await client.call({ method: 'GET', path: '/auth/introspect' }));
    const userId = read.text('userId');
    const roles = read.texts('roles');
    return {
      userId: userId === '' ? undefined : userId,
      // The API's own spelling.
      principal: read.text('principleId') || undefined,
      roles: Array.isArray(roles) ? roles : [],
      note:
        userId === ''
          ? "GET /auth/introspect does not say which user this credential acts for. Report it to ConductorOne's support."
          : null,
    };
  } catch (error) {
    if (!(error instanceof AuditError)) throw error;
    return {
      userId: undefined,
      principal: undefined,
      roles: [],
      note: `Who runs the audit could not be learnt: ${errorNote(error)}`,
      failure: error,
    };
  }
}
