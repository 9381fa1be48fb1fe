import { type Finding, type ReportedCredential, severityRank } from '../contract/index.js';
import type { Report } from '../engine/report.js';
import { neutraliseJson } from './escape.js';
import { type Reporter, type ReporterContext, rulePageAddress } from './reporter.js';
import { controlsOf } from './words.js';

/** OCSF 1.8 as JSON lines: one IAM Analysis Finding for each finding, also for waived and resolved ones. */
export const ocsf: Reporter = (report, context) =>
  [
    ...report.findings.map((finding) => line(findingEvent(finding, report, context))),
    ...report.resolved.map((resolved) => line(resolvedEvent(resolved, report, context))),
  ].join('');

function line(event: object): string {
  return `${neutraliseJson(JSON.stringify(event))}\n`;
}

const SEVERITIES = ['Informational', 'Low', 'Medium', 'High', 'Critical'];

function severityOf({ severity }: Finding) {
  const rank = severityRank(severity);
  return { severity_id: rank + 1, severity: SEVERITIES[rank] };
}

const STATUS = {
  new: { status_id: 1, status: 'New' },
  suppressed: { status_id: 3, status: 'Suppressed' },
  resolved: { status_id: 4, status: 'Resolved' },
} as const;

const UNKNOWN = 'Unknown';

function findingEvent(finding: Finding, report: Report, context: ReporterContext) {
  const { credential } = finding;
  const unknown = finding.outcome === 'unknown';
  const title = titleOf(finding.rule, context);
  return {
    ...base(report),
    ...severityOf(finding),
    ...waiverStatus(finding),
    // Its status is new, as somebody may have to act on it; the detail says that it is no violation.
    ...(unknown ? { status_detail: UNKNOWN } : {}),
    message: finding.message,
    finding_info: {
      uid: finding.fingerprint,
      title: unknown ? `${UNKNOWN}: ${title}` : title,
      desc: finding.message,
      types: [finding.rule],
      ...(finding.firstSeen ? { first_seen_time: Date.parse(finding.firstSeen) } : {}),
    },
    ...user(credential?.owner),
    identity_activity_metrics: { programmatic_credentials: credential ? [programmatic(credential)] : [] },
    remediation: { desc: finding.fix, references: [rulePageAddress(finding.rule, context)] },
    ...compliance(finding, report),
    // What the class has no field for.
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

const CLASS = 2008;
const CREATE = 1;

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

function waiverStatus({ waiver }: Finding) {
  if (!waiver) return STATUS.new;
  const { expires, approvedBy, reason } = waiver;
  return { ...STATUS.suppressed, comment: `waived until ${expires} by ${approvedBy}: ${reason}` };
}

function compliance({ rule, outcome }: Finding, report: Report) {
  const controls = controlsOf(report, rule);
  if (controls.length === 0) return {};
  return {
    compliance: {
      standards: controls.map(({ standard }) => standard),
      requirements: controls.flatMap(({ standard, ids }) => ids.map((id) => `${standard} ${id}`)),
      ...(outcome === 'unknown' ? { status_id: 0, status: UNKNOWN } : { status_id: 3, status: 'Fail' }),
    },
  };
}

function user(owner: ReportedCredential['owner'] | undefined) {
  if (!owner) return {};
  return {
    user: {
      uid: owner.id,
      ...(owner.name ? { name: owner.name } : {}),
      ...(owner.email ? { email_addr: owner.email } : {}),
    },
  };
}

function programmatic({ id, kind, lastUsedAt }: ReportedCredential) {
  return { uid: id, type: kind, ...(lastUsedAt ? { last_used_time: Date.parse(lastUsedAt) } : {}) };
}

function titleOf(rule: string, { rules }: ReporterContext): string {
  return rules.get(rule)?.title ?? rule;
}

function resolvedEvent(
  { fingerprint, rule, credential }: Report['resolved'][number],
  report: Report,
  context: ReporterContext,
) {
  return {
    ...base(report),
    // The state does not keep the severity.
    severity_id: 0,
    severity: 'Unknown',
    ...STATUS.resolved,
    message: `resolved: ${rule}`,
    finding_info: {
      uid: fingerprint,
      title: titleOf(rule, context),
      desc: `resolved: ${rule}`,
      types: [rule],
    },
    identity_activity_metrics: { programmatic_credentials: [{ uid: credential.id, type: credential.kind }] },
    unmapped: { rule, outcome: 'resolved', credential_name: credential.name },
  };
}
