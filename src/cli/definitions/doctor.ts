import { type Define, each } from '../define.js';
import { answerGuesses } from '../flags.js';

/** Flags of `doctor`, as commander hands them over. */
export interface DoctorFlags {
  readonly config?: string;
  readonly scope?: string;
  readonly source?: string[];
  readonly state?: string;
  readonly slackTest?: boolean;
  readonly format: string;
  readonly timeout?: string;
  readonly verbose?: boolean;
  /** false with `--no-color`. */
  readonly color?: boolean;
}

export const defineDoctor: Define = (program, run) => {
  const doctor = program
    .command('doctor')
    .description('check that an audit can run, and say what to mend')
    .option('-c, --config <file>', 'configuration to check')
    .option('--scope <scope>', 'mine or tenant, as for an audit')
    .option('--source <source>', 'what would be audited, repeatable', each)
    .option('--state <file>', 'state file to check')
    .option('--slack-test', 'send one message to Slack, marked as a test')
    .option('-f, --format <format>', 'text or json', 'text')
    .option('--timeout <seconds>', 'stop after this long (default: 60)')
    .option('-v, --verbose', 'log every request')
    .option('--no-color', 'no colours')
    .addHelpText(
      'after',
      `
Nothing is audited or changed. Exit 0: an audit can run; 2: it would not start;
3: it would start, but fail or be incomplete.

Examples:
  c1-audit doctor
  c1-audit doctor --scope tenant --state .c1-audit/state.json
  c1-audit doctor --slack-test
  c1-audit doctor -f json | jq '.checks[] | select(.status == "problem")'`,
    )
    .action((flags: DoctorFlags) =>
      run(async (context) => {
        const { doctorCommand } = await import('../commands/doctor.js');
        return doctorCommand(flags, context);
      }),
    );
  answerGuesses(doctor, ['text', 'json'], false);
};
