import { type Command, Help, type HelpConfiguration } from 'commander';

const EXAMPLES = `
For example:
  c1-audit --scope tenant              audit everyone's credentials
  c1-audit -f text -f html:audit.html  one report to read, one to keep
Exit: 0 fine; 1 findings, see --fail-on; 2 wrong usage; 3 failed or incomplete.`;

/** All that is shown of commands that take every flag of an audit, which `help audit` explains. */
const SHOWN: Readonly<Record<string, ReadonlySet<string | undefined>>> = {
  'c1-audit': new Set(['--version', '--help']),
  demo: new Set(['--serve', '--port', '--help']),
};

/** Help that fits a screen: the program's own has commands and examples, the flags stand in that of each command. */
export function withHelp(program: Command): Command {
  const help: HelpConfiguration = {
    // Not `visibleOptions`: what a mistyped flag may have meant is looked for there.
    formatHelp(command, helper) {
      const form: Help = Object.create(helper);
      const shown = SHOWN[command.name()];
      if (shown)
        form.visibleOptions = () => helper.visibleOptions(command).filter(({ long }) => shown.has(long));
      return Help.prototype.formatHelp.call(form, command, form);
    },
    optionDescription: ({ description, defaultValue }) =>
      typeof defaultValue === 'string' ? `${description} (default: ${defaultValue})` : description,
    subcommandTerm: (command) =>
      [command.name(), ...command.registeredArguments.map((argument) => `[${argument.name()}]`)].join(' '),
  };
  return program
    .configureHelp(help)
    .helpOption('-h, --help', 'explain a command')
    .helpCommand(false)
    .addHelpText('after', EXAMPLES);
}
