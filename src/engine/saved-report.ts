import * as v from 'valibot';
import {
  about,
  choice,
  describeFlaws,
  flawsOf,
  list,
  map,
  number,
  record,
  type Schema,
  type TextRule,
  text,
} from '../check.js';
import { KINDS, parseTime, type Report, SEVERITIES } from '../contract/index.js';
import { startOfDate } from '../contract/time.js';
import { AuditError } from '../errors.js';
import { summarize } from './report.js';

/**
 * Reads a report that `-f json` wrote.
 *
 * @param name how messages call the file
 * @throws AuditError `input` if it is not a report or its counts contradict its findings
 */
export function parseReport(text: string, name: string): Report {
  let value: unknown;
  try {
    // Editors and shells on Windows write a mark first.
    value = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (cause) {
    throw new AuditError(
      'input',
      `${name} is not JSON.`,
      'Give the file that c1-audit -f json:<file> wrote.',
      {
        cause,
      },
    );
  }
  const flaws = flawsOf(REPORT, value);
  if (flaws.length > 0) {
    throw new AuditError(
      'input',
      `${name} is not a c1-audit report of schema version 1: ${describeFlaws(flaws)}`,
      'Give the file that c1-audit -f json:<file> wrote; a report of a newer version needs a newer c1-audit.',
    );
  }
  const report = value as Report;
  const wrong = contradictions(report);
  if (wrong.length > 0) {
    throw new AuditError(
      'input',
      `${name} contradicts itself: ${describeFlaws(wrong.map((message) => ({ path: [], part: 'value', message })))}`,
      'It was changed after c1-audit wrote it. Use the original, or audit again.',
    );
  }
  return report;
}

/** People read the counts, and findings decide the exit code: a change to one must not get past the other. */
function contradictions(report: Report): string[] {
  const { summary, coverage } = report;
  const wrong = differences(summary, summarize(report));
  return coverage.complete ? [...wrong, ...signsOfIncomplete(report)] : wrong;
}

/** What a complete report cannot hold. */
function signsOfIncomplete({ coverage, findings }: Report): string[] {
  const partial = coverage.sources.filter(({ status }) => status === 'partial').map(({ kind }) => kind);
  const broken = findings.filter(({ messageId }) => messageId === 'rule-failed').map(({ rule }) => rule);
  const [gap] = coverage.gaps ?? [];
  const but = [
    partial.length > 0 ? `the source ${partial.join(', ')} is partial` : '',
    coverage.sources.length === 0 ? 'no source was read' : '',
    gap === undefined ? '' : `coverage.gaps says: ${gap}`,
    broken.length > 0 ? `the rule ${[...new Set(broken)].join(', ')} failed` : '',
  ].filter((sign) => sign !== '');
  return but.map((sign) => `coverage.complete is true, but ${sign}`);
}

type Counts = { readonly [name: string]: number | Counts };

function differences(said: object, counted: object, path = 'summary'): string[] {
  const [saidCounts, countedCounts] = [said, counted] as [Counts, Counts];
  const names = new Set([...Object.keys(saidCounts), ...Object.keys(countedCounts)]);
  // What was left out of the report cannot be counted in it.
  names.delete('hidden');
  return [...names].flatMap((name) => {
    const [one = 0, other = 0] = [own(saidCounts, name), own(countedCounts, name)];
    if (typeof one === 'object' && typeof other === 'object')
      return differences(one, other, `${path}.${name}`);
    return one === other ? [] : [`${path}.${name} is ${one}, but the report holds ${other}`];
  });
}

function own(counts: Counts, name: string): Counts[string] | undefined {
  return Object.hasOwn(counts, name) ? counts[name] : undefined;
}

const NOT_EMPTY: TextRule = { pattern: /[\s\S]/, says: 'must not be empty' };
const NO_DATE = 'this date does not exist';

/** RFC 3339 in UTC. A leap second is refused: `Date` cannot read it, and no report of ours has one. */
const INSTANT = text({
  pattern: /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?Z$/,
  says: 'must be a time in UTC such as 2026-06-01T12:00:00Z',
  format: 'date-time',
  refine: (value) =>
    parseTime(value) === undefined || Number.isNaN(Date.parse(value)) ? NO_DATE : undefined,
});
const DAY = text({
  pattern: /^\d{4}-\d{2}-\d{2}$/,
  says: 'must be a date written YYYY-MM-DD',
  format: 'date',
  refine: (value) => (startOfDate(value) === undefined ? NO_DATE : undefined),
});
const KIND = choice(KINDS);
const SEVERITY = choice(SEVERITIES);
const COUNT = number({ min: 0, integer: true });
const PER_SEVERITY = record({ critical: COUNT, high: COUNT, medium: COUNT, low: COUNT, info: COUNT });
const FINGERPRINT = about(
  'sha256(tenant | rule | kind | credential id) in hex: the same from run to run.',
  text({ pattern: /^[0-9a-f]{64}$/, says: 'must be 64 hexadecimal digits' }),
);
const RULE_ID = about("A built-in rule's id, or `<prefix>/<name>` for one of a plug-in.", text(NOT_EMPTY));

const SOURCE_COVERAGE = record({
  kind: KIND,
  status: about(
    'partial: read, but not completely. unavailable: not read at all.',
    choice(['complete', 'partial', 'unavailable']),
  ),
  credentials: about('Judged credentials: live and expired.', COUNT),
  deleted: about('Listed as deleted: counted, not judged.', COUNT),
  pages: about('API answers that were read.', COUNT),
  note: about('Why it is not complete, or anything else to know.', v.nullable(text())),
});

const LEDGER_ENTRY = record({
  way: about('The name of the source, or a short name of what no source reads.', text(NOT_EMPTY)),
  status: about(
    'refused: nothing was read, because ConductorOne refused it or did not answer. absent: the tenant does not have it. not-coverable: ConductorOne does not list it for a whole tenant.',
    choice(['read', 'partial', 'refused', 'absent', 'not-requested', 'not-coverable']),
  ),
  reason: about('Why it was not read, or anything else to know; null: nothing.', v.nullable(text())),
});

const CREDENTIAL_FIELDS = {
  kind: KIND,
  id: about(
    "Unique within kind and tenant; a federation trust's is its client id, an external client's its client id and user id.",
    text(NOT_EMPTY),
  ),
  clientId: about('The client id that it signs in with; empty for LLM gateway keys and functions.', text()),
  name: about('As written by its owner; empty if blank.', text()),
  self: about('True for the credential that ran the audit.', v.boolean()),
  owner: about(
    'The user or service principal it acts for; null if its kind has none or the record names none. Name and email are empty if they could not be read.',
    v.nullable(record({ id: text(), name: text(), email: text() })),
  ),
  createdAt: about('null: not known.', v.nullable(INSTANT)),
  expiresAt: about(
    'null: never, or its kind has none, or not known; then findings with outcome unknown say so.',
    v.nullable(INSTANT),
  ),
  lastUsedAt: about(
    'null: never, or its kind does not show it, or not known; then findings with outcome unknown say so.',
    v.nullable(INSTANT),
  ),
  allowedCidrs: about(
    'The networks it can be used from, as written; empty: any, or its kind has no such limit.',
    list(text()),
  ),
  scopedRoles: about(
    'The roles it is limited to; empty: every permission of its owner, or its kind has no roles.',
    list(
      record({
        id: text(),
        name: about("null if the tenant's roles do not include the id.", v.nullable(text())),
      }),
    ),
  ),
  adviceWithheld: about(
    'True if the report gives no advice on the credential and its owner is not notified: ask a Super Administrator. Absent otherwise.',
    v.exactOptional(v.literal(true)),
  ),
  use: about(
    'What the system log shows, which was read from `since` on without a gap. Absent: it was not requested, or not read completely.',
    v.exactOptional(
      record({
        since: INSTANT,
        addresses: about(
          'From how many addresses, or networks of them, it was used.',
          number({ min: 0, integer: true }),
        ),
        lastAt: about('Its last use; null: none.', v.nullable(INSTANT)),
      }),
    ),
  ),
};

const REPORTED_CREDENTIAL = record(CREDENTIAL_FIELDS);

const JUDGED_CREDENTIAL = record({
  ...CREDENTIAL_FIELDS,
  live: about('Neither expired nor disabled.', v.boolean()),
});

const APPLIED_WAIVER = record({
  reason: about('Why it is accepted.', text()),
  approvedBy: about('Who accepted it.', text()),
  expires: about('The last day it holds, in UTC.', DAY),
});

const FINDING = record({
  fingerprint: FINGERPRINT,
  rule: RULE_ID,
  severity: SEVERITY,
  outcome: about(
    "violation: the rule's condition holds. unknown: a needed fact could not be read; neither a pass nor a violation.",
    choice(['violation', 'unknown']),
  ),
  status: about(
    'Compared with the run before; null if no state is kept.',
    v.nullable(choice(['new', 'known', 'reopened', 'waived'])),
  ),
  messageId: about("Which of the rule's messages.", text(NOT_EMPTY)),
  message: about('The value, the limit and the next step, in words.', text()),
  data: about('What the message says, as values; its keys depend on the rule.', map(undefined, v.unknown())),
  fix: about('What to do; for an unknown outcome, what to grant.', text()),
  credential: about('null for findings on a waiver.', v.nullable(REPORTED_CREDENTIAL)),
  waiver: about('The waiver that covers it.', v.nullable(APPLIED_WAIVER)),
  firstSeen: about('The first run that found it; null without a state.', v.nullable(INSTANT)),
});

/** Parts of the report that have a name of their own, in its JSON Schema and as TypeScript types. */
export const REPORT_PARTS = {
  kind: KIND,
  severity: SEVERITY,
  sourceCoverage: SOURCE_COVERAGE,
  finding: FINDING,
  reportedCredential: REPORTED_CREDENTIAL,
  judgedCredential: JUDGED_CREDENTIAL,
  appliedWaiver: APPLIED_WAIVER,
};

/** The JSON report, schema version 1. schema/report.json and src/contract/report.ts are generated from it. */
export const REPORT: Schema<Report> = record({
  schemaVersion: about('Changes when a reader of the version before would misread the report.', v.literal(1)),
  tool: about(
    'The program that wrote the report.',
    record({
      name: about("The program's name.", text(NOT_EMPTY)),
      version: about('Its version.', text(NOT_EMPTY)),
    }),
  ),
  run: about(
    'Which tenant was audited, when, and by whom.',
    record({
      tenant: about("The tenant's host in lower case, without port.", text()),
      scope: about(
        "mine: the caller's own credentials. tenant: everyone's. file: an exported list.",
        choice(['mine', 'tenant', 'file']),
      ),
      asOf: about('The time that all rules judged by.', INSTANT),
      startedAt: about('When the run began.', INSTANT),
      finishedAt: about('When the run ended.', INSTANT),
      self: about(
        'Who ran the audit; null if nobody was signed in, as for a file.',
        v.nullable(
          record({
            userId: about("The user that the audit's credential acts for.", v.nullable(text())),
            clientId: about("The audit's own client id.", v.nullable(text())),
          }),
        ),
      ),
    }),
  ),
  coverage: about(
    'What was read, and what was not.',
    record({
      complete: about(
        'True if every requested source was read in full, no record was malformed and no rule failed. If it is false, there can be findings that the report does not list.',
        v.boolean(),
      ),
      sources: about('One entry for each kind of credential that was requested.', list(SOURCE_COVERAGE)),
      ledger: about(
        'Every way into a tenant that the API description knows, and what became of it. Absent in reports of older versions.',
        v.exactOptional(list(LEDGER_ENTRY)),
      ),
      notes: about('What could not be read, with the permission to grant.', list(text())),
      gaps: about(
        'Reasons beside its sources and rules why the run is not complete. Absent if there are none.',
        v.exactOptional(list(text(NOT_EMPTY), { filled: true })),
      ),
      mayBeFiltered: about(
        'True if the caller is not known to be a Super Administrator, so that credentials may be missing from a tenant-wide audit. Absent otherwise.',
        v.exactOptional(v.literal(true)),
      ),
      rulesNotRun: about(
        'Ids of rules that are off, were not requested, or could not run. Absent if all ran.',
        v.exactOptional(list(text(NOT_EMPTY), { filled: true, unique: true })),
      ),
      controls: about(
        'The controls that findings are evidence on, by rule and standard, of each rule that ran and names any. Absent if there are none.',
        v.exactOptional(map(undefined, map(undefined, list(text(NOT_EMPTY), { filled: true })))),
      ),
      settings: about(
        "A hash of the rules' options if any differs from its default; reports with another hash used other limits. Absent if none differs.",
        v.exactOptional(text({ pattern: /^[0-9a-f]{16}$/, says: 'must be 16 hexadecimal digits' })),
      ),
    }),
  ),
  summary: about(
    'Counts. `findings`, `bySeverity`, `byRule`, `new` and `known` count violations that are not waived.',
    record({
      credentials: about('All that were judged.', COUNT),
      findings: about('Violations that are not waived.', COUNT),
      waived: about('Findings that a waiver covers.', COUNT),
      unknown: about('Checks for which a needed fact could not be read.', COUNT),
      bySeverity: about('Findings of each severity.', PER_SEVERITY),
      byRule: about('Findings of each rule that has any.', map(undefined, number({ min: 1, integer: true }))),
      new: about('Not in the run before, or reopened. 0 without a state.', COUNT),
      known: about('Also in the run before. 0 without a state.', COUNT),
      resolved: about('In the run before, and no longer there. 0 without a state.', COUNT),
      hidden: about(
        'Violations below the lowest severity shown, by severity, waived ones aside: they are not in `findings`, but count for the exit code. Absent if there are none.',
        v.exactOptional(PER_SEVERITY),
      ),
    }),
  ),
  findings: about('Ordered by severity (most severe first), then rule, then credential id.', list(FINDING)),
  credentials: about('All that were judged: expired ones too, deleted ones not.', list(JUDGED_CREDENTIAL)),
  resolved: about(
    'Findings of the run before that are no longer there.',
    list(
      record({
        fingerprint: FINGERPRINT,
        rule: RULE_ID,
        credential: about(
          'A state keeps no names.',
          record({
            kind: about("The credential's kind, or `waiver` for a finding on a waiver.", text(NOT_EMPTY)),
            id: about("The credential's id.", text()),
            name: about("The credential's name if it is known.", v.nullable(text())),
          }),
        ),
      }),
    ),
  ),
});
