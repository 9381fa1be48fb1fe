import {
  DAY,
  type Finding,
  type ReportedCredential,
  type Severity,
  severityRank,
} from '../contract/index.js';
import { compareText, groupBy } from '../engine/grouping.js';
import type { Report } from '../engine/report.js';
import type { RuleInfo } from '../reporters/reporter.js';
import { partsOf } from '../reporters/words.js';
import { type Step, stepsFor } from './steps.js';

/** One credential, its open findings by severity, and what to do about all of them together. */
export interface PlannedCredential {
  readonly credential: ReportedCredential;
  readonly severity: Severity;
  /** `YYYY-MM-DD`; null: when there is time. */
  readonly due: string | null;
  readonly findings: readonly Finding[];
  readonly steps: readonly Step[];
}

/** What one owner has to do. */
export interface OwnerPlan {
  /** null: credentials whose owner is not known. */
  readonly owner: ReportedCredential['owner'];
  readonly credentials: readonly PlannedCredential[];
}

/** What people have to do about a report. Nothing in it is done by itself. */
export interface Plan {
  readonly report: Report;
  /** Set where the plan is for one owner alone. */
  readonly only: OwnerPlan['owner'];
  readonly owners: readonly OwnerPlan[];
  /** Checks that could not be made. */
  readonly unknown: readonly Finding[];
  /** Findings on waivers: for whoever keeps the configuration. */
  readonly waivers: readonly Finding[];
  /** Rules by id, for their reasons; those of plug-ins may be missing. */
  readonly rules: ReadonlyMap<string, RuleInfo>;
}

/** Days to put a finding right, from the audit on. */
const DUE_DAYS: Readonly<Record<Severity, number | null>> = {
  critical: 2,
  high: 7,
  medium: 30,
  low: 90,
  info: null,
};

/**
 * Groups a report's open findings by owner and credential, the worst first, and owners nobody knows last.
 *
 * @param owner an id or email: only that owner's part. undefined is returned where the report knows no such owner.
 */
export function makePlan(
  report: Report,
  rules: ReadonlyMap<string, RuleInfo>,
  owner?: string,
): Plan | undefined {
  const wanted = owner === undefined ? undefined : ownerMatcher(owner);
  const known = wanted && report.credentials.find((credential) => wanted(credential.owner))?.owner;
  if (wanted && !known) return undefined;
  const { open, unknown } = partsOf(report);
  const mine = (finding: Finding) =>
    !wanted ||
    // An owner's part is made to be sent to the owner.
    (finding.credential !== null && !finding.credential.adviceWithheld && wanted(finding.credential.owner));
  return {
    report,
    only: known ?? null,
    owners: byOwner(report, rules, open.filter(mine)),
    unknown: unknown.filter(mine),
    waivers: wanted ? [] : open.filter(({ credential }) => credential === null),
    rules,
  };
}

function ownerMatcher(wanted: string): (owner: ReportedCredential['owner']) => boolean {
  const email = wanted.toLowerCase();
  return (owner) =>
    owner !== null && (owner.id === wanted || (owner.email !== '' && owner.email.toLowerCase() === email));
}

function byOwner(report: Report, rules: Plan['rules'], findings: readonly Finding[]): OwnerPlan[] {
  const byCredential = groupBy(findings, ({ credential }) =>
    credential ? JSON.stringify([credential.kind, credential.id]) : undefined,
  );
  const credentials = [...byCredential.values()].flatMap((group) => planCredential(report, rules, group));
  const byId = groupBy(credentials, ({ credential: { owner } }) =>
    owner ? JSON.stringify([owner.id, owner.id === '' ? owner.email : '']) : '',
  );
  return [...byId]
    .map(([key, group]) => ({
      key,
      owner: group[0]?.credential.owner ?? null,
      credentials: group.sort(
        (a, b) =>
          bySeverity(a, b) ||
          compareText(a.credential.kind, b.credential.kind) ||
          compareText(a.credential.id, b.credential.id),
      ),
    }))
    .sort(
      (a, b) =>
        Number(a.owner === null) - Number(b.owner === null) ||
        bySeverity(a.credentials[0], b.credentials[0]) ||
        compareText(a.owner?.name ?? '', b.owner?.name ?? '') ||
        compareText(a.key, b.key),
    )
    .map(({ owner, credentials: theirs }) => ({ owner, credentials: theirs }));
}

function planCredential(
  { run }: Report,
  rules: Plan['rules'],
  findings: readonly Finding[],
): PlannedCredential[] {
  const sorted = [...findings].sort((a, b) => bySeverity(a, b) || compareText(a.rule, b.rule));
  const [worst] = sorted;
  if (!worst?.credential) return [];
  const { credential, severity } = worst;
  return [
    {
      credential,
      severity,
      due: dueDate(severity, credential, Date.parse(run.asOf)),
      findings: sorted,
      steps: stepsFor(run.tenant, credential, sorted, rules),
    },
  ];
}

/** No later than the day on which the credential ends by itself: from then on what uses it stands still. */
function dueDate(severity: Severity, { expiresAt }: ReportedCredential, now: number): string | null {
  const days = DUE_DAYS[severity];
  if (days === null) return null;
  const due = now + days * DAY;
  const end = expiresAt === null ? due : Date.parse(expiresAt);
  return new Date(end > now && end < due ? end : due).toISOString().slice(0, 10);
}

interface Severe {
  readonly severity: Severity;
}

function bySeverity(a: Severe | undefined, b: Severe | undefined): number {
  return (b ? severityRank(b.severity) : -1) - (a ? severityRank(a.severity) : -1);
}
