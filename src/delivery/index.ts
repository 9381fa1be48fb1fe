import type { SlackSettings, WebhookSettings } from '../config/config.js';
import { isKnown, type Owner, type Snapshot } from '../contract/index.js';
import type { Evaluated, Evaluation } from '../engine/evaluate.js';
import { NOTHING_TOLD, type Told } from '../engine/history.js';
import type { Report } from '../engine/report.js';
import { AuditError, describeError } from '../errors.js';
import type { Io } from '../io.js';
import type { Redactor } from '../redact.js';
import { forGitHubLine, neutraliseJson } from '../reporters/escape.js';
import type { Format } from '../reporters/index.js';
import type { ReporterContext } from '../reporters/reporter.js';
import { moreSevereIn } from '../reporters/view.js';
import { summaryLine } from '../reporters/words.js';
import { publishToActions } from './annotations.js';
import type { PushContext, PushRequest } from './conductorone/index.js';
import { writeStream } from './files.js';
import { actionsRunUrl, inActions } from './github.js';
import { type Attempt, type OutputTarget, writeReports, writeTargets } from './output.js';
import type { StateFile } from './state-file.js';

/** What becomes of an audit's report. */
export interface DeliveryRequest {
  readonly targets: readonly OutputTarget[];
  /** Which of them get what was found. */
  readonly slack: boolean;
  readonly webhook: boolean;
  readonly push: boolean;
  /** Nothing is sent; what would be is printed. `slack`: only the Slack message, without its name. */
  readonly dryRun: 'all' | 'slack' | undefined;
  readonly waivers: boolean;
  /** Says on stderr what was found where no report is printed. */
  readonly announce: boolean;
}

/** An audit with everything that a delivery may need. */
interface Audited extends Evaluated {
  /** Without secrets. */
  readonly report: Report;
  readonly evaluation: Evaluation;
  readonly about: ReporterContext;
  readonly settings: { readonly slack: SlackSettings; readonly webhook: WebhookSettings };
  /** undefined: no history is kept. */
  readonly state: StateFile | undefined;
  readonly findings: Pick<PushRequest, 'connect' | 'timeLimit'> | undefined;
}

export interface DeliveryContext {
  readonly io: Io;
  readonly redactor: Redactor;
  readonly log: PushContext['log'] & { warn(message: string): void };
  /** Shows an error to whoever started the audit. */
  readonly complain: (error: Pick<AuditError, 'message' | 'hint'>) => void;
}

/** One audit on its way through the deliveries. */
interface Run extends Audited, DeliveryContext {
  readonly request: DeliveryRequest;
  readonly attempt: Attempt;
  /** What the deliveries so far have done. */
  readonly done: {
    failed: boolean;
    told: Told;
    files: Readonly<Record<string, string>>;
    /** What a dry run would have sent, by name. */
    readonly planned: Record<string, unknown>;
  };
}

/** Delivers, or does nothing if it is not wanted. Throws if it fails. */
type Delivery = (run: Run) => Promise<void>;

/**
 * In this order, each whatever became of those before it. A failure is reported once and makes exit 3. The state is saved
 * only if everything before it worked, as it remembers what people were told. The push comes after it: what ConductorOne
 * did not take must not be told to Slack again. How the run ended is reported last of all, by `withEndReported`.
 */
const DELIVERIES: readonly Delivery[] = [
  outputFiles,
  slack,
  webhook,
  githubActions,
  stateFile,
  conductorOne,
  printPlanned,
];

/** Runs all deliveries; false if any of them failed. */
export async function deliver(
  audited: Audited,
  request: DeliveryRequest,
  context: DeliveryContext,
): Promise<boolean> {
  const done: Run['done'] = { failed: false, told: NOTHING_TOLD, files: {}, planned: {} };
  const attempt = attemptsIn(done, context);
  const run: Run = { ...audited, ...context, request, attempt, done };
  for (const delivery of DELIVERIES) await attempt(() => delivery(run));
  return !done.failed;
}

/** Writes a saved report to every target; false if any of them failed. */
export async function deliverReports(
  report: Report,
  targets: readonly OutputTarget[],
  about: ReporterContext,
  context: Pick<DeliveryContext, 'io' | 'complain'>,
): Promise<boolean> {
  const done = { failed: false };
  await writeReports(report, targets, about, { ...context, attempt: attemptsIn(done, context) });
  if (!done.failed) announce(report, about, targets, context.io);
  return !done.failed;
}

/** Writes what is not a report to every target; false if any of them failed. */
export async function deliverDocument<F extends Format>(
  targets: readonly OutputTarget<F>[],
  render: (format: F) => Promise<Iterable<string>>,
  context: Pick<DeliveryContext, 'io' | 'complain'>,
): Promise<boolean> {
  const done = { failed: false };
  await writeTargets(targets, render, { ...context, attempt: attemptsIn(done, context) });
  return !done.failed;
}

function attemptsIn(done: { failed: boolean }, { complain }: Pick<DeliveryContext, 'complain'>): Attempt {
  return async (task) => {
    try {
      await task();
      return true;
    } catch (error) {
      done.failed = true;
      complain(describeError(error));
      return false;
    }
  };
}

async function outputFiles({ report, request, about, io, attempt, done }: Run): Promise<void> {
  // A dry run prints to stdout itself.
  const stdoutIsFree = request.dryRun === undefined;
  done.files = await writeReports(report, request.targets, about, { io, attempt, stdoutIsFree });
  if (stdoutIsFree && request.announce && !done.failed) announce(report, about, request.targets, io);
}

/** One line for whoever started an audit that writes only files. */
function announce(
  report: Report,
  about: Run['about'],
  targets: readonly OutputTarget[],
  { stderr }: Pick<Io, 'stderr'>,
): void {
  const files = targets.flatMap(({ file }) => file ?? []);
  // Devices, such as /dev/stdout, are not files to open later.
  if (files.length < targets.length || files.some((file) => file.startsWith('/dev/'))) return;
  stderr.write(
    `${forGitHubLine(`${summaryLine(report, moreSevereIn(report, about))}. Written to ${files.join(', ')}.`)}\n`,
  );
}

async function slack(run: Run): Promise<void> {
  const { request, settings, io, log, done } = run;
  if (!request.slack) return;
  const { deliverToSlack, slackDryRun, slackTarget } = await import('./slack/index.js');
  const news = { ...newsOf(run), settings: settings.slack };
  if (request.dryRun) {
    const target = request.dryRun === 'all' ? slackTarget(io.env) : undefined;
    const { message, thread } = slackDryRun(news, target?.bot !== undefined && target.webhook === undefined);
    done.planned.slack = message;
    if (thread.length > 0) done.planned.slackThread = thread;
  } else {
    refuseStopped(io, 'Slack');
    addTold(done, await deliverToSlack({ ...news, ...io, log }));
  }
}

async function webhook(run: Run): Promise<void> {
  const { request, settings, io, log, done } = run;
  if (!request.webhook) return;
  const { deliverToWebhook, webhookDryRun } = await import('./webhook.js');
  const news = { ...newsOf(run), settings: settings.webhook };
  if (request.dryRun) done.planned.webhook = webhookDryRun(news);
  else {
    refuseStopped(io, 'the webhook');
    addTold(done, await deliverToWebhook({ ...news, ...io, log }));
  }
}

/** @throws AuditError `delivery`: what nobody was told must not be remembered as told */
function refuseStopped({ signal }: Io, to: string): void {
  if (signal.aborted)
    throw new AuditError(
      'delivery',
      `Nothing was sent to ${to}, because the run was stopped.`,
      'Run it again to send it.',
    );
}

function newsOf({ report, comparison, about, evaluation }: Run) {
  return {
    report,
    news: comparison?.news,
    owners: knownOwners(evaluation.snapshot),
    runUrl: about.runUrl,
  };
}

/** What one message mentioned is known: that is what a state remembers. */
function addTold(done: Run['done'], { posted, findings, digest, message }: Told): void {
  const { told } = done;
  done.told = {
    posted: told.posted || posted,
    findings: new Set([...told.findings, ...findings]),
    digest: told.digest || digest,
    message: told.message ?? message,
  };
}

async function githubActions({ report, about, io: { env, stderr }, done }: Run): Promise<void> {
  if (!inActions(env)) return;
  const { markdown } = await import('../reporters/markdown.js');
  const summary = markdown(report, { ...about, full: false });
  await publishToActions(report, { env, stderr, summary, reports: done.files, raised: about.raised });
}

async function stateFile({ state, comparison, request, done }: Run): Promise<void> {
  // A dry run told nobody, and without waivers everything waived would be remembered as open.
  if (done.failed || request.dryRun || !request.waivers) return;
  const next = comparison?.next(done.told);
  if (next) await state?.save(next);
}

async function conductorOne(run: Run): Promise<void> {
  const { report, evaluation, request, findings, about, io, redactor, log, complain, done } = run;
  if (!request.push || !findings) return;
  const { pushFindings } = await import('./conductorone/index.js');
  const owners = knownOwners(evaluation.snapshot);
  const planned = await pushFindings(
    {
      ...findings,
      mode: request.dryRun ? 'dry-run' : 'send',
      report,
      evaluation,
      rules: about.rules,
      owners,
    },
    { signal: io.signal, log, scrub: (text) => redactor.redact(text), tell: complain },
  );
  if (planned !== undefined) done.planned.push = planned;
}

async function printPlanned({ request, io, complain, done: { planned } }: Run): Promise<void> {
  if (!request.dryRun) return;
  const printed = request.dryRun === 'slack' ? planned.slack : planned;
  await writeStream(io.stdout, neutraliseJson(`${JSON.stringify(printed, null, 2)}\n`));
  if (printed === null)
    complain({ message: 'Nothing would be sent to Slack: there is nothing new to report.', hint: '' });
}

function knownOwners({ facts }: Snapshot): ReadonlyMap<string, Owner> {
  return new Map([...facts.owners].flatMap(([id, owner]) => (isKnown(owner) ? [[id, owner] as const] : [])));
}

/** Tells people who do not watch an audit that it ended before it had a report. */
export async function sendFailure(
  { message, hint }: AuditError,
  to: { readonly slack: boolean; readonly webhook: boolean },
  { io, redactor, complain }: Pick<DeliveryContext, 'io' | 'redactor' | 'complain'>,
): Promise<void> {
  const scrub = (text: string) => redactor.redact(text);
  const failure = {
    message: scrub(message),
    hint: scrub(hint),
    tenant: undefined,
    runUrl: actionsRunUrl(io.env),
  };
  const connection = { ...io, log: { warn: (text: string) => complain({ message: text, hint: '' }) } };
  const attempt = attemptsIn(
    { failed: false },
    {
      // If the receiver's own setting is what is wrong, that is said already.
      complain: (error) => {
        if (error.message !== message) complain(error);
      },
    },
  );
  if (to.slack)
    await attempt(async () => (await import('./slack/index.js')).deliverFailureToSlack(failure, connection));
  if (to.webhook)
    await attempt(async () => (await import('./webhook.js')).deliverFailureToWebhook(failure, connection));
}
