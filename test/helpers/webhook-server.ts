import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Fault, fail } from './slack-server.js';

export interface WebhookServer {
  readonly url: string;
  /** Bodies that were taken, as JSON. */
  readonly taken: Json[];
  readonly requests: { readonly path: string; readonly headers: IncomingHttpHeaders }[];
  /** Faults for the next requests, one each. */
  readonly faults: Fault[];
  close(): Promise<void>;
}

type Json = { readonly [name: string]: unknown };

export const WEBHOOK_SECRET = 'sEcReT-sig-0123456789abcdef';

/**
 * A receiver on loopback. By default it answers as a Microsoft Teams workflow does: 202 and nothing else, whatever the
 * workflow makes of it later.
 */
export async function startWebhook(): Promise<WebhookServer> {
  const taken: Json[] = [];
  const requests: WebhookServer['requests'] = [];
  const faults: WebhookServer['faults'] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    requests.push({ path: request.url ?? '', headers: request.headers });
    const fault = faults.shift();
    if (fault) return fail(fault, request, response);
    taken.push(JSON.parse(body) as Json);
    response.writeHead(202).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/workflows/1/triggers/manual/paths/invoke?api-version=1&sig=${WEBHOOK_SECRET}`,
    taken,
    requests,
    faults,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** What is wrong with a message for a Teams workflow, from the documentation of cards in Teams. */
export function teamsProblems(message: unknown): string[] {
  const problems: string[] = [];
  const need = (holds: unknown, problem: string) => {
    if (!holds) problems.push(problem);
  };
  need(Buffer.byteLength(JSON.stringify(message)) <= 28_000, 'larger than 28 kB');
  const { type, attachments } = message as { type?: unknown; attachments?: Json[] };
  need(type === 'message', 'not a message');
  need(attachments?.length === 1, 'not one attachment');
  const { contentType, contentUrl, content } = attachments?.[0] ?? {};
  need(contentType === 'application/vnd.microsoft.card.adaptive', 'not an Adaptive Card');
  need(contentUrl === null, 'has a contentUrl');
  const { type: card, version, body, actions = [] } = content as Json;
  need(card === 'AdaptiveCard' && ['1.4', '1.5'].includes(version as string), 'not version 1.4 or 1.5');
  need(Array.isArray(body) && body.length > 0, 'no body');
  for (const element of body as Json[]) {
    // The one element whose text is never read as Markdown.
    need(element.type === 'RichTextBlock', `element ${element.type}`);
    const inlines = element.inlines as Json[];
    need(inlines.length > 0, 'no inlines');
    for (const { type: run, text } of inlines) {
      need(run === 'TextRun' && typeof text === 'string' && text !== '', 'not a text run');
      need(!/\n|\{\{/.test(String(text)), 'line break or function in a text run');
    }
  }
  need((actions as Json[]).length <= 6, 'more than six actions');
  for (const { type: action, url, title } of actions as Json[])
    need(action === 'Action.OpenUrl' && /^https?:/.test(String(url)) && title, 'not a link');
  return problems;
}

/** All that a reader sees of a card, a line an element. */
export function cardText(message: unknown): string {
  const { attachments } = message as {
    attachments: {
      content: { body: { inlines: { text: string }[] }[]; actions?: { title: string; url: string }[] };
    }[];
  };
  const { body, actions = [] } = attachments[0]?.content ?? { body: [] };
  return [
    ...body.map(({ inlines }) => inlines.map(({ text }) => text).join('')),
    ...actions.map(({ title, url }) => `[${title}] ${url}`),
  ].join('\n');
}
