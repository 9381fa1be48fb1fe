import { resolve } from 'node:path';
import type { Logger } from 'pino';
import type { Config } from './config/config.js';
import { readVariable } from './config/resolve.js';
import { isKnown, type Owner, type Rule, type Snapshot } from './contract/index.js';
import type { PushRequest } from './delivery/conductorone/index.js';
import { actionsRunUrl, inActions, publishToActions, stopCommands } from './delivery/github.js';
import { type OutputTarget, writeReport, writeStream } from './delivery/output.js';
import { deliverToSlack, slackDryRun } from './delivery/slack/index.js';
import { openState, type StateFile } from './delivery/state-file.js';
import { EarlyVerdicts } from './engine/audit.js';
import { DRIFT_RULES } from './engine/drift.js';
import { type Evaluated, type Evaluation, evaluate } from './engine/evaluate.js';
import { NOTHING_TOLD, type Told } from './engine/history.js';
import { optionsInForce, type RuleInForce, settingsMark } from './engine/judge.js';
import { withLosses } from './engine/losses.js';
import { redactReport } from './engine/redact-report.js';
import { exitCode, type Report } from './engine/report.js';
import { WAIVER_RULES } from './engine/waivers.js';
import { AuditError, defectText, EXIT, type ExitCode } from './errors.js';
import type { Io } from './io.js';
import type { Redactor } from './redact.js';
import { neutraliseJson } from './reporters/escape.js';
import { type Format, loadPartReporter } from './reporters/index.js';
import type { ReporterContext, RuleInfo } from './reporters/reporter.js';
import { gaps, namedGaps } from './reporters/words.js';
import type { Source } from './sources/source.js';

/** What to audit, and by which rules. */
interface Assessment {
  readonly source: Source;
  readonly config: Pick<Config, 'rules' | 'waivers' | 'minSeverity'>;
  /** Built-in rules and those of plug-ins. */
  readonly rules: readonly Rule[];
  /** Only these; undefined: all that are switched on. */
  readonly only: ReadonlySet<string> | undefined;
  readonly waivers: boolean;
  /** Milliseconds since the epoch. */
  readonly asOf: number;
  /** Take it for true that most of a list is gone. */
  readonly acceptShrink?: boolean;
}

interface AssessmentContext {
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly now: () => number;
  readonly signal: AbortSignal;
  /** Handed everything that has been read, before it is judged. */
  readonly onCollected: (snapshot: Snapshot) => void;
}

/**
 * Reads the source, and has judged what could be judged at once. The rest is `evaluate`'s, which is pure.
 *
 * @throws AuditError `config` where no rule is left
 * @param history  what the last complete audit left; undefined: none is kept
 */
export async function assess(
  { source, config, rules: known, only, waivers, asOf, acceptShrink = false }: Assessment,
  { startedAt, now, signal, onCollected }: AssessmentContext,
  history?: Evaluation['history'],
): Promise<Evaluation> {
  const rules = rulesInForce({ rules: known, config, only });
  if (rules.length === 0 && only === undefined)
    throw new AuditError(
      'config',
      'No rule is left to judge by: all of them are off.',
      'Switch at least one on again under "rules" of the configuration.',
    );
  const early = new EarlyVerdicts(rules, asOf);
  const collected = await source.collect(signal, (credentials) => early.judge(credentials));
  const snapshot = withLosses(collected, history?.previous, acceptShrink);
  onCollected(snapshot);
  return {
    tool: { name: 'c1-audit', version: C1_AUDIT_VERSION },
    snapshot,
    rules,
    known: known.map(({ id }) => id),
    early,
    waivers: waivers ? config.waivers : undefined,
    choices: config.rules,
    only,
    history,
    minSeverity: config.minSeverity,
    settings: settingsMark(known, config.rules),
    asOf,
    startedAt,
    finishedAt: now(),
  };
}

/** The rules that are switched on, each with its settings. */
export function rulesInForce({
  rules,
  config,
  only,
}: Pick<Assessment, 'rules' | 'only'> & { readonly config: Pick<Config, 'rules'> }): RuleInForce[] {
  return rules.flatMap((rule) => {
    const setting = config.rules[rule.id];
    if (only ? !only.has(rule.id) : setting && !setting.enabled) return [];
    return [
      {
        rule,
        severity: setting?.severity,
        options: optionsInForce(rule, setting?.options),
        floors: setting?.floors ?? {},
      },
    ];
  });
}

/** One audit, as asked for. */
export interface RunRequest extends Assessment {
  readonly config: Config;
  readonly targets: readonly OutputTarget[];
  readonly slack: 'send' | 'off' | 'dry-run';
  /** undefined: nothing goes to ConductorOne. */
  readonly push?: PushRequest | undefined;
  readonly color: boolean;
  /** The configuration file in use, as messages call it; undefined: none. */
  readonly configuration: string | undefined;
}

interface RunContext {
  readonly io: Io;
  readonly redactor: Redactor;
  readonly log: Logger;
  /** Shows an error to whoever started the run. */
  readonly complain: (error: Pick<AuditError, 'message' | 'hint'>) => void;
  /** Called once everything has been read. */
  readonly onCollected: () => void;
}

/**
 * Source → snapshot → rules → report → reporters → delivery.
 *
 * What was found is printed whatever fails after it; the exit code tells.
 *
 * @throws AuditError where nothing was audited (`state`).
 */
export async function run(request: RunRequest, context: RunContext): Promise<ExitCode> {
  const { config, source, asOf } = request;
  const { io } = context;
  const startedAt = io.now();
  const stateFile =
    config.state === undefined
      ? undefined
      : await openState(resolve(io.cwd, config.state), {
          tenant: source.tenant,
          now: startedAt,
          asOf,
          key: readVariable(io.env, 'C1_AUDIT_STATE_KEY'),
        });
  try {
    const evaluation = await assess(
      request,
      {
        startedAt,
        now: io.now,
        signal: io.signal,
        onCollected: context.onCollected,
      },
      stateFile && { previous: stateFile.state },
    );
    const evaluated = evaluate(evaluation);
    const why = whyIncomplete(evaluated.report, evaluation.snapshot);
    if (why) context.complain(why);
    return await deliver(evaluated, evaluation, stateFile, request, context);
  } finally {
    await stateFile?.release();
  }
}

/**
 * Why a report is incomplete, each cause once, however many sources it concerns; undefined: it is complete.
 *
 * @param snapshot what it was made from; undefined for a saved report
 */
export function whyIncomplete(
  report: Report,
  snapshot?: Pick<Snapshot, 'failures' | 'sources'>,
): Pick<AuditError, 'message' | 'hint'> | undefined {
  const { coverage } = report;
  if (coverage.complete) return undefined;
  // What an optional source lacks does not make the audit incomplete.
  const isOptional = new Map(
    snapshot?.sources.map(({ kind, status, required }) => [kind, status === 'unavailable' && !required]),
  );
  const sources = coverage.sources.filter(({ kind }) => !isOptional.get(kind));
  const failures = snapshot?.failures ?? [];
  const named = namedGaps({ ...report, coverage: { ...coverage, sources } });
  const others = failures.length + named.length === 0 ? gaps(report) : named;
  const found = new Map<string, { message: string; hint: string; isGap: boolean; isOften: boolean }>();
  const add = (message: string, hint: string, isGap: boolean) => {
    const cause = causeOf(message);
    const same = found.get(cause);
    if (same) same.isOften ||= same.isGap === isGap;
    // A gap repeats, among its own words, what failed.
    else if (![...found.keys()].some((known) => cause.includes(known)))
      found.set(cause, { message, hint, isGap, isOften: false });
  };
  for (const { message, hint } of failures) add(message, hint, false);
  for (const gap of others) add(/[.!?]\)?$/.test(gap) ? gap : `${gap}.`, '', true);
  const causes = [...found.values()].map(({ message, hint, isOften }) => ({
    message: isOften ? `${message} Other requests failed the same way.` : message,
    hint,
  }));
  const [only, ...more] = causes;
  if (only && more.length === 0)
    return { message: `The audit is incomplete: ${only.message}`, hint: only.hint };
  const lines = causes.map(({ message, hint }) => `  - ${message}${hint === '' ? '' : ` ${hint}`}`);
  return { message: `The audit is incomplete:\n${lines.join('\n')}`, hint: '' };
}

/** One cause stops many requests and sources: the words without which of them it was. */
function causeOf(message: string): string {
  const plain = message
    .replaceAll(/\b(GET|POST|PUT|PATCH|DELETE) \S+ | \[request id [^\]]*\]/g, '')
    .replace(/^[\w -]+ were (not seen|seen only in part) /, '')
    .replace(/\.$/, '');
  // An outage, a login that is refused: the same whatever was asked. A missing right is about one thing.
  return /answered (401|429|5\d\d)\b[^.]*|failed: [^.]*/.exec(plain)?.[0] ?? plain;
}

/** Runs a part of the delivery; one that fails is told, and the others go on. */
type Attempt = (task: () => Promise<void>) => Promise<boolean>;

/** Every delivery is tried; the state is kept only when all of them worked. */
async function deliver(
  { report: found, comparison }: Evaluated,
  evaluation: Evaluation,
  stateFile: StateFile | undefined,
  request: RunRequest,
  context: RunContext,
): Promise<ExitCode> {
  const { io, redactor, log } = context;
  const scrub = (text: string) => redactor.redact(text);
  // The one place where secrets leave it: what is made of it is not looked at again, and cannot be damaged.
  const report = redactReport(found, scrub);
  let failed = false;
  let told: Told = NOTHING_TOLD;
  const attempt: Attempt = async (task) => {
    try {
      await task();
      return true;
    } catch (error) {
      failed = true;
      context.complain(error instanceof AuditError ? error : defectText(error));
      return false;
    }
  };

  const about = reporterContext(request, io);
  const written = await writeTargets(report, about, request, context, attempt);
  const owners = knownOwners(evaluation.snapshot);
  const slack = () => ({
    report,
    news: comparison?.news,
    settings: request.config.slack,
    owners,
    runUrl: about.runUrl,
  });
  if (request.slack === 'dry-run') {
    const text = slackDryRun(slack());
    await attempt(() => writeStream(io.stdout, text));
    if (text.trim() === 'null')
      context.complain({
        message: 'Nothing would be sent to Slack: there is nothing new to tell.',
        hint: '',
      });
  } else if (request.slack === 'send' && !io.signal.aborted) {
    await attempt(async () => {
      told = await deliverToSlack({
        ...slack(),
        env: io.env,
        now: io.now,
        signal: io.signal,
        log,
      });
    });
  }
  if (inActions(io.env)) {
    await attempt(async () => {
      const { markdown } = await import('./reporters/markdown.js');
      await publishToActions(report, {
        env: io.env,
        stderr: io.stderr,
        summary: markdown(report, about),
        reports: written,
      });
    });
  }
  // A dry run told nobody, and without waivers everything waived would be remembered as open.
  const remembers = !failed && !isDryRun(request) && request.waivers;
  const next = remembers ? comparison?.next(told) : undefined;
  if (stateFile && next) await attempt(() => stateFile.save(next));
  // Last, as the state does not speak of it: what ConductorOne did not take must not be told to Slack again.
  const { push } = request;
  if (push) {
    await attempt(async () => {
      const { pushFindings } = await import('./delivery/conductorone/index.js');
      const planned = await pushFindings(
        { ...push, report, evaluation, rules: about.rules, owners },
        { signal: io.signal, log, scrub, tell: context.complain },
      );
      if (planned !== undefined) await writeStream(io.stdout, neutraliseJson(planned));
    });
  }
  return failed ? EXIT.incomplete : exitCode(report, request.config.failOn);
}

function knownOwners({ facts }: Snapshot): ReadonlyMap<string, Owner> {
  return new Map([...facts.owners].flatMap(([id, owner]) => (isKnown(owner) ? [[id, owner] as const] : [])));
}

function isDryRun({ slack, push }: Pick<RunRequest, 'slack' | 'push'>): boolean {
  return slack === 'dry-run' || push?.mode === 'dry-run';
}

/** Writes the report in every format asked for; returns the paths of those in files, by format. */
async function writeTargets(
  report: Report,
  about: ReporterContext,
  request: Pick<RunRequest, 'targets' | 'slack' | 'push'>,
  { io }: Pick<RunContext, 'io'>,
  attempt: Attempt,
): Promise<Record<string, string>> {
  const written: Record<string, string> = {};
  const print = async (format: Format) => {
    const parts = (await loadPartReporter(format))(report, about);
    const forPeople = format === 'text' || format === 'markdown';
    await writeStream(io.stdout, forPeople && inActions(io.env) ? stopCommands([...parts].join('')) : parts);
  };
  let lost = false;
  for (const { format, file } of request.targets) {
    // A dry run's payload takes stdout for itself.
    if (file === undefined && isDryRun(request)) continue;
    if (file === undefined) {
      await attempt(() => print(format));
      continue;
    }
    const done = await attempt(async () => {
      const render = await loadPartReporter(format);
      await writeReport(file, render(report, about), io.cwd);
      written[format] = file;
    });
    lost ||= !done;
  }
  // What was found is not lost with a file that cannot be written.
  const printed = isDryRun(request) || request.targets.some(({ file }) => file === undefined);
  if (lost && !printed) await attempt(() => print('text'));
  return written;
}

function reporterContext(
  {
    rules,
    color,
    configuration,
  }: Pick<RunRequest, 'rules' | 'color'> & Partial<Pick<RunRequest, 'configuration'>>,
  io: Io,
): ReporterContext {
  return { rules: ruleInfos(rules), color, runUrl: actionsRunUrl(io.env), configuration };
}

/** All that findings can be of: rules, and what is found on waivers and between runs. */
export function ruleInfos(rules: readonly Rule[]): ReadonlyMap<string, RuleInfo> {
  return new Map(
    [...rules, ...DRIFT_RULES, ...Object.values(WAIVER_RULES)].map((rule): [string, RuleInfo] => [
      rule.id,
      rule,
    ]),
  );
}

/** Renders a report that was saved before, in every format asked for. */
export async function rerender(
  report: Report,
  request: Pick<RunRequest, 'targets' | 'rules' | 'color'> & { readonly failOn: Config['failOn'] },
  context: Pick<RunContext, 'io' | 'complain'>,
): Promise<ExitCode> {
  let failed = false;
  await writeTargets(
    report,
    reporterContext(request, context.io),
    { ...request, slack: 'off' },
    context,
    async (task) => {
      try {
        await task();
        return true;
      } catch (error) {
        failed = true;
        context.complain(error instanceof AuditError ? error : defectText(error));
        return false;
      }
    },
  );
  const why = whyIncomplete(report);
  if (why) context.complain(why);
  return failed ? EXIT.incomplete : exitCode(report, request.failOn);
}
