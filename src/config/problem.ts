import { AuditError } from '../errors.js';

export interface Position {
  /** Both count from 1. */
  readonly line: number;
  readonly column: number;
}

/** One mistake in the settings. */
export interface Problem {
  /** A file's name, an environment variable or a flag. */
  readonly where: string;
  readonly position?: Position | undefined;
  /** The key it is about, such as `rules.unused.days`; undefined if `where` is enough. */
  readonly key?: string | undefined;
  /** What is wrong, and what would be right. Never holds a secret. */
  readonly message: string;
}

function describeProblem({ where, position, key, message }: Problem): string {
  const place = position ? `${where}:${position.line}:${position.column}` : where;
  return key === undefined || key === '' ? `${place}: ${message}` : `${place}: ${key}: ${message}`;
}

/** Each place's problems together, from top to bottom. */
function inOrder(problems: readonly Problem[]): Problem[] {
  const places = [...new Set(problems.map(({ where }) => where))];
  return [...problems].sort(
    (a, b) =>
      places.indexOf(a.where) - places.indexOf(b.where) ||
      (a.position?.line ?? 0) - (b.position?.line ?? 0) ||
      (a.position?.column ?? 0) - (b.position?.column ?? 0),
  );
}

/** All mistakes as one error: `config`, or `usage` if only flags are wrong. */
export function problemsError(problems: readonly Problem[]): AuditError {
  const lines = inOrder(problems).map(describeProblem);
  const flagsOnly = problems.every(({ where }) => where.startsWith('--'));
  const count = lines.length === 1 ? '1 mistake' : `${lines.length} mistakes`;
  return new AuditError(
    flagsOnly ? 'usage' : 'config',
    `${count} in the configuration:\n${lines.map((line) => `  ${line}`).join('\n')}`,
    flagsOnly
      ? 'See c1-audit --help.'
      : 'Fix what is listed and run again. c1-audit --print-config prints the settings in use.',
  );
}
