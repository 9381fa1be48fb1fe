import type { SlackSettings } from '../../config/config.js';
import type { Owner } from '../../contract/index.js';
import { type News, NOTHING_TOLD, type Told } from '../../engine/history.js';
import type { Report } from '../../engine/report.js';
import { AuditError } from '../../errors.js';
import { createFetch } from '../../fetch.js';
import type { Bot } from './bot.js';
import { mentionsOf, type People } from './entries.js';
import {
  failurePayload,
  heartbeatNeedsHistory,
  type SlackMessage,
  slackMessage,
  testPayload,
} from './message.js';
import { lookUpUsers, notifyOwners, recipients } from './owners.js';
import type { SlackPayload } from './payload.js';
import {
  PATIENCE,
  type Patience,
  postToWebhook,
  type Sending,
  SlackFailure,
  type SlackTarget,
  slackTarget,
} from './send.js';

export { slackTarget } from './send.js';

/** What there is to tell. */
export interface SlackNews {
  /** Without secrets. */
  readonly report: Report;
  /** undefined: no history is kept. */
  readonly news: News | undefined;
  readonly settings: SlackSettings;
  /** Owners by id: their state, and the managers of those who are away. */
  readonly owners?: ReadonlyMap<string, Owner> | undefined;
  /** The page of the CI run. */
  readonly runUrl?: string | undefined;
}

/** How to reach Slack. */
export interface SlackConnection {
  /** SLACK_WEBHOOK_URL, SLACK_BOT_TOKEN, SLACK_CHANNEL. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly signal: AbortSignal;
  readonly log: { warn(message: string): void };
  readonly patience?: Partial<Patience>;
  /** The Web API's base; for tests. */
  readonly apiUrl?: string;
}

interface SlackDelivery extends Told {
  /** True where a message went to the channel. */
  readonly sent: boolean;
  /** Owners written to directly. */
  readonly ownersNotified: number;
}

/**
 * Tells Slack what an audit found, if there is anything to tell.
 *
 * @returns what was told, for the comparison's `next`.
 * @throws AuditError `delivery` where the message did not get through. It names neither URL nor token.
 */
export async function deliverToSlack(delivery: SlackNews & SlackConnection): Promise<SlackDelivery> {
  const { settings, log, report } = delivery;
  const target = targetOf(delivery);
  if (target === undefined) return { ...NOTHING_TOLD, sent: false, ownersNotified: 0 };
  if (heartbeatNeedsHistory(delivery)) {
    log.warn('Slack: heartbeat weekly needs a state file to know when the last message was; none is posted');
  }
  if (settings.notifyOwners && target.bot === undefined) {
    log.warn('Slack: notifyOwners needs SLACK_BOT_TOKEN; owners are not written to');
  }
  const draft = slackMessage(messageInput(delivery));
  if (draft === undefined) return { ...NOTHING_TOLD, sent: false, ownersNotified: 0 };
  const sending = sendingOf(delivery);
  return await orInterrupted(delivery.signal, async () => {
    const bot = target.bot && (await openBot(target.bot.token, sending, delivery.apiUrl));
    const people = await peopleOf(delivery, draft, bot, sending);
    const message = slackMessage({ ...messageInput(delivery), people }) ?? draft;
    await post(target, bot, message, sending);
    const ownersNotified =
      bot && settings.notifyOwners
        ? await notifyOwners(bot, { items: message.items, people, tenant: report.run.tenant }, sending)
        : 0;
    return { ...message.told, sent: true, ownersNotified };
  });
}

/** What {@link deliverToSlack} would post, as JSON, or `null` for nothing. Owners are not looked up for it. */
export function slackDryRun(news: SlackNews): string {
  return `${JSON.stringify(slackMessage(messageInput(news))?.payload ?? null, null, 2)}\n`;
}

/**
 * Tells Slack that there was no audit, so that silence is not taken for peace.
 *
 * @param failure `message` and `hint` of an AuditError, with secrets already taken out.
 * @throws AuditError `delivery`.
 */
export async function deliverFailureToSlack(
  failure: { message: string; hint: string; tenant: string | undefined; runUrl?: string | undefined },
  connection: SlackConnection,
): Promise<void> {
  await postNotice(failurePayload(failure), connection);
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
  await postNotice(testPayload(tenant), connection);
}

async function postNotice(
  message: Pick<SlackMessage, 'payload' | 'fallback'>,
  connection: SlackConnection,
): Promise<void> {
  const target = targetOf(connection);
  if (target === undefined) return;
  const sending = sendingOf(connection);
  await orInterrupted(connection.signal, async () => {
    const bot =
      target.bot && target.webhook === undefined
        ? await openBot(target.bot.token, sending, connection.apiUrl)
        : undefined;
    await post(target, bot, message, sending);
  });
}

/** Before the audit a wrong variable is a wrong configuration; by now it is a report that cannot be delivered. */
function targetOf({ env }: SlackConnection): SlackTarget | undefined {
  try {
    return slackTarget(env);
  } catch (error) {
    if (!(error instanceof AuditError)) throw error;
    throw new AuditError('delivery', error.message, error.hint);
  }
}

function messageInput({ report, news, settings, owners, runUrl }: SlackNews) {
  const people: People = {
    owners: owners ?? new Map(),
    mentions: mentionsOf(settings.mentions),
    fallback: settings.fallback,
  };
  return { report, news, settings, people, runUrl };
}

function sendingOf({ env, patience, signal, now, log }: SlackConnection): Sending {
  return { fetch: createFetch(env), patience: { ...PATIENCE, ...patience }, signal, now, log };
}

/** Loaded on demand: Slack's Web API client is four times as large as the one for webhooks, and few need it. */
async function openBot(token: string, sending: Sending, apiUrl: string | undefined): Promise<Bot> {
  const bot = await import('./bot.js');
  return bot.openBot(token, sending, apiUrl);
}

async function peopleOf(
  delivery: SlackNews,
  draft: SlackMessage,
  bot: Bot | undefined,
  sending: Sending,
): Promise<People> {
  const { people } = messageInput(delivery);
  if (bot === undefined) return people;
  const unknown = [...recipients(draft.items, people).keys()].filter((email) => !people.mentions.has(email));
  const found = await lookUpUsers(bot, unknown, sending);
  return { ...people, mentions: mentionsOf(delivery.settings.mentions, found) };
}

async function post(
  target: SlackTarget,
  bot: Bot | undefined,
  message: Pick<SlackMessage, 'payload' | 'fallback'>,
  sending: Sending,
): Promise<void> {
  const send = (payload: SlackPayload) =>
    target.webhook === undefined
      ? bot?.post(target.bot?.channel ?? '', payload)
      : postToWebhook(target.webhook, payload, sending);
  try {
    try {
      await send(message.payload);
    } catch (error) {
      if (!(error instanceof SlackFailure) || !error.refusesBlocks) throw error;
      sending.log.warn(`Slack refused the message's blocks (${error.message}); sent again as text`);
      await send(message.fallback);
    }
  } catch (error) {
    if (!(error instanceof SlackFailure)) throw error;
    throw new AuditError(
      'delivery',
      `the message to Slack did not get through (${error.message})`,
      hintFor(error),
    );
  }
}

const HINTS: Readonly<Record<string, string>> = {
  no_service: 'The webhook is gone or switched off: make a new one and set SLACK_WEBHOOK_URL.',
  no_active_hooks: 'The webhook is switched off: make a new one and set SLACK_WEBHOOK_URL.',
  invalid_token: 'The webhook is not valid any more: make a new one and set SLACK_WEBHOOK_URL.',
  channel_is_archived: 'The channel is archived: name another one.',
  is_archived: 'The channel is archived: name another one.',
  channel_not_found: 'SLACK_CHANNEL names no channel that the bot can see: use its id, and invite the bot.',
  not_in_channel: 'Invite the bot to the channel.',
  action_prohibited: "The workspace's administrators do not allow this webhook to post.",
  posting_to_general_channel_denied: 'The webhook may not post to #general: name another channel.',
  invalid_auth: 'SLACK_BOT_TOKEN is not valid: install the app anew.',
  token_revoked: 'SLACK_BOT_TOKEN was revoked: install the app anew.',
  account_inactive: 'SLACK_BOT_TOKEN belongs to an app that was removed: install it anew.',
  missing_scope: 'Give the bot the scope chat:write.',
};

function hintFor(failure: SlackFailure): string {
  const known =
    failure.word !== undefined && Object.hasOwn(HINTS, failure.word) ? HINTS[failure.word] : undefined;
  if (known !== undefined) return known;
  if (failure.status === 429)
    return 'Slack takes one message a second: too many went to this channel. Try again later.';
  if (failure.mayPass)
    return 'Slack could not be reached or had trouble: run again later. The report itself is complete.';
  return 'Slack refuses the message for good: check the webhook or the bot and its channel.';
}

async function orInterrupted<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AuditError || !signal.aborted) throw error;
    throw new AuditError(
      'delivery',
      'the message to Slack was interrupted',
      'It may or may not have arrived. Run again to have it sent.',
    );
  }
}
