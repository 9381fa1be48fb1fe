import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Paging, requireFeature, type State } from './call.js';
import { API_PREFIX, findRoute, type Target } from './endpoints.js';
import { answerTokenRequest, authorize, logCall, TOKEN_PATH } from './login.js';
import { apiError, Code, oauthError, parseObject, Refusal, type Reply } from './messages.js';

/** A request that has been read completely. */
export interface TenantRequest {
  readonly method: string;
  readonly url: URL;
  readonly target: Target;
  readonly headers: IncomingHttpHeaders;
  /** The caller's, as the connection has it. */
  readonly address: string;
  /** The body. */
  readonly text: string;
  /** The rules by which lists are paged for this request. */
  readonly paging: Paging;
}

/**
 * Wraps every answer: it may change the request, answer in place of the tenant, or change the reply. `undefined` means
 * that nothing is written.
 */
export type Middleware = (
  request: TenantRequest,
  answer: (request: TenantRequest) => Promise<Reply>,
  response: ServerResponse,
) => Promise<Reply | undefined>;

type RequestHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

export function requestHandler(state: State, middleware?: Middleware): RequestHandler {
  const answer = (request: TenantRequest) => answerRequest(state, request).catch(replyOf);
  return async (incoming, response) => {
    response.sendDate = false;
    response.setHeader('date', new Date(state.now()).toUTCString());
    response.setHeader('c1-trace-id', randomBytes(16).toString('hex'));
    try {
      const request = await readRequest(state, incoming);
      const reply = middleware ? await middleware(request, answer, response) : await answer(request);
      if (reply) await write(response, reply);
    } catch (cause) {
      // The client left in the middle of its request, or the middleware failed: the tenant goes on.
      if (!response.headersSent && !response.destroyed) await write(response, replyOf(cause));
    }
  };
}

export interface Listening {
  readonly port: number;
  close(): Promise<void>;
}

/** Bytes. */
const MAX_HEADERS = 16 * 1024;
const MAX_BODY = 1024 * 1024;

/** Listens on 127.0.0.1; `handler` must not throw. */
export async function listen(handler: RequestHandler, port = 0): Promise<Listening> {
  const server = createServer({ maxHeaderSize: MAX_HEADERS, keepAliveTimeout: 30_000 });
  server.on('request', (request, response) => void handler(request, response));
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = once(server, 'close');
      server.close();
      // Hanging answers and kept-alive connections would keep the server open.
      server.closeAllConnections();
      await closed;
    },
  };
}

/** The web application's page, which answers every path outside the API. */
export function webPage(status = 200): Reply {
  return {
    status,
    headers: { 'content-type': 'text/html; charset=utf-8' },
    text: '<!doctype html><html lang="en"><head><title>ConductorOne</title></head><body><div id="root"></div></body></html>\n',
  };
}

async function readRequest(state: State, incoming: IncomingMessage): Promise<TenantRequest> {
  const { method = 'GET', headers } = incoming;
  const url = new URL(incoming.url ?? '/', `http://${state.host}`);
  const route = routeOf(method, url);
  const target = url.pathname === TOKEN_PATH ? 'token' : route && 'name' in route ? route.name : 'other';
  const address = incoming.socket.remoteAddress ?? '';
  return { method, url, target, headers, address, text: await readText(incoming), paging: state.paging };
}

/** @throws Refusal 413 for more than MAX_BODY, without reading the rest. */
async function readText(request: IncomingMessage): Promise<string> {
  const over = { status: 413, headers: { connection: 'close' } };
  const tooLarge = () => apiError(Code.invalidArgument, 'request body too large', over);
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  // Leaving the loop must not close the connection: the refusal is sent over it.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** The endpoint of a path below the API's prefix; undefined for all other paths. */
function routeOf(method: string, { pathname }: URL): ReturnType<typeof findRoute> | undefined {
  if (pathname !== API_PREFIX && !pathname.startsWith(`${API_PREFIX}/`)) return undefined;
  return findRoute(method, pathname.slice(API_PREFIX.length));
}

async function answerRequest(state: State, request: TenantRequest): Promise<Reply> {
  const { method, url, target, headers, address, text, paging } = request;
  if (target === 'token') return answerToken(state, request);
  const route = routeOf(method, url);
  if (route === undefined) return webPage();
  const clean = url.pathname.replace(/\/{2,}/g, '/').replace(/\/$/, '');
  if (clean !== url.pathname) return { status: 301, headers: { location: clean + url.search } };

  const proof = single(headers.dpop);
  const { authorization } = headers;
  const caller = authorize(state, { authorization, proof, method, path: url.pathname });
  if ('allow' in route) throw notServed(route.allow);
  const { name, endpoint, params } = route;
  const body = endpoint.method === 'POST' ? jsonBody(headers, text) : {};
  const logged = (status: number) =>
    logCall(state, caller, address, { method, path: url.pathname, isSearch: isSearch(url), status });
  let json: unknown;
  try {
    if (endpoint.feature) requireFeature(state, endpoint.feature);
    json = await endpoint.answer({ state, caller, name, params, query: url.searchParams, body, paging });
  } catch (error) {
    logged(error instanceof Refusal ? error.reply.status : 500);
    throw error;
  }
  logged(200);
  const wantsNonce = state.nonces.required && proof !== undefined;
  return { status: 200, headers: wantsNonce ? { 'dpop-nonce': state.nonces.next() } : {}, json };
}

/** A search is a read, although it is a POST. */
function isSearch({ pathname }: URL): boolean {
  return /\/(search|systemlog)\b/.test(pathname);
}

function answerToken(state: State, { method, headers, address, text }: TenantRequest): Promise<Reply> {
  if (method !== 'POST') throw oauthError(405, 'invalid_request', 'POST only', { allow: 'POST' });
  if (!hasContentType(headers, 'application/x-www-form-urlencoded')) {
    throw oauthError(400, 'invalid_request', 'the body must be a form');
  }
  return answerTokenRequest(state, { form: new URLSearchParams(text), proof: single(headers.dpop), address });
}

function notServed(allow: readonly string[]): Refusal {
  if (allow.length === 0) return apiError(Code.notFound, 'not found');
  const headers = { allow: allow.join(', ') };
  return apiError(Code.unimplemented, 'method not allowed', { status: 405, headers });
}

/** An empty body is an empty object. */
function jsonBody(headers: IncomingHttpHeaders, text: string): Record<string, unknown> {
  if (text === '') return {};
  if (!hasContentType(headers, 'application/json')) {
    throw apiError(Code.invalidArgument, 'unsupported content type', { status: 415 });
  }
  const body = parseObject(text);
  if (!body) throw apiError(Code.invalidArgument, 'proto: syntax error (line 1:1): unexpected token');
  return body;
}

/** True where the request's content type is `type`, whatever its parameters. */
function hasContentType(headers: IncomingHttpHeaders, type: string): boolean {
  const [essence = ''] = (headers['content-type'] ?? '').split(';');
  return essence.trim().toLowerCase() === type;
}

function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(', ') : header;
}

function replyOf(cause: unknown): Reply {
  return (cause instanceof Refusal ? cause : apiError(Code.internal, `internal: ${cause}`)).reply;
}

async function write(response: ServerResponse, reply: Reply): Promise<void> {
  const { status, headers, text = '', send } = reply;
  const json = withTraceId(reply, response.getHeader('c1-trace-id'));
  const body = Buffer.from(json === undefined ? text : JSON.stringify(json));
  response.writeHead(status, {
    'content-type': json === undefined ? 'text/plain; charset=utf-8' : 'application/json',
    ...headers,
    'content-length': String(body.length),
  });
  if (send) await send(response, body);
  else response.end(body);
}

/** The messages of API errors end in the request id. */
function withTraceId({ status, json }: Reply, traceId: unknown): unknown {
  const error = json as { code?: unknown; message?: unknown } | undefined;
  if (status < 400 || typeof error?.code !== 'number') return json;
  return { ...error, message: `${error.message} (request-id: ${traceId})` };
}
