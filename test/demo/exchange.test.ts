import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startTenant, type Tenant } from '../tenant/index.js';
import { askToken, call, exchangeForm, jws } from './client.js';

let tenant: Tenant;
let clientId: string;
const now = Date.parse('2026-09-01T12:00:00Z');
const at = () => Math.floor(now / 1000);

beforeAll(async () => {
  tenant = await startTenant({ now: () => now });
  clientId = (await tenant.issue.oidc()).CONDUCTORONE_CLIENT_ID ?? '';
});
afterAll(() => tenant.close());

const exchange = (token: string, form: Record<string, string> = {}) =>
  askToken(tenant, { ...exchangeForm(clientId, token), ...form });

describe('token exchange', () => {
  test('acts as the service principal, with the role scope of the trust', async () => {
    const answer = await exchange(await tenant.issue.oidcToken());
    expect(answer.status).toBe(200);
    expect(answer.json).toMatchObject({ token_type: 'bearer', expires_in: 1800 });
    const { json } = await call(tenant, answer.json.access_token, '/auth/introspect');
    const audit = tenant.data.servicePrincipals.find((principal) => principal.displayName === 'c1-audit');
    expect(json).toMatchObject({ userId: audit?.id, principleId: clientId });
  });

  test('accepts each token once', async () => {
    const token = await tenant.issue.oidcToken();
    expect((await exchange(token)).status).toBe(200);
    const again = await exchange(token);
    expect([again.status, again.json.error, again.json.error_description]).toEqual([
      400,
      'invalid_grant',
      'subject token: used before',
    ]);
  });

  test.each<[string, () => object, RegExp | 'ok']>([
    ['exactly ten minutes old', () => ({ iat: at() - 600, exp: at() + 300 }), 'ok'],
    ['older than ten minutes', () => ({ iat: at() - 601, exp: at() + 300 }), /older than ten minutes/],
    ['expired', () => ({ iat: at() - 300, exp: at() }), /expired/],
    ['from the future', () => ({ iat: at() + 61 }), /not valid yet/],
    ['aud with port', () => ({ aud: tenant.host }), /aud is not this tenant/],
    ['aud among several', () => ({ aud: ['sts.amazonaws.com', '127.0.0.1'] }), 'ok'],
    ['aud of another', () => ({ aud: 'https://github.com/acme' }), /aud is not this tenant/],
    ['iss of another', () => ({ iss: 'https://gitlab.com' }), /iss is not the issuer/],
    ['another repository', () => ({ repository: 'acme/shop' }), /condition of the trust does not match/],
    ['a claim that is missing', () => ({ ref: undefined }), /condition of the trust does not match/],
  ])('%s', async (_name, claims, expected) => {
    const answer = await exchange(await tenant.issue.oidcToken(undefined, claims() as never));
    if (expected === 'ok') expect(answer.status).toBe(200);
    else {
      expect([answer.status, answer.json.error]).toEqual([400, 'invalid_grant']);
      expect(answer.json.error_description).toMatch(expected);
    }
  });

  test('refuses a signature by another key', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const claims = { iss: 'https://token.actions.githubusercontent.com', aud: '127.0.0.1', iat: at() };
    const answer = await exchange(jws({ alg: 'ES256' }, { ...claims, exp: at() + 60 }, privateKey));
    expect(answer.json.error_description).toMatch(/signature does not verify/);
  });

  test.each<[string, Record<string, string>, number, string]>([
    ['a client of another kind', { client_id: 'x@127.0.0.1/pcc' }, 401, 'invalid_client'],
    ['an unknown trust', { client_id: 'x@127.0.0.1/wfe' }, 401, 'invalid_client'],
    ['another token type', { subject_token_type: 'urn:x' }, 400, 'invalid_request'],
  ])('refuses %s', async (_name, form, status, error) => {
    const answer = await exchange(await tenant.issue.oidcToken(), form);
    expect([answer.status, answer.json.error]).toEqual([status, error]);
  });

  test('refuses every token of a disabled trust or provider', async () => {
    const trust = tenant.data.trusts.find(({ clientId: name }) => name === tenant.data.federatedCaller);
    const provider = tenant.data.providers.find(({ id }) => id === trust?.providerId);
    if (!trust || !provider) throw new Error('the seed has changed');
    trust.disabled = true;
    expect((await exchange(await tenant.issue.oidcToken())).json.error_description).toMatch(
      /trust is disabled/,
    );
    trust.disabled = false;
    provider.disabled = true;
    expect((await exchange(await tenant.issue.oidcToken())).json.error_description).toMatch(
      /provider is disabled/,
    );
    provider.disabled = false;
    expect((await exchange(await tenant.issue.oidcToken())).status).toBe(200);
  });

  test('refuses an assertion for a trust', async () => {
    const answer = await askToken(tenant, {
      grant_type: 'client_credentials',
      client_id: clientId,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: await tenant.issue.oidcToken(),
    });
    expect([answer.status, answer.json.error]).toEqual([401, 'invalid_client']);
  });
});

describe('the endpoint where a job fetches its OIDC tokens', () => {
  test('returns a new token for the audience on each request', async () => {
    const job = await tenant.issue.actions();
    const { ACTIONS_ID_TOKEN_REQUEST_URL: url = '', ACTIONS_ID_TOKEN_REQUEST_TOKEN: secret } =
      job.environment;
    const fetchToken = async () => {
      const response = await fetch(`${url}&audience=127.0.0.1`, {
        headers: { authorization: `bearer ${secret}` },
      });
      return ((await response.json()) as { value: string }).value;
    };
    const [first, second] = [await fetchToken(), await fetchToken()];
    expect(first).not.toBe(second);
    expect((await exchange(first)).status).toBe(200);
    expect((await exchange(second)).status).toBe(200);
    expect(job.environment.CONDUCTORONE_CLIENT_ID).toBe(clientId);
    expect(job.requests).toEqual([
      { audience: '127.0.0.1', status: 200 },
      { audience: '127.0.0.1', status: 200 },
    ]);
  });

  test('refuses other callers, and fails if set to', async () => {
    const job = await tenant.issue.actions();
    const { ACTIONS_ID_TOKEN_REQUEST_URL: url = '', ACTIONS_ID_TOKEN_REQUEST_TOKEN: secret } =
      job.environment;
    expect((await fetch(url)).status).toBe(401);
    const headers = { authorization: `Bearer ${secret}` };
    job.fail(503);
    expect((await fetch(url, { headers })).status).toBe(503);
    const answer = (await (await fetch(url, { headers })).json()) as { value: string };
    // Without an audience the token is for GitHub's own default, which the tenant does not take.
    expect((await exchange(answer.value)).json.error_description).toMatch(/aud is not this tenant/);
  });
});
