import { count } from '../contract/index.js';
import { AuditError, EXIT, type ExitCode } from '../errors.js';
import { cutTo, forGitHubLine, neutraliseJson } from '../reporters/escape.js';
import { abortReason } from '../sources/c1/retry.js';
import { within } from '../within.js';
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
import { clock, proxy, reachability, tls, token } from './network.js';
import { paging } from './paging.js';
import { configuration, credential, github, heartbeat, slack, state, webhook } from './setup.js';
import { facts, identity, ownCredential, push, roles, sources } from './tenant.js';

/** In their order: each builds on those before it. */
const CHECKS: readonly Check[] = [
  configuration,
  credential,
  proxy,
  reachability,
  tls,
  clock,
  token,
  identity,
  roles,
  ...sources,
  ...facts,
  ...paging,
  ...ownCredential,
  push,
  slack,
  webhook,
  github,
  heartbeat,
  state,
];

/** One result for each check, in their order. */
interface Examination {
  readonly results: readonly Result[];
  /** The exit code of an audit that cannot run: 2 where it would not start, 3 where it would fail or be incomplete. */
  readonly exitCode: ExitCode;
}

/**
 * Runs the checks in their order, within their time limits. It does not throw for anything that a check finds.
 *
 * @param onResult receives each result at once
 */
export async function examine(exam: Exam, onResult: (result: Result) => Promise<void>): Promise<Examination> {
  const results: Result[] = [];
  let known: Partial<Known> = {};
  let prevented = false;
  let stopped = false;
  for (const check of CHECKS) {
    const outcome: Outcome = stopped ? skipped('not reached') : await outcomeOf(check, exam, known);
    // Only the check that was interrupted reports it.
    stopped ||= exam.signal.aborted && outcome.status === 'problem';
    known = { ...known, ...outcome.known };
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
  try {
    if (exam.signal.aborted) throw abortReason(exam.signal);
    const missing = missingFor(check, known);
    if (missing) return skipped(`cannot be checked without ${NAMES[missing]}`);
    return await withinLimits(exam, () => check.run(exam, known as Known));
  } catch (error) {
    if (error instanceof AuditError)
      return (error.preventsAudit ? obstacle : problem)(error.message.split('\n'), error.hint);
    return problem(
      `Something went wrong inside c1-audit: ${error instanceof Error ? error.message : String(error)}`,
      'This is a defect: please report it.',
    );
  }
}

const NAMES: Readonly<Record<keyof Known, string>> = {
  plan: 'a valid configuration',
  access: 'a credential',
  send: 'valid network settings',
  reached: 'an answer from the tenant',
  connection: 'a connection that can be trusted',
  skew: "the tenant's time",
  token: 'an access token',
  caller: 'a token that the tenant accepts',
  roles: "the tenant's roles",
  own: "the audit's own record",
};

/** Each is found out with the help of those before it. */
const CHAIN = ['access', 'send', 'reached', 'connection', 'token', 'caller', 'roles', 'own'] as const;

/** The first thing that is missing: to get what a check needs, this must be fixed. */
function missingFor({ needs }: Check, known: Partial<Known>): keyof Known | undefined {
  const missing = needs.find((need) => known[need] === undefined);
  if (missing === undefined || missing === 'plan') return missing;
  return CHAIN.find((need) => known[need] === undefined) ?? missing;
}

/** Waits no longer than one check or the whole exam may take. A check that hangs is left behind. */
function withinLimits(
  { signal, limits: { checkTimeout } }: Exam,
  run: () => Outcome | Promise<Outcome>,
): Promise<Outcome> {
  const tooSlow = new AuditError(
    'network',
    `This took longer than ${checkTimeout / 1000} s.`,
    'Try again later. If it happens each time, the tenant or the network is too slow.',
  );
  return within(checkTimeout, tooSlow, signal, (stop) => {
    const stopped = new Promise<never>((_, reject) => {
      stop.addEventListener('abort', () => reject(abortReason(stop)), { once: true });
    });
    return Promise.race([stopped, (async () => run())()]);
  });
}

const MARKS: Readonly<Record<Status, string>> = { ok: '✔', warning: '!', problem: '✘', skipped: '–' };
const COLOURS: Readonly<Record<Status, string>> = { ok: '32', warning: '33', problem: '1;31', skipped: '2' };

/**
 * Results for people: a mark, what was found, and below it what to do. Checks in a row
 * that were skipped for the same reason share a line.
 */
export class TextLines {
  readonly #color: boolean;
  #waiting: Result[] = [];

  constructor(color: boolean) {
    this.#color = color;
  }

  /** The lines that are ready with this result. */
  add(result: Result): string {
    const [first] = this.#waiting;
    const waits = result.status === 'skipped';
    const ready = waits && first?.detail === result.detail ? '' : this.end();
    if (waits) this.#waiting.push(result);
    return waits ? ready : `${ready}${this.#textOf(result, result.title)}`;
  }

  /** The lines that are left. */
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

/** Safe for terminals and for GitHub's runner, which both act on some texts. */
function safe(line: string): string {
  return forGitHubLine(cutTo(line, 1000));
}

const MEANING: Partial<Record<ExitCode, string>> = {
  [EXIT.clean]: 'An audit can run',
  [EXIT.usage]: 'An audit would not start',
  [EXIT.incomplete]: 'An audit would start, but fail or be incomplete',
};

/** The last line for people: whether an audit can run, and the number of results of each kind. */
export function summaryOf({ results, exitCode }: Examination): string {
  const number = (status: Status) => results.filter((result) => result.status === status).length;
  const counts = [
    `${number('ok')} fine`,
    count(number('warning'), 'warning'),
    count(number('problem'), 'problem'),
    `${number('skipped')} not checked`,
  ];
  return `\n${MEANING[exitCode] ?? ''} (exit ${exitCode}): ${counts.join(', ')}.\n`;
}

/**
 * The results for programs, as indented JSON:
 * `{schemaVersion: 1, tool: {name, version}, checks: [{id, status, title, detail, fix}], exitCode}`.
 */
export function jsonOf({ results, exitCode }: Examination): string {
  const tool = { name: 'c1-audit', version: C1_AUDIT_VERSION };
  return `${neutraliseJson(JSON.stringify({ schemaVersion: 1, tool, checks: results, exitCode }, null, 2))}\n`;
}
