import { DAY, type Severity } from '../contract/index.js';
import { hasHistory, MOST_SEVERE_FIRST, partsOf, type Report } from './report.js';

/** What one saved report adds to a trend. */
export interface TrendPoint {
  readonly run: Pick<Report['run'], 'tenant' | 'scope' | 'asOf' | 'startedAt' | 'self'>;
  /** False: the counts are too low. */
  readonly complete: boolean;
  /** Open findings, those that a minimum severity keeps out of the report included. */
  readonly bySeverity: Readonly<Record<Severity, number>>;
  readonly new: number;
  readonly resolved: number;
  /** Of the open findings whose first night is known; null: none is. */
  readonly meanAgeDays: number | null;
  /** The audit had a state to compare with: without, nothing counts as new or resolved. */
  readonly compared: boolean;
}

export function trendPoint(report: Report): TrendPoint {
  const { run, coverage, summary } = report;
  const { tenant, scope, asOf, startedAt, self } = run;
  const ages = partsOf(report).open.flatMap(({ firstSeen }) =>
    firstSeen === null ? [] : [Math.max(0, Date.parse(asOf) - Date.parse(firstSeen))],
  );
  return {
    run: { tenant, scope, asOf, startedAt, self },
    complete: coverage.complete,
    bySeverity: Object.fromEntries(
      MOST_SEVERE_FIRST.map((severity) => [
        severity,
        summary.bySeverity[severity] + (summary.hidden?.[severity] ?? 0),
      ]),
    ) as Record<Severity, number>,
    new: summary.new,
    resolved: summary.resolved,
    meanAgeDays: ages.length === 0 ? null : ages.reduce((sum, age) => sum + age, 0) / ages.length / DAY,
    compared: hasHistory(report),
  };
}

/** One point a report, the oldest first; a copy of a report adds nothing. */
export function inTime(points: readonly TrendPoint[]): readonly TrendPoint[] {
  const byRun = new Map(points.map((point) => [`${point.run.asOf} ${point.run.startedAt}`, point]));
  return [...byRun.values()].sort((a, b) => Date.parse(a.run.asOf) - Date.parse(b.run.asOf));
}

/** What reports are about, in words; a trend is of one. */
export function trendSubject({ run: { tenant, scope, self } }: TrendPoint): string {
  const whose = scope === 'mine' && self?.userId ? `mine of ${self.userId}` : scope;
  return `${tenant || 'an unnamed tenant'} (${whose})`;
}
