import type { Command, Option } from 'commander';

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
