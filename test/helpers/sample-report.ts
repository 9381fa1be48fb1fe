import { createHash } from 'node:crypto';
import type {
  Credential,
  Finding,
  JudgedCredential,
  ReportedCredential,
  Rule,
  Severity,
} from '../../src/contract/index.js';
import { SEVERITIES, severityRank, Unknown } from '../../src/contract/index.js';
import type { Remainder } from '../../src/engine/records.js';
import type { Report, SourceCoverage } from '../../src/engine/report.js';
import type { ReporterContext, RuleInfo } from '../../src/reporters/reporter.js';
import { credential } from './snapshot.js';

/** The clock of all sample reports. */
export const AS_OF = '2026-09-01T02:00:00.000Z';
export const TENANT = 'acme.conductor.one';

const DAY = 86_400_000;

const dates = new Map<number, string>();

/** `days` before (negative: after) the sample clock, RFC 3339. */
export function daysAgo(days: number): string {
  const date = dates.get(days) ?? new Date(Date.parse(AS_OF) - days * DAY).toISOString();
  dates.set(days, date);
  return date;
}

export function sampleCredential(override: Partial<ReportedCredential> = {}): ReportedCredential {
  const id = override.id ?? 'pc-1';
  return {
    kind: 'personal-client',
    id,
    clientId: `${id}@${TENANT}/pcc`,
    name: 'nightly export',
    self: false,
    owner: { id: 'user-1', name: 'Jo Doe', email: 'jo@acme.example' },
    createdAt: daysAgo(400),
    expiresAt: null,
    lastUsedAt: daysAgo(92),
    allowedCidrs: ['192.0.2.0/24'],
    scopedRoles: [{ id: 'role-1', name: 'system:viewer' }],
    ...override,
  };
}

/** An owner takes note of being written, which a report's must not. */
const owners = new WeakMap<object, NonNullable<Remainder['owner']>>();

function ownerOf({ owner }: JudgedCredential): Remainder['owner'] {
  if (owner === null) return null;
  const copy = owners.get(owner) ?? { ...owner };
  owners.set(owner, copy);
  return copy;
}

/** What a docket takes for a credential of a report. */
export function forDocket(about: JudgedCredential): [Credential, Remainder] {
  const { createdAt, expiresAt, lastUsedAt, adviceWithheld = false, use } = about;
  const at = (date: string | null) => date && Date.parse(date);
  const listed = {
    ...credential(),
    ...about,
    createdAt: at(createdAt) ?? new Unknown('no date', 'Look.'),
    expiresAt: at(expiresAt) ?? null,
    lastUsedAt: at(lastUsedAt) ?? null,
  } as Credential;
  return [listed, { ...about, owner: ownerOf(about), adviceWithheld, use }];
}

/** The fingerprint follows rule, kind and credential id unless given. */
export function sampleFinding(override: Partial<Finding> = {}): Finding {
  const rule = override.rule ?? 'unused';
  const credential = override.credential === undefined ? sampleCredential() : override.credential;
  const subject = credential ? `${credential.kind}|${credential.id}` : `waiver|${override.message ?? ''}`;
  return {
    fingerprint: createHash('sha256').update(`${TENANT}|${rule}|${subject}`).digest('hex'),
    rule,
    severity: 'medium',
    outcome: 'violation',
    status: null,
    messageId: 'idle',
    message: 'last used 92 days ago (limit 90): revoke it, or use it',
    data: { days: 92, limit: 90, lastUsedAt: daysAgo(92) },
    fix: 'Ask the owner whether it is still needed; if not, revoke it.',
    credential,
    waiver: null,
    firstSeen: null,
    ...override,
  };
}

/** A finding that could not be told for lack of a fact. */
export function sampleUnknown(override: Partial<Finding> = {}): Finding {
  return sampleFinding({
    rule: 'owner-inactive',
    severity: 'critical',
    outcome: 'unknown',
    messageId: 'unknown',
    message: 'could not be judged: owners could not be read',
    data: { fact: 'owner' },
    fix: 'grant the audit the right to read users',
    ...override,
  });
}

export interface SampleOptions {
  readonly findings?: readonly Finding[];
  /** Beside those the findings carry. */
  readonly credentials?: readonly ReportedCredential[];
  readonly sources?: readonly SourceCoverage[];
  readonly notes?: readonly string[];
  readonly complete?: boolean;
  readonly scope?: Report['run']['scope'];
  readonly tenant?: string;
  readonly resolved?: Report['resolved'];
}

function isLive(credential: ReportedCredential): boolean {
  return credential.expiresAt === null || Date.parse(credential.expiresAt) > Date.parse(AS_OF);
}

/** A valid report whose counts and order follow from its findings. */
export function sampleReport(options: SampleOptions = {}): Report {
  const { resolved = [], notes = [], complete = true, scope = 'tenant', tenant = TENANT } = options;
  const findings = [...(options.findings ?? [])].sort(
    (a, b) =>
      severityRank(b.severity) - severityRank(a.severity) ||
      compare(a.rule, b.rule) ||
      compare(a.credential?.id ?? '', b.credential?.id ?? ''),
  );
  const byKey = new Map<string, ReportedCredential>();
  for (const credential of [...(options.credentials ?? []), ...findings.flatMap((f) => f.credential ?? [])])
    byKey.set(`${credential.kind}|${credential.id}`, credential);
  const credentials = [...byKey.values()].map((credential) => ({ ...credential, live: isLive(credential) }));
  const open = findings.filter((finding) => finding.outcome === 'violation' && finding.waiver === null);
  const of = (severity: Severity) => open.filter((finding) => finding.severity === severity).length;
  const byRule: Record<string, number> = {};
  for (const finding of open) byRule[finding.rule] = (byRule[finding.rule] ?? 0) + 1;
  return {
    schemaVersion: 1,
    tool: { name: 'c1-audit', version: '0.1.0' },
    run: {
      tenant,
      scope,
      asOf: AS_OF,
      startedAt: AS_OF,
      finishedAt: '2026-09-01T02:00:07.000Z',
      self: { userId: 'user-0', clientId: `audit@${TENANT}/pcc` },
    },
    coverage: {
      complete,
      sources: options.sources ?? [
        {
          kind: 'personal-client',
          status: 'complete',
          credentials: credentials.length,
          deleted: 0,
          pages: 1,
          note: null,
        },
      ],
      notes,
    },
    summary: {
      credentials: credentials.length,
      findings: open.length,
      waived: findings.filter((finding) => finding.waiver !== null).length,
      unknown: findings.filter((finding) => finding.outcome === 'unknown' && finding.waiver === null).length,
      bySeverity: Object.fromEntries(
        [...SEVERITIES].reverse().map((severity) => [severity, of(severity)]),
      ) as Record<Severity, number>,
      byRule,
      new: open.filter((finding) => finding.status === 'new' || finding.status === 'reopened').length,
      known: open.filter((finding) => finding.status === 'known').length,
      resolved: resolved.length,
    },
    findings,
    credentials,
    resolved,
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A report that holds at least one of everything: severities, kinds, outcomes, statuses, a waiver, a resolved one. */
export function fullReport(): Report {
  const servicePrincipal = sampleCredential({
    kind: 'service-principal-credential',
    id: 'sp-1',
    clientId: `sp-1@${TENANT}/spc`,
    name: 'deploy',
    owner: { id: 'sp-owner', name: 'Deploy bot', email: '' },
    expiresAt: daysAgo(-9),
    lastUsedAt: null,
    allowedCidrs: [],
    scopedRoles: [],
  });
  const trust = sampleCredential({
    kind: 'federation-trust',
    id: `ft-1@${TENANT}/wfe`,
    clientId: `ft-1@${TENANT}/wfe`,
    name: 'github',
    owner: null,
    lastUsedAt: null,
    scopedRoles: [{ id: 'role-gone', name: null }],
  });
  const expired = sampleCredential({ id: 'pc-9', name: 'old', expiresAt: daysAgo(3) });
  const self = sampleCredential({ id: 'audit', name: 'the audit', self: true, expiresAt: daysAgo(-40) });
  return sampleReport({
    credentials: [self, sampleCredential({ id: 'pc-2', name: 'quiet', expiresAt: daysAgo(-200) })],
    findings: [
      sampleFinding({ status: 'known', firstSeen: daysAgo(10) }),
      sampleFinding({
        rule: 'loose-trust-condition',
        severity: 'critical',
        status: 'new',
        messageId: 'always',
        message: 'the condition is always true: anyone with a token of the provider may come in',
        data: { condition: 'true' },
        fix: 'Name the workload in the condition.',
        credential: trust,
        firstSeen: AS_OF,
      }),
      sampleFinding({
        rule: 'expiring-soon',
        severity: 'high',
        status: 'reopened',
        messageId: 'expiring',
        message: 'expires in 9 days (window 30): rotate it',
        data: { days: 9 },
        fix: 'Make a new one and revoke this one.',
        credential: servicePrincipal,
        firstSeen: daysAgo(60),
      }),
      sampleFinding({
        rule: 'expired',
        severity: 'low',
        status: 'new',
        messageId: 'expired',
        message: 'ended 3 days ago and is still listed: delete it',
        data: { days: 3 },
        fix: 'Delete it.',
        credential: expired,
        firstSeen: AS_OF,
      }),
      sampleFinding({
        rule: 'waiver-expiring',
        severity: 'info',
        status: 'new',
        messageId: 'expiring',
        message: 'the waiver of unused for pc-2 ends in 5 days',
        data: { days: 5 },
        fix: 'Renew it or mend the finding.',
        credential: null,
        firstSeen: AS_OF,
      }),
      sampleFinding({
        rule: 'no-expiry',
        severity: 'high',
        status: 'waived',
        messageId: 'never',
        message: 'never expires: give it an end date',
        data: {},
        fix: 'Give it an end date.',
        waiver: { reason: 'quarterly job', approvedBy: 'security@acme.example', expires: '2026-12-31' },
        firstSeen: daysAgo(30),
      }),
      sampleUnknown({ status: 'new', firstSeen: AS_OF }),
    ],
    notes: ["owners' roles could not be read: grant the audit the role Super Administrator"],
    resolved: [
      {
        fingerprint: createHash('sha256').update('resolved').digest('hex'),
        rule: 'open-cidr',
        credential: { kind: 'personal-client', id: 'pc-7', name: null },
      },
    ],
  });
}

/** What reporters know beside the report; rules need not all be there. */
export function sampleContext(override: Partial<ReporterContext> = {}): ReporterContext {
  return { rules: new Map(), color: false, ...override };
}

/** The part of a rule that reporters read. */
export function ruleInfo(rule: Pick<Rule, 'id' | 'title' | 'severity' | 'docs'>): RuleInfo {
  return { id: rule.id, title: rule.title, severity: rule.severity, docs: rule.docs };
}
