import type { Finding } from '../../contract/index.js';
import { type Evaluation, evaluate } from '../../engine/evaluate.js';
import { redactReport } from '../../engine/redact-report.js';
import { partsOf, type Report } from '../../engine/report.js';
import { AuditError } from '../../errors.js';
import { paginate } from '../../sources/c1/lists.js';
import { isNotFound, isUnavailable, type RequestError } from '../../sources/c1/request-error.js';
import { within } from '../../sources/c1/retry.js';
import { idOf } from '../../sources/record.js';
import { type FindingsClient, SEARCH } from './client.js';
import { NOTE, toAcceptance, toPushed, type Wording } from './finding.js';
import {
  type Deed,
  deedOf,
  idIn,
  leftOf,
  MOST,
  mustReopen,
  NONE_LEFT,
  type Plan,
  plan,
  readStanding,
  type Sight,
  type Standing,
  sightOf,
  type Tally,
  tally,
  tallyOf,
  tallyWords,
} from './plan.js';

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

/** How findings get to ConductorOne, where the configuration asks for it. */
export interface PushRequest {
  readonly mode: 'send' | 'dry-run';
  readonly connect: (signal: AbortSignal) => FindingsClient;
  /** Milliseconds for all of it. */
  readonly timeLimit: number;
}

/** A push as asked for, and the audit whose findings it brings. */
export interface Push extends PushRequest {
  /** Without secrets. */
  readonly report: Report;
  /** What the report was made of: it is judged again where the report keeps findings to itself. */
  readonly evaluation: Evaluation;
  readonly rules: Wording['rules'];
  readonly owners: Wording['owners'];
}

/** What a push is given of the world. */
export interface PushContext {
  /** Ends it, in whatever state ConductorOne's list then is: the next audit goes on from there. */
  readonly signal: AbortSignal;
  /** Where not even warnings are wanted, what went well is not told either. */
  readonly log: { info(about: object, message: string): void; isLevelEnabled(level: 'warn'): boolean };
  /** Takes secrets out of a text. */
  readonly scrub: (text: string) => string;
  /** Told what does not fail the audit, but should be known. */
  readonly tell: (note: { readonly message: string; readonly hint: string }) => void;
}

/** Pages of what stands there; at most {@link MOST} findings are added a night. */
const PAGES = 2000;

/**
 * Brings ConductorOne's list of findings in line with an audit's: open findings are put there, those that are gone are
 * resolved, waived ones accepted. What is not ours is never touched, nor what this audit need not have found.
 *
 * @returns what a dry run would do, as JSON; undefined where it was done.
 * @throws AuditError `delivery` with the count and the first reason, where any of it failed. A tenant that does not offer
 *   findings (early access), or not to this credential, is no failure: that is told.
 */
export async function pushFindings(push: Push, context: PushContext): Promise<string | undefined> {
  const seconds = push.timeLimit / 1000;
  const late = new AuditError(
    'interrupted',
    `Pushing findings to ConductorOne took longer than ${seconds} s.`,
    'Give it more time with --timeout, or push less with --min-severity.',
  );
  return within(push.timeLimit, late, context.signal, async (signal) => {
    const client = push.connect(signal);
    const sight = sightOf(push.report, push.evaluation);
    const open = partsOf(push.report).open;
    const rules = [...new Set([...push.rules.keys(), ...open.map(({ rule }) => rule)])].sort();
    let standing: ReadonlyMap<string, Standing>;
    try {
      standing = await readStandings(client, rules, push.report.run.tenant);
    } catch (error) {
      if (!(error instanceof AuditError)) throw error;
      if (!isUnavailable(error))
        throw failure('The findings that stand in ConductorOne could not be read', error);
      context.tell(unavailable('nothing was pushed', error));
      return push.mode === 'dry-run'
        ? printed(
            NOTHING,
            'Nothing would be pushed: ConductorOne does not offer its findings to this credential.',
          )
        : undefined;
    }
    const wording = { ...push, reachOf: sight.reachOf };
    const todo = plan({
      open,
      all: () => allFindings(push, context.scrub),
      standing,
      sight,
      asOf: push.report.run.asOf,
      toPushed: (finding) => toPushed(finding, wording),
      toAcceptance,
      contentOf: ({ annotations }) => annotations[NOTE.content],
    });
    tellLimits(todo, sight, context);
    if (push.mode === 'dry-run')
      return printed(
        withoutSecrets(todo, context.scrub),
        `Would be pushed: ${tallyWords(tallyOf(todo), todo)}.`,
      );
    const { refused, done, tally, failed, untried, first } = await carryOut(todo, client);
    const all = todo.push.length + todo.changes.length;
    context.log.info({ done, of: all, unchanged: todo.unchanged }, 'findings pushed to ConductorOne');
    const isNews = done > 0 || all === 0;
    if (isNews && context.log.isLevelEnabled('warn'))
      context.tell({ message: `Pushed to ConductorOne: ${tallyWords(tally, todo)}.`, hint: '' });
    if (refused) context.tell(unavailable(`${done} of ${all} changes were made`, refused));
    if (first) {
      const rest = untried > 0 ? `, and ${untried} were not tried` : '';
      throw failure(
        `${failed} of ${all} changes to ConductorOne's findings failed${rest}; the first`,
        first,
        isUnavailable(first) ? LIKE_IT_TAKEN : first.hint,
      );
    }
    return undefined;
  });
}

/**
 * Findings of ours, by fingerprint, of all rules that there are: also of those that this audit left out, so that it can say
 * what it leaves as it is.
 *
 * @throws AuditError where the list could not be read to its end
 */
async function readStandings(
  client: FindingsClient,
  rules: readonly string[],
  tenant: string,
): Promise<ReadonlyMap<string, Standing>> {
  const standing = new Map<string, Standing>();
  const pages = paginate((token) => client.search(rules, token), idOf, PAGES, SEARCH);
  for (;;) {
    const step = await pages.next();
    if (step.done) {
      if (step.value === 'end') return standing;
      throw new AuditError(
        'api',
        `${SEARCH} repeats itself instead of going on.`,
        "Report it to ConductorOne's support.",
      );
    }
    for (const record of step.value.records) {
      const ours = readStanding(record, tenant);
      if (ours) standing.set(ours.fingerprint, ours);
    }
  }
}

/** What the least severity keeps out of the report is not gone. */
function allFindings({ report, evaluation }: Push, scrub: PushContext['scrub']): readonly Finding[] {
  if (evaluation.minSeverity === 'info') return report.findings;
  const all = evaluate({ ...evaluation, early: undefined, history: undefined, minSeverity: 'info' });
  return redactReport(all.report, scrub).findings;
}

function tellLimits({ beyond, left: { unseen } }: Plan, { blind }: Sight, { tell }: PushContext): void {
  if (beyond > 0) {
    tell({
      message: `Only the ${MOST} worst of ${MOST + beyond} findings are pushed to ConductorOne.`,
      hint: 'The reports hold all of them. To push others, mend or waive those, or audit less at once.',
    });
  }
  if (unseen > 0) {
    const those =
      unseen === 1
        ? '1 finding that was pushed to ConductorOne before and is not found now stays'
        : `${unseen} findings that were pushed to ConductorOne before and are not found now stay`;
    const why = blind ?? 'this audit looked at less, or by fewer rules, than one that found them';
    tell({
      message: `${those} open there: ${why}.`,
      hint: blind
        ? 'The next audit that sees everything resolves what is gone.'
        : 'An audit of the scope, the sources and the rules that they were found with resolves what is gone. Where there is no such audit any more, close them in ConductorOne.',
    });
  }
}

const NOTHING: Plan = {
  push: [],
  changed: new Set(),
  changes: [],
  unchanged: 0,
  beyond: 0,
  left: NONE_LEFT,
  decided: 0,
};

/** What is pushed comes from a report without any; ids of what is there are the tenant's. */
function withoutSecrets(todo: Plan, scrub: PushContext['scrub']): Plan {
  return { ...todo, changes: todo.changes.map((change) => ({ ...change, id: scrub(change.id) })) };
}

/** `standing` is the sum of all that can become of what stands there: all counts but `new` and `beyond`. */
function printed(todo: Plan, note: string): string {
  const { push, changes, unchanged, beyond, decided } = todo;
  const { new: added, ...known } = tallyOf(todo);
  const left = leftOf(todo);
  const standing = known.changed + known.resolved + known.accepted + unchanged + left + decided;
  const counts = { standing, new: added, ...known, unchanged, left, decided, beyond };
  return `${JSON.stringify({ note, ...counts, push, changes }, null, 2)}\n`;
}

function unavailable(what: string, { message }: RequestError) {
  return {
    message: `ConductorOne does not offer its findings to this credential, so that ${what}: ${message}`,
    hint: 'Findings are in early access: ask ConductorOne to switch them on, and give the credential the right to write them; or set push.conductorone to false. The audit itself is not affected.',
  };
}

/** What such an answer says of itself, that a feature is missing, others of the same kind have refuted. */
const LIKE_IT_TAKEN =
  'Others like it were taken: it is about that one finding. Run it again; if it stays so, look at its owner and state in ConductorOne.';

function failure(what: string, cause: AuditError, hint = cause.hint): AuditError {
  return new AuditError('delivery', `${what}: ${cause.message}`, hint, { cause });
}
