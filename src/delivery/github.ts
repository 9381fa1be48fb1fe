import { randomUUID } from 'node:crypto';
import { appendFile, stat } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import type { Report } from '../engine/report.js';
import { AuditError } from '../errors.js';
import { highestSeverity } from '../reporters/words.js';
import { annotations } from './github/annotations.js';
import { cutSummary, SUMMARY_BYTES } from './github/summary.js';

export { annotations } from './github/annotations.js';
export { maskLines, stopCommands } from './github/commands.js';
export { cutSummary } from './github/summary.js';

type Env = Readonly<Record<string, string | undefined>>;

/** True inside GitHub Actions (and runners that speak its language). */
export function inActions(env: Env): boolean {
  return env.GITHUB_ACTIONS === 'true';
}

/** The page of the run that is under way, or undefined outside GitHub Actions. */
export function actionsRunUrl(env: Env): string | undefined {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository, GITHUB_RUN_ID: run } = env;
  if (!server || !repository || !run) return undefined;
  return `${server.replace(/\/+$/, '')}/${repository}/actions/runs/${run}`;
}

/** What the step tells the workflow, as `steps.<id>.outputs.<name>`. */
export function stepOutputs(
  report: Report,
  reports: Readonly<Record<string, string>>,
): Record<string, string> {
  const { summary, coverage } = report;
  return {
    findings: String(summary.findings),
    new: String(summary.new),
    'highest-severity': highestSeverity(report) ?? 'none',
    complete: String(coverage.complete),
    ...Object.fromEntries(Object.entries(reports).map(([format, path]) => [`report-${format}`, path])),
  };
}

/**
 * Outputs as `GITHUB_OUTPUT` takes them.
 *
 * The delimiter is random: a value that knew it could set outputs of its own.
 */
export function outputText(
  outputs: Readonly<Record<string, string>>,
  delimiter = `end_${randomUUID()}`,
): string {
  return Object.entries(outputs)
    .map(([name, value]) => `${name}<<${delimiter}\n${value}\n${delimiter}\n`)
    .join('');
}

export interface ActionsDelivery {
  readonly env: Env;
  /** The runner reads commands from here as well, and stdout stays the report's. */
  readonly stderr: Writable;
  /** The report in Markdown. */
  readonly summary: string;
  /** Paths of the reports written to files, by format. */
  readonly reports: Readonly<Record<string, string>>;
}

/**
 * Annotations, job summary and outputs of one run in GitHub Actions.
 *
 * A part that fails does not stop the others.
 *
 * @throws {AuditError} `delivery`, naming the parts that could not be written.
 */
export async function publishToActions(report: Report, delivery: ActionsDelivery): Promise<void> {
  const { env, stderr, summary, reports } = delivery;
  stderr.write(annotations(report));
  const parts = [
    { name: 'the job summary', path: env.GITHUB_STEP_SUMMARY, write: appendSummary(summary) },
    {
      name: 'the outputs',
      path: env.GITHUB_OUTPUT,
      write: appendText(outputText(stepOutputs(report, reports))),
    },
  ];
  const failures: { readonly name: string; readonly error: unknown }[] = [];
  for (const { name, path, write } of parts) {
    if (!path) continue;
    try {
      await write(path);
    } catch (error) {
      failures.push({ name, error });
    }
  }
  if (failures.length === 0) return;
  const details = failures.map(
    ({ name, error }) => `${name}: ${error instanceof Error ? error.message : error}`,
  );
  throw new AuditError(
    'delivery',
    `GitHub Actions did not get ${details.join('; ')}`,
    'Check that the runner has room on its disk and that GITHUB_STEP_SUMMARY and GITHUB_OUTPUT are the files it named.',
    { cause: failures[0]?.error },
  );
}

function appendText(text: string) {
  return (path: string) => appendFile(path, text);
}

/** The limit is one for the whole step: what stands in the file already counts. */
function appendSummary(markdown: string) {
  return async (path: string) => {
    const used = await stat(path).then(
      ({ size }) => size,
      () => 0,
    );
    await appendFile(path, cutSummary(markdown, SUMMARY_BYTES - used));
  };
}
