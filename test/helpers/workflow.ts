import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { parse } from 'yaml';

/** One step of a workflow's job or of a composite action. */
export interface Step {
  readonly id?: string;
  readonly name?: string;
  readonly if?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly shell?: string;
  readonly with?: Readonly<Record<string, string | number | boolean>>;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Job {
  readonly steps: readonly Step[];
  readonly permissions?: Readonly<Record<string, string>>;
  readonly 'timeout-minutes'?: number;
  readonly environment?: string;
  readonly needs?: string | readonly string[];
  readonly if?: string;
  readonly strategy?: { readonly matrix: Readonly<Record<string, unknown>>; readonly 'fail-fast'?: boolean };
}

export interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly concurrency?: { readonly group: string; readonly 'cancel-in-progress': boolean };
  readonly jobs: Readonly<Record<string, Job>>;
}

export interface Action {
  readonly inputs: Readonly<Record<string, { readonly description: string; readonly default?: string }>>;
  readonly outputs: Readonly<Record<string, { readonly description: string; readonly value: string }>>;
  readonly runs: { readonly using: string; readonly steps: readonly Step[] };
}

export function readYaml<T>(file: string): T {
  return parse(readFileSync(file, 'utf8')) as T;
}

/** Every `uses:` line of a file as it is written, comment and all. */
export function usesLines(file: string): string[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => /^\s*(?:- )?uses:/.test(line))
    .map((line) => line.replace(/^\s*(?:- )?uses:\s*/, ''));
}

/** The script of the step with this id or name. */
export function scriptOf(steps: readonly Step[], which: string): string {
  const script = steps.find(({ id, name }) => id === which || name === which)?.run;
  if (script === undefined) throw new Error(`No step ${which} with a script.`);
  return script;
}

export interface StepWorld {
  readonly cwd: string;
  /** Folders put before the PATH. */
  readonly bin?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface StepResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** What the step wrote to GITHUB_OUTPUT. */
  readonly outputs: Readonly<Record<string, string>>;
}

/** Runs a step's script the way GitHub's runner does with `shell: bash`, and nothing of this process's environment but PATH. */
export function runStep(script: string, { cwd, bin = [], env = {} }: StepWorld): StepResult {
  const temporary = mkdtempSync(join(tmpdir(), 'c1-audit-step-'));
  const file = join(temporary, 'step.sh');
  const output = join(temporary, 'output');
  writeFileSync(file, script);
  writeFileSync(output, '');
  const { status, stdout, stderr } = spawnSync('bash', ['--noprofile', '--norc', '-eo', 'pipefail', file], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      HOME: temporary,
      RUNNER_TEMP: temporary,
      GITHUB_OUTPUT: output,
      ...env,
      PATH: [...bin, process.env.PATH].join(delimiter),
    },
  });
  return { code: status, stdout, stderr, outputs: readOutputs(readFileSync(output, 'utf8')) };
}

/** `name=value` lines and `name<<delimiter` blocks. */
function readOutputs(text: string): Record<string, string> {
  const outputs: Record<string, string> = {};
  const lines = text.split('\n');
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    const block = /^([^=]+?)<<(.+)$/.exec(line);
    if (block) {
      const [, name = '', delimiter] = block;
      const end = lines.indexOf(delimiter ?? '', at + 1);
      if (end < 0) throw new Error(`Output ${name} does not end.`);
      outputs[name] = lines.slice(at + 1, end).join('\n');
      at = end;
    } else if (line !== '') {
      const equals = line.indexOf('=');
      if (equals < 1) throw new Error(`${JSON.stringify(line)} is no output.`);
      outputs[line.slice(0, equals)] = line.slice(equals + 1);
    }
  }
  return outputs;
}
