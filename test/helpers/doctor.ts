import { type ProgramResult, type ProgramWorld, runProgram } from './program.js';

export interface Line {
  readonly id: string;
  readonly status: 'ok' | 'warning' | 'problem' | 'skipped';
  readonly title: string;
  readonly detail: string;
  readonly fix: string | null;
}

export interface Examined extends ProgramResult {
  readonly checks: readonly Line[];
  /** The check of this id. */
  readonly line: (id: string) => Line;
  /** The ids of all checks that came out so. */
  readonly having: (status: Line['status']) => string[];
}

/** Runs `doctor -f json` and takes its answer apart; it must be nothing but JSON. */
export async function examined(flags: readonly string[], world: ProgramWorld): Promise<Examined> {
  const result = await runProgram(['doctor', '-f', 'json', ...flags], world);
  const answer = JSON.parse(result.stdout) as {
    schemaVersion: number;
    tool: { name: string; version: string };
    checks: Line[];
    exitCode: number;
  };
  const shape = [answer.schemaVersion, answer.tool.name, answer.exitCode, Object.keys(answer).length];
  if (JSON.stringify(shape) !== JSON.stringify([1, 'c1-audit', result.code, 4]))
    throw new Error(`The answer is not as documented: ${result.stdout}`);
  const { checks } = answer;
  return {
    ...result,
    report: undefined as never,
    checks,
    line(id) {
      const line = checks.find((check) => check.id === id);
      if (!line) throw new Error(`There is no check ${id}.`);
      return line;
    },
    having: (status) => checks.filter((check) => check.status === status).map(({ id }) => id),
  };
}
