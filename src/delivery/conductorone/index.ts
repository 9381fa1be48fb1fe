import type { Finding } from '../../contract/index.js';
import { type Evaluation, evaluate } from '../../engine/evaluate.js';
import { redactReport } from '../../engine/redact-report.js';
import { partsOf, type Report } from '../../engine/report.js';
import { AuditError } from '../../errors.js';
import { paginate } from '../../sources/c1/lists.js';
import { isNotFound, isUnavailable, type RequestError } from '../../sources/c1/request-error.js';
import { idOf } from '../../sources/record.js';
import { within } from '../../within.js';
import { type FindingsClient, SEARCH } from './client.js';
import type { Wording } from './finding.js';
import {
  type Counted,
  type Counts,
  count,
  countedAs,
  countsOf,
  countsText,
  idIn,
  leftOf,
  MOST,
  mustReopen,
  NOTHING_TO_DO,
  type Plan,
  plan,
  type RemoteFinding,
  readRemote,
  type Sight,
  sightOf,
} from './plan.js';

export interface PushRequest {
  readonly mode: 'send' | 'dry-run';
  readonly connect: (signal: AbortSignal) => Promise<FindingsClient>;
  /** Milliseconds for all of it. */
  readonly timeLimit: number;
}

/** A push, and the audit whose findings are pushed. */
interface Push extends PushRequest {
  /** Without secrets. */
  readonly report: Report;
  /** What the report was made of, to evaluate it again for the findings that the report hides. */
  readonly evaluation: Evaluation;
  readonly rules: Wording['rules'];
  readonly owners: Wording['owners'];
}

export interface PushContext {
  /** Ends the push wherever it is: the next audit goes on from there. */
  readonly signal: AbortSignal;
  /** If not even warnings are wanted, success is not reported either. */
  readonly log: { info(about: object, message: string): void; isLevelEnabled(level: 'warn'): boolean };
  /** Takes secrets out of a text. */
  readonly scrub: (text: string) => string;
  /** Reports what should be known but does not fail the audit. */
  readonly tell: (note: { readonly message: string; readonly hint: string }) => void;
}

/**
 * Brings ConductorOne's list of findings in line with an audit's: open findings are created or updated, those that are gone
 * are resolved, waived ones accepted. It changes only findings of c1-audit, and only those that this audit covers.
 *
 * @returns what a dry run would do, undefined if it was done
 * @throws AuditError `delivery` with the count and the first reason, if any of it failed. If ConductorOne does not offer
 *   findings (early access) to this credential, that is not a failure but a note.
 */
export async function pushFindings(push: Push, context: PushContext): Promise<object | undefined> {
  const late = new AuditError(
    'interrupted',
    `Pushing findings to ConductorOne took longer than ${push.timeLimit / 1000} s.`,
    'Give it more time with --timeout, or push less with --min-severity.',
  );
  return within(push.timeLimit, late, context.signal, async (signal) => {
    const client = await push.connect(signal);
    const { open } = partsOf(push.report);
    const remote = await readAllRemote(client, open, push);
    if (isUnavailable(remote)) {
      context.tell(unavailable('nothing was pushed', remote));
      return push.mode === 'dry-run' ? planned(NOTHING_TO_DO, NOT_OFFERED) : undefined;
    }
    const sight = sightOf(push.report, push.evaluation);
    const all = () => allFindings(push, context.scrub);
    const todo = plan({ open, all, remote, sight, wording: push });
    tellLimits(todo, sight, context);
    if (push.mode === 'send') return send(todo, client, context);
    return planned(
      withoutSecrets(todo, context.scrub),
      `Would be pushed: ${countsText(countsOf(todo), todo)}.`,
    );
  });
}

const NOT_OFFERED = 'Nothing would be pushed: ConductorOne does not offer its findings to this credential.';

/** Pages of findings; at most {@link MOST} are added in a night. */
const PAGES = 2000;

/**
 * The findings of c1-audit in ConductorOne, by fingerprint, of all rules: also of rules that this audit left out, as it
 * counts what it leaves unchanged. Or the answer that says that they are not available.
 *
 * @throws AuditError if the list could not be read to its end
 */
async function readAllRemote(
  client: FindingsClient,
  open: readonly Finding[],
  { report, rules }: Push,
): Promise<ReadonlyMap<string, RemoteFinding> | RequestError> {
  const ids = [...new Set([...rules.keys(), ...open.map(({ rule }) => rule)])].sort();
  try {
    const found = new Map<string, RemoteFinding>();
    for await (const record of recordsOf(client, ids)) {
      const ours = readRemote(record, report.run.tenant);
      if (ours) found.set(ours.fingerprint, ours);
    }
    return found;
  } catch (error) {
    if (isUnavailable(error)) return error;
    if (!(error instanceof AuditError)) throw error;
    throw failure('The existing findings in ConductorOne could not be read', error);
  }
}

async function* recordsOf(client: FindingsClient, rules: readonly string[]): AsyncGenerator<unknown> {
  const pages = paginate((token) => client.search(rules, token), idOf, PAGES, SEARCH);
  let step = await pages.next();
  for (; !step.done; step = await pages.next()) yield* step.value.records;
  if (step.value !== 'end')
    throw new AuditError(
      'api',
      `${SEARCH} repeats itself instead of going on.`,
      "Report it to ConductorOne's support.",
    );
}

/** A finding that `minSeverity` keeps out of the report is not gone. */
function allFindings({ report, evaluation }: Push, scrub: PushContext['scrub']): readonly Finding[] {
  if (evaluation.minSeverity === 'info') return report.findings;
  const all = evaluate({ ...evaluation, early: undefined, history: undefined, minSeverity: 'info' });
  return redactReport(all.report, scrub).findings;
}

function tellLimits({ beyond, left: { unseen } }: Plan, { blind }: Sight, { tell }: PushContext): void {
  if (beyond > 0)
    tell({
      message: `Only the ${MOST} worst of ${MOST + beyond} findings are pushed to ConductorOne.`,
      hint: 'The reports hold all of them. To push others, fix or waive those, or audit less at once.',
    });
  if (unseen === 0) return;
  const those =
    unseen === 1
      ? '1 finding that was pushed to ConductorOne before and is not found now stays'
      : `${unseen} findings that were pushed to ConductorOne before and are not found now stay`;
  const why = blind ?? 'this audit covered less, or used fewer rules, than one that found them';
  tell({
    message: `${those} open there: ${why}.`,
    hint: blind
      ? 'The next complete audit resolves what is gone.'
      : 'An audit with the scope, sources and rules that they were found with resolves what is gone. If there is no such audit any more, close them in ConductorOne.',
  });
}

/** @throws AuditError `delivery` if any of it failed */
async function send(todo: Plan, client: FindingsClient, { log, tell }: PushContext): Promise<undefined> {
  const { refused, done, counts, failed, untried, first } = await carryOut(todo, client);
  const all = todo.push.length + todo.changes.length;
  log.info({ done, of: all, unchanged: todo.unchanged }, 'findings pushed to ConductorOne');
  const isNews = done > 0 || all === 0;
  if (isNews && log.isLevelEnabled('warn'))
    tell({ message: `Pushed to ConductorOne: ${countsText(counts, todo)}.`, hint: '' });
  if (refused) tell(unavailable(`${done} of ${all} changes were made`, refused));
  if (!first) return;
  const rest = untried > 0 ? `, and ${untried} were not tried` : '';
  throw failure(
    `${failed} of ${all} changes to ConductorOne's findings failed${rest}; the first`,
    first,
    isUnavailable(first) ? OTHERS_WORKED : first.hint,
  );
}

/** Its own hint, that a feature is missing, is wrong: other calls of the same kind worked. */
const OTHERS_WORKED =
  'Other calls like it worked, so the cause is this one finding. Run it again; if it fails again, check its owner and state in ConductorOne.';

/** Requests at once; the client has a limit of its own as well. */
const WORKERS = 4;
/** Failures, each after its retries, after which the rest is not tried. */
const GIVE_UP = 5;

/** What became of a plan's changes. */
interface Outcome {
  readonly done: number;
  /** What was done, in findings. */
  readonly counts: Counts;
  /** Without those that were refused like `refused`. */
  readonly failed: number;
  readonly untried: number;
  /** The first that failed. */
  readonly first: AuditError | undefined;
  /** The first that was refused although no call of its kind worked: the tenant does not offer it, or not to this caller. */
  readonly refused: RequestError | undefined;
}

type Call = 'put' | 'set-state';

/** Carries a plan out, the worst findings first. A failure does not stop the others. */
async function carryOut(
  { push, changes, changed }: Pick<Plan, 'push' | 'changes' | 'changed'>,
  client: FindingsClient,
): Promise<Outcome> {
  const calls = new Calls();
  const all = [
    ...push.map((finding) => ({
      as: countedAs(finding, changed),
      task: async () => {
        const record = await calls.make('put', client.put(finding));
        const id = idIn(record);
        // It is not documented whether a resolved finding opens again by itself.
        if (id !== undefined && mustReopen(record))
          await calls.make('set-state', client.setState(id, { reopen: {} }));
      },
    })),
    ...changes.map(({ id, action }) => ({
      as: countedAs(action, changed),
      task: async () => {
        await calls.make('set-state', client.setState(id, action));
      },
    })),
  ];
  const tasks = all.values();
  const done: Counted[] = [];
  const work = async () => {
    for (const { as, task } of tasks) {
      if (await calls.succeeds(task)) done.push(as);
      if (calls.isHopeless) return;
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, work));
  return { done: done.length, counts: count(done), ...calls.outcome(all.length - done.length) };
}

/** Which calls worked and which failed. */
class Calls {
  readonly #worked = new Set<Call>();
  readonly #failures: { readonly call: Call; readonly error: AuditError }[] = [];
  isHopeless = false;

  async make<T>(call: Call, request: Promise<T>): Promise<T> {
    try {
      const answer = await request;
      this.#worked.add(call);
      return answer;
    } catch (error) {
      if (error instanceof AuditError) this.#failures.push({ call, error });
      throw error;
    }
  }

  async succeeds(task: () => Promise<void>): Promise<boolean> {
    try {
      await task();
      return true;
    } catch (error) {
      if (!(error instanceof AuditError)) throw error;
      // One finding that is not found says nothing about the others.
      const grave = this.#failures.filter((failure) => !isNotFound(failure.error));
      this.isHopeless ||= error.code !== 'api' || grave.length >= GIVE_UP;
      return false;
    }
  }

  /** Only at the end: which of several calls is answered first is chance. */
  outcome(notDone: number): Pick<Outcome, 'failed' | 'untried' | 'first' | 'refused'> {
    const isRefused = ({ call, error }: { call: Call; error: AuditError }) =>
      isUnavailable(error) && !this.#worked.has(call);
    const failed = this.#failures.filter((failure) => !isRefused(failure));
    const refused = this.#failures.find(isRefused)?.error;
    return {
      failed: failed.length,
      untried: notDone - this.#failures.length,
      first: failed[0]?.error,
      refused: isUnavailable(refused) ? refused : undefined,
    };
  }
}

/** Findings come from a report without secrets; the ids of remote findings are the tenant's. */
function withoutSecrets(todo: Plan, scrub: PushContext['scrub']): Plan {
  return { ...todo, changes: todo.changes.map((change) => ({ ...change, id: scrub(change.id) })) };
}

/** `standing` counts the existing findings: the sum of all other counts but `new` and `beyond`. */
function planned(todo: Plan, note: string): object {
  const { push, changes, unchanged, beyond, decided } = todo;
  const { new: added, ...known } = countsOf(todo);
  const left = leftOf(todo);
  const standing = known.changed + known.resolved + known.accepted + unchanged + left + decided;
  const counts = { standing, new: added, ...known, unchanged, left, decided, beyond };
  return { note, ...counts, push, changes };
}

function unavailable(what: string, { message }: RequestError) {
  return {
    message: `ConductorOne does not offer its findings to this credential, so ${what}: ${message}`,
    hint: 'Findings are in early access: ask ConductorOne to enable them and grant the credential the right to write them, or set push.conductorone to false. The audit itself is not affected.',
  };
}

function failure(what: string, cause: AuditError, hint = cause.hint): AuditError {
  return new AuditError('delivery', `${what}: ${cause.message}`, hint, { cause });
}
