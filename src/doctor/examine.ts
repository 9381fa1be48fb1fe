import { EXIT, type ExitCode } from '../engine/exit-code.js';
import { AuditError } from '../errors.js';
import { abortReason } from '../sources/c1/retry.js';
import {
  type Check,
  type Exam,
  type Known,
  type Outcome,
  obstacle,
  problem,
  type Result,
  skipped,
} from './check.js';

/** All that was looked at, in the order of the checks: one result each, those that were not reached among them. */
export interface Examination {
  readonly results: readonly Result[];
  /** As an audit would exit that cannot go on: 2 where it would not start, 3 where it would fail or be incomplete. */
  readonly exitCode: ExitCode;
}

/** What a check is skipped for the lack of. */
const LACK: Readonly<Record<keyof Known, string>> = {
  plan: 'a valid configuration',
  access: 'a credential',
  send: 'valid network settings',
  reached: 'an answer of the tenant',
  connection: 'a connection that can be trusted',
  skew: "the tenant's time",
  token: 'an access token',
  caller: 'a token that the tenant takes',
  roles: "the tenant's roles",
  own: "the audit's own record",
};

/**
 * Runs the checks in their order, each within its time, all within the exam's. Never throws for what is examined.
 *
 * @param onResult told each result as it comes
 */
export async function examine(
  checks: readonly Check[],
  exam: Exam,
  onResult: (result: Result) => Promise<void>,
): Promise<Examination> {
  const results: Result[] = [];
  let known: Partial<Known> = {};
  let prevented = false;
  let stopped = false;
  for (const check of checks) {
    const outcome: Outcome = stopped ? skipped('not reached') : await outcomeOf(check, exam, known);
    // Told once: it speaks for all that come after.
    stopped ||= exam.signal.aborted && outcome.status === 'problem';
    known = { ...known, ...outcome.learnt };
    prevented ||= outcome.prevents;
    const { id, title } = check;
    const { status, detail, fix } = outcome;
    const result = { id, status, title, detail: exam.scrub(detail), fix: fix && exam.scrub(fix) };
    results.push(result);
    await onResult(result);
  }
  const failed = results.some(({ status }) => status === 'problem');
  return { results, exitCode: prevented ? EXIT.usage : failed ? EXIT.incomplete : EXIT.clean };
}

async function outcomeOf(check: Check, exam: Exam, known: Partial<Known>): Promise<Outcome> {
  const { signal } = exam;
  try {
    if (signal.aborted) throw abortReason(signal);
    const lack = lackOf(check, known);
    if (lack) return skipped(`cannot be checked without ${LACK[lack]}`);
    return await within(exam, () => check.run(exam, known as Known));
  } catch (error) {
    return failure(error);
  }
}

/** In the order in which it is learnt, each from what is known before. */
const CHAIN = ['access', 'send', 'reached', 'connection', 'token', 'caller', 'roles', 'own'] as const;

/** What first went missing of what a check needs: the one thing to mend. */
function lackOf({ needs }: Check, known: Partial<Known>): keyof Known | undefined {
  const lack = needs.find((need) => known[need] === undefined);
  if (lack === undefined || lack === 'plan') return lack;
  return CHAIN.find((need) => known[need] === undefined) ?? lack;
}

function failure(error: unknown): Outcome {
  if (error instanceof AuditError)
    return (error.preventsAudit ? obstacle : problem)(error.message.split('\n'), error.hint);
  return problem(
    `Something went wrong inside c1-audit: ${error instanceof Error ? error.message : String(error)}`,
    'This is a defect: please report it.',
  );
}

/** Waits no longer than a check may take, nor than the exam goes on. What hangs is left behind. */
async function within({ signal, limits }: Exam, run: () => Outcome | Promise<Outcome>): Promise<Outcome> {
  let timer: NodeJS.Timeout | undefined;
  let onAbort: (() => void) | undefined;
  const end = new Promise<never>((_, reject) => {
    onAbort = () => reject(abortReason(signal));
    signal.addEventListener('abort', onAbort, { once: true });
    timer = setTimeout(
      () =>
        reject(
          new AuditError(
            'network',
            `This took longer than ${limits.checkTimeout / 1000} s.`,
            'Try again later; if it happens each time, the tenant or the network in between is too slow.',
          ),
        ),
      limits.checkTimeout,
    );
  });
  try {
    return await Promise.race([end, (async () => run())()]);
  } finally {
    clearTimeout(timer);
    if (onAbort) signal.removeEventListener('abort', onAbort);
  }
}
