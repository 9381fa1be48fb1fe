import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A message as the endpoint took it. */
export interface Posted {
  /** `webhook`, or the channel of `chat.postMessage`. */
  readonly channel: string;
  /** Bytes of the JSON. */
  readonly bytes: number;
  readonly payload: Payload;
}

export interface Payload {
  readonly text?: string;
  readonly blocks?: readonly Json[];
  readonly [name: string]: unknown;
}

type Json = { readonly [name: string]: unknown };

/** The next answer, whatever is asked. `hang`: no answer at all. */
export interface Fault {
  readonly status?: number;
  readonly body?: string;
  readonly retryAfter?: string;
  readonly hang?: boolean;
  /** Where a redirect leads. */
  readonly location?: string;
  /** Cuts the connection. */
  readonly reset?: boolean;
}

export interface SlackServer {
  readonly webhookUrl: string;
  readonly apiUrl: string;
  /** Messages that were taken. */
  readonly posted: Posted[];
  /** Every request, as `webhook` or the method's name, refused ones too. */
  readonly requests: string[];
  /** Faults for the next requests, one each. */
  readonly faults: Fault[];
  /** Emails and their user ids. */
  readonly users: Map<string, string>;
  close(): Promise<void>;
}

export const SECRET_PATH = '/services/T0SECRET0/B0SECRET0/sEcReTsEcReTsEcReT';
export const BOT_TOKEN = 'xoxb-sEcReT-bot-token-1234567890';

/**
 * Slack on loopback: an incoming webhook and the few methods of the Web API, with Slack's limits enforced and every
 * message recorded.
 *
 * @param now its clock, in milliseconds, for the limit of one message a second and channel.
 */
export async function startSlack({ now = Date.now }: { now?: () => number } = {}): Promise<SlackServer> {
  const posted: Posted[] = [];
  const requests: string[] = [];
  const faults: Fault[] = [];
  const users = new Map<string, string>();
  const lastPost = new Map<string, number>();

  const take = (channel: string, payload: Payload): { status: number; error?: string } => {
    const last = lastPost.get(channel);
    if (last !== undefined && now() - last < 1000) return { status: 429, error: 'rate_limited' };
    const problem = problemsOf(payload)[0];
    if (problem) return { status: 400, error: problem };
    lastPost.set(channel, now());
    posted.push({ channel, bytes: Buffer.byteLength(JSON.stringify(payload)), payload });
    return { status: 200 };
  };

  const answerWebhook = (body: string, response: ServerResponse) => {
    let payload: Payload;
    try {
      payload = JSON.parse(body) as Payload;
    } catch {
      response.writeHead(400).end('invalid_payload');
      return;
    }
    const { status, error } = take('webhook', payload);
    response.writeHead(status, status === 429 ? { 'retry-after': '1' } : {}).end(error ?? 'ok');
  };

  const lookUp = (email: string | null): Json => {
    const id = users.get(email ?? '');
    return id === undefined ? { ok: false, error: 'users_not_found' } : { ok: true, user: { id } };
  };

  const postMessage = (form: URLSearchParams) => {
    const { channel = '', blocks, ...rest } = Object.fromEntries(form);
    return take(channel, { ...rest, ...(blocks === undefined ? {} : { blocks: JSON.parse(blocks) }) });
  };

  const answerMethod = (method: string, request: IncomingMessage, body: string, response: ServerResponse) => {
    const reply = (value: Json) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    if (request.headers.authorization !== `Bearer ${BOT_TOKEN}`)
      return reply({ ok: false, error: 'invalid_auth' });
    const form = new URLSearchParams(body);
    if (method === 'users.lookupByEmail') return reply(lookUp(form.get('email')));
    if (method === 'conversations.open') return reply({ ok: true, channel: { id: `D${form.get('users')}` } });
    if (method !== 'chat.postMessage') return reply({ ok: false, error: 'unknown_method' });
    const { status, error } = postMessage(form);
    if (status === 429) return response.writeHead(429, { 'retry-after': '1' }).end();
    return reply(error === undefined ? { ok: true } : { ok: false, error });
  };

  const server = createServer(async (request, response) => {
    const path = request.url ?? '';
    const method = path.startsWith('/api/') ? path.slice('/api/'.length) : 'webhook';
    let body = '';
    for await (const chunk of request) body += chunk;
    requests.push(method);
    const fault = faults.shift();
    if (fault) fail(fault, request, response);
    else if (method !== 'webhook') answerMethod(method, request, body, response);
    else if (path === SECRET_PATH) answerWebhook(body, response);
    else response.writeHead(404).end('no_service');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    webhookUrl: `${origin}${SECRET_PATH}`,
    apiUrl: `${origin}/api/`,
    posted,
    requests,
    faults,
    users,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

export function fail(
  { hang, reset, status = 500, retryAfter, location, body = '' }: Fault,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  if (hang) return;
  if (reset) request.socket.destroy();
  else
    response
      .writeHead(status, {
        ...(retryAfter === undefined ? {} : { 'retry-after': retryAfter }),
        ...(location === undefined ? {} : { location }),
      })
      .end(body);
}

/** Slack's limits that a message breaks, as Slack's error words. */
export function problemsOf(payload: Payload): string[] {
  const problems: string[] = [];
  const need = (holds: boolean, word: string) => {
    if (!holds) problems.push(word);
  };
  need(typeof payload.text === 'string' && payload.text.length > 0, 'no_text');
  need((payload.text?.length ?? 0) <= 4000, 'msg_too_long');
  // Not Slack's own limit: messages were seen to vanish from about 13 kB on.
  need(Buffer.byteLength(JSON.stringify(payload)) <= 12_000, 'invalid_payload');
  need(!('link_names' in payload), 'invalid_payload');
  need(
    String(payload.unfurl_links) === 'false' && String(payload.unfurl_media) === 'false',
    'invalid_payload',
  );
  if (payload.blocks !== undefined) {
    need(payload.blocks.length > 0 && payload.blocks.length <= 50, 'invalid_blocks');
    for (const block of payload.blocks) need(isBlock(block), 'invalid_blocks');
  }
  return problems;
}

function isBlock(block: Json): boolean {
  switch (block.type) {
    case 'header':
      return isText(block.text, 150, ['plain_text']);
    case 'section':
      return (
        (block.text === undefined || isText(block.text, 3000)) &&
        isListOf(block.fields ?? [], 10, (field) => isText(field, 2000)) &&
        (block.text !== undefined || block.fields !== undefined)
      );
    case 'context':
      return isListOf(block.elements, 10, (element) => isText(element, 3000));
    case 'divider':
      return true;
    case 'rich_text':
      return isListOf(block.elements, 50, isRichTextPart);
    default:
      // `table` and `markdown` cost a webhook the whole message.
      return false;
  }
}

function isRichTextPart(part: unknown): boolean {
  const { type, elements } = part as Json;
  return (
    type === 'rich_text_section' &&
    isListOf(elements, 1000, isRichTextElement) &&
    (elements as Json[]).length > 0
  );
}

function isRichTextElement(element: unknown): boolean {
  const { type, text, user_id, usergroup_id, url } = element as Json;
  switch (type) {
    case 'text':
      return isString(text, 3000);
    case 'user':
      return typeof user_id === 'string' && /^[UW][A-Z0-9]+$/.test(user_id);
    case 'usergroup':
      return typeof usergroup_id === 'string' && /^S[A-Z0-9]+$/.test(usergroup_id);
    case 'link':
      return isString(url, 3000) && URL.canParse(url as string) && isString(text, 3000);
    default:
      return false;
  }
}

function isText(value: unknown, length: number, types = ['plain_text', 'mrkdwn']): boolean {
  const { type, text, verbatim } = (value ?? {}) as Json;
  // Without `verbatim` a name becomes a mention or a link.
  return types.includes(type as string) && isString(text, length) && (type !== 'mrkdwn' || verbatim === true);
}

function isString(value: unknown, length: number): boolean {
  return typeof value === 'string' && value.length > 0 && value.length <= length;
}

function isListOf(value: unknown, most: number, check: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.length <= most && value.every(check);
}

/** All that a reader sees of a message, block by block. */
export function textOf(payload: Payload): string {
  if (payload.blocks === undefined) return payload.text ?? '';
  return payload.blocks.map(readable).join('\n');
}

function readable(node: unknown): string {
  if (Array.isArray(node)) return node.map(readable).join('');
  if (typeof node !== 'object' || node === null) return '';
  const { type, text, user_id, usergroup_id, elements, url } = node as Json;
  if (type === 'user') return `<@${user_id}>`;
  if (type === 'usergroup') return `<!subteam^${usergroup_id}>`;
  if (type === 'link') return `${text} <${url}>`;
  if (typeof text === 'string') return text;
  return readable(text) + readable(elements);
}
