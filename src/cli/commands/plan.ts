import { rules as builtIns } from '../../../rules/index.js';
import { loadConfig } from '../../config/load.js';
import type { Rule, Snapshot } from '../../contract/index.js';
import { inActions, maskLines } from '../../delivery/github.js';
import { type OutputTarget, prepareTargets } from '../../delivery/output.js';
import { evaluate } from '../../engine/evaluate.js';
import { redactReport } from '../../engine/redact-report.js';
import type { Report } from '../../engine/report.js';
import { AuditError, EXIT, type ExitCode } from '../../errors.js';
import { openSource, timeLimit } from '../../open.js';
import { makePlan } from '../../plan/plan.js';
import { planMarkdown, planText } from '../../plan/render.js';
import { secretsToMask } from '../../redact.js';
import { assess, ruleInfos, whyIncomplete } from '../../run.js';
import { type CommandContext, complain } from '../context.js';
import {
  configurationKept,
  documentTargets,
  inputsKept,
  readSavedReport,
  writeDocuments,
} from '../documents.js';
import { type PlanFlags, readAsOf } from '../flags.js';
import { createLog, createProgress } from '../terminal.js';
import { watched } from '../watchdog.js';

const RENDERERS = { text: planText, markdown: planMarkdown };
const FORMATS = ['text', 'markdown'] as const;

/**
 * Says what to do about each open finding of a saved report, or of an audit made for it.
 *
 * Such an audit leaves no trace: no state, no message, no heartbeat. Exits with 3 where the report is incomplete, so that
 * no plan passes for a whole one.
 *
 * @param given a flag of an audit that was given
 */
export async function planCommand(
  file: string | undefined,
  flags: PlanFlags,
  given: string | undefined,
  context: CommandContext,
): Promise<ExitCode> {
  const { io } = context;
  const targets = documentTargets(flags.format, FORMATS, 'plan', io.cwd);
  if (file !== undefined && given !== undefined)
    throw new AuditError(
      'usage',
      `${given} has no meaning with a saved report.`,
      'Leave it out, or leave the report out to audit.',
    );
  if (file !== undefined) {
    const keep = inputsKept([file], io);
    await prepareTargets(targets, { cwd: io.cwd, stdout: io.stdout, keep });
  }
  const { report, rules, snapshot }: Audited =
    file === undefined
      ? await watched(timeLimit(flags), io, () => audit(flags, targets, context))
      : { report: await readSavedReport(file, context), rules: builtIns, snapshot: undefined };
  const plan = makePlan(report, ruleInfos(rules), flags.owner);
  if (!plan)
    throw new AuditError(
      'usage',
      `No credential in the report belongs to ${JSON.stringify(flags.owner)}.`,
      'Give the email or id that the report shows; c1-audit plan without --owner lists all owners.',
    );
  const why = whyIncomplete(report, snapshot);
  if (why) complain(why, context);
  return writeDocuments(
    targets,
    async (format) => RENDERERS[format](plan),
    why ? EXIT.incomplete : EXIT.clean,
    context,
  );
}

interface Audited {
  readonly report: Report;
  readonly rules: readonly Rule[];
  /** undefined for a saved report. */
  readonly snapshot: Snapshot | undefined;
}

async function audit(
  flags: PlanFlags,
  targets: readonly OutputTarget[],
  context: CommandContext,
): Promise<Audited> {
  const { io, redactor } = context;
  const startedAt = io.now();
  const asOf = readAsOf(flags.asOf) ?? startedAt;
  const { scope, source: sources, profile, minSeverity, rule, waivers } = flags;
  const loaded = await loadConfig({
    cwd: io.cwd,
    env: io.env,
    flags: { scope, sources, profile, minSeverity, rules: rule, waivers },
    configPath: flags.config,
    now: asOf,
    builtIns,
  });
  const inputs = flags.input === undefined ? [] : inputsKept([flags.input], io);
  const keep = [...inputs, ...configurationKept(loaded.file)];
  await prepareTargets(targets, { cwd: io.cwd, stdout: io.stdout, keep });
  const log = createLog(flags.verbose ? 'debug' : flags.quiet ? 'error' : 'warn', io.stderr, redactor);
  const progress = createProgress(io, !flags.quiet && !flags.verbose);
  const source = await openSource(flags, loaded, context, log, progress.add);
  if (inActions(io.env)) io.stderr.write(maskLines(secretsToMask(io.env)));
  const { config, rules } = loaded;
  const evaluation = await assess(
    { source, config, rules, only: rule && new Set(rule), waivers: waivers !== false, asOf },
    {
      startedAt,
      now: io.now,
      signal: io.signal,
      onCollected: progress.clear,
    },
  );
  const { report } = evaluate(evaluation);
  const clean = redactReport(report, (text) => redactor.redact(text));
  return { report: clean, rules, snapshot: evaluation.snapshot };
}
