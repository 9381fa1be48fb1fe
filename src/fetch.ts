import { isAscii } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { pipeline, Readable, type Writable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { AuditError } from './errors.js';
import { within } from './within.js';

type Env = Readonly<Record<string, string | undefined>>;

/**
 * `fetch`, through the proxy that the environment names for an address. Everything that this program sends over the
 * network goes through it or through {@link createSend}.
 *
 * Node's own `fetch` knows proxies from version 24 on, and only on request, so undici's is used where a proxy is set.
 * Loopback addresses never go through a proxy: what listens there is ours.
 *
 * @throws AuditError `config` for a proxy that is not a URL, `usage` where NODE_DEBUG is set.
 */
export function createFetch(env: Env): typeof fetch {
  const proxiedFor = proxiedFetch(env);
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const proxied = await proxiedFor(url);
    return proxied ? proxied(url, init) : globalThis.fetch(input, init);
  };
}

/** The `fetch` for an address that a proxy is set for; undefined for others. */
function proxiedFetch(env: Env): (url: URL) => Promise<typeof fetch | undefined> {
  refuseDebugging(env);
  const proxies = readProxies(env);
  let proxied: Promise<typeof fetch> | undefined;
  return async ({ protocol, hostname }) => {
    if (protocol === 'https:') refuseUncheckedTls(env);
    const proxy = protocol === 'https:' ? proxies.https : proxies.http;
    if (!proxy || isLoopback(hostname)) return undefined;
    proxied ??= fetchThrough(proxies);
    return proxied;
  };
}

export interface Request {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
}

interface Bounds {
  readonly signal: AbortSignal;
  /** Until the last byte of the answer, in milliseconds. */
  readonly timeLimit: number;
  readonly byteLimit: number;
  readonly onSent?: (() => void) | undefined;
}

/** Header fields by their names in lower case. */
export type HeaderFields = Iterable<[string, string]> & { get(name: string): string | null | undefined };

export interface Received {
  readonly status: number;
  readonly headers: HeaderFields;
  /** Decoded; undefined if it has more bytes than the limit. That of a redirect is not read. */
  readonly body: string | undefined;
}

/**
 * Sends one request and reads the answer; throws TOO_SLOW, the signal's reason or what went wrong. Redirects are not
 * followed. `onSent` is called when it is on its way: the event loop must turn first.
 */
export type Send = (request: Request, bounds: Bounds) => Promise<Received>;

export const TOO_SLOW = new AuditError('network', 'The request took too long.', 'Try again later.');

export const isRedirect = (status: number): boolean => status >= 300 && status < 400;

/**
 * What the calls of an API are sent with: the same way as {@link createFetch}, whose errors it throws too, but without the
 * web streams of `fetch`, which take longer than everything else that is done with a page.
 */
export function createSend(env: Env): Send {
  const proxiedFor = proxiedFetch(env);
  return async (request, bounds) => {
    const proxied = await proxiedFor(request.url);
    return proxied ? sendWith(proxied, request, bounds) : sendDirectly(request, bounds);
  };
}

function sendWith(send: typeof fetch, { url, ...init }: Request, bounds: Bounds): Promise<Received> {
  bounds.onSent?.();
  return within(bounds.timeLimit, TOO_SLOW, bounds.signal, async (signal) => {
    const { status, headers, body } = await send(url, { ...init, signal, redirect: 'manual' } as RequestInit);
    const text = isRedirect(status) ? '' : await readText(Readable.from(body ?? []), bounds.byteLimit);
    return { status, headers, body: text };
  });
}

/** Kept: to ask the module loader again takes as long as half a request. */
const modules: Record<string, Promise<unknown>> = {};

/** With a timer and a listener: an `AbortController` for each request takes longer than all else that is done here. */
async function sendDirectly({ url, method, headers, body }: Request, bounds: Bounds): Promise<Received> {
  const { signal, timeLimit, byteLimit, onSent } = bounds;
  modules[url.protocol] ??= url.protocol === 'https:' ? import('node:https') : import('node:http');
  const { request } = (await modules[url.protocol]) as typeof import('node:http');
  return new Promise((done, fail) => {
    const sent = request(url, { method, headers: { 'accept-encoding': 'gzip', ...headers } });
    let stopped: Writable | Readable = sent;
    const onAbort = () => stopped.destroy(signal.reason as Error);
    const timer = setTimeout(() => stopped.destroy(TOO_SLOW), timeLimit);
    signal.addEventListener('abort', onAbort);
    sent.on('response', (response) => {
      stopped = response;
      done(receive(response, byteLimit));
    });
    sent.on('close', () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      // Without an error where the server switches to another protocol.
      fail(new Error('no answer'));
    });
    sent.on('error', fail).end(body, onSent);
    if (signal.aborted) onAbort();
  });
}

async function receive(response: IncomingMessage, byteLimit: number): Promise<Received> {
  const status = response.statusCode ?? 0;
  // A list of cookies stays one: nobody reads it.
  const headers = new Map(Object.entries(response.headers as Record<string, string>));
  if (isRedirect(status)) response.destroy();
  return { status, headers, body: isRedirect(status) ? '' : await readText(unzipped(response), byteLimit) };
}

function unzipped(response: IncomingMessage): Readable {
  if (!/^(x-)?gzip$/i.test(response.headers['content-encoding'] ?? '')) return response;
  // Whichever ends early ends the other; its error reaches the reader.
  return pipeline(response, createGunzip(), () => undefined);
}

function readText(body: Readable, limit: number): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  return new Promise((done, fail) => {
    body.on('data', (chunk: Uint8Array) => {
      bytes += chunk.byteLength;
      chunks.push(chunk);
      if (bytes <= limit) return;
      done(undefined);
      // Closes the connection: no more is received.
      body.destroy();
    });
    body.on('end', () => done(decode(Buffer.concat(chunks))));
    body.on('error', fail).on('close', () => fail(new Error('cut off')));
  });
}

/** Nearly all answers are plain ASCII, which is copied many times as fast as UTF-8 is decoded. */
function decode(bytes: Buffer): string {
  return isAscii(bytes) ? bytes.toString('latin1') : new TextDecoder().decode(bytes);
}

/**
 * Loaded on demand, as few need a proxy, and in parts: all of undici is as large as the rest of the program.
 */
async function fetchThrough({ http, https, except }: Proxies): Promise<typeof fetch> {
  // By their default exports: a chunk that esbuild makes of CommonJS has no other.
  const [{ default: EnvHttpProxyAgent }, { default: Dispatcher }, { default: api }, { default: undici }] =
    await Promise.all([
      import('undici/lib/dispatcher/env-http-proxy-agent.js'),
      import('undici/lib/dispatcher/dispatcher.js'),
      import('undici/lib/api/index.js'),
      import('undici/lib/web/fetch/index.js'),
    ]);
  // As undici's own entry does: the agent opens its tunnels with one of these methods.
  Object.assign(Dispatcher.prototype, api);
  const dispatcher = new EnvHttpProxyAgent({
    // Given in full, or undici would read process.env.
    httpProxy: http?.href ?? '',
    httpsProxy: https?.href ?? '',
    noProxy: except,
    // Few proxies allow CONNECT to port 80: plain http requests go to the proxy itself.
    proxyTunnel: false,
  });
  // undici's types and Node's describe the same objects, but differ.
  const send = undici.fetch as unknown as (
    input: URL,
    init: Omit<RequestInit, 'dispatcher'> & { dispatcher: unknown },
  ) => Promise<Response>;
  return (input, init) => send(input as URL, { ...init, dispatcher });
}

type Proxies = ReturnType<typeof readProxies>;

/**
 * The proxies for http and https addresses, and the hosts to reach directly (as in NO_PROXY). The lower-case spelling of a
 * variable wins, as it does for curl.
 *
 * @throws AuditError `config` naming the variable, never its value, which may hold a password.
 */
export function readProxies(env: Env) {
  return {
    http: proxyUrl(env, 'HTTP_PROXY'),
    https: proxyUrl(env, 'HTTPS_PROXY'),
    except: setting(env, 'NO_PROXY') ?? '',
  };
}

function proxyUrl(env: Env, name: string): URL | undefined {
  const text = setting(env, name);
  if (text === undefined) return undefined;
  // curl and others take a bare host for an http proxy.
  const full = /^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  const url = URL.canParse(full) ? new URL(full) : undefined;
  if (url && url.hostname !== '' && (url.protocol === 'http:' || url.protocol === 'https:')) return url;
  throw new AuditError(
    'config',
    `${name} is not the URL of an HTTP proxy.`,
    'Set it to something like http://proxy.example:3128, or unset it.',
  );
}

function setting(env: Env, name: string): string | undefined {
  return env[name.toLowerCase()]?.trim() || env[name]?.trim() || undefined;
}

/**
 * Node.js has read NODE_DEBUG before any of our code runs: to unset it now would change nothing.
 *
 * @throws AuditError `usage`
 */
export function refuseDebugging(env: Env): void {
  if (!env.NODE_DEBUG?.trim()) return;
  throw new AuditError(
    'usage',
    'NODE_DEBUG is set: Node.js would print the URLs of requests, and some of them are secrets.',
    'Unset NODE_DEBUG. --verbose logs every request without secrets.',
  );
}

/**
 * Where Node.js accepts any certificate, whoever is in between gets the credential.
 *
 * @throws AuditError `config`
 */
export function refuseUncheckedTls(env: Env): void {
  if (env.NODE_TLS_REJECT_UNAUTHORIZED?.trim() !== '0') return;
  throw new AuditError(
    'config',
    'NODE_TLS_REJECT_UNAUTHORIZED=0 turns off certificate checks: anybody in between would get the credential.',
    "Unset it. For a private certificate authority, point NODE_EXTRA_CA_CERTS at its certificate's PEM file.",
  );
}

/** True for localhost and the loopback ranges, in the form `URL.hostname` gives them. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

/** True for a URL where nobody in between can read or change what is sent. */
export function isSafe(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
}
