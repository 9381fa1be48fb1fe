import { resolve } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { type Config, WEBHOOK_DEFAULTS } from './config/config.js';
import { type LoadedConfig, readVariable } from './config/resolve.js';
import type { Snapshot } from './contract/index.js';
import { actionsRunUrl, inActions, maskLines } from './delivery/github.js';
import type { DeliveryRequest } from './delivery/index.js';
import type { StateFile } from './delivery/state-file.js';
import type { EarlyVerdicts } from './engine/audit.js';
import type { Evaluated, Evaluation } from './engine/evaluate.js';
import type { RuleInForce } from './engine/judge.js';
import type { Report } from './engine/report.js';
import { AuditError, EXIT, type ExitCode } from './errors.js';
import type { Io } from './io.js';
import { type OpenContext, type Opened, type OpenRequest, open } from './open.js';
import { secretsToMask } from './redact.js';
import type { ReporterContext } from './reporters/reporter.js';
import type { Source } from './sources/source.js';

/** What to audit, and by which rules. */
export interface AuditRequest extends OpenRequest {
  /** Only these rules; undefined: all that are switched on. */
  readonly only: ReadonlySet<string> | undefined;
  readonly waivers: boolean;
  /** Accept that most of a known list is gone. */
  readonly acceptShrink?: boolean;
  /** A saved report whose findings count as known; not together with a state. */
  readonly baseline?: { readonly file: string; readonly report: Report } | undefined;
}

/** An audit whose findings are delivered. */
export interface RunRequest extends AuditRequest, DeliveryRequest {
  readonly look: Look;
}

/** How reports for people look. */
export type Look = Pick<ReporterContext, 'color' | 'width' | 'full'>;

export interface RunContext extends OpenContext {
  /** Called when everything has been read, or reading has failed. */
  readonly onCollected: () => void;
}

/**
 * Audits and delivers what was found, which is printed whatever fails after it.
 *
 * @throws AuditError if nothing was audited
 */
export async function run(request: RunRequest, context: RunContext): Promise<ExitCode> {
  const { loaded, look } = request;
  const startedAt = context.io.now();
  const { source, findings } = await openTenant(request, context);
  refuseBaseline(source, request);
  const state = await stateFor(source, request, startedAt, context.io);
  try {
    const evaluation = await collect(source, request, startedAt, context, state);
    const evaluated = await evaluateWithoutSecrets(evaluation, context);
    await explainIncomplete(evaluated.report, context, evaluation.snapshot);
    const { comparison } = evaluated;
    const { raisedFindings } = await loadEngine();
    const { deliver } = await import('./delivery/index.js');
    let raised: ReporterContext['raised'];
    const about = {
      ...(await reporterContext(loaded, look, context.io)),
      configuration: loaded.file?.name,
      get raised() {
        raised ??= comparison && raisedFindings(comparison);
        return raised;
      },
    };
    const { slack, webhook = WEBHOOK_DEFAULTS } = loaded.config;
    const audited = { ...evaluated, evaluation, state, findings, about, settings: { slack, webhook } };
    const delivered = await deliver(audited, request, context);
    return exitCodeOf(evaluated, loaded.config, delivered);
  } finally {
    await state?.release();
  }
}

/**
 * Audits and returns the report. Nothing is delivered or remembered.
 *
 * @throws AuditError if nothing was audited
 */
export async function audit(
  request: AuditRequest,
  context: RunContext,
): Promise<{ readonly report: Report; readonly snapshot: Snapshot }> {
  const startedAt = context.io.now();
  const { source } = await openTenant(request, context);
  const evaluation = await collect(source, request, startedAt, context);
  const { report } = await evaluateWithoutSecrets(evaluation, context);
  return { report, snapshot: evaluation.snapshot };
}

/** Renders a saved report again, in every requested format. */
export async function rerender(
  report: Report,
  { loaded, targets, look }: Pick<RunRequest, 'loaded' | 'targets' | 'look'>,
  context: Pick<RunContext, 'io' | 'complain'>,
): Promise<ExitCode> {
  const about = await reporterContext(loaded, look, context.io);
  const { deliverReports } = await import('./delivery/index.js');
  const delivered = await deliverReports(report, targets, about, context);
  await explainIncomplete(report, context);
  // A saved report does not say which findings became more severe, so all of them count.
  return exitCodeOf({ report, comparison: undefined }, loaded.config, delivered);
}

/** The one place where the exit code of an audit is decided. A failed delivery counts like a source that was not read. */
async function exitCodeOf(
  { report, comparison }: Evaluated,
  { failOn, failOnNew }: Pick<Config, 'failOn' | 'failOnNew'>,
  delivered: boolean,
): Promise<ExitCode> {
  if (!delivered) return EXIT.incomplete;
  const { exitCode, newFindings } = await loadEngine();
  return exitCode(report, failOn, failOnNew && comparison ? newFindings(comparison) : undefined);
}

/** @throws AuditError `input` for a baseline that no earlier audit of this tenant can have written */
function refuseBaseline({ tenant }: Source, { baseline, asOf }: AuditRequest): void {
  if (!baseline) return;
  const { file, report } = baseline;
  const { run } = report;
  if (run.tenant !== tenant)
    throw new AuditError(
      'input',
      `The baseline ${file} is of another tenant (${JSON.stringify(run.tenant)}, not ${JSON.stringify(tenant)}).`,
      'Give a report of the tenant that is audited.',
    );
  if (Date.parse(run.asOf) > asOf)
    throw new AuditError(
      'input',
      `The baseline ${file} is as of ${run.asOf}, which is later than ${new Date(asOf).toISOString()}.`,
      'Give a report from before this audit.',
    );
}

async function openTenant(request: OpenRequest, context: RunContext): Promise<Opened> {
  const opened = await open(request, context);
  const { env, stderr } = context.io;
  // Before the first request.
  if (inActions(env)) stderr.write(maskLines(secretsToMask(env)));
  return opened;
}

async function stateFor(
  { tenant }: Source,
  { loaded: { config }, asOf }: AuditRequest,
  now: number,
  { cwd, env }: Io,
): Promise<StateFile | undefined> {
  if (config.state === undefined) return undefined;
  const { openState } = await import('./delivery/state-file.js');
  const key = readVariable(env, 'C1_AUDIT_STATE_KEY');
  return openState(resolve(cwd, config.state), { tenant, now, asOf, key });
}

/** Loaded while the tenant answers: nothing of it is needed before. */
const loadEngine = () => import('./engine/index.js');

/**
 * Reads the source and judges each credential as soon as that is possible.
 *
 * @param state what the last complete audit left; undefined: no history is kept
 * @throws AuditError `config` if no rule is switched on
 */
async function collect(
  source: Source,
  { loaded, only, waivers, asOf, acceptShrink = false, baseline }: AuditRequest,
  startedAt: number,
  { io, onCollected }: RunContext,
  state?: StateFile,
): Promise<Evaluation> {
  const { config, file } = loaded;
  // Only a file can switch rules off.
  if (file && only === undefined) refuseNoRules((await loaded.rulebook()).inForce(only));
  let rules: RuleInForce[] | undefined;
  const inForce = async () => (rules ??= (await loaded.rulebook()).inForce(only));
  let early: EarlyVerdicts | undefined;
  const reading = source.collect(
    io.signal,
    async () => {
      const { EarlyVerdicts } = await loadEngine();
      const running = await inForce();
      return (credentials, known) => {
        early ??= new EarlyVerdicts(running, asOf, known);
        early.judge(credentials);
      };
    },
    state?.state?.log,
  );
  const collected = await reading.finally(onCollected);
  const { settingsMark, withLosses } = await loadEngine();
  const { rules: known, settings } = await loaded.rulebook();
  return {
    tool: { name: 'c1-audit', version: C1_AUDIT_VERSION },
    snapshot: withLosses(collected, state?.state, acceptShrink),
    rules: await inForce(),
    known: known.map(({ id }) => id),
    early,
    waivers: waivers ? config.waivers : undefined,
    choices: settings,
    only,
    history: state && { previous: state.state },
    baseline: baseline?.report,
    minSeverity: config.minSeverity,
    settings: settingsMark(known, settings),
    asOf,
    startedAt,
    finishedAt: io.now(),
  };
}

function refuseNoRules(rules: readonly RuleInForce[]): void {
  if (rules.length > 0) return;
  throw new AuditError(
    'config',
    'All rules are switched off.',
    'Switch on at least one under "rules" in the configuration.',
  );
}

/** The one place where secrets leave the report: whatever is made of it is not searched again and cannot be damaged. */
async function evaluateWithoutSecrets(
  evaluation: Evaluation,
  { io, redactor }: RunContext,
): Promise<Evaluated> {
  const { evaluate, redactReport } = await loadEngine();
  const evaluated = evaluate(evaluation);
  // What a rule of a plug-in left behind fails now.
  await turn();
  const trouble = io.trouble?.();
  const { report, comparison } = trouble === undefined ? evaluated : evaluate(withGap(evaluation, trouble));
  return { report: redactReport(report, (text) => redactor.redact(text)), comparison };
}

function withGap(evaluation: Evaluation, gap: string): Evaluation {
  const { snapshot } = evaluation;
  return { ...evaluation, snapshot: { ...snapshot, gaps: [...(snapshot.gaps ?? []), gap] } };
}

async function explainIncomplete(
  report: Report,
  { complain }: Pick<RunContext, 'complain'>,
  snapshot?: Snapshot,
): Promise<void> {
  const { whyIncomplete } = await import('./reporters/words.js');
  const why = whyIncomplete(report, snapshot);
  if (why) complain(why);
}

async function reporterContext(
  { rulebook }: Pick<LoadedConfig, 'rulebook'>,
  look: Look,
  { env }: Io,
): Promise<ReporterContext> {
  const { ruleInfos } = await import('./reporters/reporter.js');
  return { ...look, rules: ruleInfos((await rulebook()).rules), runUrl: actionsRunUrl(env) };
}
