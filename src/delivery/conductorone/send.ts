import { AuditError } from '../../errors.js';
import { isNotFound, isUnavailable, type RequestError } from '../../sources/c1/request-error.js';
import type { FindingsClient } from './client.js';
import type { Plan } from './plan.js';
import { idIn, mustReopen } from './standing.js';
import { type Deed, deedOf, type Tally, tally } from './tally.js';

/** Calls in hand at once; the client lets no more than its own limit through. */
const WORKERS = 4;
/** Failures, each after its retries, from which on the rest is not tried. */
const GIVE_UP = 5;

/** What became of a plan's changes; together they are all of them. */
export interface Outcome {
  readonly done: number;
  /** What was done, in findings. */
  readonly tally: Tally;
  /** Tried in vain. Not those that were refused as `refused` was. */
  readonly failed: number;
  readonly untried: number;
  /** The first that failed. */
  readonly first: AuditError | undefined;
  /** The first that was refused as nothing of its kind was taken: the tenant does not offer it, or not to this caller. */
  readonly refused: RequestError | undefined;
}

type Call = 'put' | 'set-state';

/** Does what is planned, the worst findings first. One that fails does not keep the others back. */
export async function carryOut(
  { push, changes, changed }: Pick<Plan, 'push' | 'changes' | 'changed'>,
  client: FindingsClient,
): Promise<Outcome> {
  const taken = new Set<Call>();
  const failures: { readonly call: Call; readonly error: AuditError }[] = [];
  const make = async <T>(call: Call, request: Promise<T>): Promise<T> => {
    try {
      const answer = await request;
      taken.add(call);
      return answer;
    } catch (error) {
      if (error instanceof AuditError) failures.push({ call, error });
      throw error;
    }
  };
  const all: { readonly deed: Deed; readonly task: () => Promise<unknown> }[] = [
    ...push.map((finding) => ({
      deed: deedOf(finding, changed),
      task: async () => {
        const record = await make('put', client.put(finding));
        const id = idIn(record);
        // Whether a finding that was resolved opens again by itself is not documented.
        if (id !== undefined && mustReopen(record))
          await make('set-state', client.setState(id, { reopen: {} }));
      },
    })),
    ...changes.map(({ id, action }) => ({
      deed: deedOf(action, changed),
      task: () => make('set-state', client.setState(id, action)),
    })),
  ];
  const tasks = all.values();
  const deeds: Deed[] = [];
  let stopped = false;
  const work = async () => {
    for (const { deed, task } of tasks) {
      try {
        await task();
        deeds.push(deed);
      } catch (error) {
        if (!(error instanceof AuditError)) throw error;
        // What one finding is not there for, others may be.
        const grave = failures.filter((failure) => !isNotFound(failure.error));
        stopped ||= error.code !== 'api' || grave.length >= GIVE_UP;
      }
      if (stopped) return;
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, work));
  // Only now: which of those in hand at once is answered first is chance.
  const isRefused = ({ call, error }: (typeof failures)[number]) => isUnavailable(error) && !taken.has(call);
  const failed = failures.filter((failure) => !isRefused(failure));
  const refused = failures.find(isRefused)?.error;
  return {
    done: deeds.length,
    tally: tally(deeds),
    failed: failed.length,
    untried: all.length - deeds.length - failures.length,
    first: failed[0]?.error,
    refused: isUnavailable(refused) ? refused : undefined,
  };
}
