import { isIP } from 'node:net';
import type { SlackSettings } from '../../config/config.js';
import {
  atLeast,
  count,
  DAY,
  type Finding,
  plural,
  SEVERITIES,
  type Severity,
} from '../../contract/index.js';
import type { News, ResolvedNews, Told } from '../../engine/history.js';
import { isOpen, type Report } from '../../engine/report.js';
import { cutTo, forSlack, oneLine } from '../../reporters/escape.js';
import { findingBlocks, type Item, ownerInWords, type People, subject } from './entries.js';
import {
  type Block,
  bold,
  bytesOf,
  clean,
  context,
  type Element,
  header,
  LIMITS,
  plain,
  QUIET,
  richText,
  type SlackPayload,
} from './payload.js';

export interface SlackMessageInput {
  /** With `status` and `firstSeen` from the comparison, where there was one. */
  readonly report: Report;
  /** undefined: no history is kept. */
  readonly news: News | undefined;
  readonly settings: SlackSettings;
  readonly people: People;
  /** The page of the CI run. */
  readonly runUrl: string | undefined;
}

export interface SlackMessage {
  readonly payload: SlackPayload;
  /** The same in text alone, for when Slack refuses the blocks. */
  readonly fallback: SlackPayload;
  readonly told: Told;
  /** The findings it is about. */
  readonly items: readonly Item[];
}

/**
 * What to post after an audit, or undefined for nothing. Pure.
 *
 * With a history a message names what changed; the findings people know already appear as numbers, and once a week in a
 * digest line. Without one it is about all findings. `settings.when` only decides whether there is a message. An
 * incomplete audit is told whatever the settings.
 */
export function slackMessage(input: SlackMessageInput): SlackMessage | undefined {
  const { report, news, settings } = input;
  const open = report.findings.filter(
    (finding) => isOpen(finding) && atLeast(finding.severity, settings.minSeverity),
  );
  const items = itemsOf(open, news);
  const resolved = (news?.resolved ?? []).filter(({ severity }) => atLeast(severity, settings.minSeverity));
  if (!speaks({ report, settings, news, open, items, resolved })) return heartbeat(input, open.length);
  // An incomplete audit is not remembered: its digest would come again every night until one is complete.
  const due = new Set(report.coverage.complete ? news?.digest : []);
  const digest = open.filter(({ fingerprint }) => due.has(fingerprint));
  const parts = { input, open, items, resolved, digest };
  return {
    payload: withBlocks(parts),
    fallback: textAlone(parts),
    told: {
      posted: true,
      findings: new Set(
        [...items.map(({ finding }) => finding), ...digest].map(({ fingerprint }) => fingerprint),
      ),
      digest: digest.length > 0,
    },
    items,
  };
}

function itemsOf(open: readonly Finding[], news: News | undefined): Item[] {
  if (news === undefined) return open.map((finding) => ({ finding, reasons: [] }));
  const reasons = new Map(news.items.map((item) => [item.fingerprint, item.reasons]));
  return open.flatMap((finding) => {
    const why = reasons.get(finding.fingerprint);
    return why === undefined ? [] : [{ finding, reasons: why }];
  });
}

function speaks({
  report,
  settings,
  news,
  open,
  items,
  resolved,
}: {
  report: Report;
  settings: SlackSettings;
  news: News | undefined;
  open: readonly Finding[];
  items: readonly Item[];
  resolved: readonly ResolvedNews[];
}): boolean {
  if (!report.coverage.complete || items.length > 0 || resolved.length > 0) return true;
  const when = settings.when ?? (news ? 'new' : 'findings');
  return when === 'always' || (when === 'findings' && open.length > 0);
}

/** Nightly runs are not exactly a day apart: a few minutes must not cost a heartbeat. */
const JITTER = DAY / 2;
const HEARTBEAT_EVERY = { daily: DAY, weekly: 7 * DAY } as const;

/** True where the settings ask for a heartbeat that only a history can time. */
export function heartbeatNeedsHistory({
  settings,
  news,
}: Pick<SlackMessageInput, 'settings' | 'news'>): boolean {
  return settings.heartbeat === 'weekly' && news === undefined;
}

function heartbeat(input: SlackMessageInput, open: number): SlackMessage | undefined {
  const { report, news, settings } = input;
  if (settings.heartbeat === undefined || heartbeatNeedsHistory(input)) return undefined;
  const last = news?.lastPostedAt ?? null;
  const silence = last === null ? Number.POSITIVE_INFINITY : Date.parse(report.run.asOf) - Date.parse(last);
  if (silence < HEARTBEAT_EVERY[settings.heartbeat] - JITTER) return undefined;
  const text = [
    `c1-audit is still running on ${clean(report.run.tenant, 100)}:`,
    `${count(report.summary.credentials, 'credential')},`,
    news ? `nothing new${open > 0 ? `, ${count(open, 'known finding')} open` : ''}.` : 'no findings.',
  ].join(' ');
  const payload = { text: forSlack(text), blocks: [context(text)], ...QUIET };
  return {
    payload,
    fallback: { text: forSlack(text), mrkdwn: false, ...QUIET },
    told: { posted: true, findings: new Set(), digest: false },
    items: [],
  };
}

interface Parts {
  readonly input: SlackMessageInput;
  readonly open: readonly Finding[];
  readonly items: readonly Item[];
  readonly resolved: readonly ResolvedNews[];
  readonly digest: readonly Finding[];
}

/** Characters, three bytes each at worst: together well below the limit, so that findings always have some room. */
const ROOM = { gaps: 700, resolved: 700, digest: 500, link: 400 } as const;

function withBlocks(parts: Parts): SlackPayload {
  const { input, items, resolved, digest } = parts;
  const { report, runUrl, people } = input;
  const title = headline(parts);
  const before = [header(title), richText(overview(parts))];
  const after = [
    ...(resolved.length > 0 ? [richText([plain(cutTo(resolvedLine(parts), ROOM.resolved))])] : []),
    ...(digest.length > 0 ? [richText([plain(cutTo(digestLine(digest), ROOM.digest))])] : []),
    ...linkBlock(runUrl, report.run.tenant),
  ];
  const message = (blocks: readonly Block[]): SlackPayload => ({ text: forSlack(title), blocks, ...QUIET });
  const room = LIMITS.bytes - bytesOf(message([...before, ...after]));
  return message([...before, ...findingBlocks(items, room, people), ...after]);
}

function headline(parts: Parts): string {
  const { input, open } = parts;
  const { report, news } = input;
  const where = clean(report.run.tenant, 60);
  const said = news ? newsInWords(parts) : [count(open.length, 'finding')];
  const what = said.length > 0 ? said.join(', ') : open.length > 0 ? 'nothing new' : 'no findings';
  return report.coverage.complete
    ? `API credentials of ${where}: ${what}`
    : `INCOMPLETE AUDIT of ${where}: ${what}`;
}

function newsInWords(parts: Parts): string[] {
  const { items } = parts;
  const { praised, expired } = endings(parts);
  const fresh = items.filter(({ reasons }) => reasons.includes('new')).length;
  const back = items.filter(
    ({ reasons }) => reasons.includes('reopened') || reasons.includes('waiver-ended'),
  ).length;
  const worse = items.filter(({ reasons }) => reasons.includes('severity-raised')).length;
  const reminders = items.filter(({ reasons }) => reasons[0] === 'milestone').length;
  const untold = items.length - fresh - back - worse - reminders;
  const numbers: readonly (readonly [number, string])[] = [
    [fresh, 'new'],
    [back, 'back again'],
    [worse, 'more severe'],
    [reminders, plural(reminders, 'reminder')],
    [untold, 'not told before'],
    [praised.length, 'resolved'],
    [expired.length, 'expired'],
  ];
  return numbers.filter(([number]) => number > 0).map(([number, word]) => `${number} ${word}`);
}

const REACH = { mine: 'your own', tenant: 'of the whole tenant', file: 'from a file' } as const;

/** What was seen, what is open, and, loudly, what was not seen. */
function overview({ input, open }: Parts): Element[] {
  const { coverage, summary, run } = input.report;
  const { minSeverity } = input.settings;
  const seen = `${count(summary.credentials, 'credential')} (${REACH[run.scope]})`;
  const hidden = summary.findings - open.length;
  const other = [
    ...(hidden > 0 ? [`${hidden} below ${minSeverity}, not listed`] : []),
    ...(summary.waived > 0 ? [`${summary.waived} waived`] : []),
    ...(summary.unknown > 0 ? [`${summary.unknown} unknown`] : []),
  ];
  const numbers = `Open: ${bySeverity(countBySeverity(open))}${other.map((text) => `; ${text}`).join('')}.`;
  if (coverage.complete) return [plain(`${seen}, every source read completely. ${numbers}`)];
  const gaps = coverage.sources
    .filter(({ status }) => status !== 'complete')
    .map(({ kind, status, note }) => `${kind} ${status}${note ? ` (${clean(note, 160)})` : ''}`);
  const reasons = [...gaps, ...coverage.notes.map((note) => clean(note, 160))].slice(0, 5);
  return [
    bold('Not everything could be read: there may be findings that are missing here.'),
    plain(
      `\n${reasons.length > 0 ? `${cutTo(reasons.join('; '), ROOM.gaps)}\n` : ''}${seen} were read. ${numbers}`,
    ),
  ];
}

function bySeverity(numbers: Readonly<Record<Severity, number>>): string {
  const words = [...SEVERITIES]
    .reverse()
    .filter((severity) => numbers[severity] > 0)
    .map((severity) => `${numbers[severity]} ${severity}`);
  return words.length > 0 ? words.join(', ') : 'nothing';
}

const NAMED = 10;

/** An expiry warning that ended in expiry is no cause for praise. */
function endings({ resolved, input }: Parts): {
  praised: readonly ResolvedNews[];
  expired: readonly ResolvedNews[];
} {
  const ended = new Set(
    input.report.credentials.filter(({ live }) => !live).map(({ kind, id }) => `${kind}|${id}`),
  );
  const expired = resolved.filter(
    ({ rule, kind, credentialId }) => rule === 'expiring-soon' && ended.has(`${kind}|${credentialId}`),
  );
  return { praised: resolved.filter((one) => !expired.includes(one)), expired };
}

/** By id: the memory holds no names. */
function resolvedLine(parts: Parts): string {
  const { praised, expired } = endings(parts);
  const named = ({ rule, kind, credentialId }: ResolvedNews) =>
    kind === 'waiver' ? clean(rule, 60) : `${clean(credentialId, 40)} (${clean(rule, 60)})`;
  return [
    ...(praised.length > 0 ? [`Resolved, well done: ${listed(praised.map(named), NAMED)}.`] : []),
    ...(expired.length > 0 ? [`Expired: ${listed(expired.map(named), NAMED)}.`] : []),
  ].join(' ');
}

function countBySeverity(findings: readonly Finding[]): Record<Severity, number> {
  const numbers = Object.fromEntries(SEVERITIES.map((severity) => [severity, 0])) as Record<Severity, number>;
  for (const { severity } of findings) numbers[severity] += 1;
  return numbers;
}

function digestLine(findings: readonly Finding[]): string {
  const worst = findings
    .slice(0, 3)
    .map(
      (finding) =>
        `${subject(finding)} (${clean(finding.rule, 60)} since ${(finding.firstSeen ?? '').slice(0, 10)})`,
    );
  return `Still open, told before: ${findings.length} (${bySeverity(countBySeverity(findings))}), among them ${listed(worst, 3)}.`;
}

function listed(names: readonly string[], most: number): string {
  const shown = names.slice(0, most).join(', ');
  return names.length > most ? `${shown} and ${names.length - most} more` : shown;
}

function linkBlock(runUrl: string | undefined, tenant: string): Block[] {
  const links = linksOf(runUrl, tenant).flatMap(({ url, text }, index): Element[] => [
    ...(index === 0 ? [] : [plain(' · ')]),
    { type: 'link', url, text },
  ]);
  return links.length > 0 ? [richText(links)] : [];
}

function linksOf(runUrl: string | undefined, tenant: string): { url: string; text: string }[] {
  const run = runUrl === undefined ? undefined : webLink(runUrl);
  // A tenant without a dot, or an address, is no place to send people to: a file, or a server on this machine.
  const c1 = tenant.includes('.') && isIP(tenant) === 0 ? webLink(`https://${tenant}/`) : undefined;
  return [
    ...(run ? [{ url: run, text: 'This run, with the whole report' }] : []),
    ...(c1 ? [{ url: c1, text: 'ConductorOne' }] : []),
  ];
}

function webLink(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  const known =
    (url.protocol === 'https:' || url.protocol === 'http:') && url.username === '' && url.password === '';
  return known && url.href.length <= ROOM.link ? url.href : undefined;
}

/** Slack reads `text` as markup unless told not to; what is told here is not even read as emphasis elsewhere. */
const MARKUP: Readonly<Record<string, string>> = { '*': '∗', _: 'ˍ', '~': '∼', '`': 'ˋ' };

function harmless(text: string): string {
  return forSlack(oneLine(text)).replace(/[*_~`]/g, (mark) => MARKUP[mark] ?? mark);
}

const FALLBACK_FINDINGS = 20;
/** Slack cuts longer texts; three bytes a character at worst keep it below the limit of bytes as well. */
const FALLBACK_LENGTH = 3800;

function textAlone(parts: Parts): SlackPayload {
  const { input, items, resolved, digest } = parts;
  const { report, runUrl, people } = input;
  const lines = items.slice(0, FALLBACK_FINDINGS).map(({ finding }) => {
    const by = finding.credential?.owner ? `, owner ${cutTo(ownerInWords(finding, people), 80)}` : '';
    return `• ${finding.severity} ${subject(finding)}: ${clean(finding.message, 120)}${by}`;
  });
  const hidden = (shown: number) => (items.length > shown ? [`and ${items.length - shown} more`] : []);
  const tail = [
    ...(resolved.length > 0 ? [resolvedLine(parts)] : []),
    ...(digest.length > 0 ? [digestLine(digest)] : []),
    ...linksOf(runUrl, report.run.tenant).map(({ url }) => url),
  ];
  const head = [
    headline(parts),
    overview(parts)
      .map((element) => ('text' in element ? element.text : ''))
      .join(''),
  ];
  const text = (shown: number) =>
    [...head, ...lines.slice(0, shown), ...hidden(shown), ...tail]
      .flatMap((part) => part.split('\n'))
      .map(harmless)
      .join('\n');
  let shown = lines.length;
  while (shown > 0 && text(shown).length > FALLBACK_LENGTH) shown -= 1;
  return { text: cutTo(text(shown), FALLBACK_LENGTH), mrkdwn: false, ...QUIET };
}

/** For a run that ended without a report. */
export function failurePayload(failure: {
  readonly message: string;
  readonly hint: string;
  readonly tenant: string | undefined;
  readonly runUrl?: string | undefined;
}): Pick<SlackMessage, 'payload' | 'fallback'> {
  const where = failure.tenant === undefined ? '' : ` of ${clean(failure.tenant, 60)}`;
  const title = `NO AUDIT${where}: nothing was checked`;
  const why = `${clean(failure.message, 400)}\n${clean(failure.hint, 400)}`;
  const links = linksOf(failure.runUrl, failure.tenant ?? '');
  return {
    payload: {
      text: forSlack(title),
      blocks: [header(title), richText([plain(why)]), ...linkBlock(failure.runUrl, failure.tenant ?? '')],
      ...QUIET,
    },
    fallback: {
      text: [title, ...why.split('\n'), ...links.map(({ url }) => url)].map(harmless).join('\n'),
      mrkdwn: false,
      ...QUIET,
    },
  };
}

/** The one message of somebody who wants to know whether messages arrive. */
export function testPayload(tenant: string | undefined): Pick<SlackMessage, 'payload' | 'fallback'> {
  const title = 'TEST of c1-audit: nothing was audited';
  const where = tenant === undefined ? '' : ` It will report on ${clean(tenant, 60)}.`;
  const why = `c1-audit doctor --slack-test sent this to see whether messages arrive. There is nothing to do.${where}`;
  return {
    payload: { text: forSlack(title), blocks: [header(title), richText([plain(why)])], ...QUIET },
    fallback: { text: [title, why].map(harmless).join('\n'), mrkdwn: false, ...QUIET },
  };
}
