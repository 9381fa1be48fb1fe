import { generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { startTenant, type Tenant } from '../tenant/index.js';
import {
  type Answer,
  askToken,
  assertion,
  assertionForm,
  call,
  proof,
  type Signer,
  signerOf,
} from './client.js';

/** Node's JWK export straight after its generator can deadlock on Node 20: the coordinates come from DER. */
function keyPair(): { publicJwk: object; key: KeyObject } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const point = publicKey.export({ type: 'spki', format: 'der' }).subarray(-64);
  const coordinate = (from: number) => point.subarray(from, from + 32).toString('base64url');
  return { key: privateKey, publicJwk: { kty: 'EC', crv: 'P-256', x: coordinate(0), y: coordinate(32) } };
}

let tenant: Tenant;
let signer: Signer;
const pair = keyPair();

beforeEach(async () => {
  tenant = await startTenant();
  const bound = tenant.data.credentials.find(({ requireDpop }) => requireDpop);
  signer = signerOf(await tenant.issue.secret(bound?.clientId, 'service-principal-credential'));
});
afterEach(() => tenant.close());

const tokenUrl = () => `${tenant.url}/auth/v1/token`;
const ask = (dpop?: string): Promise<Answer> =>
  askToken(
    tenant,
    assertionForm(signer.clientId, assertion(signer, Date.now())),
    dpop === undefined ? {} : { dpop },
  );

describe('at the token endpoint', () => {
  test('a credential that requires DPoP gets no token without a proof', async () => {
    const answer = await ask();
    expect([answer.status, answer.json.error]).toEqual([400, 'invalid_dpop_proof']);
  });

  test('a valid proof gives a DPoP token', async () => {
    const answer = await ask(proof(pair, 'POST', tokenUrl()));
    expect(answer.json).toMatchObject({ token_type: 'DPoP', expires_in: 3600 });
  });

  test.each<[string, () => string]>([
    ['another method', () => proof(pair, 'GET', tokenUrl())],
    ['another address', () => proof(pair, 'POST', `${tenant.url}/auth/v1/other`)],
    ['another type', () => proof(pair, 'POST', tokenUrl(), { header: { typ: 'JWT' } })],
    ['another alg', () => proof(pair, 'POST', tokenUrl(), { header: { alg: 'HS256' } })],
    ['another key', () => proof({ ...pair, publicJwk: keyPair().publicJwk }, 'POST', tokenUrl())],
    [
      'a private key',
      () => proof({ ...pair, publicJwk: { ...pair.publicJwk, d: 'AA' } }, 'POST', tokenUrl()),
    ],
    ['no jti', () => proof(pair, 'POST', tokenUrl(), { claims: { jti: '' } })],
    ['an old iat', () => proof(pair, 'POST', tokenUrl(), { claims: { iat: Date.now() / 1000 - 90 } })],
    ['no JWT', () => 'x'],
  ])('refuses a proof: %s', async (_name, make) => {
    const answer = await ask(make());
    expect([answer.status, answer.json.error]).toEqual([400, 'invalid_dpop_proof']);
  });

  test('accepts a proof once', async () => {
    const once = proof(pair, 'POST', tokenUrl());
    expect((await ask(once)).status).toBe(200);
    expect((await ask(once)).json.error_description).toBe('the proof was used before');
  });

  test('requires a nonce of its own if set to', async () => {
    tenant.nonces.required = true;
    const refused = await ask(proof(pair, 'POST', tokenUrl()));
    expect([refused.status, refused.json.error]).toEqual([400, 'use_dpop_nonce']);
    const nonce = refused.headers.get('dpop-nonce');
    expect(nonce).toMatch(/^[\w-]{16}$/);
    expect((await ask(proof(pair, 'POST', tokenUrl(), { claims: { nonce: 'mine' } }))).json.error).toBe(
      'use_dpop_nonce',
    );
    const taken = await ask(proof(pair, 'POST', tokenUrl(), { claims: { nonce } }));
    expect(taken.status).toBe(200);
    tenant.nonces.rotate();
    expect((await ask(proof(pair, 'POST', tokenUrl(), { claims: { nonce } }))).json.error).toBe(
      'use_dpop_nonce',
    );
  });
});

describe('on API calls', () => {
  const path = '/auth/introspect';
  const url = () => `${tenant.url}/api/v1${path}`;
  const bound = async () => (await ask(proof(pair, 'POST', tokenUrl()))).json.access_token as string;
  const callWith = (token: string, dpop: string, query = '') =>
    call(tenant, token, path + query, undefined, { authorization: `DPoP ${token}`, dpop });

  test('accepts a new proof bound to the token; htu has no query', async () => {
    const accessToken = await bound();
    expect((await callWith(accessToken, proof(pair, 'GET', url(), { accessToken }))).status).toBe(200);
    expect((await callWith(accessToken, proof(pair, 'GET', url(), { accessToken }), '?a=1')).status).toBe(
      200,
    );
  });

  test.each<[string, (accessToken: string) => string]>([
    ['no ath', () => proof(pair, 'GET', url())],
    ['ath of another token', () => proof(pair, 'GET', url(), { accessToken: 'other' })],
    ['another key', (accessToken) => proof(keyPair(), 'GET', url(), { accessToken })],
    ['another address', (accessToken) => proof(pair, 'GET', `${url()}x`, { accessToken })],
  ])('refuses a proof: %s', async (_name, make) => {
    const accessToken = await bound();
    const answer = await callWith(accessToken, make(accessToken));
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toMatch(/^DPoP error="invalid_dpop_proof"/);
    expect(answer.json.code).toBe(16);
  });

  test('refuses a DPoP token as a bearer token, and the reverse', async () => {
    const answer = await call(tenant, await bound(), path);
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([
      401,
      expect.stringMatching(/^DPoP error="invalid_token"/),
    ]);
    const { CONDUCTORONE_ACCESS_TOKEN: plain = '' } = await tenant.issue.accessToken();
    const dpop = proof(pair, 'GET', url(), { accessToken: plain });
    expect((await callWith(plain, dpop)).status).toBe(401);
  });

  test('requests a nonce with a 401 and renews it with each answer', async () => {
    const accessToken = await bound();
    tenant.nonces.required = true;
    const refused = await callWith(accessToken, proof(pair, 'GET', url(), { accessToken }));
    expect(refused.status).toBe(401);
    expect(refused.headers.get('www-authenticate')).toMatch(/^DPoP error="use_dpop_nonce"/);
    const nonce = refused.headers.get('dpop-nonce');
    const taken = await callWith(accessToken, proof(pair, 'GET', url(), { accessToken, claims: { nonce } }));
    expect(taken.status).toBe(200);
    expect(taken.headers.get('dpop-nonce')).toMatch(/^[\w-]{16}$/);
    expect(taken.headers.get('dpop-nonce')).not.toBe(nonce);
  });

  test('accepts a proof once, with Ed25519 keys too', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const x = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32).toString('base64url');
    const ed = { key: privateKey, publicJwk: { kty: 'OKP', crv: 'Ed25519', x } };
    const header = { alg: 'EdDSA' };
    const accessToken = (await ask(proof(ed, 'POST', tokenUrl(), { header }))).json.access_token as string;
    const once = proof(ed, 'GET', url(), { accessToken, header, claims: { jti: randomUUID() } });
    expect((await callWith(accessToken, once)).status).toBe(200);
    expect((await callWith(accessToken, once)).status).toBe(401);
  });
});
