import { describe, expect, test } from '@jest/globals';
import { readClientSecret } from '../../../src/sources/c1/access.js';
import { holdsCredential, namedTenant, readEnvironment } from '../../../src/sources/c1/environment.js';

const ID = 'hydra-1@acme.conductor.one/pcc';
const WFE = 'ci-1@acme.conductor.one/wfe';
const SECRET = { CONDUCTORONE_CLIENT_ID: ID, CONDUCTORONE_CLIENT_SECRET: 'the secret' };
const TOKEN = { CONDUCTORONE_ACCESS_TOKEN: 'the token' };
const GITHUB = {
  CONDUCTORONE_CLIENT_ID: WFE,
  ACTIONS_ID_TOKEN_REQUEST_URL: 'https://run.example/token?x=1',
  ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'job token',
};

type Env = Readonly<Record<string, string>>;

describe('the login is', () => {
  test.each<[string, Env, object]>([
    [
      'an access token',
      { ...TOKEN, CONDUCTORONE_CLIENT_ID: ID },
      { by: 'access-token', accessToken: 'the token' },
    ],
    [
      'an access token without the word before it',
      { CONDUCTORONE_ACCESS_TOKEN: ' Bearer  abc ', CONDUCTORONE_TENANT_DOMAIN: 'acme' },
      { by: 'access-token', accessToken: 'abc' },
    ],
    [
      'an access token that only holds the word',
      { CONDUCTORONE_ACCESS_TOKEN: 'a bearer b', CONDUCTORONE_TENANT_DOMAIN: 'acme' },
      { by: 'access-token', accessToken: 'a bearer b' },
    ],
    [
      'an access token before all else',
      { ...SECRET, ...TOKEN, CONDUCTORONE_OIDC_TOKEN: 'x' },
      { by: 'access-token' },
    ],
    [
      'an OIDC token before a secret',
      { ...SECRET, CONDUCTORONE_OIDC_TOKEN: ' oidc ' },
      { by: 'oidc-token', clientId: ID, oidcToken: 'oidc' },
    ],
    [
      'a secret',
      SECRET,
      {
        by: 'client-secret',
        clientId: ID,
        clientSecret: 'the secret',
        names: { clientId: 'CONDUCTORONE_CLIENT_ID', clientSecret: 'CONDUCTORONE_CLIENT_SECRET' },
      },
    ],
    [
      'a secret before a token of GitHub',
      { ...GITHUB, CONDUCTORONE_CLIENT_SECRET: 's' },
      { by: 'client-secret' },
    ],
    [
      'a token of GitHub for a trust',
      GITHUB,
      {
        by: 'github-oidc',
        clientId: WFE,
        requestUrl: 'https://run.example/token?x=1',
        requestToken: 'job token',
      },
    ],
  ])('%s', (_, env, login) => {
    const access = readEnvironment(env);
    expect(access.login).toMatchObject(login);
    expect(access.clientId).toBe(access.login.by === 'access-token' ? null : env.CONDUCTORONE_CLIENT_ID);
  });

  test.each<[Env, RegExp, RegExp]>([
    [{}, /^The environment holds no ConductorOne credential\.$/, /c1-audit demo/],
    [{ CONDUCTORONE_CLIENT_ID: ' ', CONDUCTORONE_CLIENT_SECRET: '' }, /holds no/, /./],
    [{ CONDUCTORONE_CLIENT_ID: ID }, /CLIENT_ID is set, but CONDUCTORONE_CLIENT_SECRET is not\.$/, /Set /],
    [
      { CONDUCTORONE_CLIENT_SECRET: 's' },
      /CLIENT_SECRET is set, but CONDUCTORONE_CLIENT_ID is not\.$/,
      /Set /,
    ],
    [{ CONDUCTORONE_OIDC_TOKEN: 't' }, /OIDC_TOKEN is set, but CONDUCTORONE_CLIENT_ID is not\.$/, /Set /],
    [{ CONDUCTORONE_CLIENT_ID: WFE }, /no OIDC token to exchange/, /id-token: write/],
    [{ ...GITHUB, ACTIONS_ID_TOKEN_REQUEST_URL: '' }, /no OIDC token to exchange/, /./],
    [{ ...GITHUB, ACTIONS_ID_TOKEN_REQUEST_TOKEN: '' }, /no OIDC token to exchange/, /./],
    [
      { ...GITHUB, ACTIONS_ID_TOKEN_REQUEST_URL: 'http://run.example' },
      /not an https:\/\/ URL/,
      /as GitHub Actions/,
    ],
    [{ ...GITHUB, ACTIONS_ID_TOKEN_REQUEST_URL: 'nonsense' }, /not an https:\/\/ URL/, /./],
    [TOKEN, /nothing says which tenant/, /CONDUCTORONE_TENANT_DOMAIN \(for example "acme.conductor.one"\)/],
  ])('missing in %j', (env, message, hint) => {
    expect(() => readEnvironment(env)).toThrow(
      expect.objectContaining({
        code: 'credentials',
        message: expect.stringMatching(message),
        hint: expect.stringMatching(hint),
      }),
    );
  });

  test('may be requested over http from this machine only', () => {
    const env = { ...GITHUB, ACTIONS_ID_TOKEN_REQUEST_URL: 'http://127.0.0.1:8080/token' };
    expect(readEnvironment(env).login).toMatchObject({ requestUrl: 'http://127.0.0.1:8080/token' });
  });
});

describe('the tenant is', () => {
  const access = (env: Env) => {
    const { origin, tenant } = readEnvironment(env);
    return [origin, tenant];
  };

  test.each<[string, Env, string, string]>([
    ["the client id's host", SECRET, 'https://acme.conductor.one', 'acme.conductor.one'],
    [
      "the client id's host in lower case, with its port",
      { ...SECRET, CONDUCTORONE_CLIENT_ID: 'a@ACME.Conductor.One:8443/pcc' },
      'https://acme.conductor.one:8443',
      'acme.conductor.one',
    ],
    [
      'a bare name below conductor.one',
      { ...SECRET, CONDUCTORONE_TENANT_DOMAIN: 'other' },
      'https://other.conductor.one',
      'other.conductor.one',
    ],
    [
      'a host',
      { ...TOKEN, CONDUCTORONE_TENANT_DOMAIN: 'acme.c1eu.ai' },
      'https://acme.c1eu.ai',
      'acme.c1eu.ai',
    ],
    [
      'a host with a port',
      { ...TOKEN, CONDUCTORONE_TENANT_DOMAIN: 'acme:8443' },
      'https://acme:8443',
      'acme',
    ],
    ['localhost', { ...TOKEN, CONDUCTORONE_TENANT_DOMAIN: 'localhost' }, 'https://localhost', 'localhost'],
    ['an IPv6 address', { ...TOKEN, CONDUCTORONE_TENANT_DOMAIN: '[::1]' }, 'https://[::1]', '[::1]'],
    [
      "the server URL's before all others",
      {
        ...SECRET,
        CONDUCTORONE_TENANT_DOMAIN: 'other',
        CONDUCTORONE_SERVER_URL: 'https://Third.example/api?x',
      },
      'https://third.example',
      'third.example',
    ],
    [
      'this machine over http',
      { ...TOKEN, CONDUCTORONE_SERVER_URL: 'http://127.0.0.1:9' },
      'http://127.0.0.1:9',
      '127.0.0.1',
    ],
  ])('%s', (_, env, origin, tenant) => {
    expect(access(env)).toEqual([origin, tenant]);
  });

  test.each<[Env, RegExp]>([
    [
      { ...SECRET, CONDUCTORONE_CLIENT_ID: 'nonsense' },
      /^CONDUCTORONE_CLIENT_ID is not a ConductorOne client id\.$/,
    ],
    [{ ...SECRET, CONDUCTORONE_CLIENT_ID: 'x a@acme.conductor.one/pcc' }, /is not a ConductorOne client id/],
    [{ ...SECRET, CONDUCTORONE_CLIENT_ID: 'a@acme.conductor.one/pcc/x' }, /is not a ConductorOne client id/],
    [{ ...SECRET, CONDUCTORONE_CLIENT_ID: 'a@acme.conductor.one/' }, /is not a ConductorOne client id/],
    [{ ...SECRET, CONDUCTORONE_CLIENT_ID: 'a@acme?x/pcc' }, /is not a ConductorOne client id/],
    [{ ...SECRET, CONDUCTORONE_CLIENT_ID: 'a@acme#x/pcc' }, /is not a ConductorOne client id/],
    [{ ...SECRET, CONDUCTORONE_CLIENT_ID: 'a@acme:x/pcc' }, /is not a ConductorOne client id/],
    // Also where another setting names the host.
    [
      { ...TOKEN, CONDUCTORONE_CLIENT_ID: 'x', CONDUCTORONE_TENANT_DOMAIN: 'acme' },
      /is not a ConductorOne client id/,
    ],
    [{ ...TOKEN, CONDUCTORONE_TENANT_DOMAIN: 'a b' }, /^CONDUCTORONE_TENANT_DOMAIN is not a host name\.$/],
    [{ ...TOKEN, CONDUCTORONE_TENANT_DOMAIN: 'acme.conductor.one/path' }, /is not a host name/],
    [{ ...TOKEN, CONDUCTORONE_TENANT_DOMAIN: 'me@acme.conductor.one' }, /is not a host name/],
    [{ ...TOKEN, CONDUCTORONE_TENANT_DOMAIN: 'acme.conductor.one?x' }, /is not a host name/],
    [{ ...TOKEN, CONDUCTORONE_TENANT_DOMAIN: 'acme.conductor.one#x' }, /is not a host name/],
    [{ ...TOKEN, CONDUCTORONE_SERVER_URL: 'acme.conductor.one' }, /^CONDUCTORONE_SERVER_URL is not a URL\.$/],
    [{ ...TOKEN, CONDUCTORONE_SERVER_URL: 'https://me@acme.conductor.one' }, /holds a user name or password/],
    [
      { ...TOKEN, CONDUCTORONE_SERVER_URL: 'https://:pw@acme.conductor.one' },
      /holds a user name or password/,
    ],
    [{ ...TOKEN, CONDUCTORONE_SERVER_URL: 'http://acme.conductor.one' }, /must start with https:\/\//],
    [{ ...TOKEN, CONDUCTORONE_SERVER_URL: 'ftp://127.0.0.1' }, /must start with https:\/\//],
  ])('refused in %j', (env, message) => {
    expect(() => readEnvironment(env)).toThrow(
      expect.objectContaining({
        code: 'credentials',
        message: expect.stringMatching(message),
        hint: expect.stringMatching(/for example|looks like/),
      }),
    );
  });

  test('known apart from a login, if a setting names it', () => {
    expect(namedTenant({ CONDUCTORONE_SERVER_URL: 'https://A.example:1' })).toBe('a.example');
    expect(namedTenant({ CONDUCTORONE_TENANT_DOMAIN: 'acme' })).toBe('acme.conductor.one');
    expect(namedTenant(SECRET)).toBeUndefined();
    expect(() => namedTenant({ CONDUCTORONE_TENANT_DOMAIN: 'a b' })).toThrow('is not a host name');
  });
});

test.each([
  'CONDUCTORONE_ACCESS_TOKEN',
  'CONDUCTORONE_OIDC_TOKEN',
  'CONDUCTORONE_CLIENT_ID',
  'CONDUCTORONE_CLIENT_SECRET',
])('%s alone is a credential, though perhaps half of one', (name) => {
  expect([holdsCredential({ [name]: 'x' }), holdsCredential({ [name]: ' ' })]).toEqual([true, false]);
  expect(holdsCredential({ CONDUCTORONE_TENANT_DOMAIN: 'x' })).toBe(false);
});

describe('a client secret', () => {
  const KEY = {
    kty: 'OKP',
    crv: 'Ed25519',
    x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
    d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A',
  };
  const packed = (jwk: unknown) =>
    `secret-token:conductorone.com:v1:${Buffer.from(JSON.stringify(jwk)).toString('base64url')}`;
  const read = (secret: string) => readClientSecret(secret, 'THE_SECRET');

  test('is a private Ed25519 key, whatever else the JWK holds', async () => {
    for (const jwk of [KEY, { ...KEY, use: 'enc', key_ops: ['verify'], alg: 'x' }]) {
      const key = await read(packed(jwk));
      expect([key.type, key.extractable, key.usages]).toEqual(['private', false, ['sign']]);
    }
  });

  test.each([
    ['', 'it does not begin with "secret-token:conductorone.com:v1:"'],
    [packed(KEY).slice(1), 'it does not begin with'],
    [packed(KEY).replace('conductorone.com', 'example.com'), 'it does not begin with'],
    [`${packed(KEY)}:x`, 'it does not begin with'],
    [packed(KEY).replace(':v1:', ':v2:'), 'its version is not v1'],
    ['secret-token:conductorone.com:v1:', 'its last part is not unpadded base64url'],
    [`${packed(KEY)}=`, 'its last part is not unpadded base64url'],
    [`${packed(KEY)} x`, 'its last part is not unpadded base64url'],
    [
      `secret-token:conductorone.com:v1:+${packed(KEY).slice(-40)}`,
      'its last part is not unpadded base64url',
    ],
    ['secret-token:conductorone.com:v1:abcd', 'its last part is not a JSON Web Key'],
    [packed(5), 'its last part is not a JSON Web Key'],
    [packed(null), 'its last part is not a JSON Web Key'],
    [packed({ ...KEY, kty: 'EC' }), 'it does not hold a private Ed25519 key'],
    [packed({ ...KEY, crv: 'X25519' }), 'it does not hold a private Ed25519 key'],
    [packed({ ...KEY, x: 5 }), 'it does not hold a private Ed25519 key'],
    [packed({ ...KEY, d: undefined }), 'it does not hold a private Ed25519 key'],
    [packed({ ...KEY, d: 'AA' }), 'its Ed25519 key cannot be read'],
  ])('%s is refused without being quoted', async (secret, why) => {
    const refused = await read(secret).catch((error: unknown) => error);
    expect(refused).toMatchObject({
      code: 'credentials',
      message: expect.stringContaining(`THE_SECRET is malformed: ${why}`),
      hint: expect.stringContaining('Copy the complete secret again'),
    });
    expect(JSON.stringify([refused, String(refused)])).not.toContain(secret.slice(34) || '\0');
  });
});
