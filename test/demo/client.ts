import { createHash, createPrivateKey, type JsonWebKey, type KeyObject, randomUUID, sign } from 'node:crypto';
import type { Environment, Tenant } from '../tenant/index.js';

/** A client that can send invalid requests too. It shares no code with the tenant. */
export interface Signer {
  readonly clientId: string;
  readonly key: KeyObject;
}

export function signerOf(environment: Environment): Signer {
  const [, , , jwk = ''] = (environment.CONDUCTORONE_CLIENT_SECRET ?? '').split(':');
  const key = JSON.parse(Buffer.from(jwk, 'base64url').toString()) as JsonWebKey;
  return {
    clientId: environment.CONDUCTORONE_CLIENT_ID ?? '',
    key: createPrivateKey({ key, format: 'jwk' }),
  };
}

export function jws(header: object, claims: object, key: KeyObject): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${encode(header)}.${encode(claims)}`;
  const hash = key.asymmetricKeyType === 'ed25519' ? null : 'sha256';
  const signature = sign(hash, Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' });
  return `${signed}.${signature.toString('base64url')}`;
}

export interface AssertionTwist {
  readonly header?: object;
  readonly claims?: object;
  readonly key?: KeyObject;
}

/** A valid assertion, with the changes of `twist`. */
export function assertion({ clientId, key }: Signer, now: number, twist: AssertionTwist = {}): string {
  const at = Math.floor(now / 1000);
  const claims = { iss: clientId, sub: clientId, aud: ['127.0.0.1'], iat: at, nbf: at - 120, exp: at + 120 };
  return jws({ alg: 'EdDSA', ...twist.header }, { ...claims, ...twist.claims }, twist.key ?? key);
}

export function assertionForm(clientId: string, client_assertion: string): Record<string, string> {
  return {
    grant_type: 'client_credentials',
    client_id: clientId,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion,
  };
}

export function exchangeForm(clientId: string, subject_token: string): Record<string, string> {
  return {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    client_id: clientId,
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    subject_token,
  };
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape.
  readonly json: any;
}

export async function askToken(
  tenant: { url: string },
  form: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(`${tenant.url}/auth/v1/token`, {
    method: 'POST',
    headers,
    body: new URLSearchParams(form),
  });
  return { status: response.status, headers: response.headers, json: await response.json() };
}

/** GET without a body, POST with one. */
export async function call(
  tenant: { url: string },
  token: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(`${tenant.url}/api/v1${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    redirect: 'manual',
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json');
  return { status: response.status, headers: response.headers, json: isJson ? JSON.parse(text) : text };
}

/** A token by way of the token endpoint. */
export async function login(tenant: Tenant, environment: Environment = tenant.environment): Promise<string> {
  const signer = signerOf(environment);
  const answer = await askToken(tenant, assertionForm(signer.clientId, assertion(signer, Date.now())));
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.json));
  return answer.json.access_token;
}

/** A valid proof of possession, with the changes of `claims` and `header`. */
export function proof(
  pair: { publicJwk: object; key: KeyObject },
  method: string,
  url: string,
  over: { claims?: object; header?: object; accessToken?: string } = {},
): string {
  const claims = { htm: method, htu: url, iat: Math.floor(Date.now() / 1000), jti: randomUUID() };
  const ath = over.accessToken && createHash('sha256').update(over.accessToken).digest('base64url');
  return jws(
    { typ: 'dpop+jwt', alg: 'ES256', jwk: pair.publicJwk, ...over.header },
    { ...claims, ...(ath ? { ath } : {}), ...over.claims },
    pair.key,
  );
}
