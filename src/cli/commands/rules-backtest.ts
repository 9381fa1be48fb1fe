import { conditionOf } from '../../cel/rule.js';
import { writeStream } from '../../delivery/files.js';
import { backtest, judgeReport, type Night } from '../../engine/backtest.js';
import { AuditError, EXIT, type ExitCode } from '../../errors.js';
import { backtestJson, backtestText } from '../../reporters/backtest.js';
import { rulesInForce } from '../../run.js';
import type { CommandContext } from '../context.js';
import { readSavedReport } from '../documents.js';
import type { RulesFlags } from '../flags.js';
import { loadSettings } from '../request.js';
import { extraRules, unknownRule } from './rules.js';

/** What a rule would have reported over saved reports. Exits 3 if one of them cannot be read. */
export async function backtestCommand(
  [id, ...files]: readonly string[],
  flags: RulesFlags,
  context: CommandContext,
): Promise<ExitCode> {
  if (id === undefined || files.length === 0)
    throw new AuditError(
      'usage',
      'rules backtest needs a rule and at least one saved report.',
      'Usage: c1-audit rules backtest <rule> reports/*.json',
    );
  const { rules, config } = await loadSettings(context, {}, flags);
  if (extraRules().some((rule) => rule.id === id))
    throw new AuditError(
      'usage',
      `${id} compares audits or waivers: it cannot be tried on single reports.`,
      'Choose a rule that judges credentials. c1-audit rules lists them.',
    );
  const [inForce] = rulesInForce({ rules, config, only: new Set([id]) });
  if (!inForce) throw unknownRule(id, rules);
  const partialFacts = conditionOf(inForce.rule) !== undefined;
  const { nights, unread } = await readNights(files, { inForce, rules, partialFacts }, context);
  if (unread.length > 0)
    context.complain({
      message: `Not every report could be read:\n${unread.map((line) => `  - ${line}`).join('\n')}`,
      hint: nights.length === 0 ? 'Give reports that were written with -f json.' : '',
    });
  if (nights.length === 0) return EXIT.usage;
  const result = backtest(nights);
  const text =
    flags.format === 'json'
      ? `${JSON.stringify(backtestJson(inForce.rule, result), null, 2)}\n`
      : backtestText(inForce.rule, result);
  await writeStream(context.io.stdout, text);
  return unread.length > 0 ? EXIT.incomplete : EXIT.clean;
}

async function readNights(
  files: readonly string[],
  options: Parameters<typeof judgeReport>[2],
  context: CommandContext,
): Promise<{ readonly nights: readonly Night[]; readonly unread: readonly string[] }> {
  const nights: Night[] = [];
  const unread: string[] = [];
  // One at a time: a year of reports does not fit into memory.
  for (const file of files) {
    try {
      nights.push(judgeReport(file, await readSavedReport(file, context), options));
    } catch (error) {
      if (!(error instanceof AuditError)) throw error;
      unread.push(error.message);
    }
  }
  return { nights, unread };
}
