import { randomUUID } from 'node:crypto';
import { WebAPIPlatformError, WebClient } from '@slack/web-api';
import * as v from 'valibot';
import { SLACK_MESSAGE, type SlackMessageId } from '../../engine/state.js';
import { failureOf, SendFailure, type Sending, watchedFetch, withRetries } from '../send.js';
import type { SlackPayload } from './payload.js';

/** The few methods of Slack's Web API that are used here. All throw SendFailure, or the signal's reason. */
export interface Bot {
  /**
   * @param thread the `ts` of the message to reply to
   * @returns where the message is; undefined if Slack does not say so
   */
  post(channel: string, payload: SlackPayload, thread?: string): Promise<SlackMessageId | undefined>;
  /** Puts an emoji on a message, if it is not there already. */
  react(message: SlackMessageId, emoji: string): Promise<void>;
  /** undefined: nobody in the workspace has this email. */
  userByEmail(email: string): Promise<string | undefined>;
  /** The id of the conversation with a user. */
  conversationWith(user: string): Promise<string>;
}

const SILENT = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  setLevel() {},
  setName() {},
  getLevel: () => 'error' as never,
};

/** @param apiUrl Slack's own unless a test says otherwise. */
export function openBot(token: string, sending: Sending, apiUrl: string | undefined): Bot {
  const call = async (method: string, options: Record<string, unknown>): Promise<Record<string, unknown>> => {
    const { fetch, answer } = watchedFetch(sending);
    const client = new WebClient(token, {
      fetch,
      logger: SILENT,
      retryConfig: { retries: 0 },
      rejectRateLimitedCalls: true,
      allowAbsoluteUrls: false,
      ...(apiUrl === undefined ? {} : { slackApiUrl: apiUrl }),
    });
    return await withRetries(async () => {
      try {
        return { ...(await client.apiCall(method, options)) };
      } catch (error) {
        throw failureOf(answer(), error instanceof WebAPIPlatformError ? error.data.error : undefined);
      }
    }, sending);
  };
  return {
    async post(channel, payload, thread) {
      const answer = await call('chat.postMessage', {
        channel,
        ...payload,
        ...(thread === undefined ? {} : { thread_ts: thread }),
        // The same for every try, in the hope that Slack drops a repeated one: that is not documented.
        client_msg_id: randomUUID(),
      });
      const at = { channel: answer.channel, ts: answer.ts } as SlackMessageId;
      return v.is(SLACK_MESSAGE, at) ? at : undefined;
    },
    async react({ channel, ts }, emoji) {
      try {
        await call('reactions.add', { channel, timestamp: ts, name: emoji });
      } catch (error) {
        if (!(error instanceof SendFailure) || error.word !== 'already_reacted') throw error;
      }
    },
    async userByEmail(email) {
      try {
        return idOf((await call('users.lookupByEmail', { email })).user);
      } catch (error) {
        if (error instanceof SendFailure && error.word === 'users_not_found') return undefined;
        throw error;
      }
    },
    async conversationWith(user) {
      const id = idOf((await call('conversations.open', { users: user })).channel);
      if (id === undefined) throw new SendFailure({ status: 200, word: 'not an answer from Slack' });
      return id;
    },
  };
}

function idOf(value: unknown): string | undefined {
  const id = typeof value === 'object' && value !== null ? (value as { id?: unknown }).id : undefined;
  return typeof id === 'string' && /^[A-Z0-9]{2,30}$/.test(id) ? id : undefined;
}
