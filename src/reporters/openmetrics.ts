import { DAY, type ReportedCredential } from '../contract/index.js';
import { credentialsByKind, MOST_SEVERE_FIRST, openCounts, type Report } from '../engine/report.js';
import { cutTo, forOpenMetrics } from './escape.js';
import type { Reporter } from './reporter.js';

/*
 * Written by hand: node_exporter's textfile collector and the push gateway read the older text format, so the file uses
 * only what both formats share. Samples carry no timestamps, which the collector refuses.
 */

/** Gauges about one audit, in the text format of OpenMetrics 1.0. Nothing in it names a person or a credential. */
export const openmetrics: Reporter = (report) => metrics(report, ({ kind }) => ({ kind }));

/** The same, with the nearest expiry by owner: their email addresses, or ids, are in it. */
export const openmetricsOwners: Reporter = (report) =>
  metrics(report, ({ kind, owner }) => ({ kind, owner: owner?.email || owner?.id || 'unknown' }));

type Labels = Readonly<Record<string, string>>;

function metrics(report: Report, expiryLabels: (credential: ReportedCredential) => Labels): string {
  const { run, coverage, summary } = report;
  const hidden = summary.hidden;
  return [
    ...family(
      'open_findings',
      'Findings that are neither waived nor unknown.',
      openCounts(report).map(({ findings, ...labels }): Sample => [labels, findings]),
    ),
    ...(hidden
      ? family(
          'hidden_findings',
          'Open findings below the minimum severity, which c1_audit_open_findings leaves out.',
          MOST_SEVERE_FIRST.map((severity): Sample => [{ severity }, hidden[severity]]),
        )
      : []),
    ...family(
      'credentials',
      'Credentials that were judged, expired ones included.',
      [...credentialsByKind(report)].map(([kind, credentials]): Sample => [{ kind }, credentials]),
    ),
    ...family(
      'nearest_expiry_days',
      'Days until the next live credential expires.',
      report.credentials.flatMap((credential): Sample[] => {
        if (!credential.live || credential.expiresAt === null) return [];
        const days = (Date.parse(credential.expiresAt) - Date.parse(run.asOf)) / DAY;
        return [[expiryLabels(credential), Math.round(days * 10_000) / 10_000]];
      }),
      Math.min,
    ),
    ...family('complete', '1 if every requested source was read in full, else 0: the counts are too low.', [
      [{}, coverage.complete ? 1 : 0],
    ]),
    ...family('last_run_timestamp_seconds', 'When the audit ended.', [
      [{}, Date.parse(run.finishedAt) / 1000],
    ]),
    '# EOF',
    '',
  ].join('\n');
}

type Sample = readonly [labels: Labels, value: number];

/** Units, which a metric's name must end with. */
const UNIT = /_(days|seconds)$/;

const LABEL = 200;

/**
 * @param merge what becomes of two samples with the same labels, which may not both be there: a label that is too long is
 *   cut.
 */
function family(
  name: string,
  help: string,
  samples: readonly Sample[],
  merge: (a: number, b: number) => number = (a, b) => a + b,
): string[] {
  const metric = `c1_audit_${name}`;
  const [, unit] = UNIT.exec(metric) ?? [];
  const values = new Map<string, number>();
  for (const [labels, value] of samples) {
    const series = `${metric}${labelsOf(labels)}`;
    const other = values.get(series);
    values.set(series, other === undefined ? value : merge(other, value));
  }
  return [
    `# TYPE ${metric} gauge`,
    ...(unit ? [`# UNIT ${metric} ${unit}`] : []),
    `# HELP ${metric} ${help}`,
    ...[...values].map(([series, value]) => `${series} ${value}`),
  ];
}

function labelsOf(labels: Labels): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) => `${name}="${forOpenMetrics(cutTo(value, LABEL))}"`,
  );
  return pairs.length > 0 ? `{${pairs.join(',')}}` : '';
}
