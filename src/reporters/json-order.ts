import type { Finding, ReportedCredential } from '../contract/index.js';
import { SEVERITIES } from '../contract/index.js';
import type { Report } from '../engine/report.js';

/*
 * Keys in the order of the schema, whoever built the report, so that two runs over the same data give the same bytes.
 */

export function inOrder(report: Report): Report {
  const { tool, coverage } = report;
  return {
    schemaVersion: report.schemaVersion,
    tool: { name: tool.name, version: tool.version },
    run: runInOrder(report.run),
    coverage: {
      complete: coverage.complete,
      sources: coverage.sources.map(({ kind, status, credentials, deleted, pages, note }) => ({
        kind,
        status,
        credentials,
        deleted,
        pages,
        note,
      })),
      notes: coverage.notes,
      ...(coverage.gaps ? { gaps: coverage.gaps } : {}),
      ...(coverage.mayBeFiltered ? { mayBeFiltered: true } : {}),
      ...(coverage.rulesNotRun ? { rulesNotRun: coverage.rulesNotRun } : {}),
      ...(coverage.settings ? { settings: coverage.settings } : {}),
    },
    summary: summaryInOrder(report.summary),
    findings: report.findings.map(findingInOrder),
    credentials: report.credentials.map(judgedInOrder),
    resolved: report.resolved.map(resolvedInOrder),
  };
}

export function runInOrder({
  tenant,
  scope,
  asOf,
  startedAt,
  finishedAt,
  self,
}: Report['run']): Report['run'] {
  return {
    tenant,
    scope,
    asOf,
    startedAt,
    finishedAt,
    self: self && { userId: self.userId, clientId: self.clientId },
  };
}

export function summaryInOrder(summary: Report['summary']): Report['summary'] {
  const { credentials, findings, waived, unknown, bySeverity, byRule, known, resolved } = summary;
  return {
    credentials,
    findings,
    waived,
    unknown,
    bySeverity: severitiesInOrder(bySeverity),
    byRule: Object.fromEntries(Object.entries(byRule).sort(([a], [b]) => (a < b ? -1 : 1))),
    new: summary.new,
    known,
    resolved,
    ...(summary.hidden ? { hidden: severitiesInOrder(summary.hidden) } : {}),
  };
}

function severitiesInOrder(counts: Report['summary']['bySeverity']): Report['summary']['bySeverity'] {
  return Object.fromEntries(
    [...SEVERITIES].reverse().map((severity) => [severity, counts[severity]]),
  ) as Report['summary']['bySeverity'];
}

export function findingInOrder(finding: Finding): Finding {
  const { waiver } = finding;
  return {
    fingerprint: finding.fingerprint,
    rule: finding.rule,
    severity: finding.severity,
    outcome: finding.outcome,
    status: finding.status,
    messageId: finding.messageId,
    message: finding.message,
    data: finding.data,
    fix: finding.fix,
    credential: finding.credential && credentialInOrder(finding.credential),
    waiver: waiver && { reason: waiver.reason, approvedBy: waiver.approvedBy, expires: waiver.expires },
    firstSeen: finding.firstSeen,
  };
}

function credentialInOrder(credential: ReportedCredential): ReportedCredential {
  const { kind, id, clientId, name, self } = credential;
  return { kind, id, clientId, name, self, ...factsInOrder(credential) };
}

export function judgedInOrder(credential: Report['credentials'][number]): Report['credentials'][number] {
  const { kind, id, clientId, name, self, live } = credential;
  return { kind, id, clientId, name, self, live, ...factsInOrder(credential) };
}

function factsInOrder(credential: ReportedCredential) {
  const { owner, createdAt, expiresAt, lastUsedAt, allowedCidrs, scopedRoles } = credential;
  return {
    owner: owner && { id: owner.id, name: owner.name, email: owner.email },
    createdAt,
    expiresAt,
    lastUsedAt,
    allowedCidrs,
    scopedRoles: scopedRoles.map(({ id, name }) => ({ id, name })),
    ...(credential.adviceWithheld ? { adviceWithheld: true as const } : {}),
  };
}

export function resolvedInOrder(resolved: Report['resolved'][number]): Report['resolved'][number] {
  const { kind, id, name } = resolved.credential;
  return { fingerprint: resolved.fingerprint, rule: resolved.rule, credential: { kind, id, name } };
}
