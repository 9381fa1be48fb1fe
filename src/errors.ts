import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';

/** What went wrong, as a stable word. */
export type ErrorCode =
  /** A flag or argument is wrong. */
  | 'usage'
  /** The configuration file or a plug-in is wrong. */
  | 'config'
  /** The environment names no usable ConductorOne credential. */
  | 'credentials'
  /** The state file cannot be trusted. */
  | 'state'
  /** An input file cannot be read. */
  | 'input'
  /** ConductorOne refused the credential. */
  | 'auth'
  /** ConductorOne answered, but not as expected. */
  | 'api'
  /** ConductorOne could not be reached. */
  | 'network'
  /** A time limit ran out, or Ctrl-C was pressed. */
  | 'interrupted'
  /** A report could not be written or sent. */
  | 'delivery';

/** Nothing was audited, because the request cannot be carried out: exit 2. All others: exit 3. */
const BEFORE_THE_AUDIT: ReadonlySet<ErrorCode> = new Set([
  'usage',
  'config',
  'credentials',
  'state',
  'input',
]);

/** The one error of this program: what happened and where (`message`), and what to do next (`hint`). */
export class AuditError extends Error {
  readonly code: ErrorCode;
  readonly hint: string;

  constructor(code: ErrorCode, message: string, hint: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'AuditError';
    this.code = code;
    this.hint = hint;
  }

  get preventsAudit(): boolean {
    return BEFORE_THE_AUDIT.has(this.code);
  }
}

/** A flag or argument is wrong. */
export function usageError(message: string, hint: string): AuditError {
  return new AuditError('usage', message, hint);
}

/** Exit codes, the same whatever the format. */
export const EXIT = {
  /** Complete, nothing at or above the threshold. */
  clean: 0,
  /** Complete, findings at or above the threshold. */
  findings: 1,
  /** Usage or configuration error: nothing was audited. */
  usage: 2,
  /** The audit failed or is incomplete, or a report could not be delivered. */
  incomplete: 3,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** How a run ends that threw this. */
export function exitCodeOfError(error: unknown): ExitCode {
  return error instanceof AuditError && error.preventsAudit ? EXIT.usage : EXIT.incomplete;
}

/** What to print about anything that was thrown. Anything but an AuditError is a bug in c1-audit. */
export function describeError(error: unknown): Pick<AuditError, 'message' | 'hint'> {
  if (error instanceof AuditError) return error;
  const what = error instanceof Error ? sourceStack(error.stack ?? error.message) : String(error);
  return {
    message: `Something went wrong inside c1-audit: ${what}`,
    hint: 'This is a bug: please report it with the text above.',
  };
}

/** A stack trace with the files and lines of src/ instead of those of the bundle, taken from its source maps. */
function sourceStack(stack: string): string {
  return stack.replace(
    /(?<=\(|at |async )((?:\/|[A-Z]:\\).+):(\d+):(\d+)(?=\)?$)/gm,
    (place, file: string, line: string, column: string) => {
      try {
        const map = new SourceMap(JSON.parse(readFileSync(`${file}.map`, 'utf8')));
        const origin = map.findOrigin(Number(line), Number(column));
        // The maps do not cover packages.
        if (!('fileName' in origin) || origin.fileName.includes('node_modules/')) return place;
        return `${origin.fileName.replace(/^(\.\.\/)+/, '')}:${origin.lineNumber}:${origin.columnNumber}`;
      } catch {
        // There is no map: not the bundle, or only a part of it.
        return place;
      }
    },
  );
}

/** The system's word for what went wrong, as in `EACCES`. */
export function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException | null)?.code ?? 'unknown error';
}
