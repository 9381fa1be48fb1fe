import { resolve } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { type Config, WEBHOOK_DEFAULTS } from './config/config.js';
import { type LoadedConfig, readVariable } from './config/resolve.js';
import type { Rule, Snapshot } from './contract/index.js';
import { actionsRunUrl, inActions, maskLines } from './delivery/github.js';
import { type DeliveryRequest, deliver, deliverReports } from './delivery/index.js';
import { openState, type StateFile } from './delivery/state-file.js';
import type { EarlyVerdicts } from './engine/audit.js';
import { DRIFT_RULES } from './engine/drift.js';
import type { Evaluated, Evaluation } from './engine/evaluate.js';
import { newFindings, raisedFindings } from './engine/history.js';
import { optionsInForce, type RuleInForce, settingsMark } from './engine/judge.js';
import { exitCode, type Report } from './engine/report.js';
import { WAIVER_RULES } from './engine/waivers.js';
import { AuditError, EXIT, type ExitCode } from './errors.js';
import type { Io } from './io.js';
import { type OpenContext, type Opened, type OpenRequest, open } from './open.js';
import { secretsToMask } from './redact.js';
import type { ReporterContext, RuleInfo } from './reporters/reporter.js';
import { whyIncomplete } from './reporters/words.js';
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
    explainIncomplete(evaluated.report, context, evaluation.snapshot);
    const { comparison } = evaluated;
    const about = {
      ...reporterContext(loaded.rules, look, context.io),
      configuration: loaded.file?.name,
      raised: comparison && raisedFindings(comparison),
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
  const about = reporterContext(loaded.rules, look, context.io);
  const delivered = await deliverReports(report, targets, about, context);
  explainIncomplete(report, context);
  // A saved report does not say which findings became more severe, so all of them count.
  return exitCodeOf({ report, comparison: undefined }, loaded.config, delivered);
}

/** The one place where the exit code of an audit is decided. A failed delivery counts like a source that was not read. */
function exitCodeOf(
  { report, comparison }: Evaluated,
  { failOn, failOnNew }: Pick<Config, 'failOn' | 'failOnNew'>,
  delivered: boolean,
): ExitCode {
  if (!delivered) return EXIT.incomplete;
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
  const key = readVariable(env, 'C1_AUDIT_STATE_KEY');
  return openState(resolve(cwd, config.state), { tenant, now, asOf, key });
}

/** Loaded while the tenant answers: nothing of it is needed before. */
async function loadEngine() {
  const { EarlyVerdicts } = await import('./engine/audit.js');
  const { evaluate } = await import('./engine/evaluate.js');
  const { withLosses } = await import('./engine/losses.js');
  const { redactReport } = await import('./engine/redact-report.js');
  return { EarlyVerdicts, evaluate, withLosses, redactReport };
}

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
  const { config, rules: known } = loaded;
  const rules = rulesInForce({ rules: known, config, only });
  if (rules.length === 0 && only === undefined)
    throw new AuditError(
      'config',
      'All rules are switched off.',
      'Switch on at least one under "rules" in the configuration.',
    );
  let early: EarlyVerdicts | undefined;
  const reading = source.collect(
    io.signal,
    async () => {
      const { EarlyVerdicts } = await loadEngine();
      const verdicts = new EarlyVerdicts(rules, asOf);
      early = verdicts;
      return (credentials) => verdicts.judge(credentials);
    },
    state?.state?.log,
  );
  const collected = await reading.finally(onCollected);
  const { withLosses } = await loadEngine();
  return {
    tool: { name: 'c1-audit', version: C1_AUDIT_VERSION },
    snapshot: withLosses(collected, state?.state, acceptShrink),
    rules,
    known: known.map(({ id }) => id),
    early,
    waivers: waivers ? config.waivers : undefined,
    choices: config.rules,
    only,
    history: state && { previous: state.state },
    baseline: baseline?.report,
    minSeverity: config.minSeverity,
    settings: settingsMark(known, config.rules),
    asOf,
    startedAt,
    finishedAt: io.now(),
  };
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

function explainIncomplete(
  report: Report,
  { complain }: Pick<RunContext, 'complain'>,
  snapshot?: Snapshot,
): void {
  const why = whyIncomplete(report, snapshot);
  if (why) complain(why);
}

/** The rules that are switched on, each with its settings. */
export function rulesInForce({
  rules,
  config,
  only,
}: {
  readonly rules: readonly Rule[];
  readonly config: Pick<Config, 'rules'>;
  readonly only: ReadonlySet<string> | undefined;
}): RuleInForce[] {
  const isOn = ({ id }: Rule) => only?.has(id) ?? config.rules[id]?.enabled ?? true;
  return rules.filter(isOn).map((rule) => {
    const setting = config.rules[rule.id];
    return {
      rule,
      severity: setting?.severity,
      options: optionsInForce(rule, setting?.options),
      floors: setting?.floors ?? {},
    };
  });
}

function reporterContext(rules: LoadedConfig['rules'], look: Look, { env }: Io): ReporterContext {
  return { ...look, rules: ruleInfos(rules), runUrl: actionsRunUrl(env) };
}

/** Every rule that a finding can be of, the rules on waivers and on changes between audits included. */
export function ruleInfos(rules: readonly Rule[]): ReadonlyMap<string, RuleInfo> {
  const all = [...rules, ...DRIFT_RULES, ...Object.values(WAIVER_RULES)];
  return new Map(all.map((rule) => [rule.id, rule]));
}
