import type { Finding, ReportedCredential } from '../contract/index.js';
import { MOST_SEVERE_FIRST, type Report } from '../engine/report.js';
import { neutraliseJson } from './escape.js';
import type { PartReporter } from './reporter.js';

/** The report itself, schema version 1 (schema/report.json). */
export const json: PartReporter = function* (report) {
  const { findings, credentials, resolved, ...head } = inOrder({
    ...report,
    findings: [],
    credentials: [],
    resolved: [],
  });
  yield neutraliseJson(JSON.stringify(head, null, 2)).slice(0, -'\n}'.length);
  yield ',\n';
  yield* jsonList('findings', report.findings, findingInOrder);
  yield ',\n';
  yield* jsonList('credentials', report.credentials, judgedInOrder);
  yield ',\n';
  yield* jsonList('resolved', report.resolved, resolvedInOrder);
  yield '\n}\n';
};

/** Items in one part: some tens of kilobytes, so that the parts of a large report are never all in memory at once. */
const AT_ONCE = 64;

/** `"name": […]`, an item a line: half the bytes of an indented list, and grep and diff show each item completely. */
export function* jsonList<T>(
  name: string,
  items: readonly T[],
  write: (item: T) => unknown,
  indent = '  ',
): Generator<string> {
  const opening = `${indent}${JSON.stringify(name)}: [`;
  if (items.length === 0) {
    yield `${opening}]`;
    return;
  }
  for (let at = 0; at < items.length; at += AT_ONCE) {
    const some = items.slice(at, at + AT_ONCE).map((item) => `${indent}  ${JSON.stringify(write(item))}`);
    yield `${at === 0 ? opening : ','}\n${neutraliseJson(some.join(',\n'))}`;
  }
  yield `\n${indent}]`;
}

/**
 * One JSON value a line: `{"type": "run", …}`, then each `{"type": "finding", …}`, last `{"type": "summary", …}` with
 * `complete`. A stream without the last line was cut off.
 */
export const ndjson: PartReporter = function* (report) {
  const { schemaVersion, tool, run, coverage, summary, resolved } = inOrder({
    ...report,
    findings: [],
    credentials: [],
  });
  yield line({ type: 'run', schemaVersion, tool, ...run, coverage });
  for (let at = 0; at < report.findings.length; at += AT_ONCE) {
    const some = report.findings.slice(at, at + AT_ONCE);
    yield some.map((finding) => line({ type: 'finding', ...findingInOrder(finding) })).join('');
  }
  yield line({ type: 'summary', ...summary, resolvedFindings: resolved, complete: coverage.complete });
};

function line(value: object): string {
  return `${neutraliseJson(JSON.stringify(value))}\n`;
}

/*
 * Keys in the order of the schema, whoever built the report, so that two runs over the same data give the same bytes.
 */

function inOrder({ schemaVersion, tool, run, coverage, summary, findings, credentials, resolved }: Report) {
  const { tenant, scope, asOf, startedAt, finishedAt, self } = run;
  const { complete, sources, notes, gaps, mayBeFiltered, rulesNotRun, controls, settings } = coverage;
  return {
    schemaVersion,
    tool: { name: tool.name, version: tool.version },
    run: {
      tenant,
      scope,
      asOf,
      startedAt,
      finishedAt,
      self: self && { userId: self.userId, clientId: self.clientId },
    },
    // JSON leaves out what is undefined.
    coverage: {
      complete,
      sources: sources.map(({ kind, status, credentials: judged, deleted, pages, note }) => ({
        kind,
        status,
        credentials: judged,
        deleted,
        pages,
        note,
      })),
      notes,
      gaps,
      mayBeFiltered,
      rulesNotRun,
      controls,
      settings,
    },
    summary: summaryInOrder(summary),
    findings: findings.map(findingInOrder),
    credentials: credentials.map(judgedInOrder),
    resolved: resolved.map(resolvedInOrder),
  };
}

export function summaryInOrder(summary: Report['summary']) {
  const { credentials, findings, waived, unknown, bySeverity, byRule, known, resolved, hidden } = summary;
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
    hidden: hidden && severitiesInOrder(hidden),
  };
}

function severitiesInOrder(counts: Report['summary']['bySeverity']) {
  return Object.fromEntries(MOST_SEVERE_FIRST.map((severity) => [severity, counts[severity]]));
}

export function findingInOrder(finding: Finding) {
  const { credential, waiver } = finding;
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
    credential: credential && credentialInOrder(credential),
    waiver: waiver && { reason: waiver.reason, approvedBy: waiver.approvedBy, expires: waiver.expires },
    firstSeen: finding.firstSeen,
  };
}

function credentialInOrder(credential: ReportedCredential) {
  const { kind, id, clientId, name, self } = credential;
  return { kind, id, clientId, name, self, ...facts(credential) };
}

export function judgedInOrder(credential: Report['credentials'][number]) {
  const { kind, id, clientId, name, self, live } = credential;
  return { kind, id, clientId, name, self, live, ...facts(credential) };
}

function facts(credential: ReportedCredential) {
  const { owner, createdAt, expiresAt, lastUsedAt, allowedCidrs, scopedRoles, adviceWithheld } = credential;
  return {
    owner: owner && { id: owner.id, name: owner.name, email: owner.email },
    createdAt,
    expiresAt,
    lastUsedAt,
    allowedCidrs,
    scopedRoles: scopedRoles.map(({ id, name }) => ({ id, name })),
    adviceWithheld,
  };
}

export function resolvedInOrder({ fingerprint, rule, credential }: Report['resolved'][number]) {
  const { kind, id, name } = credential;
  return { fingerprint, rule, credential: { kind, id, name } };
}
