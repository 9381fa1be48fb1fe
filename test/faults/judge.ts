import type { Report } from '../../src/engine/report.js';
import type { ProgramResult } from '../helpers/program.js';
import type { Case, Endpoint } from './cases.js';

/** What came of one fault, as the table shows it. */
export type Mark = '=' | 'n' | '3';

/** Compares a run with one without fault. `wrong` is what must never be. */
export function judge(
  result: ProgramResult,
  baseline: Report,
  endpoint: Endpoint,
  fault: Case,
): { mark: Mark; wrong: string[] } {
  const { code, stderr } = result;
  let report: Report;
  try {
    report = result.report;
  } catch {
    return { mark: '3', wrong: [`exit ${code} without a report: ${stderr.slice(0, 300)}`] };
  }
  const same = withoutPages(report) === withoutPages(baseline);
  const wrong = [
    ...duplicates(report),
    ...lost(report, baseline),
    ...(fault.expected === 'nothing-lost' ? [] : turned(report, baseline)),
    ...mistakes(report, result, same, endpoint, fault),
  ];
  return { mark: same && code === 0 ? '=' : code === 0 ? 'n' : '3', wrong };
}

/** What the fault must not lead to, and what must be reported about it. */
function mistakes(
  report: Report,
  { code, stderr }: ProgramResult,
  same: boolean,
  { path, required, replaceable }: Endpoint,
  { expected, status, says, outage = false }: Case,
): string[] {
  const changed = code === 3 || !same;
  const said = [
    stderr,
    ...report.coverage.notes,
    ...report.coverage.sources.map(({ note }) => note ?? ''),
  ].join('\n');
  const isQuiet = code === 0 && expected === 'nothing-lost';
  const never: [happened: boolean, what: string][] = [
    [stderr.includes('Something went wrong inside'), `a defect: ${stderr.slice(0, 400)}`],
    [code !== 0 && code !== 3, `exit ${code}`],
    [
      report.coverage.complete !== (code === 0),
      `exit ${code}, although complete is ${report.coverage.complete}`,
    ],
    [changed && expected === 'same', `not the same report (exit ${code}): ${said.slice(0, 400)}`],
    [expected === 'told' && required && code !== 3, `exit ${code} although it is required`],
    [expected === 'incomplete' && code !== 3, `exit ${code}, and not incomplete`],
    [expected === 'noted' && (code !== 0 || same), `exit ${code}, or no note`],
    [outage && !replaceable && code !== 3, `exit ${code} although it is out of order`],
    [expected === 'told' && same && !replaceable, 'nothing reported'],
  ];
  return [
    ...never.flatMap(([happened, what]) => (happened ? [what] : [])),
    ...(changed && !isQuiet ? unreported(said, says ?? path, status) : []),
  ];
}

const WHAT_TO_DO = /\b(check|try again|give|report it|look|newer version)\b/i;

function unreported(said: string, path: RegExp, status: number | undefined): string[] {
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

/** Credentials that are missing from a complete source. */
function lost(report: Report, baseline: Report): string[] {
  const complete = completeKinds(report);
  const seen = new Set(report.credentials.map(({ kind, id }) => `${kind} ${id}`));
  return baseline.credentials
    .filter(({ kind, id }) => complete.has(kind) && !seen.has(`${kind} ${id}`))
    .map(({ kind, id }) => `lost ${kind} ${id}`);
}

/** Violations that turned into passes, and passes that turned into violations. */
function turned(report: Report, baseline: Report): string[] {
  const complete = completeKinds(report);
  const found = new Set(report.findings.map(({ fingerprint }) => fingerprint));
  const silent = violations(baseline)
    .filter(
      ({ fingerprint, credential }) =>
        !found.has(fingerprint) && (!credential || complete.has(credential.kind)),
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

function completeKinds({ coverage }: Report): Set<string> {
  return new Set(coverage.sources.filter(({ status }) => status === 'complete').map(({ kind }) => kind));
}

export function withoutPages(report: Report): string {
  const sources = report.coverage.sources.map((source) => ({ ...source, pages: 0 }));
  return JSON.stringify({ ...report, coverage: { ...report.coverage, sources } });
}
