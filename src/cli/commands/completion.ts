import type { Argument, Command, Option } from 'commander';
import { rules } from '../../../rules/index.js';
import { didYouMean } from '../../config/problem.js';
import { writeStream } from '../../delivery/files.js';
import { EXIT, type ExitCode, usageError } from '../../errors.js';
import type { CommandContext } from '../context.js';
import { SHELLS } from '../flags.js';

export async function completionCommand(
  shell: string | undefined,
  { io }: CommandContext,
): Promise<ExitCode> {
  const script = SHELLS.some((known) => known === shell) ? SCRIPTS[shell as Shell] : undefined;
  if (script === undefined)
    throw usageError(
      shell === undefined
        ? 'Name the shell to complete words in.'
        : `There is no completion for ${JSON.stringify(shell)}${didYouMean(shell, SHELLS) || '.'}`,
      `Shells are ${SHELLS.join(', ')}.`,
    );
  await writeStream(io.stdout, script);
  return EXIT.clean;
}

type Shell = (typeof SHELLS)[number];

/** No `eval`: the words on the line are passed on as they are, and run nothing. Without an answer, files complete. */
const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `_c1_audit() {
  local IFS=$'\\n'
  COMPREPLY=($(c1-audit complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f1))
}
complete -o bashdefault -o default -F _c1_audit c1-audit
`,
  zsh: `#compdef c1-audit
_c1_audit() {
  local -a found
  found=("\${(@f)$(c1-audit complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  found=("\${(@)\${(@)found//:/\\\\:}/$'\\t'/:}")
  if [[ -n "$found[1]" ]]; then _describe c1-audit found; else _files; fi
}
if [[ "$funcstack[1]" = _c1_audit ]]; then _c1_audit; else compdef _c1_audit c1-audit; fi
`,
  fish: `function __c1_audit_find
  set -g __c1_audit_found (c1-audit complete -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)
  test (count $__c1_audit_found) -gt 0
end
complete -c c1-audit -f -k -n __c1_audit_find -a '$__c1_audit_found'
`,
};

/** Prints what may complete the last of the words, a line each: value, tab, description. */
export async function completeCommand(
  program: Command,
  typed: readonly string[],
  { io }: CommandContext,
): Promise<ExitCode> {
  const lines = candidates(program, typed).map(({ value, description }) =>
    description === '' ? value : `${value}\t${description}`,
  );
  await writeStream(io.stdout, lines.map((line) => `${line}\n`).join(''));
  return EXIT.clean;
}

interface Candidate {
  readonly value: string;
  readonly description: string;
}

/** Nothing where the word is a file's name or free text. bash passes `--flag=value` as three words. */
function candidates(program: Command, typed: readonly string[]): Candidate[] {
  const words = typed.filter((word) => word !== '=');
  const word = typed.at(-1) === '=' ? '' : (words.pop() ?? '');
  const { command, flag } = positionAfter(words, program);
  if (flag) return beginning(valuesOf(flag), word);
  const [, name, begun = ''] = /^(--[^=]+)=(.*)$/s.exec(word) ?? [];
  if (name !== undefined)
    return beginning(valuesOf(takesValue(command, name)), begun).map(({ value, description }) => ({
      value: `${name}=${value}`,
      description,
    }));
  if (word.startsWith('-')) return beginning(flagsOf(command), word);
  const commands = command === program ? commandsOf(program) : [];
  return beginning([...commands, ...command.registeredArguments.flatMap(valuesOf)], word);
}

/** The command that the words name, and the flag that still waits for its value. */
function positionAfter(words: readonly string[], program: Command): { command: Command; flag?: Option } {
  let command = program;
  let flag: Option | undefined;
  for (const word of words) {
    if (flag) flag = undefined;
    else if (word.startsWith('-')) flag = takesValue(command, word);
    else command = command.commands.find((sub) => sub.name() === word) ?? command;
  }
  return flag ? { command, flag } : { command };
}

/** The flag of that name, if a value follows it. */
function takesValue(command: Command, word: string): Option | undefined {
  return command.options.find(({ short, long, required }) => required && (word === short || word === long));
}

function valuesOf(place: Option | Argument | undefined): Candidate[] {
  if (!place) return [];
  const values = place.argChoices ?? RULE_PLACES[place.name()]?.() ?? [];
  return values.map((value) => ({ value, description: '' }));
}

/** The flag and the argument that name a rule. The command line cannot list rules: it would load them at every start. */
const RULE_PLACES: Readonly<Record<string, () => readonly string[]>> = {
  rule: () => rules.map(({ id }) => id),
  id: () => ['test', 'backtest', ...rules.map(({ id }) => id)],
};

function flagsOf(command: Command): Candidate[] {
  return command.options.flatMap(({ hidden, long, description }) =>
    hidden || long == null ? [] : [{ value: long, description }],
  );
}

function commandsOf(program: Command): Candidate[] {
  return program
    .createHelp()
    .visibleCommands(program)
    .map((command) => ({ value: command.name(), description: command.description() }));
}

function beginning(all: readonly Candidate[], word: string): Candidate[] {
  return all.filter(({ value }) => value.startsWith(word));
}
