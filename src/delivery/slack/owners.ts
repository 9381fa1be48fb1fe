import { setTimeout as sleep } from 'node:timers/promises';
import type { Person } from '../../contract/index.js';
import { forSlack } from '../../reporters/escape.js';
import type { Bot } from './bot.js';
import { concerned, findingBlocks, type Item, isUserId, needsStandIn, type People } from './entries.js';
import { bytesOf, clean, header, LIMITS, QUIET, type SlackPayload } from './payload.js';
import { type Sending, SlackFailure } from './send.js';

/** Look-ups and direct messages in one run: the first night of a large tenant must not take an hour. */
const MOST_PEOPLE = 100;

/** The people that findings concern, once each by email (lower case), in the findings' order, with their findings. */
export function recipients(
  items: readonly Item[],
  people: People,
): ReadonlyMap<string, { person: Person; items: Item[] }> {
  const found = new Map<string, { person: Person; items: Item[] }>();
  for (const item of items) {
    for (const person of concerned(item.finding, people)) {
      const email = person.email.toLowerCase();
      if (!/^[^\s@]+@[^\s@]+$/.test(email)) continue;
      const entry = found.get(email) ?? { person, items: [] };
      entry.items.push(item);
      found.set(email, entry);
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
  sending: Sending,
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  if (emails.length > MOST_PEOPLE) {
    sending.log.warn(`Slack: looked up the first ${MOST_PEOPLE} of ${emails.length} owners only`);
  }
  for (const email of emails.slice(0, MOST_PEOPLE)) {
    try {
      const id = await bot.userByEmail(email);
      if (id !== undefined) found.set(email, id);
    } catch (error) {
      if (!(error instanceof SlackFailure)) throw error;
      sending.log.warn(
        `Slack: owners could not be looked up (${error.message}); the bot needs users:read.email`,
      );
      break;
    }
  }
  return found;
}

/** The findings that one person is to look at: on their own credentials, or on those of owners who are away. */
function ownerMessage(items: readonly Item[], tenant: string, people: People): SlackPayload {
  const own = items.every(({ finding }) => !needsStandIn(finding, people));
  const title = own
    ? `Your API credentials of ${clean(tenant, 60)}: ${items.length} to look at`
    : `API credentials of ${clean(tenant, 60)} that need you: ${items.length} to look at`;
  const message = (blocks: NonNullable<SlackPayload['blocks']>): SlackPayload => ({
    text: forSlack(title),
    blocks,
    ...QUIET,
  });
  const room = LIMITS.bytes - bytesOf(message([header(title)]));
  return message([header(title), ...findingBlocks(items, room, people)]);
}

/** What to write to each Slack user; the fallback gets what nobody else is addressed about. */
function itemsByUser(items: readonly Item[], people: People): ReadonlyMap<string, Item[]> {
  const byUser = new Map<string, Item[]>();
  const add = (id: string | undefined, more: readonly Item[]) => {
    if (!isUserId(id) || more.length === 0) return;
    const known = byUser.get(id) ?? [];
    byUser.set(id, [...known, ...more.filter((item) => !known.includes(item))]);
  };
  for (const [email, { items: theirs }] of recipients(items, people)) add(people.mentions.get(email), theirs);
  const left = items.filter(
    ({ finding }) => needsStandIn(finding, people) && concerned(finding, people).length === 0,
  );
  add(people.fallback, left);
  return byUser;
}

/**
 * Writes to each owner (to the managers of one who is away, else to the fallback). The channel has been told by now, so a message that does
 * not get through is logged and no failure.
 *
 * @returns how many were written to.
 * @throws the signal's reason.
 */
export async function notifyOwners(
  bot: Bot,
  input: { items: readonly Item[]; people: People; tenant: string },
  sending: Sending,
): Promise<number> {
  const all = [...itemsByUser(input.items, input.people)];
  let written = 0;
  for (const [id, items] of all.slice(0, MOST_PEOPLE)) {
    try {
      await sleep(sending.patience.pause, undefined, { signal: sending.signal });
      await bot.post(await bot.conversationWith(id), ownerMessage(items, input.tenant, input.people));
      written += 1;
    } catch (error) {
      if (!(error instanceof SlackFailure)) throw error;
      sending.log.warn(`Slack: an owner could not be written to (${error.message})`);
      if (error.word === 'missing_scope') break;
    }
  }
  if (all.length > MOST_PEOPLE) {
    sending.log.warn(`Slack: wrote to the first ${MOST_PEOPLE} of ${all.length} owners only`);
  }
  return written;
}
