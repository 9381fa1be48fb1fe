import type { AuditError } from '../errors.js';
import type { Io } from '../io.js';
import type { Redactor } from '../redact.js';
import { forGitHubLine, forTerminal } from '../reporters/escape.js';

export interface CommandContext {
  readonly io: Io;
  /** All output passes this one. */
  readonly redactor: Redactor;
  /** Prints to stderr what went wrong and what to do next. */
  readonly complain: (error: Pick<AuditError, 'message' | 'hint'>) => void;
}

export function createContext(io: Io, redactor: Redactor): CommandContext {
  return {
    io,
    redactor,
    complain({ message, hint }) {
      const text = [`c1-audit: ${message}`, hint].filter((line) => line !== '').join('\n');
      io.stderr.write(`${harmless(text, redactor)}\n`);
    },
  };
}

/** Without secrets, and without anything that a terminal or GitHub's runner would obey. */
export function harmless(text: string, redactor: Redactor): string {
  return redactor
    .redact(text)
    .split('\n')
    .map((line) => forGitHubLine(forTerminal(line)))
    .join('\n');
}
