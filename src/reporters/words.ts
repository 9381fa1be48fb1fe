import { formatDuration } from 'date-fns/formatDuration';
import {
  DAY,
  type Finding,
  hasFact,
  isPersonal,
  type Kind,
  kindName,
  plural,
  type ReportedCredential,
  type Severity,
  type Snapshot,
} from '../contract/index.js';
import { number } from '../contract/words.js';
import {
  groupBy,
  hasHistory,
  MOST_SEVERE_FIRST,
  type Report,
  type SourceCoverage,
} from '../engine/report.js';
import type { ReporterContext } from './reporter.js';

export { number };

/*
 * The words all reporters share. They may hold text written by others: each reporter escapes them for its sink.
 */

/** The line every report for people starts with: which credentials, how many, and whether everything was read. */
export function coverageLine(report: Report): string {
  if (report.coverage.complete) return `Complete: ${audited(report)}`;
  const missing = gaps(report);
  // Beyond that the reasons, which sources repeat, hide what is missing.
  const named = missing.length > REASONS_IN_A_LINE ? gapsInShort(report) : missing;
  return `INCOMPLETE: ${named.join('; ')}. Audited: ${audited(report)}`;
}

const REASONS_IN_A_LINE = 3;

/** `12 credentials of everyone in acme.conductor.one, as of 2026-09-01 02:00 UTC`. */
function audited(report: Report): string {
  const { run, coverage, summary } = report;
  const credentials = count(summary.credentials, 'credential');
  const asOf = `as of ${minute(run.asOf)}`;
  const tenant = tenantName(report);
  if (run.scope === 'file') return `${credentials} from a file (${tenant}), ${asOf}`;
  if (run.scope === 'tenant') return `${credentials} of everyone in ${tenant}, ${asOf}`;
  const own = coverage.sources.every((source) => isPersonal(source.kind));
  const caller = run.self?.userId ? ` (user ${run.self.userId})` : '';
  return `${credentials} ${own ? 'of your own' : 'you may read'}${caller} in ${tenant}, ${asOf}`;
}

export function tenantName({ run }: Report): string {
  return run.tenant || 'an unnamed tenant';
}

/** The configuration an audit used, to follow {@link coverageLine}; empty if unknown. */
export function configurationWords({ configuration }: Pick<ReporterContext, 'configuration'>): string {
  return configuration === undefined ? '' : `, with configuration ${configuration}`;
}

/** What was requested but not read in full, one phrase each; empty for a complete audit. */
export function gaps(report: Report): string[] {
  const { complete, sources, notes } = report.coverage;
  if (complete) return [];
  const missing = namedGaps(report);
  if (missing.length > 0) return missing;
  if (sources.length === 0) return ['no source was read'];
  return notes.length > 0 ? [...notes] : ['not every credential could be checked'];
}

/** The same without reasons: `personal clients and functions were not read`. */
export function gapsInShort(report: Report): string[] {
  const { complete, sources, gaps: others = [] } = report.coverage;
  if (complete) return [];
  const bare = {
    ...report.coverage,
    sources: sources.map((source) => ({ ...source, note: null })),
    gaps: others.map((gap) => gap.replace(/ \(.*/s, '')),
  };
  return gaps({ ...report, coverage: bare });
}

/** The gaps that name a source, a rule, or another cause. */
function namedGaps(report: Report): string[] {
  const { sources, gaps: others = [] } = report.coverage;
  const broken = new Set(
    report.findings
      .filter(({ messageId }) => messageId === 'rule-failed')
      .map(({ rule }) => `rule ${rule} failed`),
  );
  const missing = sources.filter(({ status }) => status !== 'complete');
  const alike = groupBy(missing, ({ status, note }) => `${status} ${note}`);
  return [...[...alike.values()].map(sourceGap), ...others, ...broken];
}

/** One cause often stops several sources: it is named once. */
function sourceGap(sources: readonly SourceCoverage[]): string {
  const [{ status, note } = { status: 'unavailable', note: null }] = sources;
  const names = sources.map(({ kind }) => kindName(kind, 2));
  const read = status === 'unavailable' ? 'were not read' : 'were read only in part';
  return `${new Intl.ListFormat('en-GB').format(names)} ${read}${note ? ` (${note.replace(/\.$/, '')})` : ''}`;
}

/** `personal clients: 40 checked, 2 deleted skipped`. */
export function sourceLine({ kind, status, credentials, deleted, note }: SourceCoverage): string {
  const parts = [status === 'unavailable' ? 'not available' : `${number(credentials)} checked`];
  if (deleted > 0) parts.push(`${number(deleted)} deleted skipped`);
  if (status === 'partial') parts.push('read only in part');
  return `${kindName(kind, 2)}: ${parts.join(', ')}${note ? ` — ${note}` : ''}`;
}

const WAY_STATUSES = {
  read: 'read',
  partial: 'read in part',
  refused: 'refused',
  absent: 'not in this tenant',
  'not-requested': 'not requested',
  'not-coverable': 'c1-audit cannot read',
} as const;

/** `Ways in: 6 read, 1 refused (functions), 4 c1-audit cannot read (devices, …)`; none for a report of an older version. */
export function waysLines({ coverage }: Pick<Report, 'coverage'>): string[] {
  const { ledger } = coverage;
  if (!ledger) return [];
  const parts = Object.entries(WAY_STATUSES).flatMap(([status, words]) => {
    const ways = ledger.filter((entry) => entry.status === status).map(({ way }) => way);
    if (ways.length === 0) return [];
    return [`${number(ways.length)} ${words}${status === 'read' ? '' : ` (${ways.join(', ')})`}`];
  });
  return [`Ways in: ${parts.join(', ')}`];
}

/**
 * `12 findings (2 critical, 10 high), 3 waived, 5 unknown; 2 new, 10 known, 1 resolved`.
 *
 * @param moreSevere how many of the known findings are news, as they are more severe than before
 */
export function summaryLine(report: Report, moreSevere = 0): string {
  const { summary, coverage } = report;
  const severities = severityCounts(summary.bySeverity);
  const hidden = summary.hidden ? severityCounts(summary.hidden) : '';
  const hiddenCount = Object.values(summary.hidden ?? {}).reduce((sum, findings) => sum + findings, 0);
  const counts = [
    `${count(summary.findings, 'finding')}${hidden ? ' shown' : ''}${coverage.complete ? '' : ' so far'}${severities ? ` (${severities})` : ''}`,
    ...(hidden ? [`${number(hiddenCount)} hidden (${hidden})`] : []),
    ...(summary.waived > 0 ? [`${number(summary.waived)} waived`] : []),
    ...(summary.unknown > 0 ? [`${number(summary.unknown)} unknown`] : []),
  ];
  const raised = moreSevere > 0 ? `${number(moreSevere)} more severe, ` : '';
  const news = `${number(summary.new)} new, ${raised}${number(summary.known - moreSevere)} known, ${number(summary.resolved)} resolved`;
  return [
    counts.join(', '),
    ...(hasHistory(report) ? [news] : []),
    ...(coverage.complete ? [] : ['the audit is incomplete']),
  ].join('; ');
}

/** `2 critical, 10 high`; empty if there are none. */
export function severityCounts(counts: Readonly<Record<Severity, number>>): string {
  return MOST_SEVERE_FIRST.filter((severity) => counts[severity] > 0)
    .map((severity) => `${number(counts[severity])} ${severity}`)
    .join(', ');
}

/** `1 finding`, `1,204 findings`, `no findings`. */
export function count(n: number, one: string, many = `${one}s`): string {
  if (n === 0) return `no ${many}`;
  return `${number(n)} ${plural(n, one, many)}`;
}

/** A name to show: never blank. */
export function credentialName(credential: { readonly name: string | null } | null): string {
  if (credential === null) return 'waiver';
  return credential.name?.trim() ? credential.name : '(no name)';
}

/** `nightly export (2Kx…, personal client)`, or the waiver a finding is on. */
export function subjectWords({
  credential,
  fingerprint,
}: Pick<Finding, 'credential' | 'fingerprint'>): string {
  return credential ? credentialWords(credential) : `waiver (${fingerprint.slice(0, 12)})`;
}

export function credentialWords(credential: Pick<ReportedCredential, 'name' | 'id' | 'kind'>): string {
  return `${credentialName(credential)} (${credential.id}, ${kindName(credential.kind)})`;
}

/** Where to find each kind in the web app: no address of a credential's own page is documented. */
export const PLACES: Readonly<Record<Kind, string>> = {
  'personal-client':
    "your name at the bottom > AI & API > API credentials (earlier: profile menu > API keys; everyone's, for a Super Administrator: Admin > Settings > API keys)",
  'service-principal-credential':
    'Settings > Developers > Service principals > the principal > Credentials > the credential',
  'federation-trust': 'Settings > Developers > Service principals > the principal > Federation > the trust',
  'external-client':
    'AI access management > AI clients > the client (its user: AI & API > connected clients)',
  'tunnel-credential': 'the bridge > its credentials',
  'llm-gateway-key': 'the LLM gateway > API keys > the key',
  function: 'Functions > the function > its settings',
};

/** `Jo Doe <jo@acme.example> (2Kx…)`, or the parts of it that are known. */
export function ownerWords(owner: ReportedCredential['owner']): string {
  if (owner === null) return 'not known';
  const name = owner.name.trim() ? owner.name : '';
  const email = owner.email ? (name ? `<${owner.email}>` : owner.email) : '';
  const person = [name, email].filter(Boolean).join(' ');
  if (!person) return owner.id || 'not known';
  return owner.id ? `${person} (${owner.id})` : person;
}

/** The controls that a rule's findings are evidence on, by standard, as the report names them. */
export function controlsOf(
  { coverage }: Pick<Report, 'coverage'>,
  rule: string,
): { readonly standard: string; readonly ids: readonly string[] }[] {
  const { controls = {} } = coverage;
  const ofRule = Object.hasOwn(controls, rule) ? (controls[rule] ?? {}) : {};
  return Object.entries(ofRule).map(([standard, ids]) => ({ standard, ids }));
}

/** `Jo Doe`, or what else names the owner. undefined: nothing does. */
export function ownerName(owner: ReportedCredential['owner']): string | undefined {
  return owner?.name.trim() || owner?.email || owner?.id || undefined;
}

/** A role as people name it. */
export function roleWord(role: { readonly id: string; readonly name: string | null }): string {
  return role.name ?? role.id;
}

/**
 * `created 2023-01-04 (3 years ago), last used 2026-06-01 (92 days ago), no end date on record`.
 *
 * In a report, null is "never" or "not known": the words must be true of both.
 */
export function datesOf(credential: ReportedCredential, asOf: string): string {
  const { kind, createdAt, lastUsedAt, expiresAt } = credential;
  const now = Date.parse(asOf);
  const dated = (word: string, instant: string) =>
    `${word} ${instant.slice(0, 10)} (${fromNow(Date.parse(instant), now)})`;
  const created = createdAt ? dated('created', createdAt) : 'no creation date on record';
  const used = lastUsedAt ? dated('last used', lastUsedAt) : 'no use on record';
  const ends = expiresAt
    ? dated(Date.parse(expiresAt) <= now ? 'expired' : 'expires', expiresAt)
    : 'no end date on record';
  return [
    created,
    ...(hasFact(kind, 'lastUsedAt') ? [used] : []),
    ...(hasFact(kind, 'expiresAt') ? [ends] : []),
  ].join(', ');
}

/** `2026-09-01 02:00 UTC`. */
export function minute(instant: string): string {
  return `${instant.slice(0, 10)} ${instant.slice(11, 16)} UTC`;
}

/** `92 days ago`, `in 5 hours`. */
export function fromNow(instant: number, now: number): string {
  return instant > now ? `in ${span(instant - now)}` : `${span(now - instant)} ago`;
}

const HOUR = DAY / 24;
const YEAR = 365.25 * DAY;

/**
 * `92 days`, `5 hours`, `3 years`, rounded down as in the rules' messages.
 *
 * date-fns' distances depend on the machine's time zone; a report must not.
 */
export function span(milliseconds: number): string {
  if (milliseconds < HOUR) return 'less than an hour';
  if (milliseconds < DAY) return formatDuration({ hours: Math.floor(milliseconds / HOUR) });
  if (milliseconds < 2 * YEAR) return formatDuration({ days: Math.floor(milliseconds / DAY) });
  return formatDuration({ years: Math.floor(milliseconds / YEAR) });
}

/**
 * Why a report is incomplete, each cause once, however many sources it affects. undefined: it is complete.
 *
 * @param snapshot the records of the audit; undefined for a saved report.
 */
export function whyIncomplete(
  report: Report,
  snapshot?: Pick<Snapshot, 'failures' | 'sources'>,
): { readonly message: string; readonly hint: string } | undefined {
  const { coverage } = report;
  if (coverage.complete) return undefined;
  // A gap in an optional source does not make the audit incomplete.
  const isOptional = new Map(
    snapshot?.sources.map(({ kind, status, required }) => [kind, status === 'unavailable' && !required]),
  );
  const sources = coverage.sources.filter(({ kind }) => !isOptional.get(kind));
  const failures = snapshot?.failures ?? [];
  const named = namedGaps({ ...report, coverage: { ...coverage, sources } });
  const others = failures.length + named.length === 0 ? gaps(report) : named;
  const found = new Map<string, { message: string; hint: string; isGap: boolean; isOften: boolean }>();
  const add = (message: string, hint: string, isGap: boolean) => {
    const cause = causeOf(message);
    const same = found.get(cause);
    if (same) same.isOften ||= same.isGap === isGap;
    // A gap repeats the failure that caused it.
    else if (![...found.keys()].some((known) => cause.includes(known)))
      found.set(cause, { message, hint, isGap, isOften: false });
  };
  for (const { message, hint } of failures) add(message, hint, false);
  for (const gap of others) add(/[.!?]\)?$/.test(gap) ? gap : `${gap}.`, '', true);
  const causes = [...found.values()].map(({ message, hint, isOften }) => ({
    message: isOften ? `${message} Other requests failed the same way.` : message,
    hint,
  }));
  const [only, ...more] = causes;
  if (only && more.length === 0)
    return { message: `The audit is incomplete: ${only.message}`, hint: only.hint };
  const lines = causes.map(({ message, hint }) => `  - ${message}${hint === '' ? '' : ` ${hint}`}`);
  return { message: `The audit is incomplete:\n${lines.join('\n')}`, hint: '' };
}

/** One cause stops many requests and sources: the message without the request or source it names. */
function causeOf(message: string): string {
  const plain = message
    .replaceAll(/\b(GET|POST|PUT|PATCH|DELETE) \S+ | \[request id [^\]]*\]/g, '')
    .replace(/^[\w ,-]+ were (not read|read only in part) /, '')
    .replace(/\.$/, '');
  // An outage or a refused login is the same for all requests. A missing right concerns one of them.
  return /answered (401|429|5\d\d)\b[^.]*|failed: [^.]*/.exec(plain)?.[0] ?? plain;
}

export const capital = (text: string) => text.slice(0, 1).toUpperCase() + text.slice(1);
