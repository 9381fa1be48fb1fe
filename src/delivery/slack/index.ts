import { setTimeout as sleep } from 'node:timers/promises';
import type { SlackSettings } from '../../config/config.js';
import { type News, NOTHING_TOLD, type Told } from '../../engine/history.js';
import type { SlackMessageId } from '../../engine/state.js';
import { AuditError } from '../../errors.js';
import {
  type Connection,
  type NewsToSend,
  orInterrupted,
  SendFailure,
  type Sending,
  sendingOf,
} from '../send.js';
import type { Bot } from './bot.js';
import type { People } from './entries.js';
import {
  type Failure,
  failureNotice,
  heartbeatNeedsHistory,
  type Notice,
  type SlackMessage,
  type SlackMessageInput,
  slackMessage,
  testNotice,
  threadReplies,
} from './message.js';
import { itemsByEmail, lookUpUsers, notifyOwners } from './owners.js';
import type { SlackPayload } from './payload.js';
import { postToWebhook, type SlackTarget, slackTarget } from './target.js';

export { slackTarget } from './target.js';

/** What there is to report. */
export type SlackNews = NewsToSend<SlackSettings>;

interface SlackDelivery extends Told {
  /** True if a message went to the channel. */
  readonly sent: boolean;
  /** Owners written to directly. */
  readonly ownersNotified: number;
}

/**
 * Posts what an audit found, if there is anything to report.
 *
 * @returns what was reported, for the comparison's `next`.
 * @throws AuditError `delivery` if the message could not be sent. It names neither URL nor token.
 */
export async function deliverToSlack(delivery: SlackNews & Connection): Promise<SlackDelivery> {
  const { settings, log, report } = delivery;
  const target = targetOf(delivery);
  if (target === undefined) return NOT_SENT;
  if (heartbeatNeedsHistory(delivery))
    log.warn('Slack: no heartbeat is posted; weekly needs a state file to know when the last message was');
  if (settings.notifyOwners && target.bot === undefined)
    log.warn('Slack: owners are not written to; notifyOwners needs SLACK_BOT_TOKEN');
  const input = { ...messageInput(delivery), hasThread: target.webhook === undefined };
  const draft = slackMessage(input);
  if (draft === undefined) return NOT_SENT;
  const sending = sendingOf('Slack', delivery);
  return await orInterrupted(sending, async () => {
    const bot = target.bot && (await openBot(target.bot, sending));
    const people = bot ? await withLookUps(input.people, draft, bot, sending) : input.people;
    const message = slackMessage({ ...input, people }) ?? draft;
    const posted = await post(target, bot, message, sending);
    if (bot && posted) await reply(bot, posted, threadReplies(message, people), sending);
    if (bot) await markOutdated(bot, delivery.news?.outdated ?? [], sending);
    const ownersNotified =
      bot && settings.notifyOwners
        ? await notifyOwners(bot, { items: message.items, people, tenant: report.run.tenant }, sending)
        : 0;
    return { ...message.told, message: posted, sent: true, ownersNotified };
  });
}

const NOT_SENT: SlackDelivery = { ...NOTHING_TOLD, sent: false, ownersNotified: 0 };

/**
 * What {@link deliverToSlack} would post, or null for nothing, and the replies in its thread. Owners are not looked up for
 * it.
 *
 * @param hasThread a bot would post it
 */
export function slackDryRun(
  news: SlackNews,
  hasThread: boolean,
): { readonly message: SlackPayload | null; readonly thread: readonly SlackPayload[] } {
  const input = { ...messageInput(news), hasThread };
  const message = slackMessage(input);
  const thread = message && hasThread ? threadReplies(message, input.people) : [];
  return { message: message?.payload ?? null, thread };
}

/**
 * Reports that there was no audit, so that silence does not look like a clean run.
 *
 * @param failure `message` and `hint` of an AuditError, with secrets already redacted.
 * @throws AuditError `delivery`.
 */
export async function deliverFailureToSlack(failure: Failure, connection: Connection): Promise<void> {
  await deliverNotice(failureNotice(failure), connection);
}

/**
 * Sends one message that says it is a test.
 *
 * @throws AuditError `delivery`.
 */
export async function deliverTestToSlack(tenant: string | undefined, connection: Connection): Promise<void> {
  await deliverNotice(testNotice(tenant), connection);
}

async function deliverNotice(notice: Notice, connection: Connection): Promise<void> {
  const target = targetOf(connection);
  if (target === undefined) return;
  const sending = sendingOf('Slack', connection);
  await orInterrupted(sending, async () => {
    const bot = target.bot && target.webhook === undefined ? await openBot(target.bot, sending) : undefined;
    await post(target, bot, notice, sending);
  });
}

/** Before the audit a wrong variable is a configuration error; now it is a failed delivery. */
function targetOf({ env }: Connection): SlackTarget | undefined {
  try {
    return slackTarget(env);
  } catch (error) {
    if (!(error instanceof AuditError)) throw error;
    throw new AuditError('delivery', error.message, error.hint);
  }
}

function messageInput({ report, news, settings, owners, runUrl }: SlackNews): SlackMessageInput {
  const people: People = {
    asOf: report.run.asOf,
    owners: owners ?? new Map(),
    mentions: new Map(Object.entries(settings.mentions).map(([email, id]) => [email.toLowerCase(), id])),
    fallback: settings.fallback,
  };
  return { report, news, settings, people, runUrl };
}

/** Loaded on demand: Slack's Web API client is four times as large as the one for webhooks, and few need it. */
async function openBot({ token, apiUrl }: NonNullable<SlackTarget['bot']>, sending: Sending): Promise<Bot> {
  const bot = await import('./bot.js');
  return bot.openBot(token, sending, apiUrl);
}

/** The mentions of the configuration come first. */
async function withLookUps(people: People, draft: SlackMessage, bot: Bot, sending: Sending): Promise<People> {
  const emails = [...itemsByEmail(draft.items, people).keys()];
  const found = await lookUpUsers(
    bot,
    emails.filter((email) => !people.mentions.has(email)),
    sending,
  );
  return { ...people, mentions: new Map([...found, ...people.mentions]) };
}

/** @returns where the message is, if a bot posted it */
async function post(
  target: SlackTarget,
  bot: Bot | undefined,
  message: Notice,
  sending: Sending,
): Promise<SlackMessageId | undefined> {
  const send = async (payload: SlackPayload) => {
    if (target.webhook === undefined) return bot?.post(target.bot?.channel ?? '', payload);
    await postToWebhook(target.webhook, payload, sending);
    return undefined;
  };
  try {
    return await send(message.payload).catch(async (error: unknown) => {
      if (!(error instanceof SendFailure) || !error.refusesBlocks) throw error;
      sending.log.warn(`Slack refused the message's blocks (${error.message}); sent again as text`);
      return send(message.fallback);
    });
  } catch (error) {
    if (!(error instanceof SendFailure)) throw error;
    throw new AuditError('delivery', `Cannot send the message to Slack (${error.message}).`, hintFor(error));
  }
}

/** The channel has its message by now, with all counts: a reply that cannot be sent is logged and is not a failure. */
async function reply(
  bot: Bot,
  { channel, ts }: SlackMessageId,
  replies: readonly SlackPayload[],
  { patience, signal, log }: Sending,
): Promise<void> {
  for (const [index, payload] of replies.entries()) {
    try {
      await sleep(patience.pause, undefined, { signal });
      await bot.post(channel, payload, ts);
    } catch (error) {
      if (!(error instanceof SendFailure)) throw error;
      log.warn(
        `Slack: the thread has ${index} of ${replies.length} replies (${error.message}); the reports have all findings`,
      );
      return;
    }
  }
}

/** Marks in one run. */
const MOST_MARKS = 50;
/** `some` is not a check mark: nobody should take a message for done that is not. */
const EMOJI = { all: 'white_check_mark', some: 'hourglass_flowing_sand' } as const;

/** Marks earlier messages whose findings are gone. A mark that cannot be set is logged and is not a failure. */
async function markOutdated(
  bot: Bot,
  messages: NonNullable<News['outdated']>,
  { log }: Sending,
): Promise<void> {
  for (const message of messages.slice(0, MOST_MARKS)) {
    try {
      await bot.react(message, message.isDone ? EMOJI.all : EMOJI.some);
    } catch (error) {
      if (!(error instanceof SendFailure)) throw error;
      const noScope = error.word === 'missing_scope';
      log.warn(
        `Slack: an earlier message could not be marked as resolved (${error.message})${noScope ? '; the bot needs the scope reactions:write' : ''}`,
      );
      if (noScope) return;
    }
  }
}

const HINTS: Readonly<Record<string, string>> = {
  no_service: 'The webhook was removed or switched off. Create another one and set SLACK_WEBHOOK_URL.',
  no_active_hooks: 'The webhook is switched off. Create another one and set SLACK_WEBHOOK_URL.',
  invalid_token: 'The webhook is no longer valid. Create another one and set SLACK_WEBHOOK_URL.',
  channel_is_archived: 'The channel is archived. Use another one.',
  is_archived: 'The channel is archived. Use another one.',
  channel_not_found: 'The bot cannot see the channel in SLACK_CHANNEL. Use its id, and invite the bot.',
  not_in_channel: 'Invite the bot to the channel.',
  action_prohibited: "The workspace's administrators do not allow this webhook to post.",
  posting_to_general_channel_denied: 'The webhook may not post to #general. Use another channel.',
  invalid_auth: 'SLACK_BOT_TOKEN is not valid. Install the app again.',
  token_revoked: 'SLACK_BOT_TOKEN was revoked. Install the app again.',
  account_inactive: 'SLACK_BOT_TOKEN belongs to an app that was removed. Install it again.',
  missing_scope: 'Give the bot the scope chat:write.',
};

function hintFor(failure: SendFailure): string {
  const known =
    failure.word !== undefined && Object.hasOwn(HINTS, failure.word) ? HINTS[failure.word] : undefined;
  if (known !== undefined) return known;
  if (failure.status === 429)
    return 'Slack accepts one message a second, and this channel got too many. Try again later.';
  if (failure.mayPass)
    return 'Slack could not be reached or had an error. Run again later; the report itself is complete.';
  return 'Slack refused the message. Check the webhook, or the bot and its channel.';
}
