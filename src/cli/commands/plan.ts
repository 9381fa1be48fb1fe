import { rules as builtIns } from '../../../rules/index.js';
import { assess } from '../../assess.js';
import { loadConfig } from '../../config/load.js';
import type { Rule } from '../../contract/index.js';
import { inActions, maskLines } from '../../delivery/github.js';
import { evaluate } from '../../engine/evaluate.js';
import { EXIT, type ExitCode } from '../../engine/exit-code.js';
import type { Report } from '../../engine/report.js';
import { AuditError } from '../../errors.js';
import { planMarkdown } from '../../plan/markdown.js';
import { makePlan } from '../../plan/plan.js';
import { planText } from '../../plan/text.js';
import { ruleInfos } from '../../run.js';
import { readAsOf } from '../as-of.js';
import type { PlanFlags } from '../definitions/plan.js';
import { documentTargets, writeDocuments } from '../documents.js';
import { createLog } from '../log.js';
import { type CommandContext, complain } from '../main.js';
import { openSource } from '../open-source.js';
import { createProgress } from '../progress.js';
import { readSavedReport, refuseOverwriting } from '../saved-report.js';
import { environmentSecrets } from '../secrets.js';

const RENDERERS = { text: planText, markdown: planMarkdown };
const FORMATS = ['text', 'markdown'] as const;

/**
 * Says what to do about each open finding of a saved report, or of an audit made for it.
 *
 * Such an audit leaves no trace: no state, no message, no heartbeat. Exits with 3 where the report is incomplete, so that
 * no plan passes for a whole one.
 *
 * @param given the audit's flags that were given
 */
export async function planCommand(
  file: string | undefined,
  flags: PlanFlags,
  given: readonly { readonly long?: string | undefined }[],
  context: CommandContext,
): Promise<ExitCode> {
  const { io } = context;
  const targets = documentTargets(flags.format, FORMATS, 'plan', io.cwd);
  const [senseless] = given;
  if (file !== undefined && senseless)
    throw new AuditError(
      'usage',
      `${senseless.long} has no meaning with a saved report.`,
      'Leave it out, or leave the report out to audit.',
    );
  if (file !== undefined) refuseOverwriting([file], targets, io.cwd);
  const { report, rules } =
    file === undefined
      ? await audit(flags, context)
      : { report: await readSavedReport(file, io), rules: builtIns };
  const plan = makePlan(report, ruleInfos(rules), flags.owner);
  if (!plan)
    throw new AuditError(
      'usage',
      `No credential in the report belongs to ${JSON.stringify(flags.owner)}.`,
      'Give the email or id that the report shows; c1-audit plan without --owner lists all owners.',
    );
  const { complete } = report.coverage;
  if (!complete)
    complain(
      {
        message: 'The audit behind this plan is incomplete: findings may be missing in it.',
        hint: 'Its first lines say what was not seen.',
      },
      context,
    );
  return writeDocuments(
    targets,
    async (format) => RENDERERS[format](plan),
    complete ? EXIT.clean : EXIT.incomplete,
    context,
  );
}

async function audit(
  flags: PlanFlags,
  context: CommandContext,
): Promise<{ readonly report: Report; readonly rules: readonly Rule[] }> {
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
  const log = createLog(flags.verbose ? 'debug' : flags.quiet ? 'error' : 'warn', io.stderr, redactor);
  const progress = createProgress(io, !flags.quiet && !flags.verbose);
  const source = await openSource(flags, loaded, context, log, progress.add);
  if (inActions(io.env)) io.stderr.write(maskLines(environmentSecrets(io.env).map(({ value }) => value)));
  const { config, rules } = loaded;
  const evaluation = await assess(
    { source, config, rules, only: rule && new Set(rule), waivers: waivers !== false, asOf },
    {
      startedAt,
      now: io.now,
      signal: io.signal,
      onCollected({ failures }) {
        progress.clear();
        for (const failure of failures) complain(failure, context);
      },
    },
  );
  return { report: evaluate(evaluation).report, rules };
}
