import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { API_PREFIX, findRoute, type Route, type Target } from './endpoints.js';
import { apiError, Code, codeOf, oauthError, Refusal, type Reply } from './errors.js';
import { type Effect, type Fault, type Faults, meantBy, PageFaults, type PageTwist } from './faults.js';
import { answerTokenRequest, authorize, TOKEN_PATH } from './login.js';
import type { State } from './state.js';

/** The web application's shell: what every path outside the API answers. */
function webPage(status = 200): Reply {
  return {
    status,
    headers: { 'content-type': 'text/html; charset=utf-8' },
    text: '<!doctype html><html lang="en"><head><title>ConductorOne</title></head><body><div id="root"></div></body></html>\n',
  };
}

/** Bytes. */
const MAX_BODY = 1024 * 1024;
const MAX_HEADERS = 16 * 1024;

/** The body as text. @throws Refusal 413 above MAX_BODY, without reading the rest. */
async function readText(request: IncomingMessage): Promise<string> {
  const tooLarge = () =>
    apiError(Code.invalidArgument, 'request body too large', {
      status: 413,
      headers: { connection: 'close' },
    });
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  // Leaving the loop must not take the connection down: the refusal has to travel over it.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** True where the request's content type is `type`, whatever its parameters. */
function hasContentType(request: IncomingMessage, type: string): boolean {
  const [essence = ''] = (request.headers['content-type'] ?? '').split(';');
  return essence.trim().toLowerCase() === type;
}

/** The JSON object in `text`; an empty body is an empty object. @throws Refusal 400 */
function parseObject(text: string): Record<string, unknown> {
  if (text === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Record<string, unknown>;
    }
  } catch {
    // Said below, like any other body that is no object.
  }
  throw apiError(Code.invalidArgument, 'proto: syntax error (line 1:1): unexpected token');
}

/** A request as it came in, without its secrets: no header is kept, and no token, assertion or proof. */
export interface RecordedRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly target: Target;
  /** The JSON body of an API call; grant type and client id of a token request. */
  readonly body?: unknown;
  /** The scheme of its `Authorization`, in lower case; "" without one. */
  readonly scheme: string;
  /** Milliseconds since the epoch, by the tenant's clock. */
  readonly at: number;
  /** API calls under way when this one came in, itself included. */
  readonly inFlight: number;
  /** The status it was answered with, once it was. */
  status?: number;
}

/** The effects that bend how an answer travels. The first of them decides. */
const TRAVEL = ['reset', 'hang', 'drip', 'truncate'] as const;

type Travel = Extract<Effect, { kind: (typeof TRAVEL)[number] }>;

function isTravel(effect: Effect): effect is Travel {
  return (TRAVEL as readonly string[]).includes(effect.kind);
}

/** Writes the reply, as far as `travel` lets it. Never throws: a client that has gone needs no answer. */
async function write(response: ServerResponse, reply: Reply, travel?: Travel): Promise<void> {
  const body = Buffer.from(reply.json === undefined ? (reply.text ?? '') : JSON.stringify(reply.json));
  const half = body.subarray(0, Math.floor(body.length / 2));
  const sent = travel?.kind === 'truncate' ? half : body;
  const type = reply.json === undefined ? 'text/plain; charset=utf-8' : 'application/json';
  response.writeHead(reply.status, {
    'content-type': type,
    ...reply.headers,
    'content-length': String(sent.length),
  });
  switch (travel?.kind) {
    case 'reset':
      await writeSome(response, half);
      // Gives the half a moment to arrive: a reset takes back what the client has not read yet.
      await sleep(10, undefined, { ref: false });
      response.socket?.resetAndDestroy();
      return;
    case 'hang':
      await writeSome(response, half);
      return;
    case 'drip':
      for (let at = 0; at < sent.length && !response.destroyed; at += travel.bytes ?? 1) {
        response.write(sent.subarray(at, at + (travel.bytes ?? 1)));
        await sleep(travel.everyMs, undefined, { ref: false });
      }
      response.end();
      return;
    default:
      response.end(sent);
  }
}

async function writeSome(response: ServerResponse, chunk: Buffer): Promise<void> {
  await new Promise<void>((done) => {
    response.write(chunk, () => done());
  });
}

export interface Listening {
  readonly port: number;
  close(): Promise<void>;
}

/** Listens on 127.0.0.1; `handler` must not throw. */
export async function listen(
  handler: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
  port = 0,
): Promise<Listening> {
  const server: Server = createServer({ maxHeaderSize: MAX_HEADERS, keepAliveTimeout: 30_000 });
  server.on('request', (request, response) => void handler(request, response));
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = once(server, 'close');
      server.close();
      // Hanging answers and kept-alive connections would hold the server open for ever.
      server.closeAllConnections();
      await closed;
    },
  };
}

interface Incoming {
  readonly request: IncomingMessage;
  readonly url: URL;
  readonly target: Target;
  readonly route: ReturnType<typeof findRoute> | undefined;
  readonly text: string;
}

/** Answers requests with what `state` holds, bent by `faults`, and keeps a record of them. */
export class Handler {
  readonly #state: State;
  readonly #faults: Faults;
  readonly #pageFaults = new PageFaults();
  readonly #requests: RecordedRequest[];
  #inFlight = 0;

  constructor(state: State, faults: Faults, requests: RecordedRequest[]) {
    this.#state = state;
    this.#faults = faults;
    this.#requests = requests;
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const traceId = randomBytes(16).toString('hex');
    response.sendDate = false;
    response.setHeader('date', new Date(this.#state.now()).toUTCString());
    response.setHeader('c1-trace-id', traceId);
    this.#inFlight += 1;
    response.once('close', () => {
      this.#inFlight -= 1;
    });
    try {
      await this.#respond(request, response, traceId);
    } catch (cause) {
      // A broken test hook, or a client that left in mid-request: the tenant goes on.
      if (!response.headersSent && !response.destroyed) {
        const refusal = cause instanceof Refusal ? cause : apiError(Code.internal, `internal: ${cause}`);
        await write(response, withTraceId(refusal.reply, traceId));
      }
    }
  }

  async #respond(request: IncomingMessage, response: ServerResponse, traceId: string): Promise<void> {
    const url = new URL(request.url ?? '/', `http://${this.#state.host}`);
    const route = routeOf(request, url);
    const target = targetOf(url, route);
    const text = await readText(request);
    const incoming: Incoming = { request, url, target, route, text };
    const body = recordableBody(incoming);
    const record = this.#record(incoming, body);
    const faults = this.#faults.strike({
      target,
      method: record.method,
      path: url.pathname,
      query: url.searchParams,
      body,
    });
    const effects = faults.map((fault) => fault.effect);

    for (const effect of effects) {
      if (effect.kind === 'latency') await sleep(effect.ms, undefined, { ref: false });
      if (effect.kind === 'date')
        response.setHeader('date', new Date(this.#state.now() + effect.ms).toUTCString());
      if (effect.kind === 'revoke-tokens') this.#state.sessions.revokeAll();
    }
    const travel = effects.find(isTravel);
    if (travel?.kind === 'hang' && travel.at === 'before') return;
    if (travel?.kind === 'reset' && travel.at === 'before') {
      request.socket.resetAndDestroy();
      return;
    }
    const reply = withTraceId(await this.#replyTo(incoming, body, faults), traceId);
    record.status = reply.status;
    await write(response, reply, travel);
  }

  #record({ request, url, target }: Incoming, body: unknown): RecordedRequest {
    const [scheme = ''] = (request.headers.authorization ?? '').split(' ');
    const record: RecordedRequest = {
      method: request.method ?? 'GET',
      path: url.pathname + url.search,
      target,
      ...(body === undefined ? {} : { body }),
      scheme: scheme.toLowerCase(),
      at: this.#state.now(),
      inFlight: this.#inFlight,
    };
    this.#requests.push(record);
    return record;
  }

  async #replyTo(incoming: Incoming, body: unknown, faults: readonly Fault[]): Promise<Reply> {
    for (const { effect } of faults) {
      const instead = this.#insteadOf(incoming, effect);
      if (instead) return instead;
    }
    const asked = askedToken(incoming, body);
    const meant = meantBy(asked);
    const twists = faults.map((fault) => this.#pageFaults.twist(fault, incoming.url.pathname, asked));
    let reply: Reply;
    try {
      reply = await this.#answer(incoming, {
        ...(meant === asked ? {} : { token: meant }),
        ...Object.assign({}, ...twists.map((twist) => twist.force)),
      });
    } catch (cause) {
      if (!(cause instanceof Refusal)) throw cause;
      reply = cause.reply;
    }
    return reply.status === 200 ? bend(reply, faults, twists) : reply;
  }

  /** The answer of a fault that leaves the endpoint no say. */
  #insteadOf({ url, target }: Incoming, effect: Effect): Reply | undefined {
    switch (effect.kind) {
      case 'status':
        return statusReply(effect, target, this.#state.now());
      case 'html':
        return webPage(effect.status);
      case 'redirect': {
        const { to, status = 302 } = effect;
        const location =
          to === 'elsewhere'
            ? `https://elsewhere.invalid${url.pathname}`
            : to === 'collection'
              ? url.pathname.replace(/\/[^/]*$/, '')
              : to.href;
        return { status, headers: { location } };
      }
      default:
        return undefined;
    }
  }

  async #answer(incoming: Incoming, force: PageTwist['force']): Promise<Reply> {
    const { request, url, target, route, text } = incoming;
    if (target === 'token') return this.#answerToken(request, text);
    if (route === undefined) return webPage();
    const clean = url.pathname.replace(/\/{2,}/g, '/').replace(/\/$/, '');
    if (clean !== url.pathname) return { status: 301, headers: { location: clean + url.search } };

    const caller = await authorize(this.#state, {
      authorization: request.headers.authorization,
      proof: header(request, 'dpop'),
      method: request.method ?? 'GET',
      path: url.pathname,
    });
    if ('allow' in route) throw notServed(route.allow);
    const body = route.endpoint.method === 'POST' ? jsonBody(request, text) : {};
    const json = await route.endpoint.answer({
      state: this.#state,
      caller,
      params: route.params,
      query: url.searchParams,
      body,
      force,
    });
    const wantsNonce = this.#state.nonces.required && header(request, 'dpop') !== undefined;
    return { status: 200, headers: wantsNonce ? { 'dpop-nonce': this.#state.nonces.next() } : {}, json };
  }

  async #answerToken(request: IncomingMessage, text: string): Promise<Reply> {
    if (request.method !== 'POST') {
      throw oauthError(405, 'invalid_request', 'POST only', { allow: 'POST' });
    }
    if (!hasContentType(request, 'application/x-www-form-urlencoded')) {
      throw oauthError(400, 'invalid_request', 'the body must be a form');
    }
    return answerTokenRequest(this.#state, {
      form: new URLSearchParams(text),
      proof: header(request, 'dpop'),
    });
  }
}

function routeOf(request: IncomingMessage, url: URL): Incoming['route'] {
  if (url.pathname !== API_PREFIX && !url.pathname.startsWith(`${API_PREFIX}/`)) return undefined;
  return findRoute(request.method ?? 'GET', url.pathname.slice(API_PREFIX.length));
}

function targetOf(url: URL, route: Incoming['route']): Target {
  if (url.pathname === TOKEN_PATH) return 'token';
  return route && 'name' in route ? (route satisfies Route).name : 'other';
}

function notServed(allow: readonly string[]): Refusal {
  return allow.length === 0
    ? apiError(Code.notFound, 'not found')
    : apiError(Code.unimplemented, 'method not allowed', {
        status: 405,
        headers: { allow: allow.join(', ') },
      });
}

function jsonBody(request: IncomingMessage, text: string): Record<string, unknown> {
  if (text !== '' && !hasContentType(request, 'application/json')) {
    throw apiError(Code.invalidArgument, 'unsupported content type', { status: 415 });
  }
  return parseObject(text);
}

/** What may be kept of a body. */
function recordableBody({ target, text }: Incoming): unknown {
  if (text === '') return undefined;
  if (target === 'token') {
    const form = new URLSearchParams(text);
    return { grant_type: form.get('grant_type'), client_id: form.get('client_id') };
  }
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function askedToken({ url }: Incoming, body: unknown): string {
  const { pageToken, page_token } = (body ?? {}) as { pageToken?: unknown; page_token?: unknown };
  const inBody = pageToken ?? page_token;
  return typeof inBody === 'string' ? inBody : (url.searchParams.get('page_token') ?? '');
}

function statusReply(effect: Extract<Effect, { kind: 'status' }>, target: Target, now: number): Reply {
  const { status, retryAfter, body } = effect;
  const headers: Record<string, string> = { ...effect.headers };
  if (retryAfter) {
    headers['retry-after'] =
      retryAfter.as === 'date'
        ? new Date(now + retryAfter.seconds * 1000).toUTCString()
        : String(retryAfter.seconds);
  }
  if (body !== undefined) return { status, headers, text: body };
  const { reply } =
    target === 'token'
      ? oauthError(status, status < 500 ? 'invalid_client' : 'server_error', `status ${status}`)
      : apiError(codeOf(status), `status ${status}`, { status });
  return { ...reply, headers: { ...reply.headers, ...headers } };
}

function bend(reply: Reply, faults: readonly Fault[], twists: readonly PageTwist[]): Reply {
  // Records belong to the data: what a fault bends is a copy, cut once for all faults.
  let json = faults.length === 0 ? reply.json : structuredClone(reply.json);
  for (const twist of twists) json = twist.reshape(json);
  let bent: Reply = { ...reply, json };
  for (const { effect } of faults) {
    if (effect.kind === 'edit') bent = { ...bent, json: effect.edit(bent.json) };
    if (effect.kind === 'content-type') {
      bent = { ...bent, headers: { ...bent.headers, 'content-type': effect.value } };
    }
    if (effect.kind === 'pad') {
      const text = ' '.repeat(effect.bytes) + JSON.stringify(bent.json);
      bent = { status: bent.status, headers: { 'content-type': 'application/json', ...bent.headers }, text };
    }
  }
  return bent;
}

function withTraceId(reply: Reply, traceId: string): Reply {
  const error = reply.json as { code?: unknown; message?: unknown } | undefined;
  if (reply.status < 400 || typeof error?.code !== 'number') return reply;
  return { ...reply, json: { ...error, message: `${error.message} (request-id: ${traceId})` } };
}

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}
