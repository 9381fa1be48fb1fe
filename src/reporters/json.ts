import type { Finding, ReportedCredential } from '../contract/index.js';
import { type Docket, docketOf } from '../engine/docket.js';
import { MOST_SEVERE_FIRST, type Report } from '../engine/report.js';
import { neutraliseBytes, neutraliseJson } from './escape.js';
import type { PartReporter } from './reporter.js';

/** The report itself, schema version 1 (schema/report.json). */
export const json: PartReporter = function* (report) {
  const { resolved, ...head } = inOrder(report);
  const docket = docketOf(report);
  yield neutraliseJson(JSON.stringify(head, null, 2)).slice(0, -'\n}'.length);
  yield ',\n';
  const neutral = docket && neutraliser(docket);
  yield* neutral
    ? list('findings', neutral(docket.findingParts(',\n    {', '}')))
    : listOf('findings', report.findings, findingInOrder);
  yield ',\n';
  yield* neutral
    ? list('credentials', neutral(docket.credentialParts(',\n    ')))
    : listOf('credentials', report.credentials, judgedInOrder);
  yield ',\n';
  yield* jsonLists('  ', [['resolved', resolved, (one) => one]]);
  yield '\n}\n';
};

/** Items in one part: some tens of kilobytes, so that the parts of a large report are never all in memory at once. */
const AT_ONCE = 64;

/** `"name": […]` for each list, an item a line: half the bytes of an indented list, and grep and diff show each item completely. */
export function* jsonLists(
  indent: string,
  lists: readonly (readonly [name: string, items: readonly unknown[], write: (item: never) => unknown])[],
): Generator<string> {
  for (const [index, [name, items, write]] of lists.entries()) {
    if (index > 0) yield ',\n';
    yield* listOf(name, items as readonly never[], write, indent);
  }
}

function listOf<T>(name: string, items: readonly T[], write: (item: T) => unknown, indent = '  ') {
  return list(
    name,
    inBlocks(items, (item) => `,\n${indent}  ${JSON.stringify(write(item))}`),
    indent,
  );
}

/** @param parts  with a comma before each item */
function* list<Part extends string | Buffer>(
  name: string,
  parts: Iterable<Part>,
  indent = '  ',
): Generator<Part | string> {
  yield `${indent}${JSON.stringify(name)}: [`;
  let isFirst = true;
  for (const part of parts) {
    yield isFirst ? (part.slice(1) as Part) : part;
    isFirst = false;
  }
  yield isFirst ? ']' : `\n${indent}]`;
}

/** The text of items, of some together, neutralised. */
function* inBlocks<T>(items: readonly T[], write: (item: T) => string): Generator<string> {
  for (let at = 0; at < items.length; at += AT_ONCE)
    yield neutraliseJson(
      items
        .slice(at, at + AT_ONCE)
        .map(write)
        .join(''),
    );
}

/** Neutralises what a docket writes. If nothing in it acts, the parts are not looked at. */
function neutraliser(docket: Docket) {
  const isSafe = [...docket.blocks()].every((block) => neutraliseBytes(block) === block);
  return function* (parts: Iterable<Buffer>): Generator<string | Buffer> {
    for (const part of parts) yield isSafe ? part : neutraliseBytes(part);
  };
}

/**
 * One JSON value a line: `{"type": "run", …}`, then each `{"type": "finding", …}`, last `{"type": "summary", …}` with
 * `complete`. A stream without the last line was cut off.
 */
export const ndjson: PartReporter = function* (report) {
  const { schemaVersion, tool, run, coverage, summary, resolved } = inOrder(report);
  yield line({ type: 'run', schemaVersion, tool, ...run, coverage });
  const docket = docketOf(report);
  yield* docket
    ? neutraliser(docket)(docket.findingParts('{"type":"finding",', '}\n'))
    : inBlocks(report.findings, (one) => line({ type: 'finding', ...findingInOrder(one) }));
  yield line({ type: 'summary', ...summary, resolvedFindings: resolved, complete: coverage.complete });
};

function line(value: object): string {
  return `${neutraliseJson(JSON.stringify(value))}\n`;
}

/*
 * Keys in the order of the schema, whoever built the report, so that two runs over the same data give the same bytes.
 */

/** All but findings and credentials. */
function inOrder({ schemaVersion, tool, run, coverage, summary, resolved }: Report) {
  return {
    schemaVersion,
    tool: pick(tool, 'name', 'version'),
    run: {
      ...pick(run, 'tenant', 'scope', 'asOf', 'startedAt', 'finishedAt'),
      self: run.self && pick(run.self, 'userId', 'clientId'),
    },
    coverage: {
      complete: coverage.complete,
      sources: coverage.sources.map((one) =>
        pick(one, 'kind', 'status', 'credentials', 'deleted', 'pages', 'note'),
      ),
      ledger: coverage.ledger?.map((one) => pick(one, 'way', 'status', 'reason')),
      ...pick(coverage, 'notes', 'gaps', 'mayBeFiltered', 'rulesNotRun', 'controls', 'settings'),
    },
    summary: summaryInOrder(summary),
    resolved: resolved.map(resolvedInOrder),
  };
}

/** Some fields of a record, in this order. JSON leaves out what is undefined. */
function pick<T extends object, K extends keyof T>(record: T, ...names: readonly K[]): Pick<T, K> {
  return Object.fromEntries(names.map((name) => [name, record[name]])) as Pick<T, K>;
}

export function summaryInOrder(summary: Report['summary']) {
  const { bySeverity, byRule, hidden } = summary;
  return {
    ...pick(summary, 'credentials', 'findings', 'waived', 'unknown'),
    bySeverity: severitiesInOrder(bySeverity),
    byRule: Object.fromEntries(Object.entries(byRule).sort(([a], [b]) => (a < b ? -1 : 1))),
    ...pick(summary, 'new', 'known', 'resolved'),
    hidden: hidden && severitiesInOrder(hidden),
  };
}

const severitiesInOrder = (counts: Report['summary']['bySeverity']) => pick(counts, ...MOST_SEVERE_FIRST);

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
  const { owner, createdAt, expiresAt, lastUsedAt, allowedCidrs, scopedRoles, adviceWithheld, use } =
    credential;
  return {
    owner: owner && { id: owner.id, name: owner.name, email: owner.email },
    createdAt,
    expiresAt,
    lastUsedAt,
    allowedCidrs,
    scopedRoles: scopedRoles.map(({ id, name }) => ({ id, name })),
    adviceWithheld,
    use: use && { since: use.since, addresses: use.addresses, lastAt: use.lastAt },
  };
}

export function resolvedInOrder({ fingerprint, rule, credential }: Report['resolved'][number]) {
  const { kind, id, name } = credential;
  return { fingerprint, rule, credential: { kind, id, name } };
}
