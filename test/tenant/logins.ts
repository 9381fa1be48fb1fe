import { randomUUID, webcrypto } from 'node:crypto';
import { type Listening, listen } from '../../src/demo/index.js';
import { find, findById, type State } from '../../src/demo/tenant/call.js';
import { type ClientKind, findClient, fullClientId, type Jwk } from '../../src/demo/tenant/login.js';
import type { Environment } from './index.js';

const { subtle } = webcrypto;

/** GitHub's claims of a job in `acme/c1-audit` on `main`. */
const JOB_CLAIMS = {
  sub: 'repo:acme/c1-audit:ref:refs/heads/main',
  repository: 'acme/c1-audit',
  repository_id: '714309221',
  repository_owner: 'acme',
  repository_owner_id: '40213',
  ref: 'refs/heads/main',
  environment: 'nightly',
  actor: 'ada-okafor',
  event_name: 'schedule',
  job_workflow_ref: 'acme/c1-audit/.github/workflows/nightly.yml@refs/heads/main',
} as const;

/** Logins of every kind, as environments for a client. */
export class Logins {
  /** CONDUCTORONE_CLIENT_ID and a new CONDUCTORONE_CLIENT_SECRET, the caller's by default. It replaces the earlier one. */
  readonly secret: (name?: string, kind?: ClientKind) => Promise<Environment>;
  readonly #state: State;
  readonly #issuers = new Map<string, Issuer>();
  readonly #endpoints: ActionsEndpoint[] = [];

  constructor(state: State, secret: Logins['secret']) {
    this.#state = state;
    this.secret = secret;
  }

  /** An access token, ready for use. */
  async accessToken(
    name: string = this.#state.data.caller,
    kind: ClientKind = 'personal-client',
  ): Promise<Environment> {
    const { lifetimes, sessions } = this.#state;
    const clientId = this.#clientId(name, kind);
    const client = findClient(this.#state, clientId);
    if (!client) throw new TypeError(`the tenant has no client ${clientId}`);
    const token = sessions.open({
      clientId,
      principalId: client.principalId,
      scopedRoleIds: client.scopedRoleIds,
      expiresAt: this.#state.now() + lifetimes['personal-client'] * 1000,
      keyThumbprint: undefined,
    });
    return { ...this.#server(), CONDUCTORONE_CLIENT_ID: clientId, CONDUCTORONE_ACCESS_TOKEN: token };
  }

  /** A token of the trust's own issuer, with GitHub's claims of a nightly job by default. */
  async oidcToken(
    name: string = this.#state.data.federatedCaller,
    claims: Readonly<Record<string, unknown>> = {},
  ): Promise<string> {
    const issuer = await this.issuer(name);
    return issuer.sign({ ...JOB_CLAIMS, aud: this.#state.audience, ...claims });
  }

  /** CONDUCTORONE_OIDC_TOKEN and the trust's CONDUCTORONE_CLIENT_ID. */
  async oidc(
    name: string = this.#state.data.federatedCaller,
    claims: Readonly<Record<string, unknown>> = {},
  ): Promise<Environment> {
    return {
      ...this.#server(),
      CONDUCTORONE_CLIENT_ID: this.#clientId(name, 'federation-trust'),
      CONDUCTORONE_OIDC_TOKEN: await this.oidcToken(name, claims),
    };
  }

  /** A GitHub Actions job that may fetch OIDC tokens, and the endpoint for them. */
  async actions(
    name: string = this.#state.data.federatedCaller,
    claims: Readonly<Record<string, unknown>> = {},
  ): Promise<ActionsEndpoint & { readonly environment: Environment }> {
    const endpoint = await serveActions(await this.issuer(name), { ...JOB_CLAIMS, ...claims });
    this.#endpoints.push(endpoint);
    return {
      ...endpoint,
      environment: {
        ...this.#server(),
        ...endpoint.environment,
        CONDUCTORONE_CLIENT_ID: this.#clientId(name, 'federation-trust'),
      },
    };
  }

  /** The issuer behind a trust's provider; the tenant accepts its key from now on. */
  async issuer(name: string = this.#state.data.federatedCaller): Promise<Issuer> {
    const { data, now, issuerKeys } = this.#state;
    const trust = find(data.trusts, (row) => row.clientId === name);
    const provider = trust && findById(data.providers, trust.providerId);
    if (!provider) throw new TypeError(`the tenant has no trust ${name} with a provider`);
    const known = this.#issuers.get(provider.issuerUrl);
    if (known) return known;
    const issuer = await Issuer.create(provider.issuerUrl, now);
    this.#issuers.set(issuer.url, issuer);
    issuerKeys.set(issuer.url, issuer.publicJwk);
    return issuer;
  }

  async close(): Promise<void> {
    await Promise.all(this.#endpoints.map((endpoint) => endpoint.close()));
  }

  #clientId(name: string, kind: ClientKind): string {
    return fullClientId(name, this.#state.audience, kind);
  }

  #server(): Environment {
    return { CONDUCTORONE_SERVER_URL: `http://${this.#state.host}` };
  }
}

const ES256 = { name: 'ECDSA', namedCurve: 'P-256' } as const;

/** An issuer of OIDC tokens, such as a CI system. */
class Issuer {
  readonly url: string;
  readonly publicJwk: Jwk;
  readonly #key: webcrypto.CryptoKey;
  readonly #now: () => number;

  private constructor(url: string, publicJwk: Jwk, key: webcrypto.CryptoKey, now: () => number) {
    this.url = url;
    this.publicJwk = publicJwk;
    this.#key = key;
    this.#now = now;
  }

  static async create(url: string, now: () => number): Promise<Issuer> {
    const { publicKey, privateKey } = await subtle.generateKey(ES256, true, ['sign', 'verify']);
    return new Issuer(url, (await subtle.exportKey('jwk', publicKey)) as Jwk, privateKey, now);
  }

  /** A fresh token, valid for five minutes unless `claims` say otherwise. */
  async sign(claims: Readonly<Record<string, unknown>>): Promise<string> {
    const iat = Math.floor(this.#now() / 1000);
    const base = { iss: this.url, iat, nbf: iat, exp: iat + 300, jti: randomUUID() };
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const signed = `${encode({ alg: 'ES256', typ: 'JWT' })}.${encode({ ...base, ...claims })}`;
    const signature = await subtle.sign({ ...ES256, hash: 'SHA-256' }, this.#key, Buffer.from(signed));
    return `${signed}.${Buffer.from(signature).toString('base64url')}`;
  }
}

/** A request for an OIDC token. */
interface OidcRequest {
  readonly audience: string | null;
  readonly status: number;
}

/** The endpoint where a GitHub Actions job fetches its OIDC tokens. */
interface ActionsEndpoint {
  /** ACTIONS_ID_TOKEN_REQUEST_URL and ACTIONS_ID_TOKEN_REQUEST_TOKEN */
  readonly environment: Readonly<Record<string, string>>;
  readonly requests: readonly OidcRequest[];
  /** Answers the next `times` requests with `status`. */
  fail(status: number, times?: number): void;
  close(): Promise<void>;
}

/** Serves `{count, value}` with a fresh token on each request, as GitHub does. */
async function serveActions(
  issuer: Issuer,
  claims: Readonly<Record<string, unknown>>,
): Promise<ActionsEndpoint> {
  const requestToken = `ghs_${randomUUID().replaceAll('-', '')}`;
  const requests: OidcRequest[] = [];
  let failing = { status: 500, times: 0 };
  const server: Listening = await listen(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    const audience = url.searchParams.get('audience');
    const answer = (status: number, json: unknown) => {
      requests.push({ audience, status });
      response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
      response.end(JSON.stringify(json));
    };
    if (failing.times > 0) {
      failing = { ...failing, times: failing.times - 1 };
      answer(failing.status, { message: 'The service is unavailable' });
    } else if (request.headers.authorization?.toLowerCase() !== `bearer ${requestToken}`) {
      answer(401, { message: 'Unauthorized' });
    } else if (url.pathname !== '/idtoken' || !url.searchParams.has('api-version')) {
      answer(404, { message: 'Not Found' });
    } else {
      const value = await issuer.sign({ aud: audience ?? 'https://github.com/acme', ...claims });
      answer(200, { count: value.length, value });
    }
  });
  return {
    environment: {
      // It has a query, as GitHub's has: clients must add the audience with &.
      ACTIONS_ID_TOKEN_REQUEST_URL: `http://127.0.0.1:${server.port}/idtoken?api-version=2.0`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: requestToken,
    },
    requests,
    fail(status, times = 1) {
      failing = { status, times };
    },
    close: () => server.close(),
  };
}
