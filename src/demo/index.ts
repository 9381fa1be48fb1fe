import { randomBytes, webcrypto } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TenantData, TenantRecords } from './records.js';
import { seed } from './seed.js';
import {
  DEFAULT_PAGING,
  DpopNonces,
  FEATURES,
  type Features,
  type Lifetimes,
  type Paging,
  requireFeature,
  Sessions,
  type State,
} from './tenant/call.js';
import { API_PREFIX, findRoute, type Target } from './tenant/endpoints.js';
import {
  answerTokenRequest,
  authorize,
  type ClientKind,
  fullClientId,
  type Jwk,
  logCall,
  TOKEN_PATH,
} from './tenant/login.js';
import { apiError, Code, oauthError, parseObject, Refusal, type Reply } from './tenant/messages.js';

export interface TenantOptions<Data extends TenantData = TenantRecords> {
  /** What the tenant holds; without it, the seed as of `now()`. */
  readonly data?: Data;
  /** The tenant's clock, in milliseconds since the epoch. Tokens live and die by it. */
  readonly now?: () => number;
  readonly paging?: Partial<Paging>;
  readonly features?: Partial<Features>;
  /** Seconds. */
  readonly lifetimes?: Partial<Lifetimes>;
  /** 0, the default, is any free one. */
  readonly port?: number;
  /** What callers get for users and roles that they may not read. */
  readonly withoutRights?: State['withoutRights'];
  readonly middleware?: (state: State) => Middleware;
}

export type Environment = Readonly<Record<string, string>>;

/** A ConductorOne on loopback. */
export interface Tenant {
  /** http://127.0.0.1:PORT */
  readonly url: string;
  /** The login of the caller: CONDUCTORONE_CLIENT_ID, CONDUCTORONE_CLIENT_SECRET, CONDUCTORONE_SERVER_URL. */
  readonly environment: Environment;
  readonly state: State;
  /** Ends all connections, hanging ones too. */
  close(): Promise<void>;
}

const ALL_ON = Object.fromEntries(
  Object.keys(FEATURES).map((feature) => [feature, 'on']),
) as unknown as Features;

const DEFAULT_LIFETIMES: Lifetimes = {
  'personal-client': 600,
  'service-principal-credential': 3600,
  'federation-trust': 1800,
};

export async function startTenant<Data extends TenantData>(
  options: TenantOptions<Data> = {},
): Promise<Tenant> {
  const { now = Date.now, middleware, port } = options;
  // The port is known only after listening. Nobody can send a request before that.
  let handler: ReturnType<typeof requestHandler> | undefined;
  const server = await listen(async (request, response) => handler?.(request, response), port);
  const state: State = {
    data: options.data ?? seed(now()),
    host: `127.0.0.1:${server.port}`,
    audience: '127.0.0.1',
    now,
    paging: { ...DEFAULT_PAGING, ...options.paging },
    features: { ...ALL_ON, ...options.features },
    lifetimes: { ...DEFAULT_LIFETIMES, ...options.lifetimes },
    sessions: new Sessions(),
    clientKeys: new Map(),
    issuerKeys: new Map(),
    seen: new Set(),
    nonces: new DpopNonces(),
    findings: [],
    log: [],
    withoutRights: options.withoutRights ?? 'blank',
  };
  handler = requestHandler(state, middleware?.(state));
  return {
    url: `http://${state.host}`,
    environment: await issueSecret(state),
    state,
    close: server.close,
  };
}

/** A new client secret of a client, by its bare name. It replaces the client's earlier one. */
export async function issueSecret(
  state: State,
  name: string = state.data.caller,
  kind: ClientKind = 'personal-client',
): Promise<Environment> {
  const clientId = fullClientId(name, state.audience, kind);
  const { subtle } = webcrypto;
  // By WebCrypto, because generateKeyPairSync and an export right after it can deadlock on Node 20.
  const pair = await subtle.generateKey('Ed25519', true, ['sign', 'verify']);
  const { publicKey, privateKey } = pair as webcrypto.CryptoKeyPair;
  state.clientKeys.set(clientId, (await subtle.exportKey('jwk', publicKey)) as Jwk);
  const { kty, crv, x, d } = await subtle.exportKey('jwk', privateKey);
  const jwk = Buffer.from(JSON.stringify({ kty, crv, x, d })).toString('base64url');
  return {
    CONDUCTORONE_SERVER_URL: `http://${state.host}`,
    CONDUCTORONE_CLIENT_ID: clientId,
    CONDUCTORONE_CLIENT_SECRET: `secret-token:conductorone.com:v1:${jwk}`,
  };
}

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

function requestHandler(state: State, middleware?: Middleware): RequestHandler {
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
  if (!hasContentType(headers, 'application/x-www-form-urlencoded'))
    throw oauthError(400, 'invalid_request', 'the body must be a form');
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
  if (!hasContentType(headers, 'application/json'))
    throw apiError(Code.invalidArgument, 'unsupported content type', { status: 415 });
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
