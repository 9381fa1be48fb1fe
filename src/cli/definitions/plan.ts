import { type Define, each } from '../define.js';
import { type AuditFlags, answerGuesses, auditOptions } from '../flags.js';

/** The audit's flags that decide what is found. The others say what becomes of it. */
const OF_THE_AUDIT = [
  'scope',
  'source',
  'input',
  'config',
  'profile',
  'minSeverity',
  'rule',
  'asOf',
  'waivers',
  'timeout',
  'quiet',
  'verbose',
] as const;

/** Flags of `plan`, as commander hands them over. */
export type PlanFlags = Pick<AuditFlags, (typeof OF_THE_AUDIT)[number] | 'format'> & {
  readonly owner?: string;
};

export const definePlan: Define = (program, run) => {
  const plan = program
    .command('plan')
    .description('say what to do about each finding, owner by owner')
    .argument('[report.json]', 'a report that -f json wrote, - for stdin; without it, audits')
    .option('--owner <email or id>', 'only the part of this owner, ready to send')
    .option('-f, --format <format[:file]>', 'output, repeatable: text, markdown', each);
  const names: readonly string[] = OF_THE_AUDIT;
  const options = auditOptions().filter((option) => names.includes(option.attributeName()));
  for (const option of options) plan.addOption(option);
  answerGuesses(plan, ['text', 'markdown']);
  plan
    .addHelpText(
      'after',
      `
Examples:
  c1-audit plan report.json
  c1-audit plan report.json --owner jo@acme.example -f markdown:jo.md
  c1-audit plan --scope tenant --min-severity high`,
    )
    .action((file: string | undefined, flags: PlanFlags) =>
      run(
        async (context) => {
          const { planCommand } = await import('../commands/plan.js');
          const given = options.filter(
            (option) => plan.getOptionValueSource(option.attributeName()) === 'cli',
          );
          return planCommand(file, flags, given, context);
        },
        { audits: file === undefined },
      ),
    );
};
