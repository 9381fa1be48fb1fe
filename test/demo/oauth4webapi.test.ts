import { createPrivateKey } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import * as oauth from 'oauth4webapi';
import { startTenant, type Tenant } from '../tenant/index.js';
import { signerOf } from './client.js';

/** The tenant against a certified OAuth client, which knows nothing of it. */
let tenant: Tenant;
beforeAll(async () => {
  tenant = await startTenant();
});
afterAll(() => tenant.close());

test('oauth4webapi gets a token with DPoP and a nonce, and calls the API', async () => {
  tenant.nonces.required = true;
  const bound = tenant.data.credentials.find(({ requireDpop }) => requireDpop);
  const environment = await tenant.issue.secret(bound?.clientId, 'service-principal-credential');
  const { clientId, key } = signerOf(environment);
  const signing = await crypto.subtle.importKey(
    'pkcs8',
    createPrivateKey({ key: key.export({ type: 'pkcs8', format: 'pem' }) }).export({
      type: 'pkcs8',
      format: 'der',
    }),
    'Ed25519',
    false,
    ['sign'],
  );
  const as = { issuer: '127.0.0.1', token_endpoint: `${tenant.url}/auth/v1/token` };
  const client = { client_id: clientId };
  const authentication = oauth.PrivateKeyJwt(signing, {
    [oauth.modifyAssertion](header) {
      header.alg = 'EdDSA';
    },
  });
  const DPoP = oauth.DPoP({}, await oauth.generateKeyPair('ES256'));
  const options = { DPoP, [oauth.allowInsecureRequests]: true };
  const ask = async () => {
    const response = await oauth.clientCredentialsGrantRequest(as, client, authentication, {}, options);
    return oauth.processClientCredentialsResponse(as, client, response);
  };
  const answer = await ask().catch((error: unknown) => {
    if (!oauth.isDPoPNonceError(error)) throw error;
    return ask();
  });
  expect(answer).toMatchObject({ token_type: 'dpop', expires_in: 3600 });
  const url = new URL(`${tenant.url}/api/v1/auth/introspect`);
  const response = await oauth.protectedResourceRequest(
    answer.access_token,
    'GET',
    url,
    undefined,
    undefined,
    options,
  );
  expect(response.status).toBe(200);
});
