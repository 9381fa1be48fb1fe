import type { Command } from 'commander';
import type { ExitCode } from '../engine/exit-code.js';
import type { CommandContext } from './main.js';

/**
 * Adds one command to the program: its words, arguments and flags, and what loads and runs it. All of them are read at
 * every start, so that they import nothing heavy; what a command needs comes with its module in `commands/`.
 */
export type Define = (program: Command, run: Run) => void;

/** Runs a command in the program's world and keeps its exit code. `audits`: it is there to audit. */
export type Run = (
  command: (context: CommandContext) => Promise<ExitCode>,
  about?: { readonly audits: boolean },
) => Promise<void>;

/** For a flag that may be given several times. */
export const each = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value];
