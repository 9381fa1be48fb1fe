import { type Finding, kindName, plural } from '../contract/index.js';
import { hidesFindings, isWaived, type Report } from '../engine/report.js';
import {
  type Change,
  haveSameLimits,
  type ReportDiff,
  seesAllOf,
  type UnseenFinding,
} from '../engine/report-diff.js';
import { neutraliseJson, safeMarkdown, safeText } from './escape.js';
import type { Format } from './index.js';
import { findingInOrder, jsonLists, judgedInOrder } from './json.js';
import {
  count,
  coverageLine,
  credentialWords,
  minute,
  number,
  ownerWords,
  subjectWords,
  tenantName,
} from './words.js';

const FORMS = {
  text: diffText,
  markdown: diffMarkdown,
  json: diffJson,
} satisfies Partial<Record<Format, (diff: ReportDiff) => Iterable<string>>>;

export const DIFF_FORMATS = Object.keys(FORMS) as readonly (keyof typeof FORMS)[];

/** Renders in parts: a comparison may be as long as the reports. */
export function renderDiff(format: (typeof DIFF_FORMATS)[number], diff: ReportDiff): Iterable<string> {
  return FORMS[format](diff);
}

/** A comparison for people at a terminal. */
function* diffText(diff: ReportDiff): Generator<string> {
  yield `${safeText(title(diff))}\n`;
  for (const line of head(diff)) yield `  ${safeText(line, 2000)}\n`;
  for (const { title: heading, entries } of sections(diff)) {
    yield `\n${heading.toUpperCase()}\n`;
    for (const [first, ...details] of entries)
      yield [`  ${safeText(first)}\n`, ...details.map((detail) => `    ${safeText(detail)}\n`)].join('');
  }
  yield `\nSummary: ${summary(diff)}\n`;
}

/** A comparison for issues, wikis and GitHub's job summary. What matters most comes first: a summary may be cut. */
function* diffMarkdown(diff: ReportDiff): Generator<string> {
  yield `# ${safeMarkdown(title(diff))}\n\n${mark(diff)} **${summary(diff)}**\n\n`;
  for (const line of head(diff)) yield `- ${safeMarkdown(line, 2000)}\n`;
  for (const { title: heading, entries } of sections(diff)) {
    yield `\n## ${heading}\n\n`;
    for (const [first, ...details] of entries)
      yield [
        `- **${safeMarkdown(first)}**\n`,
        ...details.map((detail) => `  - ${safeMarkdown(detail)}\n`),
      ].join('');
  }
}

/**
 * A comparison for programs, an item a line: `{schemaVersion, tenant, old, new, notes, summary, findings: {new, changed,
 * resolved, notSeen}, credentials: {appeared, gone, notSeen}}`, findings and credentials as in a report.
 */
function* diffJson(diff: ReportDiff): Generator<string> {
  const { before, after, added, changed, resolved, notSeen, unchanged, credentials } = diff;
  const { appeared, gone, notSeen: uncovered } = credentials;
  const side = ({ tool, run, coverage }: Report) => ({
    version: tool.version,
    scope: run.scope,
    asOf: run.asOf,
    complete: coverage.complete,
  });
  const start = {
    schemaVersion: 1,
    tenant: after.run.tenant,
    old: side(before),
    new: side(after),
    notes: diffNotes(diff),
    summary: {
      new: added.length,
      changed: changed.length,
      worsened: worsenedIn(diff),
      resolved: resolved.length,
      notSeen: notSeen.length,
      unchanged,
      credentialsAppeared: appeared.length,
      credentialsGone: gone.length,
      credentialsNotSeen: uncovered.length,
    },
  };
  yield `${neutraliseJson(JSON.stringify(start, null, 2)).slice(0, -'\n}'.length)},\n`;
  const withFinding = <T extends { finding: Finding }>({ finding, ...how }: T) => ({
    ...how,
    finding: findingInOrder(finding),
  });
  yield '  "findings": {\n';
  yield* jsonLists('    ', [
    ['new', added, findingInOrder],
    [
      'changed',
      changed,
      ({ before: old, after: now, ...how }: (typeof changed)[number]) => ({
        changes: how.changes,
        worsened: how.worsened,
        old: findingInOrder(old),
        new: findingInOrder(now),
      }),
    ],
    ['resolved', resolved, withFinding],
    ['notSeen', notSeen, withFinding],
  ]);
  yield '\n  },\n  "credentials": {\n';
  yield* jsonLists('    ', [
    ['appeared', appeared, judgedInOrder],
    ['gone', gone, judgedInOrder],
    ['notSeen', uncovered, judgedInOrder],
  ]);
  yield '\n  }\n}\n';
}

/*
 * What all forms say. It may hold text written by others: each form escapes it for its sink.
 */

function title({ before, after }: ReportDiff): string {
  return `What changed in ${tenantName(after)} between ${minute(before.run.asOf)} and ${minute(after.run.asOf)}`;
}

/** What both reports cover, and what a reader must know about the rest. */
function head(diff: ReportDiff): string[] {
  return [
    `Old report: ${coverageLine(diff.before)}`,
    `New report: ${coverageLine(diff.after)}`,
    ...diffNotes(diff).map((note) => `Note: ${note}`),
  ];
}

/** What limits the comparison. */
export function diffNotes(diff: ReportDiff): string[] {
  const { before, after } = diff;
  const notes = [
    !after.coverage.complete &&
      'The new report is incomplete: what it could not read is listed as not covered, never as resolved.',
    ...newlyRead(diff).map(
      (kind) =>
        `The old report did not read ${kindName(kind, 2)} completely: findings listed as new may be older.`,
    ),
    scopeNote(diff),
    after.coverage.mayBeFiltered &&
      "The new audit may not have run as a Super Administrator, so ConductorOne may have left credentials out. Credentials missing in the new report are listed as not covered, except the caller's own personal clients.",
    before.coverage.mayBeFiltered &&
      'The old audit may not have run as a Super Administrator: credentials and findings listed as new may be older.',
    after.run.scope === 'file' && 'The new report is of a file: credentials listed as gone were not in it.',
    hidesFindings(before) &&
      'A minimum severity kept findings out of the old report: findings listed as new may be older.',
    hidesFindings(after) &&
      'A minimum severity kept findings out of the new report: missing findings may be among them and are listed as not covered. To compare reports, save them without --min-severity.',
    !haveSameLimits(before, after) &&
      "The rules' options or conditions differ (settings or a profile): missing findings on credentials that still exist are listed as not covered, and new or changed findings may be due to them.",
    before.tool.version !== after.tool.version &&
      `Different versions wrote the reports (${before.tool.version}, then ${after.tool.version}); their rules may differ.`,
  ];
  return notes.filter((note) => typeof note === 'string');
}

/** Kinds that the new report read, and the old one not completely. */
function newlyRead({ before, after }: ReportDiff): string[] {
  const complete = new Set(
    before.coverage.sources.flatMap(({ kind, status }) => (status === 'complete' ? [kind] : [])),
  );
  return after.coverage.sources.flatMap(({ kind, status }) =>
    status !== 'unavailable' && !complete.has(kind) ? [kind] : [],
  );
}

function scopeNote({ before, after }: ReportDiff): string | undefined {
  const scope = ({ run }: Report) =>
    run.scope === 'mine' && run.self?.userId ? `mine of ${run.self.userId}` : run.scope;
  const scopes = `The audit scopes differ (${scope(before)}, then ${scope(after)}):`;
  if (!seesAllOf(before, after))
    return `${scopes} credentials missing in the new report are listed as not covered.`;
  if (!seesAllOf(after, before)) return `${scopes} credentials and findings listed as new may be older.`;
  return undefined;
}

interface Section {
  readonly title: string;
  /** Made one by one: there may be hundreds of thousands. */
  readonly entries: Iterable<Entry>;
}

/** One finding or credential: what it is, then details of it. */
type Entry = readonly [head: string, ...details: string[]];

/** In the order a reader needs them; empty ones are left out. */
function sections({ added, changed, resolved, notSeen, credentials }: ReportDiff): Section[] {
  return [
    ...section('New', 'finding', added, (finding) => [
      findingWords(finding),
      finding.message,
      ...(finding.credential ? [`owner ${ownerWords(finding.credential.owner)}`] : []),
      `Fix: ${finding.fix}`,
    ]),
    ...section('Changed', 'finding', changed, ({ before, after, changes, worsened }) => [
      `${worsened ? 'WORSE ' : ''}${findingWords(after)}`,
      changes.map((what) => CHANGED[what](before, after)).join('; '),
      after.message,
    ]),
    ...section('Not covered', 'finding', notSeen, ({ finding, why }) => [
      findingWords(finding),
      `may still exist: ${WHY[why]}`,
    ]),
    ...section('Resolved', 'finding', resolved, ({ finding, how }) => [findingWords(finding), HOW[how]]),
    ...section('Appeared', 'credential', credentials.appeared, credentialEntry),
    ...section('Gone', 'credential', credentials.gone, credentialEntry),
    ...section('Not covered', 'credential', credentials.notSeen, credentialEntry),
  ];
}

function section<T>(name: string, noun: string, items: readonly T[], entry: (item: T) => Entry): Section[] {
  function* entries() {
    for (const item of items) yield entry(item);
  }
  return items.length > 0 ? [{ title: `${name}: ${count(items.length, noun)}`, entries: entries() }] : [];
}

/** `high no-expiry (waived): nightly export (2Kx…, personal client)`. */
function findingWords(finding: Finding): string {
  const { rule, severity, outcome } = finding;
  const marks = [...(outcome === 'unknown' ? ['unknown'] : []), ...(isWaived(finding) ? ['waived'] : [])];
  return `${severity} ${rule}${marks.length > 0 ? ` (${marks.join(', ')})` : ''}: ${subjectWords(finding)}`;
}

function credentialEntry(credential: ReportDiff['credentials']['gone'][number]): Entry {
  return [credentialWords(credential), `owner ${ownerWords(credential.owner)}`];
}

const CHANGED: Record<Change, (before: Finding, after: Finding) => string> = {
  severity: (before, after) => `severity ${before.severity} → ${after.severity}`,
  outcome: (_, after) => (after.outcome === 'unknown' ? 'now unknown' : 'was unknown before'),
  waiver: (_, after) =>
    isWaived(after) ? `waived${after.waiver ? ` until ${after.waiver.expires}` : ''}` : 'no longer waived',
  status: () => 'was resolved and is back',
  message: (before) => `before: ${before.message}`,
};

const WHY: Record<UnseenFinding['why'], string> = {
  source: 'its source was not read completely',
  scope: 'its credential is outside the scope of the new audit',
  filtered: 'ConductorOne may have left its credential out',
  hidden: 'the minimum severity may have left it out',
  rule: 'its rule did not run for the new report',
  settings: 'rules ran with other options or conditions',
};

const HOW: Record<ReportDiff['resolved'][number]['how'], string> = {
  mended: 'no longer found',
  ended: 'the credential has expired or was disabled',
  gone: 'the credential no longer exists',
};

/** `2 new findings, 1 changed (1 worse), 3 resolved, 1 not covered, 12 unchanged; …`. */
function summary(diff: ReportDiff): string {
  const { added, changed, resolved, notSeen, unchanged, credentials } = diff;
  const worse = worsenedIn(diff);
  const { appeared, gone, notSeen: uncovered } = credentials;
  return [
    [
      `${number(added.length)} new ${plural(added.length, 'finding')}`,
      `${number(changed.length)} changed${worse > 0 ? ` (${number(worse)} worse)` : ''}`,
      `${number(resolved.length)} resolved`,
      `${number(notSeen.length)} not covered`,
      `${number(unchanged)} unchanged`,
    ].join(', '),
    [
      `${number(appeared.length)} ${plural(appeared.length, 'credential')} appeared`,
      `${number(gone.length)} gone`,
      ...(uncovered.length > 0 ? [`${number(uncovered.length)} not covered`] : []),
    ].join(', '),
  ].join('; ');
}

function worsenedIn({ changed }: ReportDiff): number {
  return changed.filter(({ worsened }) => worsened).length;
}

/** ❌ for an incomplete new report; ✅ only if nothing is or may be new or worse. */
function mark(diff: ReportDiff): string {
  const { after, added, notSeen, credentials } = diff;
  if (!after.coverage.complete) return '❌';
  const open = added.length + worsenedIn(diff) + notSeen.length + credentials.notSeen.length;
  return open === 0 && !hidesFindings(after) ? '✅' : '⚠️';
}
