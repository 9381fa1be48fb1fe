import { setTimeout as sleep } from 'node:timers/promises';
import { number } from '../../reporters/words.js';
import { SendFailure, type Sending } from '../send.js';
import type { Bot } from './bot.js';
import {
  addressees,
  entryBlocks,
  type Item,
  isUserId,
  lines,
  MORE_BYTES,
  MOST_ENTRIES,
  moreBlock,
  needsStandIn,
  type People,
  WORST,
} from './entries.js';
import { bytesOf, clean, header, LIMITS, payload, type SlackPayload } from './payload.js';

/** Look-ups and direct messages in one run: the first night of a large tenant must not take an hour. */
const MOST_PEOPLE = 100;

/** The findings to address to each person, by email in lower case and in the findings' order. */
export function itemsByEmail(items: readonly Item[], people: People): ReadonlyMap<string, Item[]> {
  const found = new Map<string, Item[]>();
  for (const item of items) {
    for (const person of addressees(item.finding, people)) {
      const email = person.email.toLowerCase();
      if (!/^[^\s@]+@[^\s@]+$/.test(email)) continue;
      const theirs = found.get(email);
      // One owner may have thousands.
      if (theirs) theirs.push(item);
      else found.set(email, [item]);
    }
  }
  return found;
}

/**
 * Slack's ids of people by email. A look-up that fails costs a mention, never the message.
 *
 * @throws the signal's reason.
 */
export async function lookUpUsers(
  bot: Bot,
  emails: readonly string[],
  { log }: Sending,
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  if (emails.length > MOST_PEOPLE)
    log.warn(`Slack: looked up only the first ${MOST_PEOPLE} of ${emails.length} owners`);
  for (const email of emails.slice(0, MOST_PEOPLE)) {
    try {
      const id = await bot.userByEmail(email);
      if (id !== undefined) found.set(email, id);
    } catch (error) {
      if (!(error instanceof SendFailure)) throw error;
      log.warn(`Slack: cannot look up owners (${error.message}); the bot needs the scope users:read.email`);
      break;
    }
  }
  return found;
}

/**
 * Writes to each owner, or to the managers of one who is away, or to the fallback. The channel has its message by now, so
 * a message that cannot be sent is logged and is not a failure.
 *
 * @returns how many people were written to.
 * @throws the signal's reason.
 */
export async function notifyOwners(
  bot: Bot,
  input: { readonly items: readonly Item[]; readonly people: People; readonly tenant: string },
  { patience, signal, log }: Sending,
): Promise<number> {
  const all = [...itemsByUser(input.items, input.people)];
  let written = 0;
  for (const [id, items] of all.slice(0, MOST_PEOPLE)) {
    try {
      await sleep(patience.pause, undefined, { signal });
      await bot.post(await bot.conversationWith(id), ownerMessage(items, input.tenant, input.people));
      written += 1;
    } catch (error) {
      if (!(error instanceof SendFailure)) throw error;
      log.warn(`Slack: cannot write to an owner (${error.message})`);
      if (error.word === 'missing_scope') break;
    }
  }
  if (all.length > MOST_PEOPLE)
    log.warn(`Slack: wrote only to the first ${MOST_PEOPLE} of ${all.length} owners`);
  return written;
}

/** The findings for each Slack user; the fallback gets those that concern nobody else. */
function itemsByUser(items: readonly Item[], people: People): ReadonlyMap<string, Item[]> {
  const byUser = new Map<string, Set<Item>>();
  const add = (id: string | undefined, more: readonly Item[]) => {
    if (!isUserId(id) || more.length === 0) return;
    byUser.set(id, new Set([...(byUser.get(id) ?? []), ...more]));
  };
  for (const [email, theirs] of itemsByEmail(items, people)) add(people.mentions.get(email), theirs);
  const left = items.filter(
    ({ finding }) => needsStandIn(finding, people) && addressees(finding, people).length === 0,
  );
  add(people.fallback, left);
  return new Map([...byUser].map(([id, theirs]) => [id, [...theirs]]));
}

/** The findings on a person's own credentials, or on those of owners who are away. */
function ownerMessage(items: readonly Item[], tenant: string, people: People): SlackPayload {
  const own = items.every(({ finding }) => !needsStandIn(finding, people));
  const where = clean(tenant, 60);
  const title = own
    ? `Your API credentials of ${where}: ${number(items.length)} to look at`
    : `API credentials of ${where} that need you: ${number(items.length)} to look at`;
  const room = LIMITS.bytes - bytesOf(payload(title, [header(title)])) - MORE_BYTES;
  const entries = entryBlocks(items.length > MOST_ENTRIES ? items.slice(0, WORST) : items, room, people);
  const rest = items.slice(entries.length);
  const { blocks, shown } = lines(rest, room - bytesOf(entries), people);
  return payload(title, [header(title), ...entries, ...blocks, ...moreBlock(rest.length - shown)]);
}
