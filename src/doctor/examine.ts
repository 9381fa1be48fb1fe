import { AuditError, EXIT, type ExitCode } from '../errors.js';
import { cutTo, forGitHubLine, neutraliseJson } from '../reporters/escape.js';
import { abortReason } from '../sources/c1/retry.js';
import {
  type Check,
  type Exam,
  type Known,
  type Outcome,
  obstacle,
  problem,
  type Result,
  type Status,
  skipped,
} from './check.js';

/** All that was looked at, in the order of the checks: one result each, those that were not reached among them. */
interface Examination {
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

const MARKS: Readonly<Record<Status, string>> = { ok: '✔', warning: '!', problem: '✘', skipped: '–' };
const COLOURS: Readonly<Record<Status, string>> = { ok: '32', warning: '33', problem: '1;31', skipped: '2' };

/** Somebody else's words end somewhere. */
const LONGEST = 1000;

/**
 * Results for people, as they come: a mark, what is the case, and below it what to do. What was skipped in a row for one
 * reason shares a line.
 */
export class TextLines {
  readonly #color: boolean;
  #waiting: Result[] = [];

  constructor(color: boolean) {
    this.#color = color;
  }

  /** The text that is ready with this result, whole lines. */
  add(result: Result): string {
    const [first] = this.#waiting;
    if (result.status === 'skipped' && (!first || first.detail === result.detail)) {
      this.#waiting.push(result);
      return '';
    }
    const ready = this.end();
    if (result.status === 'skipped') return `${ready}${this.add(result)}`;
    return `${ready}${this.#textOf(result, result.title)}`;
  }

  /** What is still to be said. */
  end(): string {
    const [first] = this.#waiting;
    const titles = this.#waiting.map(({ title }) => title).join(', ');
    this.#waiting = [];
    return first ? this.#textOf(first, titles) : '';
  }

  #textOf({ status, detail, fix }: Result, title: string): string {
    const mark = this.#color ? `\u001b[${COLOURS[status]}m${MARKS[status]}\u001b[0m` : MARKS[status];
    const [first = '', ...more] = detail.split('\n').map(safe);
    const lines = [`${mark} ${title}: ${first}`, ...more.map((line) => `    ${line}`)];
    if (fix !== null) lines.push(`    → ${safe(fix)}`);
    return `${lines.join('\n')}\n`;
  }
}

/** For a terminal as well as for GitHub's runner, which both obey some texts. */
function safe(line: string): string {
  return forGitHubLine(cutTo(line, LONGEST));
}

const MEANING: Partial<Record<ExitCode, string>> = {
  [EXIT.clean]: 'An audit can run',
  [EXIT.usage]: 'An audit would not start',
  [EXIT.incomplete]: 'An audit would start, but fail or be incomplete',
};

/** The last words for people, after an empty line: whether an audit can run, and how many checks came out how. */
export function summaryOf({ results, exitCode }: Examination): string {
  const count = (status: Status) => results.filter((result) => result.status === status).length;
  const problems = count('problem');
  const warnings = count('warning');
  return (
    `\n${MEANING[exitCode] ?? ''} (exit ${exitCode}): ${count('ok')} fine, ` +
    `${warnings} ${warnings === 1 ? 'warning' : 'warnings'}, ${problems} ${problems === 1 ? 'problem' : 'problems'}, ` +
    `${count('skipped')} not checked.\n`
  );
}

/**
 * The results for programs, as indented JSON and a line feed:
 * `{schemaVersion: 1, tool: {name, version}, checks: [{id, status, title, detail, fix}], exitCode}`. `checks` are
 * {@link Result}s in the order of the checks, none left out.
 */
export function jsonOf({ results, exitCode }: Examination): string {
  const tool = { name: 'c1-audit', version: C1_AUDIT_VERSION };
  return `${neutraliseJson(JSON.stringify({ schemaVersion: 1, tool, checks: results, exitCode }, null, 2))}\n`;
}
