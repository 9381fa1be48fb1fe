import { AuditError } from '../../errors.js';

/** Where messages go. Every field is a secret or a place. */
export interface SlackTarget {
  readonly webhook: string | undefined;
  readonly bot: { readonly token: string; readonly channel: string | undefined } | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

const HOSTS: ReadonlySet<string> = new Set(['hooks.slack.com', 'hooks.slack-gov.com']);

/**
 * Reads `SLACK_WEBHOOK_URL`, `SLACK_BOT_TOKEN` and `SLACK_CHANNEL`. With a webhook, the channel's message goes through it
 * and the bot only looks owners up and writes to them.
 *
 * A webhook must be Slack's own (or on loopback, for tests): one mistyped host would receive the tenant's weak spots, and
 * look-alikes of Slack do not understand the blocks anyway.
 *
 * @returns undefined where Slack is not set up.
 * @throws AuditError `config` that names the variable and never its value.
 */
export function slackTarget(env: Environment): SlackTarget | undefined {
  const webhook = trimmed(env.SLACK_WEBHOOK_URL);
  const token = trimmed(env.SLACK_BOT_TOKEN);
  const channel = trimmed(env.SLACK_CHANNEL);
  if (webhook === undefined && token === undefined) return undefined;
  if (webhook !== undefined && !isWebhook(webhook)) {
    throw new AuditError(
      'config',
      'SLACK_WEBHOOK_URL is not the URL of a Slack incoming webhook',
      'It should look like https://hooks.slack.com/services/… (or hooks.slack-gov.com).',
    );
  }
  if (token === undefined) return { webhook, bot: undefined };
  if (!/^xox[a-z][\w.-]+$/.test(token)) {
    throw new AuditError('config', 'SLACK_BOT_TOKEN is not a Slack token', 'A bot token begins with xoxb-.');
  }
  if (webhook === undefined && channel === undefined) {
    throw new AuditError(
      'config',
      'SLACK_BOT_TOKEN is set, but no place to write to',
      'Set SLACK_CHANNEL to the id of a channel that the bot is a member of, or SLACK_WEBHOOK_URL.',
    );
  }
  return { webhook, bot: { token, channel } };
}

/** An unset secret arrives as an empty string in GitHub Actions, and a pasted one with a line break. */
function trimmed(text: string | undefined): string | undefined {
  return text?.trim() || undefined;
}

function isWebhook(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, port, pathname, username, password } = new URL(text);
  if (username !== '' || password !== '') return false;
  if (isLoopback(hostname)) return protocol === 'http:' || protocol === 'https:';
  // Workflow triggers live on the same host and take other payloads.
  return protocol === 'https:' && port === '' && HOSTS.has(hostname) && pathname.startsWith('/services/');
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}
