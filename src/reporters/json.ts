import { type Finding, type ReportedCredential, SEVERITIES } from '../contract/index.js';
import type { Report } from '../engine/report.js';
import { neutraliseJson } from './escape.js';
import type { PartReporter, Reporter } from './reporter.js';

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

/** Items of a list in one part: some tens of kilobytes, so that the parts of a large report never meet in memory. */
const AT_ONCE = 64;

/** The report itself, schema version 1 (schema/report.json). */
export const json: Reporter = (report, context) => [...jsonParts(report, context)].join('');

/** The same in parts: the report of a large tenant is longer than any string may be. */
export const jsonParts: PartReporter = function* (report) {
  const { findings, credentials, resolved, ...head } = inOrder({
    ...report,
    findings: [],
    credentials: [],
    resolved: [],
  });
  yield neutraliseJson(JSON.stringify(head, null, 2)).slice(0, -'\n}'.length);
  yield ',\n';
  yield* list('findings', report.findings, findingInOrder);
  yield ',\n';
  yield* list('credentials', report.credentials, judgedInOrder);
  yield ',\n';
  yield* list('resolved', report.resolved, resolvedInOrder);
  yield '\n}\n';
};

/** `"name": […]`, an item a line: half the bytes of an indented one, and grep and diff see each finding whole. */
function* list<T>(name: string, items: readonly T[], write: (item: T) => T): Generator<string> {
  const opening = `  ${JSON.stringify(name)}: [`;
  if (items.length === 0) {
    yield `${opening}]`;
    return;
  }
  for (let at = 0; at < items.length; at += AT_ONCE) {
    const some = items.slice(at, at + AT_ONCE).map((item) => `    ${JSON.stringify(write(item))}`);
    yield `${at === 0 ? opening : ','}\n${neutraliseJson(some.join(',\n'))}`;
  }
  yield '\n  ]';
}

/** Lines in one part: some tens of kilobytes. */
const NDJSON_AT_ONCE = 64;

/**
 * One JSON value a line: `{"type": "run", …}`, then each `{"type": "finding", …}`, last `{"type": "summary", …}` with
 * `complete`. A stream without the last line was cut off.
 */
export const ndjson: Reporter = (report, context) => [...ndjsonParts(report, context)].join('');

/** The same in parts: the report of a large tenant is longer than any string may be. */
export const ndjsonParts: PartReporter = function* (report) {
  const { schemaVersion, tool, run, coverage, summary, resolved } = inOrder({
    ...report,
    findings: [],
    credentials: [],
  });
  yield line({ type: 'run', schemaVersion, tool, ...run, coverage });
  for (let at = 0; at < report.findings.length; at += NDJSON_AT_ONCE) {
    const some = report.findings.slice(at, at + NDJSON_AT_ONCE);
    yield some.map((finding) => line({ type: 'finding', ...findingInOrder(finding) })).join('');
  }
  yield line({ type: 'summary', ...summary, resolvedFindings: resolved, complete: coverage.complete });
};

function line(value: object): string {
  return `${neutraliseJson(JSON.stringify(value))}\n`;
}
