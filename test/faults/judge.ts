import type { Report } from '../../src/engine/report.js';
import type { ProgramResult } from '../helpers/program.js';
import type { Case, Endpoint } from './cases.js';

/** What came of one fault, as the table shows it. */
export type Mark = '=' | 'n' | '3';

/** Compares a run with one without fault. `wrong` is what must never be. */
export function judge(
  result: ProgramResult,
  baseline: Report,
  { path, required, replaceable }: Endpoint,
  { expected, status, says, outage = false }: Case,
): { mark: Mark; wrong: string[] } {
  const wrong: string[] = [];
  const { code, stderr } = result;
  let report: Report;
  try {
    report = result.report;
  } catch {
    return { mark: '3', wrong: [`exit ${code} without a report: ${stderr.slice(0, 300)}`] };
  }
  if (stderr.includes('defect')) wrong.push(`a defect: ${stderr.slice(0, 400)}`);
  if (code !== 0 && code !== 3) wrong.push(`exit ${code}`);
  if (report.coverage.complete !== (code === 0))
    wrong.push(`exit ${code}, complete ${report.coverage.complete}`);

  wrong.push(...duplicates(report), ...lost(report, baseline));
  if (expected !== 'nothing-lost') wrong.push(...turned(report, baseline));

  const same = withoutPages(report) === withoutPages(baseline);
  const said = [
    stderr,
    ...report.coverage.notes,
    ...report.coverage.sources.map(({ note }) => note ?? ''),
  ].join('\n');
  if (code === 3 || !same) {
    if (expected === 'same') wrong.push(`not the same report (exit ${code}): ${said.slice(0, 400)}`);
    const quiet = code === 0 && expected === 'nothing-lost';
    if (!quiet) wrong.push(...untold(said, says ?? path, status));
  }
  if (expected === 'told' && required && code !== 3) wrong.push(`exit ${code} although it is required`);
  if (expected === 'incomplete' && code !== 3) wrong.push(`exit ${code}, and not incomplete`);
  if (expected === 'noted' && (code !== 0 || same)) wrong.push(`exit ${code}, or no note`);
  if (outage && !replaceable && code !== 3) wrong.push(`exit ${code} although it is out of order`);
  if (expected === 'told' && same && !replaceable) wrong.push('nothing told');
  return { mark: same && code === 0 ? '=' : code === 0 ? 'n' : '3', wrong };
}

const WHAT_TO_DO = /\b(check|try again|give|report it|look|newer version)\b/i;

function untold(said: string, path: RegExp, status: number | undefined): string[] {
  const wrong: string[] = [];
  if (!path.test(said)) wrong.push(`no word of ${path}: ${said.slice(0, 400)}`);
  if (!WHAT_TO_DO.test(said)) wrong.push(`no word of what to do: ${said.slice(0, 400)}`);
  if (status !== undefined && !said.includes(String(status)))
    wrong.push(`no word of ${status}: ${said.slice(0, 400)}`);
  if (status !== undefined && status !== 200 && !/request[ -]id/.test(said))
    wrong.push(`no request id: ${said.slice(0, 400)}`);
  return wrong;
}

function duplicates({ credentials }: Report): string[] {
  const ids = credentials.map(({ kind, id }) => `${kind} ${id}`);
  return ids.filter((id, index) => ids.indexOf(id) !== index).map((id) => `${id} twice`);
}

/** Credentials that are missing from a source that calls itself complete. */
function lost(report: Report, baseline: Report): string[] {
  const whole = wholeKinds(report);
  const seen = new Set(report.credentials.map(({ kind, id }) => `${kind} ${id}`));
  return baseline.credentials
    .filter(({ kind, id }) => whole.has(kind) && !seen.has(`${kind} ${id}`))
    .map(({ kind, id }) => `lost ${kind} ${id}`);
}

/** Violations that turned into passes, and passes that turned into violations. */
function turned(report: Report, baseline: Report): string[] {
  const whole = wholeKinds(report);
  const found = new Set(report.findings.map(({ fingerprint }) => fingerprint));
  const silent = violations(baseline)
    .filter(
      ({ fingerprint, credential }) => !found.has(fingerprint) && (!credential || whole.has(credential.kind)),
    )
    .map(({ rule, credential }) => `silently passed: ${rule} on ${credential?.kind} ${credential?.id}`);
  const before = new Set(violations(baseline).map(({ fingerprint }) => fingerprint));
  const false_ = violations(report)
    .filter(({ fingerprint }) => !before.has(fingerprint))
    .map(({ rule, credential }) => `false alarm: ${rule} on ${credential?.kind} ${credential?.id}`);
  return [...silent, ...false_];
}

function violations({ findings }: Report) {
  return findings.filter(({ outcome }) => outcome === 'violation');
}

function wholeKinds({ coverage }: Report): Set<string> {
  return new Set(coverage.sources.filter(({ status }) => status === 'complete').map(({ kind }) => kind));
}

export function withoutPages(report: Report): string {
  const sources = report.coverage.sources.map((source) => ({ ...source, pages: 0 }));
  return JSON.stringify({ ...report, coverage: { ...report.coverage, sources } });
}
