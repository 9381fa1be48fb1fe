import { type Finding, kindName, type Owner, type Person, plural } from '../../contract/index.js';
import type { Reason } from '../../engine/history.js';
import { type Block, bold, bytesOf, clean, type Element, LIMITS, plain, richText } from './payload.js';

/** A finding to report, and why; without reasons if no history is kept. */
export interface Item {
  readonly finding: Finding;
  readonly reasons: readonly Reason[];
}

/** Who is behind a credential, as far as it is known here. */
export interface People {
  /** Owners by id: their status, and the active managers of those who are away. */
  readonly owners: ReadonlyMap<string, Owner>;
  /** Slack ids (U…, W… or a group's S…) by email in lower case. */
  readonly mentions: ReadonlyMap<string, string>;
  /** The Slack user or group to address if an owner is away and has no active manager. */
  readonly fallback?: string | undefined;
}

/** Entries that are complete even if that leaves less room to name the others. */
const ALWAYS_FULL = 3;
/** Blocks that are not findings: header, counts, warnings, resolved, digest, links, the short list and "N more". */
const OTHER_BLOCKS = 10;

/**
 * As many findings as fit, worst first: the first ones in full, the next in a line each, then the number of the rest.
 *
 * @param room bytes of JSON.
 */
export function findingBlocks(items: readonly Item[], room: number, people: People): Block[] {
  const full: Block[] = [];
  const short: Element[][] = [];
  // The list of lines is one block, and the last line says how many are missing.
  let left = room - bytesOf(more(items.length)) - bytesOf(richText([]));
  for (const item of items.slice(0, ALWAYS_FULL)) {
    const block = fullEntry(item, people);
    if (bytesOf(block) > left) break;
    full.push(block);
    left -= bytesOf(block);
  }
  for (const item of items.slice(full.length)) {
    const line = shortEntry(item, people);
    if (bytesOf(line) > left) break;
    short.push(line);
    left -= bytesOf(line);
  }
  const hidden = items.length - full.length - short.length;
  // Room to spare goes to details, the worst first.
  while (hidden === 0 && full.length < LIMITS.blocks - OTHER_BLOCKS) {
    const item = items[full.length];
    const [line] = short;
    if (item === undefined || line === undefined) break;
    const block = fullEntry(item, people);
    left -= bytesOf(block) - bytesOf(line);
    if (left < 0) break;
    full.push(block);
    short.shift();
  }
  const lines = short.flatMap((line, index) => (index === 0 ? line : [plain('\n'), ...line]));
  return [...full, ...(lines.length > 0 ? [richText(lines)] : []), ...(hidden > 0 ? [more(hidden)] : [])];
}

function more(hidden: number): Block {
  return richText([plain(`and ${hidden} more`)]);
}

function fullEntry({ finding, reasons }: Item, people: People): Block {
  const { credential, severity, status, firstSeen, rule, message, fix } = finding;
  const what = credential ? ` · ${kindName(credential.kind)} ${clean(credential.id, 60)}` : '';
  const facts = [
    ...(firstSeen !== null && status !== null ? [`since ${firstSeen.slice(0, 10)}`] : []),
    ...(credential?.createdAt ? [`created ${credential.createdAt.slice(0, 10)}`] : []),
    `rule ${clean(rule, 60)}`,
  ];
  const owner = credential
    ? [plain('Owner: '), ...ownerElements(finding, people, { managers: 3, brief: false }), plain('\n')]
    : [];
  return richText([
    bold(`${severity.toUpperCase()}  ${subject(finding)}`),
    plain(`${what}${label(reasons)}\n${clean(message, 400)}\n`),
    ...owner,
    plain(`${facts.join(' · ')}\nFix: ${clean(fix, 300)}`),
  ]);
}

function shortEntry({ finding, reasons }: Item, people: People): Element[] {
  const owner = finding.credential?.owner
    ? [plain(', owner '), ...ownerElements(finding, people, { managers: 1, brief: true })]
    : [];
  return [
    plain(`• ${finding.severity} ${subject(finding)}${label(reasons)}: ${clean(finding.rule, 60)}`),
    ...owner,
  ];
}

export function subject({ credential }: Finding): string {
  if (credential === null) return 'waiver';
  return clean(credential.name, 60) || '(no name)';
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
  { managers, brief }: { readonly managers: number; readonly brief: boolean },
): Element[] {
  const owner = finding.credential?.owner;
  if (!owner) return [plain('not known')];
  // In words: a mention would be a message to the owner.
  if (finding.credential?.adviceWithheld) return [plain(ownerInWords(finding, people))];
  if (needsStandIn(finding, people))
    return [plain(`${ownerInWords(finding, people)}, `), ...standIns(finding, people, managers)];
  return [address(owner, people, brief ? clean(owner.name || owner.email || owner.id, 40) : inWords(owner))];
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

function inWords({ id, name, email }: Person): string {
  if (email === '') return clean(name || id, 60) || 'not known';
  return name === '' ? clean(email, 80) : `${clean(name, 60)} <${clean(email, 80)}>`;
}

/** The owner's name, email and state, without addressing anybody. */
export function ownerInWords({ credential }: Finding, { owners }: People): string {
  const named = credential?.owner;
  if (!named) return 'not known';
  const owner = owners.get(named.id);
  return isAway(owner) ? `${inWords(named)} (${owner.status})` : inWords(named);
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
