import { FORMATS } from '../../reporters/index.js';
import { type Define, each } from '../define.js';
import { answerGuesses } from '../flags.js';

/** Flags of `report`, as commander hands them over. */
export interface ReportFlags {
  readonly diff?: boolean;
  readonly format?: string[];
  readonly failOn?: string;
  readonly config?: string;
  /** false with `--no-color`. */
  readonly color?: boolean;
}

export const defineReport: Define = (program, run) => {
  const report = program
    .command('report')
    .description('render a saved JSON report again, or compare two')
    .usage('[flags] <report.json>\n       c1-audit report --diff [flags] <old.json> <new.json>')
    .argument('[files...]', 'reports that -f json wrote; - for stdin')
    .option('--diff', 'compare two: what is new, changed, resolved or not seen')
    .option('-f, --format <format[:file]>', 'output, repeatable; with --diff text, markdown or json', each)
    .option('--fail-on <severity>', 'exit 1 from this severity on')
    .option('-c, --config <file>', 'configuration, for failOn and the rules of its plug-ins')
    .option('--no-color', 'no colours')
    .addHelpText(
      'after',
      `
Examples:
  c1-audit report report.json -f html:report.html
  c1-audit report --diff monday.json tuesday.json
  c1-audit -f json | c1-audit report --diff old.json - -f markdown:diff.md`,
    )
    .action((files: string[], flags: ReportFlags) =>
      run(async (context) => {
        const { reportCommand } = await import('../commands/report.js');
        return reportCommand(files, flags, context);
      }),
    );
  answerGuesses(report, FORMATS);
};
