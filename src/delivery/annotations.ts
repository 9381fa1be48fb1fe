import { randomUUID } from 'node:crypto';
import { appendFile, stat } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { type Finding, kindName, type Severity } from '../contract/index.js';
import { highestSeverity, partsOf, type Report } from '../engine/report.js';
import { AuditError } from '../errors.js';
import { cutTo, forGitHubCommandData, forGitHubCommandProperty, forGitHubLine } from '../reporters/escape.js';
import type { ReporterContext } from '../reporters/reporter.js';
import { hasMemory, newsKind } from '../reporters/view.js';
import { count, credentialName, gaps, ownerWords } from '../reporters/words.js';

interface ActionsDelivery {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The runner reads commands from here as well, so stdout stays free for the report. */
  readonly stderr: Writable;
  /** The report in Markdown. */
  readonly summary: string;
  readonly raised?: ReporterContext['raised'];
  /** Paths of the reports written to files, by format. */
  readonly reports: Readonly<Record<string, string>>;
}

/**
 * Writes annotations, job summary and outputs. A part that fails does not stop the others.
 *
 * @throws {AuditError} `delivery`, naming the parts that could not be written
 */
export async function publishToActions(report: Report, delivery: ActionsDelivery): Promise<void> {
  const { env, stderr, summary, reports } = delivery;
  stderr.write(annotations(report, delivery));
  const outputs = outputText(stepOutputs(report, reports));
  const parts = [
    { name: 'the job summary', path: env.GITHUB_STEP_SUMMARY, write: appendSummary(summary) },
    { name: 'the outputs', path: env.GITHUB_OUTPUT, write: (path: string) => appendFile(path, outputs) },
  ];
  const failures: { readonly name: string; readonly error: unknown }[] = [];
  for (const { name, path, write } of parts)
    if (path) await write(path).catch((error) => failures.push({ name, error }));
  if (failures.length === 0) return;
  const details = failures.map(
    ({ name, error }) => `${name}: ${error instanceof Error ? error.message : error}`,
  );
  throw new AuditError(
    'delivery',
    `Cannot write for GitHub Actions: ${details.join('; ')}`,
    'Check that the runner has space on its disk and that GITHUB_STEP_SUMMARY and GITHUB_OUTPUT are the files it named.',
    { cause: failures[0]?.error },
  );
}

/** What GitHub shows of one step, for each level. */
const PER_LEVEL = 10;
/** Of one annotation, title and message together. */
const CHARACTERS = 4096;
const TITLE = 200;
const NAME = 100;

type Level = 'error' | 'warning';

/** Low and info findings are in the reports only. */
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
 * Workflow commands that annotate the run: first that the audit is incomplete, then the most severe findings. With a state
 * or a baseline these are only the new ones: nobody reads the same annotations every night.
 *
 * GitHub shows ten of each level and drops the rest silently, so the tenth counts what is left out.
 */
export function annotations(report: Report, about: Pick<ReporterContext, 'raised'> = {}): string {
  const { open } = partsOf(report);
  const shown = hasMemory(report, about) ? open.filter((finding) => newsKind(finding, about)) : open;
  const of = (level: Level) => shown.filter((finding) => LEVEL[finding.severity] === level);
  const missing = gaps(report);
  const alarm = missing.length > 0 ? [{ title: 'The audit is INCOMPLETE', message: missing.join('\n') }] : [];
  return [...commands('error', alarm, of('error')), ...commands('warning', [], of('warning'))].join('');
}

function commands(level: Level, first: readonly Annotation[], findings: readonly Finding[]): string[] {
  const places = PER_LEVEL - first.length;
  const shown = findings.length > places ? findings.slice(0, places - 1) : findings;
  const left = findings.length - shown.length;
  const rest =
    left > 0
      ? [{ title: `${count(left, 'more finding')}`, message: 'GitHub shows ten: see the job summary.' }]
      : [];
  return [...first, ...shown.map(annotation), ...rest].map(({ title, message }) => {
    // Neutralised text is longer, and that is what must fit.
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
  return { title: `${severity}: ${name}`, message: `${message}\n${facts}Fix: ${fix}\nRule: ${rule}` };
}

/** GitHub drops a step's summary if it is longer. */
const SUMMARY_BYTES = 1024 * 1024;

const NOTICE =
  '\n\n> **Cut here:** the report is longer than a job summary may be. The rest is in the report files.\n';

/** The limit is one for the whole step: what is in the file already counts. */
function appendSummary(markdown: string) {
  return async (path: string) => {
    const used = await stat(path).then(
      ({ size }) => size,
      () => 0,
    );
    await appendFile(path, cutSummary(markdown, SUMMARY_BYTES - used));
  };
}

/** Cuts Markdown to `bytes` (UTF-8) between two lines, with a notice. Empty if not even the notice fits. */
export function cutSummary(markdown: string, bytes = SUMMARY_BYTES): string {
  const all = Buffer.from(markdown);
  if (all.length <= bytes) return markdown;
  const left = bytes - Buffer.byteLength(NOTICE);
  if (left < 0) return '';
  const end = all.subarray(0, left).lastIndexOf(0x0a);
  return `${end < 0 ? '' : all.subarray(0, end).toString()}${NOTICE}`;
}

/** The step's outputs, read as `steps.<id>.outputs.<name>`. */
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

/** Outputs in the form of `GITHUB_OUTPUT`. The delimiter is random: a value that knew it could set other outputs. */
export function outputText(
  outputs: Readonly<Record<string, string>>,
  delimiter = `end_${randomUUID()}`,
): string {
  return Object.entries(outputs)
    .map(([name, value]) => `${name}<<${delimiter}\n${value}\n${delimiter}\n`)
    .join('');
}
