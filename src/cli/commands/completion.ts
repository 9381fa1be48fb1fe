import type { Command, Option } from 'commander';
import { rules } from '../../../rules/index.js';
import { PROFILES, SOURCE_KINDS } from '../../config/config.js';
import { didYouMean } from '../../config/nearest.js';
import { SEVERITIES } from '../../contract/severity.js';
import { writeStream } from '../../delivery/output.js';
import { AuditError, EXIT, type ExitCode } from '../../errors.js';
import { FORMATS } from '../../reporters/index.js';
import { createProgram } from '../command-line.js';
import type { CommandContext } from '../context.js';
import { SHELLS } from '../flags.js';

/** What may stand for a word that is being typed. */
export interface Candidate {
  readonly value: string;
  readonly description: string;
}

/** What flags and arguments take, where that is a closed list, by `--flag` or, for arguments, by command. */
export type Values = (command: Command, flag: string | undefined) => readonly string[];

/**
 * What may stand for the last of the words typed after the program's name; nothing where that is a file's name or
 * anybody's guess.
 *
 * bash hands over `--flag=value` in three words.
 */
export function candidates(program: Command, typed: readonly string[], valuesOf: Values): Candidate[] {
  const words = typed.filter((word) => word !== '=');
  const word = typed.at(-1) === '=' ? '' : (words.pop() ?? '');
  let command = program;
  let flag: Option | undefined;
  for (const each of words) {
    if (flag) flag = undefined;
    else if (each.startsWith('-')) flag = takesValue(command, each);
    else command = command.commands.find((sub) => sub.name() === each) ?? command;
  }
  const [, name, begun] = /^(--[^=]+)=(.*)$/s.exec(word) ?? [];
  if (name !== undefined) {
    const option = takesValue(command, name);
    const values = option ? beginning(bare(valuesOf(command, option.long)), begun ?? '') : [];
    return values.map(({ value, description }) => ({ value: `${name}=${value}`, description }));
  }
  if (flag) return beginning(bare(valuesOf(command, flag.long)), word);
  if (word.startsWith('-'))
    return beginning(command.options.filter(({ hidden }) => !hidden).flatMap(namesOf), word);
  const commands =
    command === program
      ? program
          .createHelp()
          .visibleCommands(program)
          .map((sub) => ({ value: sub.name(), description: sub.description() }))
      : [];
  return beginning([...commands, ...bare(valuesOf(command, undefined))], word);
}

/** The flag of that name, where a value follows it. */
function takesValue(command: Command, word: string): Option | undefined {
  return command.options.find(({ short, long, required }) => required && (word === short || word === long));
}

function namesOf({ long, description }: Option): Candidate[] {
  return long === undefined ? [] : [{ value: long, description }];
}

function bare(values: readonly string[]): Candidate[] {
  return values.map((value) => ({ value, description: '' }));
}

function beginning(all: readonly Candidate[], word: string): Candidate[] {
  return all.filter(({ value }) => value.startsWith(word));
}

type Shell = (typeof SHELLS)[number];

/** No `eval`: what stands on the line is handed over as it is, and runs nothing. Without an answer, files complete. */
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

/** Prints a shell's script. */
export async function completionCommand(
  shell: string | undefined,
  { io }: CommandContext,
): Promise<ExitCode> {
  const script = SHELLS.some((known) => known === shell) ? SCRIPTS[shell as Shell] : undefined;
  if (script === undefined)
    throw new AuditError(
      'usage',
      shell === undefined
        ? 'Which shell is to complete words?'
        : `There is no completion for ${JSON.stringify(shell)}${didYouMean(shell, SHELLS) || '.'}`,
      `Shells are ${SHELLS.join(', ')}.`,
    );
  await writeStream(io.stdout, script);
  return EXIT.clean;
}

/** Prints what may stand for the last of the words, a line each: value, tab, description. */
export async function completeCommand(typed: readonly string[], { io }: CommandContext): Promise<ExitCode> {
  const nowhere = () => undefined;
  const program = createProgram({ writeOut: nowhere, writeErr: nowhere }, async () => undefined);
  const found = candidates(program, typed, valuesOf);
  const lines = found.map(({ value, description }) =>
    description === '' ? value : `${value}\t${description}`,
  );
  await writeStream(io.stdout, lines.map((line) => `${line}\n`).join(''));
  return EXIT.clean;
}

const RULE_IDS = rules.map(({ id }) => id);

const OF_FLAGS: Readonly<Record<string, readonly string[]>> = {
  '--scope': ['mine', 'tenant'],
  '--source': Object.keys(SOURCE_KINDS),
  '--profile': PROFILES,
  '--fail-on': [...SEVERITIES, 'never'],
  '--min-severity': SEVERITIES,
  '--rule': RULE_IDS,
  '--auth': ['federation', 'secret'],
};
/** Formats of commands that have fewer than an audit. */
const FEWER_FORMATS: Readonly<Record<string, readonly string[]>> = {
  rules: ['text', 'json'],
  doctor: ['text', 'json'],
  plan: ['text', 'markdown'],
};

const valuesOf: Values = (command, flag) => {
  if (flag === '--format') return FEWER_FORMATS[command.name()] ?? FORMATS;
  if (flag !== undefined) return OF_FLAGS[flag] ?? [];
  return argumentsOf(command);
};

function argumentsOf(command: Command): readonly string[] {
  if (command.name() === 'rules') return RULE_IDS;
  return command.name() === 'completion' ? SHELLS : [];
}
