import { type Severity, severityRank } from '../../../contract/index.js';
import type { Report } from '../../../engine/report.js';
import { MOST_SEVERE_FIRST } from '../../words.js';
import { credentialKey } from '../view.js';

/** How bad a credential is: the severity of its worst finding that is neither waived nor unknown. */
export type Worst = Severity | 'none';

export const WORSTS = [...MOST_SEVERE_FIRST, 'none'] as const satisfies readonly Worst[];

export const WORST_NAMES: Record<Worst, string> = {
  critical: 'critical',
  high: 'high',
  medium: 'medium',
  low: 'low',
  info: 'info',
  none: 'no open finding',
};

/** By credential key; credentials without a finding are missing. */
export function worstFindings(report: Report): ReadonlyMap<string, Severity> {
  const worst = new Map<string, Severity>();
  for (const { credential, outcome, status, severity, waiver } of report.findings) {
    if (credential === null || outcome === 'unknown' || status === 'waived' || waiver !== null) continue;
    const key = credentialKey(credential);
    const known = worst.get(key);
    if (known === undefined || severityRank(severity) > severityRank(known)) worst.set(key, severity);
  }
  return worst;
}
