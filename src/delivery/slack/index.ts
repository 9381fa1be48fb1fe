import type { SlackSettings } from '../../config/config.js';
import { NOTHING_TOLD, type Told } from '../../engine/history.js';
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
} from './message.js';
import { itemsByEmail, lookUpUsers, notifyOwners } from './owners.js';
import type { SlackPayload } from './payload.js';
import { postToWebhook, type SlackTarget, slackTarget } from './target.js';

export { slackTarget } from './target.js';

/** What there is to report. */
export type SlackNews = NewsToSend<SlackSettings>;

/** How to reach Slack: SLACK_WEBHOOK_URL, SLACK_BOT_TOKEN, SLACK_CHANNEL. */
export interface SlackConnection extends Connection {
  /** The Web API's base; for tests. */
  readonly apiUrl?: string;
}

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
export async function deliverToSlack(delivery: SlackNews & SlackConnection): Promise<SlackDelivery> {
  const { settings, log, report } = delivery;
  const target = targetOf(delivery);
  if (target === undefined) return NOT_SENT;
  if (heartbeatNeedsHistory(delivery))
    log.warn('Slack: no heartbeat is posted; weekly needs a state file to know when the last message was');
  if (settings.notifyOwners && target.bot === undefined)
    log.warn('Slack: owners are not written to; notifyOwners needs SLACK_BOT_TOKEN');
  const input = messageInput(delivery);
  const draft = slackMessage(input);
  if (draft === undefined) return NOT_SENT;
  const sending = sendingOf('Slack', delivery);
  return await orInterrupted(sending, async () => {
    const bot = target.bot && (await openBot(target.bot.token, sending, delivery.apiUrl));
    const people = bot ? await withLookUps(input.people, draft, bot, sending) : input.people;
    const message = slackMessage({ ...input, people }) ?? draft;
    await post(target, bot, message, sending);
    const ownersNotified =
      bot && settings.notifyOwners
        ? await notifyOwners(bot, { items: message.items, people, tenant: report.run.tenant }, sending)
        : 0;
    return { ...message.told, sent: true, ownersNotified };
  });
}

const NOT_SENT: SlackDelivery = { ...NOTHING_TOLD, sent: false, ownersNotified: 0 };

/** What {@link deliverToSlack} would post, or null for nothing. Owners are not looked up for it. */
export function slackDryRun(news: SlackNews): SlackPayload | null {
  return slackMessage(messageInput(news))?.payload ?? null;
}

/**
 * Reports that there was no audit, so that silence does not look like a clean run.
 *
 * @param failure `message` and `hint` of an AuditError, with secrets already redacted.
 * @throws AuditError `delivery`.
 */
export async function deliverFailureToSlack(failure: Failure, connection: SlackConnection): Promise<void> {
  await deliverNotice(failureNotice(failure), connection);
}

/**
 * Sends one message that says it is a test.
 *
 * @throws AuditError `delivery`.
 */
export async function deliverTestToSlack(
  tenant: string | undefined,
  connection: SlackConnection,
): Promise<void> {
  await deliverNotice(testNotice(tenant), connection);
}

async function deliverNotice(notice: Notice, connection: SlackConnection): Promise<void> {
  const target = targetOf(connection);
  if (target === undefined) return;
  const sending = sendingOf('Slack', connection);
  await orInterrupted(sending, async () => {
    const bot =
      target.bot && target.webhook === undefined
        ? await openBot(target.bot.token, sending, connection.apiUrl)
        : undefined;
    await post(target, bot, notice, sending);
  });
}

/** Before the audit a wrong variable is a configuration error; now it is a failed delivery. */
function targetOf({ env }: SlackConnection): SlackTarget | undefined {
  try {
    return slackTarget(env);
  } catch (error) {
    if (!(error instanceof AuditError)) throw error;
    throw new AuditError('delivery', error.message, error.hint);
  }
}

function messageInput({ report, news, settings, owners, runUrl }: SlackNews): SlackMessageInput {
  const people: People = {
    owners: owners ?? new Map(),
    mentions: new Map(Object.entries(settings.mentions).map(([email, id]) => [email.toLowerCase(), id])),
    fallback: settings.fallback,
  };
  return { report, news, settings, people, runUrl };
}

/** Loaded on demand: Slack's Web API client is four times as large as the one for webhooks, and few need it. */
async function openBot(token: string, sending: Sending, apiUrl: string | undefined): Promise<Bot> {
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

async function post(
  target: SlackTarget,
  bot: Bot | undefined,
  message: Notice,
  sending: Sending,
): Promise<void> {
  const send = async (payload: SlackPayload) =>
    target.webhook === undefined
      ? await bot?.post(target.bot?.channel ?? '', payload)
      : await postToWebhook(target.webhook, payload, sending);
  try {
    await send(message.payload).catch(async (error: unknown) => {
      if (!(error instanceof SendFailure) || !error.refusesBlocks) throw error;
      sending.log.warn(`Slack refused the message's blocks (${error.message}); sent again as text`);
      await send(message.fallback);
    });
  } catch (error) {
    if (!(error instanceof SendFailure)) throw error;
    throw new AuditError('delivery', `Cannot send the message to Slack (${error.message}).`, hintFor(error));
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
