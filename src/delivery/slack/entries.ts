import { type Finding, kindName, type Owner, type Person, plural } from '../../contract/index.js';
import type { Reason } from '../../engine/history.js';
import { type Block, bold, bytesOf, clean, type Element, LIMITS, plain, richText } from './payload.js';

/** Who is behind a credential, as far as it is known here. */
export interface People {
  /** Owners by id: their status, and the active managers of those who are away. */
  readonly owners: ReadonlyMap<string, Owner>;
  /** Slack ids (U…, W… or a group's S…) by email in lower case. */
  readonly mentions: ReadonlyMap<string, string>;
  /** The Slack user or group to address where an owner is away and has no active manager. */
  readonly fallback?: string | undefined;
}

/** Slack's ids by email: what the configuration says, over what was looked up. */
export function mentionsOf(
  settings: Readonly<Record<string, string>>,
  found: ReadonlyMap<string, string> = new Map(),
): ReadonlyMap<string, string> {
  return new Map([
    ...found,
    ...Object.entries(settings).map(([email, id]) => [email.toLowerCase(), id] as const),
  ]);
}

/** An owner who is disabled, deleted or gone, and so is never addressed. */
function isAway(owner: Owner | undefined): owner is Owner {
  return owner !== undefined && owner.status !== 'active';
}

/** The people to address about a finding: its owner, or the managers of an owner who is away. */
export function concerned(finding: Finding, { owners }: People): readonly Person[] {
  const { owner: named, adviceWithheld } = finding.credential ?? {};
  if (adviceWithheld) return [];
  const owner = named ? owners.get(named.id) : undefined;
  if (isAway(owner)) return owner.managers;
  return named ? [named] : [];
}

/** True where the finding is about a credential whose owner is away, so that somebody else is addressed. */
export function needsStandIn({ credential }: Finding, { owners }: People): boolean {
  return credential?.owner != null && !credential.adviceWithheld && isAway(owners.get(credential.owner.id));
}

/** The owner's name, email and state, without addressing anybody. */
export function ownerInWords({ credential }: Finding, { owners }: People): string {
  const named = credential?.owner;
  if (!named) return 'not known';
  const owner = owners.get(named.id);
  return isAway(owner) ? `${inWords(named)} (${owner.status})` : inWords(named);
}

const MANAGERS = 3;

/** "Owner: @alice", "Owner: Alice <a@acme.example>", or an owner who is away and who is addressed instead. */
function ownerLine(finding: Finding, people: People): Element[] {
  const { owner: named, adviceWithheld } = finding.credential ?? {};
  // In words: a mention would be a message to the owner.
  if (adviceWithheld) return [plain(`Owner: ${ownerInWords(finding, people)}`)];
  if (!named || !needsStandIn(finding, people)) {
    return [plain('Owner: '), named ? address(named, people) : plain('not known')];
  }
  return [plain(`Owner: ${ownerInWords(finding, people)}, `), ...standIns(finding, people, MANAGERS)];
}

/** Who is addressed instead of an owner who is away: managers, else the fallback. */
function standIns(finding: Finding, people: People, most: number): Element[] {
  const managers = concerned(finding, people).slice(0, most);
  if (managers.length > 0) {
    const label = `${plural(managers.length, 'manager')}: `;
    return managers.flatMap((manager, index) => [
      plain(index === 0 ? label : ', '),
      address(manager, people),
    ]);
  }
  const fallback = people.fallback === undefined ? undefined : mention(people.fallback);
  return fallback
    ? [plain('no active manager known, fallback: '), fallback]
    : [plain('no active manager known')];
}

/** A mention where Slack's id is known, else name and email. */
function address(person: Person, { mentions }: People): Element {
  const id = mentions.get(person.email.toLowerCase());
  return (id === undefined ? undefined : mention(id)) ?? plain(inWords(person));
}

function mention(id: string): Element | undefined {
  if (isUserId(id)) return { type: 'user', user_id: id };
  return /^S[A-Z0-9]{2,20}$/.test(id) ? { type: 'usergroup', usergroup_id: id } : undefined;
}

export function isUserId(id: string | undefined): id is string {
  return id !== undefined && /^[UW][A-Z0-9]{2,20}$/.test(id);
}

function inWords({ id, name, email }: Person): string {
  if (email === '') return clean(name || id, 60) || 'not known';
  return name === '' ? clean(email, 80) : `${clean(name, 60)} <${clean(email, 80)}>`;
}

/** A finding to tell, and why; no reasons where no history is kept. */
export interface Item {
  readonly finding: Finding;
  readonly reasons: readonly Reason[];
}

/** Shown whole even where that leaves less room to name the others. */
const ALWAYS_WHOLE = 3;
/** Blocks that are not findings: header, counts, warnings, resolved, digest, links, the short list and "N more". */
const OTHER_BLOCKS = 10;
const MORE = (hidden: number) => `and ${hidden} more`;

/**
 * As many findings as the room allows, worst first: the first ones whole, the next in a line each, and the number of
 * those that are left.
 *
 * @param room bytes of JSON.
 */
export function findingBlocks(items: readonly Item[], room: number, people: People): Block[] {
  const whole: Block[] = [];
  const short: Element[][] = [];
  // The list of lines is one block, and the last line says how many are missing.
  let left = room - bytesOf(richText([plain(MORE(items.length))])) - bytesOf(richText([]));
  for (const item of items.slice(0, ALWAYS_WHOLE)) {
    const block = wholeEntry(item, people);
    if (bytesOf(block) > left) break;
    whole.push(block);
    left -= bytesOf(block);
  }
  for (const item of items.slice(whole.length)) {
    const line = shortEntry(item, people);
    if (costOf(line) > left) break;
    short.push(line);
    left -= costOf(line);
  }
  const hidden = items.length - whole.length - short.length;
  // Room to spare goes to details, from the worst down.
  while (hidden === 0 && whole.length < LIMITS.blocks - OTHER_BLOCKS) {
    const item = items[whole.length];
    const [line] = short;
    if (item === undefined || line === undefined) break;
    const block = wholeEntry(item, people);
    if (bytesOf(block) - costOf(line) > left) break;
    left -= bytesOf(block) - costOf(line);
    whole.push(block);
    short.shift();
  }
  const lines = short.flatMap((line, index) => (index === 0 ? line : [plain('\n'), ...line]));
  return [
    ...whole,
    ...(lines.length > 0 ? [richText(lines)] : []),
    ...(hidden > 0 ? [richText([plain(MORE(hidden))])] : []),
  ];
}

function costOf(line: readonly Element[]): number {
  return bytesOf(line);
}

export function subject({ credential }: Finding): string {
  if (credential === null) return 'waiver';
  return clean(credential.name, 60) || '(no name)';
}

function wholeEntry({ finding, reasons }: Item, people: People): Block {
  const { credential } = finding;
  const what = credential ? ` · ${kindName(credential.kind)} ${clean(credential.id, 60)}` : '';
  return richText([
    bold(`${finding.severity.toUpperCase()}  ${subject(finding)}`),
    plain(`${what}${label(reasons)}\n${clean(finding.message, 400)}\n`),
    ...(credential === null ? [] : [...ownerLine(finding, people), plain('\n')]),
    plain(`${[...since(finding), `rule ${clean(finding.rule, 60)}`].join(' · ')}\n`),
    plain(`Fix: ${clean(finding.fix, 300)}`),
  ]);
}

function shortEntry({ finding, reasons }: Item, people: People): Element[] {
  return [
    plain(`• ${finding.severity} ${subject(finding)}${label(reasons)}: ${clean(finding.rule, 60)}`),
    ...shortOwner(finding, people),
  ];
}

function shortOwner(finding: Finding, people: People): Element[] {
  const { owner, adviceWithheld } = finding.credential ?? {};
  if (!owner) return [];
  if (adviceWithheld) return [plain(`, owner ${ownerInWords(finding, people)}`)];
  if (needsStandIn(finding, people)) {
    return [plain(`, owner ${ownerInWords(finding, people)}, `), ...standIns(finding, people, 1)];
  }
  const element = address(owner, people);
  return [
    plain(', owner '),
    element.type === 'text' ? plain(clean(owner.name || owner.email || owner.id, 40)) : element,
  ];
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

function since({ firstSeen, status, credential }: Finding): string[] {
  const found = firstSeen !== null && status !== null ? [`since ${firstSeen.slice(0, 10)}`] : [];
  const created = credential?.createdAt ? [`created ${credential.createdAt.slice(0, 10)}`] : [];
  return [...found, ...created];
}
