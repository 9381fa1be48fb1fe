import type { AuditError } from '../errors.js';
import type { Io } from '../io.js';
import type { Redactor } from '../redact.js';
import { forGitHubLine, forTerminal } from '../reporters/escape.js';

/** What every command gets: the world, and the one redactor that all output passes. */
export interface CommandContext {
  readonly io: Io;
  readonly redactor: Redactor;
}

/** Says on stderr what went wrong and what to do next. */
export function complain(
  { message, hint }: Pick<AuditError, 'message' | 'hint'>,
  { io, redactor }: CommandContext,
): void {
  const text = [`c1-audit: ${message}`, hint].filter((line) => line !== '').join('\n');
  io.stderr.write(`${harmless(text, redactor)}\n`);
}

/** Without secrets, and with nothing that a terminal or GitHub's runner would obey. */
export function harmless(text: string, redactor: Redactor): string {
  return redactor
    .redact(text)
    .split('\n')
    .map((line) => forGitHubLine(forTerminal(line)))
    .join('\n');
}
