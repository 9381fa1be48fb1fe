import { IncomingWebhook, IncomingWebhookHTTPError, type IncomingWebhookSendArguments } from '@slack/webhook';
import type { SlackPayload } from './payload.js';
import { failureOf, type Sending, SlackFailure, watchedFetch, withRetries } from './retry.js';

/**
 * Posts through an incoming webhook.
 *
 * @param url checked before: the client prints a malformed one in its error.
 * @throws SlackFailure; or the signal's reason.
 */
export async function postToWebhook(url: string, payload: SlackPayload, sending: Sending): Promise<void> {
  const { fetch, answer } = watchedFetch(sending);
  const webhook = new IncomingWebhook(url, { fetch, timeout: 0, retryConfig: { retries: 0 } });
  await withRetries(async () => {
    let said: string;
    try {
      said = (await webhook.send(payload as unknown as IncomingWebhookSendArguments)).text;
    } catch (error) {
      throw failureOf(answer(), error instanceof IncomingWebhookHTTPError ? error.body : undefined);
    }
    // A proxy's own page also answers 200.
    if (said.trim() !== 'ok') throw new SlackFailure({ status: 200, word: 'not an answer of Slack' });
  }, sending);
}
