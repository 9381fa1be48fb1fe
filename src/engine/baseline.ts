import { count, plural } from '../contract/index.js';
import { isDrift } from './drift.js';
import type { Comparison } from './history.js';
import { hidesFindings, isWaived, type Report } from './report.js';
import { type RememberedFinding, reachOf, STATE_VERSION, type State } from './state.js';
import { FINGERPRINT_TELLS, Table } from './table.js';

/**
 * What a comparison with a saved report says. Pure.
 *
 * A baseline stays as it is. What it holds and the tenant no longer does would be resolved in every audit again, so it is
 * only counted, and nothing is reported twice or remembered.
 */
export function sinceBaseline(
  baseline: Report,
  comparison: Comparison,
): { readonly comparison: Comparison; readonly baselineNotes: readonly string[] } {
  const { news, gone } = comparison;
  const items = news.items.filter(({ reasons }) => reasons.some((reason) => reason !== 'milestone'));
  return {
    comparison: {
      ...comparison,
      resolved: [],
      news: { ...news, items, resolved: [], digest: [] },
      next: () => undefined,
    },
    baselineNotes: notesOn(baseline, gone),
  };
}

/** What an audit with this report would have remembered, everything told. */
export function asState(report: Report): State {
  const { tenant, asOf, scope, self } = report.run;
  const seenIn = reachOf({ scope, userId: self?.userId ?? null });
  const remembered = report.findings
    .filter(({ outcome, rule }) => outcome === 'violation' && !isDrift(rule))
    .map((finding): [string, RememberedFinding] => [
      finding.fingerprint,
      {
        rule: finding.rule,
        kind: finding.credential?.kind ?? 'waiver',
        credentialId: finding.credential?.id ?? finding.fingerprint,
        firstSeen: finding.firstSeen ?? asOf,
        severity: finding.severity,
        waived: isWaived(finding),
        toldAt: asOf,
        milestones: null,
        seenIn,
      },
    ]);
  return {
    version: STATE_VERSION,
    tenant,
    savedAt: asOf,
    seen: {},
    findings: Table.of(remembered, FINGERPRINT_TELLS),
    resolved: new Map(),
    credentials: Table.of(),
    slack: { postedAt: null, digestAt: null },
  };
}

function notesOn(baseline: Report, gone: number): string[] {
  const { asOf } = baseline.run;
  const limits = [
    baseline.coverage.complete ? undefined : 'is incomplete',
    hidesFindings(baseline) ? 'leaves out findings of low severity' : undefined,
  ].filter((limit) => limit !== undefined);
  const partial =
    limits.length === 0
      ? []
      : [`The baseline (as of ${asOf}) ${limits.join(' and ')}: findings that it lacks count as new.`];
  const over =
    gone === 0
      ? []
      : [
          `${count(gone, 'finding')} of the baseline (as of ${asOf}) no longer ${plural(gone, 'matches', 'match')}: save a new baseline to forget ${plural(gone, 'it', 'them')}.`,
        ];
  return [...partial, ...over];
}
