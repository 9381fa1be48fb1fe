import {
  type Finding,
  kindName,
  type Owner,
  type Person,
  plural,
  type Severity,
} from '../../contract/index.js';
import type { Reason } from '../../engine/history.js';
import { groupBy, MOST_SEVERE_FIRST } from '../../engine/report.js';
import { cutTo } from '../../reporters/escape.js';
import { count, fromNow, number } from '../../reporters/words.js';
import { type Block, bold, bytesOf, clean, type Element, plain, richText } from './payload.js';

/** A finding to report, and why; without reasons if no history is kept. */
export interface Item {
  readonly finding: Finding;
  readonly reasons: readonly Reason[];
}

/** Who is behind a credential, as far as it is known here. */
export interface People {
  /** The clock of the audit, which ages are counted from. RFC 3339. */
  readonly asOf: string;
  /** Owners by id: their status, and the active managers of those who are away. */
  readonly owners: ReadonlyMap<string, Owner>;
  /** Slack ids (U…, W… or a group's S…) by email in lower case. */
  readonly mentions: ReadonlyMap<string, string>;
  /** The Slack user or group to address if an owner is away and has no active manager. */
  readonly fallback?: string | undefined;
}

/** Severity at a glance. */
const MARKS: Readonly<Record<Severity, string>> = {
  critical: '🔴',
  high: '🟠',
  medium: '🟡',
  low: '🔵',
  info: '⚪',
};

/** Findings that are entries of their own; of more, only the worst are. */
export const MOST_ENTRIES = 10;
export const WORST = 5;

/** Characters of each part of an entry. Long texts are cut further if the message has no room for them. */
const DETAILS = [
  { name: 60, message: 400, fix: 300, managers: 3 },
  { name: 60, message: 200, fix: 150, managers: 2 },
  { name: 40, message: 120, fix: 100, managers: 1 },
  { name: 24, message: 60, fix: 60, managers: 1 },
] as const;

type Detail = (typeof DETAILS)[number];

/**
 * An entry each, all in the same detail: the most that there is room for. If not even the least fits, only the first ones.
 *
 * @param room bytes of JSON
 */
export function entryBlocks(items: readonly Item[], room: number, people: People): Block[] {
  let blocks: Block[] = [];
  for (const detail of DETAILS) {
    blocks = items.map((item) => entry(item, people, detail));
    if (sizeOf(blocks) <= room) return blocks;
  }
  while (blocks.length > 0 && sizeOf(blocks) > room) blocks.pop();
  return blocks;
}

function sizeOf(blocks: readonly Block[]): number {
  return blocks.reduce((sum, block) => sum + bytesOf(block), 0);
}

/** Of many findings: how severe they are. */
export function severityBlock(items: readonly Item[]): Block {
  const counts = MOST_SEVERE_FIRST.map((severity) => ({
    severity,
    n: items.filter(({ finding }) => finding.severity === severity).length,
  })).filter(({ n }) => n > 0);
  return richText([
    bold(counts.map(({ severity, n }) => `${MARKS[severity]} ${number(n)} ${severity}`).join('   ')),
  ]);
}

/** Owners named in a message with many findings. */
const OWNERS = 5;

/** Of many findings: whose credentials they are on, in words. Empty if nobody is known to own one. */
export function ownersBlock(items: readonly Item[], people: People): Block[] {
  const byOwner = [...groupBy(items, ({ finding }) => finding.credential?.owner?.id).values()]
    .sort((a, b) => b.length - a.length)
    .flatMap((theirs) => theirs.slice(0, 1).map(({ finding }) => ({ finding, n: theirs.length })));
  if (byOwner.length === 0) return [];
  const named = byOwner
    .slice(0, OWNERS)
    .map(({ finding, n }) => `${cutTo(ownerInWords(finding, people), 80)}: ${number(n)}`);
  const others = byOwner.length > OWNERS ? `; ${count(byOwner.length - OWNERS, 'other owner')}` : '';
  return [richText([plain(`Owners with the most: ${named.join('; ')}${others}`)])];
}

/** For {@link moreBlock}. */
export const MORE_BYTES = 150;

/** @param where to find them */
export function moreBlock(hidden: number, where = ''): Block[] {
  return hidden > 0 ? [richText([plain(`and ${number(hidden)} more${where}`)])] : [];
}

/** A line each, as many as fit in one block. Says how many that is. */
export function lines(
  items: readonly Item[],
  room: number,
  people: People,
): { readonly blocks: Block[]; readonly shown: number } {
  let elements: Element[] = [];
  let shown = 0;
  for (const item of items) {
    const more = [...elements, ...(shown > 0 ? [plain('\n')] : []), ...shortEntry(item, people)];
    if (bytesOf(richText(more)) > room) break;
    elements = more;
    shown += 1;
  }
  return { blocks: shown > 0 ? [richText(elements)] : [], shown };
}

function entry({ finding, reasons }: Item, people: People, detail: Detail): Block {
  const { credential, severity, status, firstSeen, rule, fix } = finding;
  const what = credential ? ` · ${kindName(credential.kind)} ${clean(credential.id, 60)}` : '';
  const { asOf } = people;
  const { createdAt = null, expiresAt = null } = credential ?? {};
  const facts = [
    ...(createdAt ? [`created ${dated(createdAt, asOf)}`] : []),
    ...(expiresAt
      ? [`${Date.parse(expiresAt) > Date.parse(asOf) ? 'expires' : 'expired'} ${dated(expiresAt, asOf)}`]
      : []),
    ...(firstSeen && (status === 'known' || status === 'reopened')
      ? [`first seen ${dated(firstSeen, asOf)}`]
      : []),
    `rule ${clean(rule, 60)}`,
  ];
  const owner = credential
    ? [plain('Owner: '), ...ownerElements(finding, people, detail, false), plain('\n')]
    : [];
  return richText([
    bold(`${MARKS[severity]} ${severity.toUpperCase()}  ${subject(finding, detail.name)}`),
    plain(`${what}${label(reasons)}\n${messageOf(finding, people, detail.message)}\n`),
    ...owner,
    plain(`${facts.join(' · ')}\nFix: ${clean(fix, detail.fix)}`),
  ]);
}

function shortEntry({ finding, reasons }: Item, people: People): Element[] {
  const { severity, rule, credential } = finding;
  const id = credential ? ` · ${clean(credential.id, 60)}` : '';
  const owner = credential?.owner
    ? [plain(', owner '), ...ownerElements(finding, people, { name: 40, managers: 1 }, true)]
    : [];
  return [
    plain(
      `• ${MARKS[severity]} ${severity} ${subject(finding)}${id}${label(reasons)}: ${messageOf(finding, people, 100)} (${clean(rule, 60)})`,
    ),
    ...owner,
  ];
}

/** `2 Dec`; with the year if it is another one. */
function day(instant: string, asOf: string): string {
  const date = new Date(instant);
  const year = date.getUTCFullYear();
  const isThisYear = year === new Date(asOf).getUTCFullYear();
  return `${date.getUTCDate()} ${MONTH.format(date)}${isThisYear ? '' : ` ${year}`}`;
}

/** What was found, with dates as in the rest of the message. */
export function messageOf({ message }: Pick<Finding, 'message'>, { asOf }: People, length: number): string {
  const dates = (text: string) => (Number.isNaN(Date.parse(text)) ? text : day(text, asOf));
  return clean(message.replace(/\b\d{4}-\d{2}-\d{2}\b/g, dates), length);
}

/** `2 Dec (in 5 days)` */
export function dated(instant: string, asOf: string): string {
  return `${day(instant, asOf)} (${fromNow(Date.parse(instant), Date.parse(asOf))})`;
}

const MONTH = new Intl.DateTimeFormat('en-US', { month: 'short', timeZone: 'UTC' });

export function subject({ credential }: Finding, length = 60): string {
  if (credential === null) return 'waiver';
  return clean(credential.name, length) || '(no name)';
}

const LABELS: Readonly<Record<Reason, string>> = {
  new: 'new',
  reopened: 'back again',
  'waiver-ended': 'waiver ended',
  'severity-raised': 'more severe than before',
  milestone: 'reminder',
  untold: '',
};

function label(reasons: readonly Reason[]): string {
  const words = reasons.map((reason) => LABELS[reason]).filter((word) => word !== '');
  return words.length > 0 ? ` (${words.join(', ')})` : '';
}

/** `@alice`, `Alice <a@acme.example>`, or an owner who is away and who is addressed instead. */
function ownerElements(
  finding: Finding,
  people: People,
  { name, managers }: Pick<Detail, 'managers'> & { readonly name: number },
  isBrief: boolean,
): Element[] {
  const owner = finding.credential?.owner;
  if (!owner) return [plain('not known')];
  // In words: a mention would be a message to the owner.
  if (finding.credential?.adviceWithheld) return [plain(ownerInWords(finding, people))];
  if (needsStandIn(finding, people))
    return [plain(`${ownerInWords(finding, people, name)}, `), ...standIns(finding, people, managers)];
  const words = isBrief ? clean(owner.name || owner.email || owner.id, name) : inWords(owner, name);
  return [address(owner, people, words)];
}

/** Who is addressed instead of an owner who is away: managers, else the fallback. */
function standIns(finding: Finding, people: People, most: number): Element[] {
  const managers = addressees(finding, people).slice(0, most);
  if (managers.length > 0)
    return managers.flatMap((manager, index) => [
      plain(index === 0 ? `${plural(managers.length, 'manager')}: ` : ', '),
      address(manager, people, inWords(manager)),
    ]);
  const fallback = mention(people.fallback);
  return fallback
    ? [plain('no active manager known, fallback: '), fallback]
    : [plain('no active manager known')];
}

/** A mention if the Slack id is known, else words. */
function address(person: Person, { mentions }: People, words: string): Element {
  return mention(mentions.get(person.email.toLowerCase())) ?? plain(words);
}

function mention(id: string | undefined): Element | undefined {
  if (isUserId(id)) return { type: 'user', user_id: id };
  return id && /^S[A-Z0-9]{2,20}$/.test(id) ? { type: 'usergroup', usergroup_id: id } : undefined;
}

export function isUserId(id: string | undefined): id is string {
  return id !== undefined && /^[UW][A-Z0-9]{2,20}$/.test(id);
}

function inWords({ id, name, email }: Person, length = 60): string {
  if (email === '') return clean(name || id, length) || 'not known';
  return name === '' ? clean(email, 80) : `${clean(name, length)} <${clean(email, 80)}>`;
}

/** The owner's name, email and state, without addressing anybody. */
export function ownerInWords({ credential }: Finding, { owners }: People, length = 60): string {
  const named = credential?.owner;
  if (!named) return 'not known';
  const owner = owners.get(named.id);
  return isAway(owner) ? `${inWords(named, length)} (${owner.status})` : inWords(named, length);
}

/** The people to address about a finding: its owner, or the managers of an owner who is away. */
export function addressees(finding: Finding, { owners }: People): readonly Person[] {
  const { owner: named, adviceWithheld } = finding.credential ?? {};
  if (!named || adviceWithheld) return [];
  const owner = owners.get(named.id);
  return isAway(owner) ? owner.managers : [named];
}

/** True if the finding is on a credential whose owner is away, so that somebody else is addressed. */
export function needsStandIn({ credential }: Finding, { owners }: People): boolean {
  return credential?.owner != null && !credential.adviceWithheld && isAway(owners.get(credential.owner.id));
}

/** An owner who is disabled, deleted or gone is never addressed. */
function isAway(owner: Owner | undefined): owner is Owner {
  return owner !== undefined && owner.status !== 'active';
}
