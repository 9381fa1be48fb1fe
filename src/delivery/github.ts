import { randomUUID } from 'node:crypto';
import { appendFile, stat } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { type Finding, kindName, type Severity } from '../contract/index.js';
import { highestSeverity, partsOf, type Report } from '../engine/report.js';
import { AuditError } from '../errors.js';
import { cutTo, forGitHubCommandData, forGitHubCommandProperty, forGitHubLine } from '../reporters/escape.js';
import { count, credentialName, gaps, ownerWords } from '../reporters/words.js';

/** What GitHub shows of one step, for each level. */
const PER_LEVEL = 10;
/** Of one annotation, title and message together. */
const CHARACTERS = 4096;
const TITLE = 200;
const NAME = 100;

type Level = 'error' | 'warning';

/** Low and info findings make no annotation: they stand in the reports. */
const LEVEL: Record<Severity, Level | undefined> = {
  critical: 'error',
  high: 'error',
  medium: 'warning',
  low: undefined,
  info: undefined,
};

interface Annotation {
  readonly title: string;
  readonly message: string;
}

/**
 * Workflow commands that annotate the run: its incompleteness first, then the most severe findings.
 *
 * GitHub shows ten of each level and drops the rest in silence; so the tenth counts what is left out.
 */
export function annotations(report: Report): string {
  const { open } = partsOf(report);
  const of = (level: Level) => open.filter((finding) => LEVEL[finding.severity] === level);
  const missing = gaps(report);
  const alarm = missing.length > 0 ? [{ title: 'The audit is INCOMPLETE', message: missing.join('\n') }] : [];
  return [...commands('error', alarm, of('error')), ...commands('warning', [], of('warning'))].join('');
}

function commands(level: Level, first: readonly Annotation[], findings: readonly Finding[]): string[] {
  const room = PER_LEVEL - first.length;
  const shown = findings.length > room ? findings.slice(0, room - 1) : findings;
  const left = findings.length - shown.length;
  const rest =
    left > 0
      ? [{ title: `${count(left, 'more finding')}`, message: 'GitHub shows ten: see the job summary.' }]
      : [];
  return [...first, ...shown.map(annotation), ...rest].map(({ title, message }) => {
    // Neutralised text is longer: that is what must fit.
    const heading = cutTo(forGitHubLine(title), TITLE);
    const body = cutTo(message.split('\n').map(forGitHubLine).join('\n'), CHARACTERS - TITLE);
    return `::${level} title=${forGitHubCommandProperty(heading)}::${forGitHubCommandData(body)}\n`;
  });
}

function annotation({ severity, rule, credential, message, fix }: Finding): Annotation {
  const name = cutTo(credentialName(credential), NAME);
  const facts = credential
    ? `${kindName(credential.kind)} ${credential.id}, owner ${cutTo(ownerWords(credential.owner), 2 * NAME)}\n`
    : '';
  return { title: `${severity}: ${name}`, message: `${message}\n${facts}To do: ${fix}\nRule: ${rule}` };
}

/** GitHub drops a step's summary whole when it is longer. */
const SUMMARY_BYTES = 1024 * 1024;

const NOTICE =
  '\n\n> **Cut here:** the report is longer than a job summary may be. The rest is in the report files.\n';

/** Markdown of at most `bytes` (UTF-8), cut between lines and saying so. Empty where not even that fits. */
export function cutSummary(markdown: string, bytes = SUMMARY_BYTES): string {
  const whole = Buffer.from(markdown);
  if (whole.length <= bytes) return markdown;
  const room = bytes - Buffer.byteLength(NOTICE);
  if (room < 0) return '';
  const end = whole.subarray(0, room).lastIndexOf(0x0a);
  return `${end < 0 ? '' : whole.subarray(0, end).toString()}${NOTICE}`;
}

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

interface ActionsDelivery {
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

/** The runner takes `%25`, `%0D` and `%0A` in a command back to what they were. */
function encode(data: string): string {
  return data.replace(/%/g, '%25').replace(/\r/g, '%0D').replace(/\n/g, '%0A');
}

/**
 * Commands that make the runner hide secrets in everything it shows from here on: for stderr, before the first request.
 *
 * The one place where a secret is printed. Its lines are hidden one by one as well, as they may be shown apart.
 */
export function maskLines(secrets: readonly (string | undefined)[]): string {
  const values = new Set<string>();
  for (const secret of secrets) {
    const trimmed = secret?.trim();
    if (!trimmed) continue;
    values.add(trimmed);
    for (const line of trimmed.split(/[\r\n]+/)) if (line.trim()) values.add(line.trim());
  }
  return [...values].map((value) => `::add-mask::${encode(value)}\n`).join('');
}

/**
 * Wraps a report for people, so that the runner takes nothing in it for a command.
 *
 * The token is random: text that knew it could end the silence.
 */
export function stopCommands(text: string, token: string = randomUUID()): string {
  return `::stop-commands::${token}\n${text}${text.endsWith('\n') ? '' : '\n'}::${token}::\n`;
}
