import { isIP } from 'node:net';
import type { MessageSettings, SlackSettings } from '../../config/config.js';
import { atLeast, DAY, type Finding, plural, type Severity } from '../../contract/index.js';
import { isNews, type News, type ResolvedNews, type Told } from '../../engine/history.js';
import { countBySeverity, isOpen, type Report } from '../../engine/report.js';
import { credentialKey } from '../../engine/state.js';
import { cutTo, webAddress } from '../../reporters/escape.js';
import { count, gaps, number, severityCounts } from '../../reporters/words.js';
import {
  dated,
  entryBlocks,
  type Item,
  lines,
  MORE_BYTES,
  MOST_ENTRIES,
  messageOf,
  moreBlock,
  ownerInWords,
  ownersBlock,
  type People,
  severityBlock,
  subject,
  WORST,
} from './entries.js';
import {
  type Block,
  bold,
  bytesOf,
  clean,
  context,
  type Element,
  fitsTextPayload,
  header,
  LIMITS,
  payload,
  plain,
  richText,
  type SlackPayload,
  textPayload,
} from './payload.js';

export interface SlackMessageInput {
  /** With `status` and `firstSeen` from the comparison, if there was one. */
  readonly report: Report;
  /** undefined: no history is kept. */
  readonly news: News | undefined;
  readonly settings: MessageSettings & Pick<SlackSettings, 'heartbeat'>;
  readonly people: People;
  /** The page of the CI run. */
  readonly runUrl: string | undefined;
  /** What has no room in the message goes into its thread. */
  readonly hasThread?: boolean;
}

export interface SlackMessage extends Notice {
  readonly told: Told;
  /** How many of its findings are entries. */
  readonly entries: number;
  readonly resolved: readonly ResolvedNews[];
  /** The findings it is about. */
  readonly items: readonly Item[];
}

/** A message, and the same without blocks, for when Slack refuses them. */
export interface Notice {
  readonly title: string;
  readonly payload: SlackPayload;
  readonly fallback: SlackPayload;
}

/**
 * What to post after an audit, or undefined for nothing. Pure.
 *
 * With a history a message lists what changed; known findings appear as numbers, and once a week in a digest line.
 * Without one it lists all findings. `settings.when` only decides whether there is a message. An incomplete audit is
 * always reported.
 */
export function slackMessage(input: SlackMessageInput): SlackMessage | undefined {
  const { report, news, settings } = input;
  const listed = ({ severity }: { readonly severity: Severity }) => atLeast(severity, settings.minSeverity);
  const open = report.findings.filter((finding) => isOpen(finding) && listed(finding));
  const items = itemsOf(open, news);
  const resolved = (news?.resolved ?? []).filter(listed);
  // An incomplete audit is not remembered: its digest would be repeated every night until one is complete.
  const due = new Set(report.coverage.complete ? news?.digest : []);
  const digest = open.filter(({ fingerprint }) => due.has(fingerprint));
  const parts = { ...input, open, items, resolved, digest };
  if (!speaks(parts)) return heartbeat(parts);
  return {
    title: headline(parts),
    ...withBlocks(parts),
    fallback: textAlone(parts),
    told: {
      posted: true,
      findings: new Set(
        [...items.map(({ finding }) => finding), ...digest].map(({ fingerprint }) => fingerprint),
      ),
      digest: digest.length > 0,
    },
    items,
    resolved,
  };
}

interface Parts extends SlackMessageInput {
  readonly open: readonly Finding[];
  readonly items: readonly Item[];
  readonly resolved: readonly ResolvedNews[];
  readonly digest: readonly Finding[];
}

function itemsOf(open: readonly Finding[], news: News | undefined): Item[] {
  if (news === undefined) return open.map((finding) => ({ finding, reasons: [] }));
  const reasons = new Map(news.items.map((item) => [item.fingerprint, item.reasons]));
  const items = open.flatMap((finding) => {
    const why = reasons.get(finding.fingerprint);
    return why === undefined ? [] : [{ finding, reasons: why }];
  });
  // Reminders, and what no message has reported so far, come after the news.
  return items.sort((a, b) => Number(isNews(b.reasons)) - Number(isNews(a.reasons)));
}

function speaks({ report, settings, news, open, items, resolved }: Parts): boolean {
  if (!report.coverage.complete || items.length > 0 || resolved.length > 0) return true;
  const when = settings.when ?? (news ? 'new' : 'findings');
  return when === 'always' || (when === 'findings' && open.length > 0);
}

/** Nightly runs are not exactly a day apart: a few minutes must not cost a heartbeat. */
const JITTER = DAY / 2;
const HEARTBEAT_EVERY = { daily: DAY, weekly: 7 * DAY } as const;

function heartbeat({ report, news, settings, open }: Parts): SlackMessage | undefined {
  if (settings.heartbeat === undefined || heartbeatNeedsHistory({ settings, news })) return undefined;
  const last = news?.lastPostedAt ?? null;
  const silence = last === null ? Number.POSITIVE_INFINITY : Date.parse(report.run.asOf) - Date.parse(last);
  if (silence < HEARTBEAT_EVERY[settings.heartbeat] - JITTER) return undefined;
  const known = open.length > 0 ? `, ${count(open.length, 'known finding')} open` : '';
  const text = [
    `c1-audit is still running on ${clean(report.run.tenant, 100)}:`,
    `${count(report.summary.credentials, 'credential')},`,
    news ? `nothing new${known}.` : 'no findings.',
  ].join(' ');
  return {
    title: text,
    payload: payload(text, [context(text)]),
    fallback: textPayload(text),
    told: { posted: true, findings: new Set(), digest: false },
    entries: 0,
    items: [],
    resolved: [],
  };
}

/** True if the settings ask for a heartbeat that only a history can time. */
export function heartbeatNeedsHistory({ settings, news }: Pick<Parts, 'settings' | 'news'>): boolean {
  return settings.heartbeat === 'weekly' && news === undefined;
}

/** Characters, three bytes each at worst: together well below the limit, so that findings always have some room. */
const ROOM = { gaps: 700, overview: 400, resolved: 700, digest: 500, link: 400 } as const;

/** What is news, what was resolved, and then the rest; before all of them, that something was not read. */
function withBlocks(parts: Parts): Pick<SlackMessage, 'payload' | 'entries'> {
  const { report, runUrl, people, items, resolved, digest, hasThread = false } = parts;
  const title = headline(parts);
  const isLong = items.length > MOST_ENTRIES;
  const before = [header(title), ...warning(parts), ...(isLong ? [severityBlock(items)] : [])];
  const owners = isLong ? ownersBlock(items, people) : [];
  const after = [
    ...(resolved.length > 0 ? [richText([plain(cutTo(resolvedLine(parts), ROOM.resolved))])] : []),
    ...(digest.length > 0 ? [richText([plain(cutTo(digestLine(parts), ROOM.digest))])] : []),
    context(cutTo(overview(parts), ROOM.overview)),
    ...linkBlock(linksOf(runUrl, report.run.tenant)),
  ];
  const room = LIMITS.bytes - bytesOf(payload(title, [...before, ...owners, ...after])) - MORE_BYTES;
  const entries = entryBlocks(isLong ? items.slice(0, WORST) : items, room, people);
  const more = moreBlock(items.length - entries.length, hasThread ? ', in the thread' : '');
  return {
    payload: payload(title, [...before, ...entries, ...owners, ...more, ...after]),
    entries: entries.length,
  };
}

const FALLBACK_FINDINGS = 20;

function textAlone(parts: Parts): SlackPayload {
  const { report, runUrl, people, items, resolved, digest } = parts;
  const lines = items.slice(0, FALLBACK_FINDINGS).map(({ finding }) => {
    const owner = finding.credential?.owner ? `, owner ${cutTo(ownerInWords(finding, people), 80)}` : '';
    return `• ${finding.severity} ${subject(finding)}: ${messageOf(finding, people, 120)}${owner}`;
  });
  const head = [headline(parts), ...warning(parts).map(textOf)];
  const tail = [
    ...(resolved.length > 0 ? [resolvedLine(parts)] : []),
    ...(digest.length > 0 ? [digestLine(parts)] : []),
    overview(parts),
    ...linksOf(runUrl, report.run.tenant).map(({ url }) => url),
  ];
  const text = (shown: number) => {
    const hidden = items.length - shown;
    const more = hidden > 0 ? [`and ${number(hidden)} more`] : [];
    return [...head, ...lines.slice(0, shown), ...more, ...tail].join('\n');
  };
  let shown = lines.length;
  while (shown > 0 && !fitsTextPayload(text(shown))) shown -= 1;
  return textPayload(text(shown));
}

function textOf(block: Block): string {
  if (block.type !== 'rich_text') return '';
  return block.elements[0].elements.map((element) => ('text' in element ? element.text : '')).join('');
}

function headline(parts: Parts): string {
  const { report, news, open } = parts;
  const where = clean(report.run.tenant, 60);
  const changes = news ? newsInWords(parts) : [count(open.length, 'finding')];
  const quiet = open.length > 0 ? 'nothing new' : 'no findings';
  const what = changes.length > 0 ? changes.join(', ') : quiet;
  return report.coverage.complete
    ? `API credentials of ${where}: ${what}`
    : `INCOMPLETE AUDIT of ${where}: ${what}`;
}

function newsInWords(parts: Parts): string[] {
  const { items } = parts;
  const { fixed, expired } = endings(parts);
  const fresh = items.filter(({ reasons }) => reasons.includes('new')).length;
  const back = items.filter(
    ({ reasons }) => reasons.includes('reopened') || reasons.includes('waiver-ended'),
  ).length;
  const worse = items.filter(({ reasons }) => reasons.includes('severity-raised')).length;
  const reminders = items.filter(({ reasons }) => reasons[0] === 'milestone').length;
  const unreported = items.length - fresh - back - worse - reminders;
  const numbers: readonly (readonly [n: number, word: string])[] = [
    [fresh, 'new'],
    [back, 'back again'],
    [worse, 'more severe'],
    [reminders, plural(reminders, 'reminder')],
    [unreported, 'not reported before'],
    [fixed.length, 'resolved'],
    [expired.length, 'expired'],
  ];
  return numbers.filter(([n]) => n > 0).map(([n, word]) => `${number(n)} ${word}`);
}

/** How many gaps are named. */
const GAPS = 5;

/** That not everything was read, and why. */
function warning({ report }: Parts): Block[] {
  const { coverage } = report;
  if (coverage.complete) return [];
  const reasons = [...new Set([...gaps(report), ...coverage.notes])].slice(0, GAPS);
  const why = cutTo(reasons.map((reason) => clean(reason, 200)).join('; '), ROOM.gaps);
  return [
    richText([bold('⚠️ Not everything could be read: findings may be missing here.'), plain(`\n${why}`)]),
  ];
}

const REACH = { mine: 'your own', tenant: 'of the whole tenant', file: 'from a file' } as const;

/** What was read, and what is open. */
function overview({ report, settings, open }: Parts): string {
  const { coverage, summary, run } = report;
  const credentials = `${count(summary.credentials, 'credential')} (${REACH[run.scope]})`;
  const hidden = summary.findings - open.length;
  const others = [
    ...(hidden > 0 ? [`${number(hidden)} below ${settings.minSeverity}, not listed`] : []),
    ...(summary.waived > 0 ? [`${number(summary.waived)} waived`] : []),
    ...(summary.unknown > 0 ? [`${number(summary.unknown)} unknown`] : []),
  ];
  const read = coverage.complete ? ', every source read completely' : ' were read';
  return `${credentials}${read}. Open: ${[bySeverity(open), ...others].join('; ')}.`;
}

function bySeverity(findings: readonly Finding[]): string {
  return severityCounts(countBySeverity(findings)) || 'nothing';
}

/** A warning about an expiry that ended with the expiry was not fixed. */
function endings({ resolved, report }: Parts): Record<'fixed' | 'expired', readonly ResolvedNews[]> {
  const ended = new Set(
    report.credentials.filter(({ live }) => !live).map(({ kind, id }) => credentialKey(kind, id)),
  );
  const hasExpired = ({ rule, kind, credentialId }: ResolvedNews) =>
    rule === 'expiring-soon' && kind !== 'waiver' && ended.has(credentialKey(kind, credentialId));
  return { fixed: resolved.filter((one) => !hasExpired(one)), expired: resolved.filter(hasExpired) };
}

const NAMED = 10;

/** By id, and by name where the credential is still there: the state holds no names. */
function resolvedLine(parts: Parts): string {
  const { fixed, expired } = endings(parts);
  const names = new Map(
    parts.report.credentials.map(({ kind, id, name }) => [credentialKey(kind, id), name]),
  );
  const named = ({ rule, kind, credentialId }: ResolvedNews) => {
    if (kind === 'waiver') return clean(rule, 60);
    const name = clean(names.get(credentialKey(kind, credentialId)) ?? '', 40);
    return `${name === '' ? '' : `${name} · `}${clean(credentialId, 40)} (${clean(rule, 60)})`;
  };
  return [
    ...(fixed.length > 0 ? [`✅ Resolved: ${listed(fixed.map(named), NAMED)}.`] : []),
    ...(expired.length > 0 ? [`Expired: ${listed(expired.map(named), NAMED)}.`] : []),
  ].join(' ');
}

function digestLine({ digest, report }: Parts): string {
  const worst = digest.slice(0, 3).map((finding) => {
    const since = finding.firstSeen ? ` since ${dated(finding.firstSeen, report.run.asOf)}` : '';
    return `${subject(finding)}: ${clean(finding.rule, 60)}${since}`;
  });
  return `Still open, reported before: ${number(digest.length)} (${bySeverity(digest)}). The worst: ${worst.join('; ')}.`;
}

function listed(names: readonly string[], most: number): string {
  const shown = names.slice(0, most).join(', ');
  return names.length > most ? `${shown} and ${names.length - most} more` : shown;
}

interface Link {
  readonly url: string;
  readonly text: string;
}

function linkBlock(links: readonly Link[]): Block[] {
  const elements = links.flatMap(({ url, text }, index): Element[] => [
    ...(index === 0 ? [] : [plain(' · ')]),
    { type: 'link', url, text },
  ]);
  return elements.length > 0 ? [richText(elements)] : [];
}

function linksOf(runUrl: string | undefined, tenant: string | undefined): Link[] {
  // A tenant without a dot, or an address, is not a site: it is a file, or a server on this machine.
  const site = tenant?.includes('.') && isIP(tenant) === 0 ? `https://${tenant}/` : '';
  return [
    { address: runUrl ?? '', text: 'This run, with the full report' },
    { address: site, text: 'ConductorOne' },
  ].flatMap(({ address, text }) => {
    const url = webAddress(address);
    if (url === undefined || url.length > ROOM.link || hasLogin(url)) return [];
    return [{ url, text }];
  });
}

function hasLogin(url: string): boolean {
  const { username, password } = new URL(url);
  return username !== '' || password !== '';
}

/** Messages in a thread: a message a second, and nobody reads more. */
const MOST_REPLIES = 20;

/** The findings that are no entries of the message, a line each, in as few messages as possible. */
export function threadReplies(
  { items, entries }: Pick<SlackMessage, 'items' | 'entries'>,
  people: People,
): SlackPayload[] {
  const replies: SlackPayload[] = [];
  let at = entries;
  while (at < items.length && replies.length < MOST_REPLIES) {
    const title = `Findings from ${number(at + 1)} of ${number(items.length)}`;
    const isLast = replies.length === MOST_REPLIES - 1;
    const room = LIMITS.bytes - bytesOf(payload(title, [])) - MORE_BYTES;
    const { blocks, shown } = lines(items.slice(at), room, people);
    if (shown === 0) break;
    at += shown;
    const more = isLast ? moreBlock(items.length - at, ', in the full report') : [];
    replies.push(payload(title, [...blocks, ...more]));
  }
  return replies;
}

/** Why a run ended without a report; without secrets. */
export interface Failure {
  readonly message: string;
  readonly hint: string;
  readonly tenant: string | undefined;
  readonly runUrl?: string | undefined;
}

export function failureNotice(failure: Failure): Notice {
  const where = failure.tenant === undefined ? '' : ` of ${clean(failure.tenant, 60)}`;
  return notice(
    `NO AUDIT${where}: nothing was checked`,
    `${clean(failure.message, 400)}\n${clean(failure.hint, 400)}`,
    linksOf(failure.runUrl, failure.tenant),
  );
}

/** For somebody who wants to know whether messages arrive. */
export function testNotice(tenant: string | undefined): Notice {
  const where = tenant === undefined ? '' : ` It will report on ${clean(tenant, 60)}.`;
  return notice(
    'TEST of c1-audit: nothing was audited',
    `c1-audit doctor --slack-test sent this to check that messages arrive. There is nothing to do.${where}`,
    [],
  );
}

function notice(title: string, text: string, links: readonly Link[]): Notice {
  return {
    title,
    payload: payload(title, [header(title), richText([plain(text)]), ...linkBlock(links)]),
    fallback: textPayload([title, text, ...links.map(({ url }) => url)].join('\n')),
  };
}
