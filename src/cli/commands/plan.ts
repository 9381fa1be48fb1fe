import { rules as builtIns } from '../../../rules/index.js';
import type { Rule, Snapshot } from '../../contract/index.js';
import type { OutputTarget } from '../../delivery/output.js';
import { exitCode, type Report } from '../../engine/report.js';
import { type ExitCode, usageError } from '../../errors.js';
import { makePlan } from '../../plan/plan.js';
import { PLAN_FORMATS, renderPlan } from '../../plan/render.js';
import { ruleInfos } from '../../reporters/reporter.js';
import { whyIncomplete } from '../../reporters/words.js';
import { audit } from '../../run.js';
import type { CommandContext } from '../context.js';
import { documentTargets, readSavedReport, writeDocuments } from '../documents.js';
import { type AuditFlags, type OF_THE_AUDIT, readAsOf } from '../flags.js';
import { auditContext, auditRequest, checkTargets, loadAuditSettings, timeLimit } from '../request.js';
import { watched } from '../watchdog.js';

type PlanFlags = Pick<AuditFlags, (typeof OF_THE_AUDIT)[number] | 'format'> & {
  readonly owner?: string;
};

/**
 * Says what to do about each open finding of a saved report, or of an audit made for it. Such an audit leaves no trace: no
 * state, no message, no heartbeat. Exits with 3 if the report is incomplete, as the plan then is as well.
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
  const targets = documentTargets(flags.format, PLAN_FORMATS, 'plan', io.cwd);
  if (file !== undefined && given !== undefined)
    throw usageError(
      `${given} has no effect with a saved report.`,
      'Leave it out, or leave the report out to audit.',
    );
  const { report, rules, snapshot } =
    file === undefined
      ? await watched(timeLimit(flags), io, (watch) => auditFor(flags, targets, context, watch))
      : await readAudited(file, targets, context);
  const plan = makePlan(report, ruleInfos(rules), flags.owner);
  if (!plan)
    throw usageError(
      `No credential in the report belongs to ${JSON.stringify(flags.owner)}.`,
      'Give the email or id that the report shows; c1-audit plan without --owner lists all owners.',
    );
  const why = whyIncomplete(report, snapshot);
  if (why) context.complain(why);
  return writeDocuments(targets, (format) => renderPlan(format, plan), exitCode(report, 'never'), context);
}

interface Audited {
  readonly report: Report;
  readonly rules: readonly Rule[];
  /** Absent for a saved report. */
  readonly snapshot?: Snapshot;
}

async function readAudited(
  file: string,
  targets: readonly OutputTarget[],
  context: CommandContext,
): Promise<Audited> {
  await checkTargets(targets, {}, [file], context.io);
  return { report: await readSavedReport(file, context), rules: builtIns };
}

async function auditFor(
  flags: PlanFlags,
  targets: readonly OutputTarget[],
  context: CommandContext,
  watch: () => Promise<void>,
): Promise<Audited> {
  const { io } = context;
  const asOf = readAsOf(flags.asOf) ?? io.now();
  const loaded = await loadAuditSettings(flags, context, asOf, watch);
  await checkTargets(targets, loaded, [flags.input], io);
  const request = await auditRequest(flags, loaded, asOf, io);
  const audited = await audit(request, auditContext(flags, context));
  return { ...audited, rules: (await loaded.rulebook()).rules };
}
