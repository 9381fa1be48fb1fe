import { AuditError } from '../../errors.js';
import { isUnavailable, type RequestError } from '../../sources/c1/request-error.js';
import type { FindingsClient } from './client.js';
import type { Plan } from './plan.js';
import { idIn, mustReopen } from './standing.js';

/** Calls in hand at once; the client lets no more than its own limit through. */
const WORKERS = 4;
/** Failures, each after its retries, from which on the rest is not tried. */
const GIVE_UP = 5;

export interface Outcome {
  readonly done: number;
  readonly failed: number;
  readonly first: AuditError | undefined;
  /** The tenant does not offer it. */
  readonly refused: RequestError | undefined;
}

/** Does what is planned, the worst findings first. One that fails does not keep the others back. */
export async function carryOut({ push, changes }: Plan, client: FindingsClient): Promise<Outcome> {
  const tasks = [
    ...push.map((finding) => async () => {
      const record = await client.put(finding);
      const id = idIn(record);
      // Whether a finding that was resolved opens again by itself is not documented.
      if (id !== undefined && mustReopen(record)) await client.setState(id, { reopen: {} });
    }),
    ...changes.map(
      ({ id, action }) =>
        () =>
          client.setState(id, action),
    ),
  ].values();
  let [done, failed, stopped] = [0, 0, false];
  let first: AuditError | undefined;
  let refused: RequestError | undefined;
  const work = async () => {
    for (const task of tasks) {
      try {
        await task();
        done += 1;
      } catch (error) {
        if (!(error instanceof AuditError)) throw error;
        if (isUnavailable(error)) {
          refused ??= error;
          // What one finding is not there for, others may be.
          stopped ||= error.status !== 404;
        } else {
          first ??= error;
          failed += 1;
          stopped ||= error.code !== 'api' || failed >= GIVE_UP;
        }
      }
      if (stopped) return;
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, work));
  return { done, failed, first, refused };
}
