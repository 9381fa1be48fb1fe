import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A message as the endpoint took it. */
export interface Posted {
  /** `webhook`, or the channel of `chat.postMessage`. */
  readonly channel: string;
  /** Where it is; null through a webhook, which does not say. */
  readonly ts: string | null;
  /** The message that it replies to. */
  readonly thread: string | null;
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
  /** Takes the request, and cuts the connection before the answer. */
  readonly lost?: boolean;
}

export interface SlackServer {
  readonly webhookUrl: string;
  readonly apiUrl: string;
  /** Messages that were taken. */
  readonly posted: Posted[];
  /** Every request, as `webhook` or the method's name, refused ones too. */
  readonly requests: string[];
  /** Faults for the next requests, one each; undefined: none. */
  readonly faults: (Fault | undefined)[];
  /** Emails and their user ids. */
  readonly users: Map<string, string>;
  /** What the bot may do. */
  readonly scopes: Set<string>;
  /** Emojis on messages. */
  readonly reactions: { readonly channel: string; readonly ts: string; readonly name: string }[];
  close(): Promise<void>;
}

export const SECRET_PATH = '/services/T0SECRET0/B0SECRET0/sEcReTsEcReTsEcReT';
const API = '/api/';
export const BOT_TOKEN = 'xoxb-sEcReT-bot-token-1234567890';

/** The one channel that the bot is in. */
export const CHANNEL = 'C0123456';

/** The scope that each method needs. */
const SCOPES: Readonly<Record<string, string>> = {
  'chat.postMessage': 'chat:write',
  'reactions.add': 'reactions:write',
  'users.lookupByEmail': 'users:read.email',
  'conversations.open': 'im:write',
};

/**
 * Slack on loopback: an incoming webhook and the few methods of the Web API, with Slack's limits enforced and every
 * message recorded.
 *
 * @param now its clock, in milliseconds, for the limit of one message a second and channel.
 */
export async function startSlack({ now = Date.now }: { now?: () => number } = {}): Promise<SlackServer> {
  const posted: Posted[] = [];
  const requests: string[] = [];
  const faults: SlackServer['faults'] = [];
  const users = new Map<string, string>();
  const lastPost = new Map<string, number>();
  const scopes = new Set(Object.values(SCOPES));
  const reactions: SlackServer['reactions'] = [];
  /** Messages by the id that the client gave them: the same one is taken once. */
  const known = new Map<string, Posted>();

  const take = (
    channel: string,
    payload: Payload,
    at: Pick<Posted, 'ts' | 'thread'>,
  ): { status: number; error?: string } => {
    const last = lastPost.get(channel);
    if (last !== undefined && now() - last < 1000) return { status: 429, error: 'rate_limited' };
    const problem = problemsOf(payload)[0];
    if (problem) return { status: 400, error: problem };
    lastPost.set(channel, now());
    posted.push({ channel, ...at, bytes: Buffer.byteLength(JSON.stringify(payload)), payload });
    return { status: 200 };
  };

  const answerWebhook = (body: string, response: Answer) => {
    let payload: Payload;
    try {
      payload = JSON.parse(body) as Payload;
    } catch {
      response.writeHead(400).end('invalid_payload');
      return;
    }
    const { status, error } = take('webhook', payload, { ts: null, thread: null });
    response.writeHead(status, status === 429 ? { 'retry-after': '1' } : {}).end(error ?? 'ok');
  };

  const lookUp = (email: string | null): Json => {
    const id = users.get(email ?? '');
    return id === undefined ? { ok: false, error: 'users_not_found' } : { ok: true, user: { id } };
  };

  const find = (channel: string | null, ts: string | null) =>
    posted.find((message) => message.channel === channel && message.ts === ts);

  const takeOnce = (id: string, channel: string, payload: Payload, thread: string | null) => {
    const ts = known.get(id)?.ts ?? `1700000000.${String(posted.length + 1).padStart(6, '0')}`;
    if (known.has(id)) return { ok: true, channel, ts };
    const { status, error } = take(channel, payload, { ts, thread });
    if (status === 429) return 'rate_limited';
    if (error !== undefined) return { ok: false, error };
    known.set(id, posted.at(-1) as Posted);
    return { ok: true, channel, ts, message: { ts, ...payload } };
  };

  const postMessage = (form: URLSearchParams): Json | 'rate_limited' => {
    const { channel = '', blocks, client_msg_id, thread_ts, ...rest } = Object.fromEntries(form);
    if (channel !== CHANNEL && !channel.startsWith('D')) return { ok: false, error: 'channel_not_found' };
    if (thread_ts !== undefined && !find(channel, thread_ts)) return { ok: false, error: 'thread_not_found' };
    const payload = { ...rest, ...(blocks === undefined ? {} : { blocks: JSON.parse(blocks) }) };
    return takeOnce(client_msg_id ?? String(requests.length), channel, payload, thread_ts ?? null);
  };

  const react = (form: URLSearchParams): Json => {
    const [channel, ts, name] = ['channel', 'timestamp', 'name'].map((key) => form.get(key) ?? '') as [
      string,
      string,
      string,
    ];
    if (channel !== CHANNEL) return { ok: false, error: 'channel_not_found' };
    if (!/^[a-z_]+$/.test(name)) return { ok: false, error: 'invalid_name' };
    if (!find(channel, ts)) return { ok: false, error: 'message_not_found' };
    if (reactions.some((known) => known.ts === ts && known.name === name))
      return { ok: false, error: 'already_reacted' };
    reactions.push({ channel, ts, name });
    return { ok: true };
  };

  const methods: Readonly<Record<string, (form: URLSearchParams) => Json | 'rate_limited'>> = {
    'chat.postMessage': postMessage,
    'reactions.add': react,
    'users.lookupByEmail': (form) => lookUp(form.get('email')),
    'conversations.open': (form) => ({ ok: true, channel: { id: `D${form.get('users')}` } }),
  };

  /** Errors are answers with status 200, except for the rate limit. */
  const answerMethod = (
    method: string,
    authorization: string | undefined,
    body: string,
  ): Json | 'rate_limited' => {
    const answer = methods[method];
    if (!answer) return { ok: false, error: 'unknown_method' };
    if (authorization !== `Bearer ${BOT_TOKEN}`) return { ok: false, error: 'invalid_auth' };
    const needed = SCOPES[method] ?? '';
    if (!scopes.has(needed))
      return { ok: false, error: 'missing_scope', needed, provided: [...scopes].join() };
    return answer(new URLSearchParams(body));
  };

  const respond = (path: string, { headers }: IncomingMessage, body: string, response: Answer) => {
    if (path === SECRET_PATH) return answerWebhook(body, response);
    if (!path.startsWith(API)) return response.writeHead(404).end('no_service');
    const answer = answerMethod(path.slice(API.length), headers.authorization, body);
    const type = { 'content-type': 'application/json' };
    if (answer === 'rate_limited')
      return response
        .writeHead(429, { ...type, 'retry-after': '1' })
        .end('{"ok":false,"error":"ratelimited"}');
    return response.writeHead(200, type).end(JSON.stringify(answer));
  };

  const server = createServer(async (request, response) => {
    const path = request.url ?? '';
    let body = '';
    for await (const chunk of request) body += chunk;
    requests.push(path.startsWith(API) ? path.slice(API.length) : 'webhook');
    const fault = faults.shift();
    if (!fault) return respond(path, request, body, response);
    if (fault.lost) respond(path, request, body, NOWHERE);
    return fail(fault, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    webhookUrl: `${origin}${SECRET_PATH}`,
    apiUrl: `${origin}${API}`,
    posted,
    requests,
    faults,
    users,
    scopes,
    reactions,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** The part of a response that answers are written to. */
interface Answer {
  writeHead(status: number, headers?: Readonly<Record<string, string>>): { end(body?: string): unknown };
}

/** For an answer that gets lost. */
const NOWHERE: Answer = { writeHead: () => ({ end: () => undefined }) };

export function fail(
  { hang, reset, lost, status = 500, retryAfter, location, body = '' }: Fault,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  if (hang) return;
  if (reset || lost) request.socket.destroy();
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
