import { randomUUID } from 'node:crypto';
import type { WebhookSettings } from '../config/config.js';
import { NOTHING_TOLD, type Told } from '../engine/history.js';
import { AuditError } from '../errors.js';
import { isSafe } from '../fetch.js';
import { findingInOrder, resolvedInOrder, summaryInOrder } from '../reporters/json.js';
import { gaps } from '../reporters/words.js';
import {
  type Connection,
  failureOf,
  type NewsToSend,
  orInterrupted,
  SendFailure,
  type Sending,
  sendingOf,
  watchedFetch,
  withRetries,
} from './send.js';
import { type Failure, failureNotice, type SlackMessage, slackMessage } from './slack/message.js';
import { type Block, bytesOf, type Element, type SlackPayload } from './slack/payload.js';

type WebhookNews = NewsToSend<WebhookSettings>;

/**
 * Reads `C1_AUDIT_WEBHOOK_URL`. Plain http only on loopback: what is sent are the tenant's weak spots.
 *
 * @returns undefined if it is not set
 * @throws AuditError `config` that never shows the value
 */
export function webhookUrl(env: Connection['env']): string | undefined {
  const text = env.C1_AUDIT_WEBHOOK_URL?.trim() || undefined;
  if (text === undefined) return undefined;
  // fetch refuses a login in a URL, and shows both.
  if (isSafe(text) && new URL(text).username + new URL(text).password === '') return text;
  throw new AuditError(
    'config',
    'C1_AUDIT_WEBHOOK_URL is not the URL of a webhook.',
    'It must start with https:// and have no user or password in it.',
  );
}

/**
 * Sends what an audit found, if there is anything to report.
 *
 * @returns what was reported
 * @throws AuditError `delivery` if it could not be sent. It does not name the URL.
 */
export async function deliverToWebhook(delivery: WebhookNews & Connection): Promise<Told> {
  const message = messageOf(delivery);
  if (!message) return NOTHING_TOLD;
  await post(bodyOf(message, delivery), delivery);
  return message.told;
}

/** What {@link deliverToWebhook} would send; null for nothing. */
export function webhookDryRun(news: WebhookNews): unknown {
  const message = messageOf(news);
  return message ? bodyOf(message, news) : null;
}

/**
 * Reports that there was no audit. The configuration may be what is wrong, so the format is not known: the JSON has
 * Teams' card in it.
 *
 * @throws AuditError `delivery`
 */
export async function deliverFailureToWebhook(failure: Failure, connection: Connection): Promise<void> {
  const { title, payload } = failureNotice(failure);
  const { message, hint, tenant, runUrl } = failure;
  const about = { message, hint, tenant: tenant ?? null, runUrl: runUrl ?? null };
  const json = { version: VERSION, event: 'failure', text: title, ...about };
  await post({ ...json, ...teamsMessage(payload) }, connection);
}

function messageOf({ report, news, settings, owners = new Map(), runUrl }: WebhookNews) {
  return slackMessage({
    report,
    news,
    settings: { ...settings, heartbeat: undefined },
    people: { asOf: report.run.asOf, owners, mentions: new Map() },
    runUrl,
  });
}

function bodyOf(message: SlackMessage, news: WebhookNews): object {
  return news.settings.format === 'teams' ? teamsMessage(message.payload) : jsonMessage(message, news);
}

/** Of the JSON message; docs/webhook.md describes it. */
const VERSION = 1;
/** Of the JSON message's findings: many receivers take 256 kB. */
const MOST_BYTES = 200_000;

function jsonMessage({ title, items, resolved }: SlackMessage, { report, runUrl }: WebhookNews) {
  const { tool, run, coverage, summary } = report;
  const findings: object[] = [];
  let left = MOST_BYTES;
  for (const { finding, reasons } of items) {
    const written = { reasons, ...findingInOrder(finding) };
    left -= bytesOf(written);
    if (left < 0) break;
    findings.push(written);
  }
  const wasSent = new Set(resolved.map(({ fingerprint }) => fingerprint));
  return {
    version: VERSION,
    event: 'audit',
    text: title,
    tool,
    run,
    complete: coverage.complete,
    gaps: gaps(report),
    summary: summaryInOrder(summary),
    findings,
    omitted: items.length - findings.length,
    resolved: report.resolved.filter(({ fingerprint }) => wasSent.has(fingerprint)).map(resolvedInOrder),
    runUrl: runUrl ?? null,
  };
}

/**
 * Slack's blocks as an Adaptive Card, for the trigger "When a Teams webhook request is received". All text is in text runs,
 * which know no markup: names are shown as they are. Teams takes 28 kB, which is more than Slack does.
 */
function teamsMessage({ blocks = [] }: SlackPayload) {
  const actions = blocks
    .flatMap(linksIn)
    .map(({ text, url }) => ({ type: 'Action.OpenUrl', title: text, url }));
  const content = {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.4',
    msteams: { width: 'Full' },
    body: blocks.filter((block) => linksIn(block).length === 0).flatMap(cardLines),
    ...(actions.length > 0 ? { actions } : {}),
  };
  const attachment = { contentType: 'application/vnd.microsoft.card.adaptive', contentUrl: null, content };
  return { type: 'message', attachments: [attachment] };
}

/** A block with links has nothing else: they become buttons. */
function linksIn(block: Block) {
  return block.type === 'rich_text'
    ? block.elements[0].elements.filter((element) => element.type === 'link')
    : [];
}

/** One element a line: not every client shows a line break inside a run. */
function cardLines(block: Block): object[] {
  if (block.type === 'header')
    return [richTextBlock([{ ...textRun(block.text.text), size: 'Large', weight: 'Bolder' }], true)];
  if (block.type === 'context')
    return block.elements.map(({ text }) => richTextBlock([{ ...textRun(text), isSubtle: true }], true));
  const lines: object[][] = [[]];
  for (const element of block.elements[0].elements)
    for (const [index, text] of textOf(element).split('\n').entries()) {
      if (index > 0) lines.push([]);
      if (text !== '')
        lines.at(-1)?.push({ ...textRun(text), ...(isBold(element) ? { weight: 'Bolder' } : {}) });
    }
  return lines
    .filter((inlines) => inlines.length > 0)
    .map((inlines, index) => richTextBlock(inlines, index === 0));
}

function richTextBlock(inlines: readonly object[], isFirst: boolean): object {
  return { type: 'RichTextBlock', ...(isFirst ? {} : { spacing: 'None' }), inlines };
}

/** Without the functions that cards know: `{{DATE(…)}}`. */
function textRun(text: string) {
  return { type: 'TextRun', text: text.replace(/\{(?=\{)/g, '{ ') };
}

/** Of an element without a mention: nobody is mentioned in Teams. */
function textOf(element: Element): string {
  return element.type === 'text' ? element.text : '';
}

function isBold(element: Element): boolean {
  return element.type === 'text' && element.style !== undefined;
}

async function post(message: object, connection: Connection): Promise<void> {
  const sending = sendingOf('the webhook', connection);
  try {
    const url = webhookUrl(connection.env);
    if (url !== undefined) await orInterrupted(sending, () => send(url, JSON.stringify(message), sending));
  } catch (error) {
    if (error instanceof SendFailure)
      throw new AuditError(
        'delivery',
        `Cannot send the message to the webhook (${error.message}).`,
        hintFor(error),
      );
    if (error instanceof AuditError) throw new AuditError('delivery', error.message, error.hint);
    throw error;
  }
}

/** @throws SendFailure; or the signal's reason. */
async function send(url: string, body: string, sending: Sending): Promise<void> {
  const headers = {
    'content-type': 'application/json; charset=utf-8',
    // The same for every try: a receiver that knows it takes the message once.
    'idempotency-key': randomUUID(),
  };
  const { fetch, answer } = watchedFetch(sending);
  await withRetries(async () => {
    const response = await fetch(url, { method: 'POST', headers, body }).catch(() => undefined);
    await response?.body?.cancel();
    if (!response?.ok) throw failureOf(answer(), undefined);
  }, sending);
}

function hintFor({ status = 0, mayPass }: SendFailure): string {
  if (status === 429) return 'It gets too many messages. Try again later.';
  if (mayPass)
    return 'It could not be reached or had an error. Run again later; the report itself is complete.';
  if (status >= 300 && status < 400)
    return 'It redirects, and findings are sent only to the address you set. Set C1_AUDIT_WEBHOOK_URL to where it redirects.';
  return 'Check C1_AUDIT_WEBHOOK_URL, and webhook.format in the configuration.';
}
