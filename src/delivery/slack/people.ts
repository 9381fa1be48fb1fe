import type { Finding, Owner, Person } from '../../contract/index.js';
import { clean, type Element, plain } from './payload.js';

/** Who is behind a credential, as far as it is known here. */
export interface People {
  /** Owners by id: their status, and the managers of those who are gone. */
  readonly owners: ReadonlyMap<string, Owner>;
  /** Slack ids (U…, W… or a group's S…) by email in lower case. */
  readonly mentions: ReadonlyMap<string, string>;
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

/** An owner on whom nobody can count any more. */
export function isAway(owner: Owner | undefined): owner is Owner {
  return owner !== undefined && owner.status !== 'active';
}

/** The people a finding concerns: the owner, or the managers of one who is gone. Empty: nobody is known. */
export function concerned(finding: Finding, { owners }: People): readonly Person[] {
  const named = finding.credential?.owner;
  const owner = named ? owners.get(named.id) : undefined;
  if (isAway(owner)) return owner.managers;
  return named ? [named] : [];
}

/** "Owner: @alice", "Owner: Alice <a@acme.example>", or who stands in for an owner who is gone. */
export function ownerLine(finding: Finding, people: People): Element[] {
  const named = finding.credential?.owner;
  if (!named) return [plain('Owner: not known')];
  const owner = people.owners.get(named.id);
  if (!isAway(owner)) return [plain('Owner: '), address(named, people)];
  const who = `Owner: ${inWords(named)} (${owner.status === 'disabled' ? 'disabled' : 'gone'})`;
  if (owner.managers.length === 0) return [plain(`${who}, no manager known`)];
  const managers = owner.managers
    .slice(0, MANAGERS)
    .flatMap((manager, index) => [
      plain(index === 0 ? `${who}, managers: ` : ', '),
      address(manager, people),
    ]);
  return managers;
}

const MANAGERS = 3;

/** A mention where Slack's id is known, else name and email. */
export function address(person: Person, { mentions }: People): Element {
  const id = mentions.get(person.email.toLowerCase());
  if (id !== undefined && /^[UW][A-Z0-9]{2,20}$/.test(id)) return { type: 'user', user_id: id };
  if (id !== undefined && /^S[A-Z0-9]{2,20}$/.test(id)) return { type: 'usergroup', usergroup_id: id };
  return plain(inWords(person));
}

export function inWords({ id, name, email }: Person): string {
  if (email === '') return clean(name || id, 60) || 'not known';
  return name === '' ? clean(email, 80) : `${clean(name, 60)} <${clean(email, 80)}>`;
}
