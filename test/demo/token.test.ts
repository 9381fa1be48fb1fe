import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startTenant, type Tenant } from '../tenant/index.js';
import {
  type AssertionTwist,
  askToken,
  assertion,
  assertionForm,
  call,
  jws,
  type Signer,
  signerOf,
} from './client.js';

let tenant: Tenant;
let signer: Signer;
let now = Date.parse('2026-09-01T12:00:00Z');
const at = () => Math.floor(now / 1000);

beforeAll(async () => {
  tenant = await startTenant({ now: () => now });
  signer = signerOf(tenant.environment);
});
afterAll(() => tenant.close());

const ask = (twist: AssertionTwist = {}, form: Record<string, string> = {}) =>
  askToken(tenant, { ...assertionForm(signer.clientId, assertion(signer, now, twist)), ...form });

describe('a signed assertion', () => {
  test('gives a token that is valid for expires_in seconds', async () => {
    const answer = await ask();
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.json).toEqual({
      access_token: expect.stringMatching(/^c1at_[\w-]{64}$/),
      token_type: 'bearer',
      expires_in: 600,
    });
    const token = answer.json.access_token;
    expect((await call(tenant, token, '/auth/introspect')).status).toBe(200);
    now += 599_000;
    expect((await call(tenant, token, '/auth/introspect')).status).toBe(200);
    now += 1_000;
    const late = await call(tenant, token, '/auth/introspect');
    expect(late.status).toBe(401);
    expect(late.json).toMatchObject({ code: 16, details: [] });
  });

  test('gives a token with the lifetime set in the tenant', async () => {
    tenant.lifetimes['personal-client'] = 2;
    expect((await ask()).json.expires_in).toBe(2);
    tenant.lifetimes['personal-client'] = 600;
  });

  test.each<[string, () => AssertionTwist]>([
    ['aud as a string', () => ({ claims: { aud: '127.0.0.1' } })],
    ['no nbf', () => ({ claims: { nbf: undefined } })],
    ['a clock a minute ahead', () => ({ claims: { iat: at() + 60, nbf: at() + 60, exp: at() + 180 } })],
    ['exactly five minutes', () => ({ claims: { exp: at() + 300 } })],
    ['ended 59 seconds ago', () => ({ claims: { iat: at() - 200, exp: at() - 59 } })],
    ['a nonce in the header', () => ({ header: { nonce: 'd6b1' } })],
  ])('is accepted: %s', async (_name, twist) => {
    expect((await ask(twist())).status).toBe(200);
  });

  const stranger = generateKeyPairSync('ed25519').privateKey;
  test.each<[string, () => AssertionTwist, RegExp]>([
    ['signed by another key', () => ({ key: stranger }), /signature does not verify/],
    ['alg Ed25519', () => ({ header: { alg: 'Ed25519' } }), /alg must be EdDSA/],
    ['alg none', () => ({ header: { alg: 'none' } }), /alg must be EdDSA/],
    ['a critical extension', () => ({ header: { crit: ['b64'] } }), /malformed/],
    ['aud with port', () => ({ claims: { aud: tenant.host } }), /aud is not this tenant/],
    ['aud of another', () => ({ claims: { aud: ['acme.conductor.one'] } }), /aud is not this tenant/],
    ['iss of another', () => ({ claims: { iss: 'x@y/pcc' } }), /iss and sub/],
    ['sub of another', () => ({ claims: { sub: 'x@y/pcc' } }), /iss and sub/],
    ['no exp', () => ({ claims: { exp: undefined } }), /iat and exp are required/],
    ['expired', () => ({ claims: { iat: at() - 200, exp: at() - 60 } }), /expired/],
    ['from the future', () => ({ claims: { iat: at() + 61, exp: at() + 180 } }), /not valid yet/],
    ['nbf in the future', () => ({ claims: { nbf: at() + 61 } }), /not valid yet/],
    ['too long', () => ({ claims: { exp: at() + 301 } }), /more than five minutes/],
  ])('is refused: %s', async (_name, twist, why) => {
    const answer = await ask(twist());
    expect(answer.status).toBe(401);
    expect(answer.json).toEqual({ error: 'invalid_client', error_description: expect.stringMatching(why) });
  });

  test('is refused if its body was changed after signing', async () => {
    const [head, , signature] = assertion(signer, now).split('.');
    const claims = jws({}, { iss: signer.clientId, sub: signer.clientId, aud: '127.0.0.1' }, signer.key);
    const forged = `${head}.${claims.split('.')[1]}.${signature}`;
    const answer = await askToken(tenant, assertionForm(signer.clientId, forged));
    expect(answer.json.error_description).toMatch(/signature does not verify/);
  });

  test.each([['not a jwt'], ['a.b'], ['a.b.c'], ['e30.e30.'], ['']])('is refused: %j', async (text) => {
    const answer = await askToken(tenant, assertionForm(signer.clientId, text));
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.json.error).toMatch(/^invalid_/);
  });
});

describe('a token request', () => {
  test.each<[string, Record<string, string>, number, string]>([
    ['unknown client', { client_id: 'who-is-this-1@127.0.0.1/pcc' }, 401, 'invalid_client'],
    ['client of another kind', { client_id: 'x@127.0.0.1/tcc' }, 401, 'invalid_client'],
    ['grant type', { grant_type: 'password' }, 400, 'unsupported_grant_type'],
    ['no grant type', { grant_type: '' }, 400, 'invalid_request'],
    ['assertion type', { client_assertion_type: 'urn:x' }, 400, 'invalid_request'],
  ])('is refused: %s', async (_name, form, status, error) => {
    const answer = await ask({}, form);
    expect([answer.status, answer.json.error]).toEqual([status, error]);
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  test('is refused if the client is deleted or expired, or its owner has left', async () => {
    const clients = tenant.data.personalClients;
    const errors = [];
    for (const [name, wanted] of [
      ['vendor-poc', clients.find((client) => client.deletedAt !== null)],
      ['okta-migration', clients.find((client) => client.displayName === 'okta-migration')],
      ['hr-feed', clients.find((client) => client.displayName === 'hr-feed')],
    ] as const) {
      const other = signerOf(await tenant.issue.secret(wanted?.clientId));
      const answer = await askToken(tenant, assertionForm(other.clientId, assertion(other, now)));
      errors.push([name, answer.status, answer.json.error_description]);
    }
    expect(errors).toEqual([
      ['vendor-poc', 401, 'the credential is deleted'],
      ['okta-migration', 401, 'the credential has expired'],
      ['hr-feed', 401, 'the principal of this client is not active'],
    ]);
  });

  test('must be a form with each field once, sent by POST', async () => {
    const url = `${tenant.url}/auth/v1/token`;
    const asJson = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    expect([asJson.status, (await asJson.json()) as object]).toEqual([
      400,
      { error: 'invalid_request', error_description: 'the body must be a form' },
    ]);
    const get = await fetch(url);
    expect([get.status, get.headers.get('allow')]).toEqual([405, 'POST']);
    const twice = new URLSearchParams(assertionForm(signer.clientId, assertion(signer, now)));
    twice.append('client_id', 'other');
    const doubled = await fetch(url, { method: 'POST', body: twice });
    expect(doubled.status).toBe(400);
  });

  test('is recorded without its secrets', async () => {
    await ask();
    const record = tenant.requests.at(-1);
    expect(record).toMatchObject({
      method: 'POST',
      path: '/auth/v1/token',
      target: 'token',
      status: 200,
      body: { grant_type: 'client_credentials', client_id: signer.clientId },
    });
    expect(JSON.stringify(tenant.requests)).not.toMatch(/eyJ|c1at_/);
  });

  test('gives a service-principal credential a token for an hour', async () => {
    const [first] = tenant.data.credentials.filter((credential) => !credential.requireDpop);
    const environment = await tenant.issue.secret(first?.clientId, 'service-principal-credential');
    expect(environment.CONDUCTORONE_CLIENT_ID).toMatch(/^[a-z]+-[a-z]+-\d{5}@127\.0\.0\.1\/spc$/);
    const other = signerOf(environment);
    const answer = await askToken(tenant, assertionForm(other.clientId, assertion(other, now)));
    expect(answer.json).toMatchObject({ expires_in: 3600 });
  });
});

test('an environment has all that a client needs, with a private Ed25519 key as the secret', () => {
  expect(tenant.environment.CONDUCTORONE_SERVER_URL).toBe(tenant.url);
  expect(tenant.environment.CONDUCTORONE_CLIENT_ID).toMatch(/^[a-z]+-[a-z]+-\d{5}@127\.0\.0\.1\/pcc$/);
  const secret = tenant.environment.CONDUCTORONE_CLIENT_SECRET ?? '';
  expect(secret).toMatch(/^secret-token:conductorone\.com:v1:[\w-]+$/);
  const jwk = JSON.parse(Buffer.from(secret.split(':')[3] ?? '', 'base64url').toString());
  expect(Object.keys(jwk)).toEqual(['kty', 'crv', 'x', 'd']);
  expect(jwk).toMatchObject({ kty: 'OKP', crv: 'Ed25519' });
});

test('an issued access token can call the API', async () => {
  const { CONDUCTORONE_ACCESS_TOKEN: token = '', CONDUCTORONE_CLIENT_ID: clientId } =
    await tenant.issue.accessToken();
  const { json } = await call(tenant, token, '/auth/introspect');
  expect(json.principleId).toBe(clientId);
});
