import type { Finding, Owner, Person } from '../../contract/index.js';
import { clean, type Element, plain } from './payload.js';

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
export function ownerLine(finding: Finding, people: People): Element[] {
  const { owner: named, adviceWithheld } = finding.credential ?? {};
  // In words: a mention would be a message to the owner.
  if (adviceWithheld) return [plain(`Owner: ${ownerInWords(finding, people)}`)];
  if (!named || !needsStandIn(finding, people)) {
    return [plain('Owner: '), named ? address(named, people) : plain('not known')];
  }
  return [plain(`Owner: ${ownerInWords(finding, people)}, `), ...standIns(finding, people, MANAGERS)];
}

/** Who is addressed instead of an owner who is away: managers, else the fallback. */
export function standIns(finding: Finding, people: People, most: number): Element[] {
  const managers = concerned(finding, people).slice(0, most);
  if (managers.length > 0) {
    const label = managers.length === 1 ? 'manager: ' : 'managers: ';
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
export function address(person: Person, { mentions }: People): Element {
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

export function inWords({ id, name, email }: Person): string {
  if (email === '') return clean(name || id, 60) || 'not known';
  return name === '' ? clean(email, 80) : `${clean(name, 60)} <${clean(email, 80)}>`;
}
