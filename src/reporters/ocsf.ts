import type { Finding, Severity } from '../contract/index.js';
import type { Report } from '../engine/report.js';
import { neutraliseJson } from './escape.js';
import { type Reporter, type ReporterContext, rulePageAddress } from './reporter.js';

/** IAM Analysis Finding in OCSF 1.8. */
const CLASS = 2008;
const CREATE = 1;

const SEVERITY: Record<Severity, { readonly severity_id: number; readonly severity: string }> = {
  info: { severity_id: 1, severity: 'Informational' },
  low: { severity_id: 2, severity: 'Low' },
  medium: { severity_id: 3, severity: 'Medium' },
  high: { severity_id: 4, severity: 'High' },
  critical: { severity_id: 5, severity: 'Critical' },
};

const STATUS = {
  new: { status_id: 1, status: 'New' },
  suppressed: { status_id: 3, status: 'Suppressed' },
  resolved: { status_id: 4, status: 'Resolved' },
} as const;

const UNKNOWN = 'Could not be judged';

/** JSON lines: one event a finding, waived and resolved ones by their status. */
export const ocsf: Reporter = (report, context) =>
  [
    ...report.findings.map((finding) => line(findingEvent(finding, report, context))),
    ...report.resolved.map((resolved) => line(resolvedEvent(resolved, report, context))),
  ].join('');

function line(event: object): string {
  return `${neutraliseJson(JSON.stringify(event))}\n`;
}

function base(report: Report) {
  return {
    activity_id: CREATE,
    activity_name: 'Create',
    category_uid: 2,
    category_name: 'Findings',
    class_uid: CLASS,
    class_name: 'IAM Analysis Finding',
    type_uid: CLASS * 100 + CREATE,
    type_name: 'IAM Analysis Finding: Create',
    time: Date.parse(report.run.asOf),
    metadata: {
      version: '1.8.0',
      product: { name: report.tool.name, vendor_name: report.tool.name, version: report.tool.version },
      tenant_uid: report.run.tenant,
    },
  };
}

function findingEvent(finding: Finding, report: Report, context: ReporterContext) {
  const { credential, waiver } = finding;
  const unknown = finding.outcome === 'unknown';
  const title = context.rules.get(finding.rule)?.title ?? finding.rule;
  const owner = credential?.owner;
  return {
    ...base(report),
    ...SEVERITY[finding.severity],
    ...(waiver ? STATUS.suppressed : STATUS.new),
    ...(waiver
      ? { comment: `waived until ${waiver.expires} by ${waiver.approvedBy}: ${waiver.reason}` }
      : {}),
    // New is what a reader may have to act on; that it is no violation must not be overlooked.
    ...(unknown ? { status_detail: UNKNOWN } : {}),
    message: finding.message,
    finding_info: {
      uid: finding.fingerprint,
      title: unknown ? `${UNKNOWN}: ${title}` : title,
      desc: finding.message,
      types: [finding.rule],
      ...(finding.firstSeen ? { first_seen_time: Date.parse(finding.firstSeen) } : {}),
    },
    ...(owner
      ? {
          user: {
            uid: owner.id,
            ...(owner.name ? { name: owner.name } : {}),
            ...(owner.email ? { email_addr: owner.email } : {}),
          },
        }
      : {}),
    identity_activity_metrics: {
      programmatic_credentials: credential
        ? [
            {
              uid: credential.id,
              type: credential.kind,
              ...(credential.lastUsedAt ? { last_used_time: Date.parse(credential.lastUsedAt) } : {}),
            },
          ]
        : [],
    },
    remediation: { desc: finding.fix, references: [rulePageAddress(finding.rule, context)] },
    // What the class has no place for.
    unmapped: {
      rule: finding.rule,
      outcome: finding.outcome,
      status: finding.status,
      message_id: finding.messageId,
      data: finding.data,
      credential_name: credential?.name ?? null,
      client_id: credential?.clientId ?? null,
    },
  };
}

function resolvedEvent(
  { fingerprint, rule, credential }: Report['resolved'][number],
  report: Report,
  context: ReporterContext,
) {
  const title = context.rules.get(rule)?.title ?? rule;
  return {
    ...base(report),
    // A state keeps no severity that this run could vouch for.
    severity_id: 0,
    severity: 'Unknown',
    ...STATUS.resolved,
    message: `resolved: ${rule}`,
    finding_info: { uid: fingerprint, title, desc: `resolved: ${rule}`, types: [rule] },
    identity_activity_metrics: { programmatic_credentials: [{ uid: credential.id, type: credential.kind }] },
    unmapped: { rule, outcome: 'resolved', credential_name: credential.name },
  };
}
