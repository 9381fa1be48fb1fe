import { type Finding, kindName } from '../contract/index.js';
import { hidesFindings, isWaived, type Report } from '../engine/report.js';
import {
  type Change,
  haveSameLimits,
  type ReportDiff,
  seesAllOf,
  type UnseenFinding,
} from '../engine/report-diff.js';
import { cutTo, forMarkdown, forTerminal, neutraliseJson } from './escape.js';
import type { Format } from './index.js';
import { findingInOrder, judgedInOrder } from './json.js';
import { count, coverageLine, credentialName, minute, number, ownerWords } from './words.js';

/** The forms of a comparison, each loaded on demand. */
const LOADERS = {
  text: async () => diffText,
  markdown: async () => diffMarkdown,
  json: async () => diffJson,
} satisfies Partial<Record<Format, () => Promise<(diff: ReportDiff) => Iterable<string>>>>;

export const DIFF_FORMATS = Object.keys(LOADERS) as readonly (keyof typeof LOADERS)[];

/** Renders in parts: a comparison may be as long as the reports. */
export async function renderDiff(
  format: (typeof DIFF_FORMATS)[number],
  diff: ReportDiff,
): Promise<Iterable<string>> {
  return (await LOADERS[format]())(diff);
}

/*
 * The wording that all forms of a comparison share. As everywhere, other people's text is in it as it came: each form
 * escapes the whole for its sink.
 */

/** One finding or credential: what it is, and what there is to say of it. */
export interface DiffEntry {
  readonly head: string;
  readonly details: readonly string[];
}

/** Entries are made as they are asked for: there may be hundreds of thousands. */
export interface DiffSection {
  readonly title: string;
  readonly count: number;
  readonly entries: Iterable<DiffEntry>;
}

export function diffTitle({ before, after }: ReportDiff): string {
  const tenant = after.run.tenant || 'an unnamed tenant';
  return `What changed in ${tenant} between ${minute(before.run.asOf)} and ${minute(after.run.asOf)}`;
}

/** What both reports saw, and what a reader must know before believing the rest. */
export function diffHead(diff: ReportDiff): string[] {
  return [
    `Old report: ${coverageLine(diff.before)}`,
    `New report: ${coverageLine(diff.after)}`,
    ...diffNotes(diff).map((note) => `Note: ${note}`),
  ];
}

export function diffNotes({ before, after }: ReportDiff): string[] {
  const notes: string[] = [];
  if (!after.coverage.complete)
    notes.push('The new report is incomplete: what it did not see is told as not seen, never as resolved.');
  const whole = new Set(
    before.coverage.sources.flatMap(({ kind, status }) => (status === 'complete' ? [kind] : [])),
  );
  for (const { kind, status } of after.coverage.sources)
    if (status !== 'unavailable' && !whole.has(kind))
      notes.push(
        `The old report did not see ${kindName(kind, 2)} whole: what is new among them may be older.`,
      );
  if (!seesAllOf(before, after))
    notes.push(
      `The scopes differ (${scope(before)}, then ${scope(after)}): credentials that the new report does not hold are told as not seen.`,
    );
  else if (!seesAllOf(after, before))
    notes.push(
      `The scopes differ (${scope(before)}, then ${scope(after)}): what is new may only have come into sight.`,
    );
  if (after.coverage.mayBeFiltered)
    notes.push(
      "The new audit is not known to run as a Super Administrator, so that ConductorOne may leave credentials out: those that the new report does not hold are told as not seen, but for the caller's own personal clients.",
    );
  if (before.coverage.mayBeFiltered)
    notes.push(
      'The old audit is not known to run as a Super Administrator: what is new may only have come into sight.',
    );
  if (after.run.scope === 'file')
    notes.push('The new report is of a file: what is gone was not in that file.');
  if (hidesFindings(before))
    notes.push('A least severity kept findings out of the old report: what is new may be older.');
  if (hidesFindings(after))
    notes.push(
      'A least severity keeps findings out of the new report: what is missing there may be among them, and is told as not seen. Save reports to compare without --min-severity.',
    );
  if (!haveSameLimits(before, after))
    notes.push(
      'The limits of rules differ (options, or a profile): findings that are missing on credentials which are still there are told as not seen, and what is new or changed may come of it.',
    );
  if (before.tool.version !== after.tool.version)
    notes.push(
      `The reports were written by different versions (${before.tool.version}, then ${after.tool.version}), whose rules may differ.`,
    );
  return notes;
}

function scope({ run }: ReportDiff['before']): string {
  return run.scope === 'mine' && run.self?.userId ? `mine of ${run.self.userId}` : run.scope;
}

const HOW = {
  mended: 'no longer found',
  ended: 'the credential has ended or was disabled',
  gone: 'the credential is gone',
} as const;

const WHY: Record<UnseenFinding['why'], string> = {
  source: 'its source was not seen whole',
  scope: 'the new audit could not see whose it is',
  filtered: 'ConductorOne may have left its credential out',
  hidden: 'it may be among the findings that the least severity left out',
  rule: 'the rule did not run for the new report',
  settings: 'the rules went by other limits',
};

/** In the order a reader needs them; empty ones are left out. */
export function diffSections(diff: ReportDiff): DiffSection[] {
  const { added, changed, resolved, notSeen, credentials } = diff;
  const sections: DiffSection[] = [
    section('New', 'finding', added, (finding) => ({
      head: headOf(finding),
      details: [finding.message, owner(finding), `To do: ${finding.fix}`],
    })),
    section('Changed', 'finding', changed, (change) => ({
      head: `${change.worsened ? 'WORSE ' : ''}${headOf(change.after)}`,
      details: [
        change.changes.map((what) => CHANGED[what](change.before, change.after)).join('; '),
        change.after.message,
      ],
    })),
    section('Not seen', 'finding', notSeen, ({ finding, why }) => ({
      head: headOf(finding),
      details: [`may still be there: ${WHY[why]}`],
    })),
    section('Resolved', 'finding', resolved, ({ finding, how }) => ({
      head: headOf(finding),
      details: [HOW[how]],
    })),
    section('Appeared', 'credential', credentials.appeared, credentialEntry),
    section('Gone', 'credential', credentials.gone, credentialEntry),
    section('Not seen', 'credential', credentials.notSeen, credentialEntry),
  ];
  return sections.filter((one) => one.count > 0);
}

const CHANGED: Record<Change, (before: Finding, after: Finding) => string> = {
  severity: (before, after) => `severity ${before.severity} → ${after.severity}`,
  outcome: (_, after) =>
    after.outcome === 'unknown' ? 'can no longer be judged' : 'could not be judged before',
  waiver: (_, after) =>
    isWaived(after) ? `waived${after.waiver ? ` until ${after.waiver.expires}` : ''}` : 'no longer waived',
  status: () => 'was resolved in between, and is back',
  message: (before) => `said before: ${before.message}`,
};

function section<T>(
  title: string,
  noun: string,
  items: readonly T[],
  entry: (item: T) => DiffEntry,
): DiffSection {
  return {
    title: `${title}: ${count(items.length, noun)}`,
    count: items.length,
    entries: lazily(items, entry),
  };
}

function* lazily<T, R>(items: readonly T[], make: (item: T) => R): Generator<R> {
  for (const item of items) yield make(item);
}

/** `high no-expiry (waived): nightly export (2Kx…, personal client)`. */
function headOf(finding: Finding): string {
  const { rule, severity, outcome, credential, fingerprint } = finding;
  const marks = [
    ...(outcome === 'unknown' ? ['could not be judged'] : []),
    ...(isWaived(finding) ? ['waived'] : []),
  ];
  const what = credential
    ? `${credentialName(credential)} (${credential.id}, ${kindName(credential.kind)})`
    : `waiver (${fingerprint.slice(0, 12)})`;
  return `${severity} ${rule}${marks.length > 0 ? ` (${marks.join(', ')})` : ''}: ${what}`;
}

function owner({ credential }: Finding): string {
  return credential ? `owner ${ownerWords(credential.owner)}` : '';
}

function credentialEntry(credential: ReportDiff['credentials']['gone'][number]): DiffEntry {
  return {
    head: `${credentialName(credential)} (${credential.id}, ${kindName(credential.kind)})`,
    details: [`owner ${ownerWords(credential.owner)}`],
  };
}

/** `2 findings new, 1 changed (1 worse), 3 resolved, 1 not seen, 12 unchanged; …`. */
export function diffSummary({
  added,
  changed,
  resolved,
  notSeen,
  unchanged,
  credentials,
}: ReportDiff): string {
  const worse = changed.filter((change) => change.worsened).length;
  const findings = [
    `${count(added.length, 'finding')} new`,
    `${number(changed.length)} changed${worse > 0 ? ` (${number(worse)} worse)` : ''}`,
    `${number(resolved.length)} resolved`,
    `${number(notSeen.length)} not seen`,
    `${number(unchanged)} unchanged`,
  ];
  const { appeared, gone, notSeen: unseen } = credentials;
  const keys = [
    `${count(appeared.length, 'credential')} appeared`,
    `${number(gone.length)} gone`,
    ...(unseen.length > 0 ? [`${number(unseen.length)} not seen`] : []),
  ];
  return `${findings.join(', ')}; ${keys.join(', ')}`;
}

/**
 * ❌ for an incomplete new report; ✅ only where nothing is new or worse, and nothing was kept out that could be.
 */
export function diffMark({ after, added, changed, notSeen, credentials }: ReportDiff): string {
  if (!after.coverage.complete) return '❌';
  const quiet =
    added.length === 0 &&
    !changed.some((change) => change.worsened) &&
    !hidesFindings(after) &&
    notSeen.length === 0 &&
    credentials.notSeen.length === 0;
  return quiet ? '✅' : '⚠️';
}

/**
 * A comparison for programs, an item a line: `{schemaVersion, tenant, old, new, notes, summary, findings: {new, changed,
 * resolved, notSeen}, credentials: {appeared, gone, notSeen}}`, findings and credentials as in a report.
 */
export function* diffJson(diff: ReportDiff): Generator<string> {
  const { added, changed, resolved, notSeen, unchanged, credentials } = diff;
  const head = {
    schemaVersion: 1,
    tenant: diff.after.run.tenant,
    old: side(diff.before),
    new: side(diff.after),
    notes: diffNotes(diff),
    summary: {
      new: added.length,
      changed: changed.length,
      worsened: changed.filter((change) => change.worsened).length,
      resolved: resolved.length,
      notSeen: notSeen.length,
      unchanged,
      credentialsAppeared: credentials.appeared.length,
      credentialsGone: credentials.gone.length,
      credentialsNotSeen: credentials.notSeen.length,
    },
  };
  yield `${neutraliseJson(JSON.stringify(head, null, 2)).slice(0, -'\n}'.length)},\n  "findings": {\n`;
  yield* list('new', added, findingInOrder, ',');
  yield* list(
    'changed',
    changed,
    ({ before, after, changes, worsened }) => ({
      changes,
      worsened,
      old: findingInOrder(before),
      new: findingInOrder(after),
    }),
    ',',
  );
  yield* list('resolved', resolved, ({ how, finding }) => ({ how, finding: findingInOrder(finding) }), ',');
  yield* list('notSeen', notSeen, ({ why, finding }) => ({ why, finding: findingInOrder(finding) }), '');
  yield '  },\n  "credentials": {\n';
  yield* list('appeared', credentials.appeared, judgedInOrder, ',');
  yield* list('gone', credentials.gone, judgedInOrder, ',');
  yield* list('notSeen', credentials.notSeen, judgedInOrder, '');
  yield '  }\n}\n';
}

function side({ tool, run, coverage }: Report) {
  const { scope, asOf } = run;
  return { version: tool.version, scope, asOf, complete: coverage.complete };
}

function* list<T>(
  name: string,
  items: readonly T[],
  write: (item: T) => unknown,
  comma: string,
): Generator<string> {
  yield `    "${name}": [`;
  let first = true;
  for (const item of items) {
    yield `${first ? '' : ','}\n      ${neutraliseJson(JSON.stringify(write(item)))}`;
    first = false;
  }
  yield `${first ? '' : '\n    '}]${comma}\n`;
}

const safe = (text: string, length = 1000) => forMarkdown(cutTo(text, length));

/** A comparison for issues, wikis and GitHub's job summary. What matters most stands first: a summary may be cut. */
export function* diffMarkdown(diff: ReportDiff): Generator<string> {
  yield `# ${safe(diffTitle(diff))}\n\n${diffMark(diff)} **${diffSummary(diff)}**\n\n`;
  for (const line of diffHead(diff)) yield `- ${safe(line, 2000)}\n`;
  for (const { title, entries } of diffSections(diff)) {
    yield `\n## ${title}\n\n`;
    for (const { head, details } of entries) {
      const lines = details.filter((detail) => detail !== '').map((detail) => `  - ${safe(detail)}\n`);
      yield `- **${safe(head)}**\n${lines.join('')}`;
    }
  }
}

const diffTextSafe = (text: string, length = 1000) => forTerminal(cutTo(text, length));

/** A comparison for people at a terminal. */
export function* diffText(diff: ReportDiff): Generator<string> {
  yield `${diffTextSafe(diffTitle(diff))}\n`;
  for (const line of diffHead(diff)) yield `  ${diffTextSafe(line, 2000)}\n`;
  for (const { title, entries } of diffSections(diff)) {
    yield `\n${title.toUpperCase()}\n`;
    for (const { head, details } of entries) {
      const lines = details
        .filter((detail) => detail !== '')
        .map((detail) => `    ${diffTextSafe(detail)}\n`);
      yield `  ${diffTextSafe(head)}\n${lines.join('')}`;
    }
  }
  yield `\nSummary: ${diffSummary(diff)}\n`;
}
