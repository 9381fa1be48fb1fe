import { randomUUID } from 'node:crypto';
import { exportJwk, generateKeys, type Jwk, type Key, signJws } from './jws.js';
import { type Listening, listen } from './server.js';

/** Somebody who signs OIDC tokens: a CI system, say. */
export class Issuer {
  readonly url: string;
  readonly publicJwk: Jwk;
  readonly #key: Key;
  readonly #now: () => number;

  private constructor(url: string, publicJwk: Jwk, key: Key, now: () => number) {
    this.url = url;
    this.publicJwk = publicJwk;
    this.#key = key;
    this.#now = now;
  }

  static async create(url: string, now: () => number): Promise<Issuer> {
    const { publicKey, privateKey } = await generateKeys('ES256');
    return new Issuer(url, await exportJwk(publicKey), privateKey, now);
  }

  /** A fresh token, good for five minutes unless `claims` say otherwise. */
  async sign(claims: Readonly<Record<string, unknown>>): Promise<string> {
    const iat = Math.floor(this.#now() / 1000);
    const base = { iss: this.url, iat, nbf: iat, exp: iat + 300, jti: randomUUID() };
    return signJws({ alg: 'ES256', typ: 'JWT' }, { ...base, ...claims }, this.#key);
  }
}

/** A request for an OIDC token. */
export interface OidcRequest {
  readonly audience: string | null;
  readonly status: number;
}

/** The place where a GitHub Actions job fetches its OIDC tokens. */
export interface ActionsEndpoint {
  /** ACTIONS_ID_TOKEN_REQUEST_URL and ACTIONS_ID_TOKEN_REQUEST_TOKEN */
  readonly environment: Readonly<Record<string, string>>;
  readonly requests: readonly OidcRequest[];
  /** The next so many requests are answered with `status`. */
  fail(status: number, times?: number): void;
  close(): Promise<void>;
}

/** Serves `{count, value}` with a fresh token on each request, as GitHub does. */
export async function serveActions(
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
      // As GitHub's, it has a query already: an audience is to be added with &.
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
