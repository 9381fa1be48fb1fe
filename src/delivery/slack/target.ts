import type { IncomingWebhookSendArguments } from '@slack/webhook';
import { AuditError } from '../../errors.js';
import { isLoopback } from '../../fetch.js';
import { failureOf, SendFailure, type Sending, watchedFetch, withRetries } from '../send.js';
import type { SlackPayload } from './payload.js';

/** Where messages go. Every field is a secret or a place. */
export interface SlackTarget {
  readonly webhook: string | undefined;
  readonly bot:
    | {
        readonly token: string;
        readonly channel: string | undefined;
        /** undefined: Slack's own. */
        readonly apiUrl: string | undefined;
      }
    | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

const HOSTS: ReadonlySet<string> = new Set(['hooks.slack.com', 'hooks.slack-gov.com']);

/**
 * Reads `SLACK_WEBHOOK_URL`, `SLACK_BOT_TOKEN` and `SLACK_CHANNEL`. With a webhook, the channel's message goes through it
 * and the bot only looks up owners and writes to them.
 *
 * A webhook must be Slack's own (or on loopback, for tests): a mistyped host would receive the tenant's weak spots, and
 * servers that imitate Slack do not understand the blocks.
 *
 * @returns undefined if Slack is not set up.
 * @throws AuditError `config` that names the variable and never its value.
 */
export function slackTarget(env: Environment): SlackTarget | undefined {
  const webhook = trimmed(env.SLACK_WEBHOOK_URL);
  const token = trimmed(env.SLACK_BOT_TOKEN);
  const channel = trimmed(env.SLACK_CHANNEL);
  const apiUrl = slackApiUrl(env);
  if (webhook === undefined && token === undefined) return undefined;
  if (webhook !== undefined && !isWebhook(webhook))
    throw new AuditError(
      'config',
      'SLACK_WEBHOOK_URL is not the URL of a Slack incoming webhook.',
      'It must start with https://hooks.slack.com/services/ or https://hooks.slack-gov.com/services/.',
    );
  if (token === undefined) return { webhook, bot: undefined };
  if (!/^xox[a-z][\w.-]+$/.test(token))
    throw new AuditError('config', 'SLACK_BOT_TOKEN is not a Slack token.', 'A bot token starts with xoxb-.');
  if (webhook === undefined && channel === undefined)
    throw new AuditError(
      'config',
      'SLACK_BOT_TOKEN is set, but no channel.',
      'Set SLACK_CHANNEL to the id of a channel that the bot is a member of, or set SLACK_WEBHOOK_URL.',
    );
  return { webhook, bot: { token, channel, apiUrl } };
}

/** The token goes there: nothing but this machine may be named. */
function slackApiUrl(env: Environment): string | undefined {
  const text = trimmed(env.C1_AUDIT_SLACK_API_URL);
  if (text === undefined) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && /^https?:$/.test(url.protocol) && isLoopback(url.hostname) && url.username + url.password === '')
    return url.href.replace(/\/?$/, '/');
  throw new AuditError(
    'config',
    'C1_AUDIT_SLACK_API_URL is not an http or https URL on this machine.',
    'Unset it to use Slack. It exists for tests against a stand-in on loopback.',
  );
}

/** GitHub Actions passes an unset secret as an empty string; a pasted one often ends with a line break. */
function trimmed(text: string | undefined): string | undefined {
  return text?.trim() || undefined;
}

function isWebhook(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, port, pathname, username, password } = new URL(text);
  if (username !== '' || password !== '') return false;
  if (isLoopback(hostname)) return protocol === 'http:' || protocol === 'https:';
  // Workflow triggers are on the same host and take other payloads.
  return protocol === 'https:' && port === '' && HOSTS.has(hostname) && pathname.startsWith('/services/');
}

/**
 * Posts through an incoming webhook.
 *
 * @param url already checked: the client prints a malformed one in its error.
 * @throws SendFailure; or the signal's reason.
 */
export async function postToWebhook(url: string, payload: SlackPayload, sending: Sending): Promise<void> {
  const { fetch, answer } = watchedFetch(sending);
  // By its default export: a chunk that esbuild makes of CommonJS has no other.
  const { default: slack } = await import('@slack/webhook');
  const webhook = new slack.IncomingWebhook(url, { fetch, timeout: 0, retryConfig: { retries: 0 } });
  await withRetries(async () => {
    let said: string;
    try {
      said = (await webhook.send(payload as unknown as IncomingWebhookSendArguments)).text;
    } catch (error) {
      throw failureOf(answer(), error instanceof slack.IncomingWebhookHTTPError ? error.body : undefined);
    }
    // A proxy's own page may also answer 200.
    if (said.trim() !== 'ok') throw new SendFailure({ status: 200, word: 'not an answer from Slack' });
  }, sending);
}
