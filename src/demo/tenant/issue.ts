import { type ClientKind, findClient, fullClientId } from './clients.js';
import { type ActionsEndpoint, Issuer, serveActions } from './issuer.js';
import { exportJwk, generateKeys } from './jws.js';
import type { State } from './state.js';
import { find, findById } from './tables.js';

export type Environment = Readonly<Record<string, string>>;

/** What a job in `acme/c1-audit` on `main` tells about itself. */
export const JOB_CLAIMS = {
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

/** Hands out environments that let a client in, one way or another. */
export class Issue {
  readonly #state: State;
  readonly #issuers = new Map<string, Issuer>();
  readonly #endpoints: ActionsEndpoint[] = [];

  constructor(state: State) {
    this.#state = state;
  }

  /**
   * CONDUCTORONE_CLIENT_ID and CONDUCTORONE_CLIENT_SECRET of a client, by its bare name: the caller's personal
   * client unless told otherwise. Each call makes a new key, and the old one opens nothing any more.
   */
  async secret(
    name: string = this.#state.data.caller,
    kind: ClientKind = 'personal-client',
  ): Promise<Environment> {
    const clientId = this.#clientId(name, kind);
    const { publicKey, privateKey } = await generateKeys('EdDSA');
    this.#state.clientKeys.set(clientId, await exportJwk(publicKey));
    const { kty, crv, x, d } = await exportJwk(privateKey);
    const jwk = Buffer.from(JSON.stringify({ kty, crv, x, d })).toString('base64url');
    return {
      ...this.#server(),
      CONDUCTORONE_CLIENT_ID: clientId,
      CONDUCTORONE_CLIENT_SECRET: `secret-token:conductorone.com:v1:${jwk}`,
    };
  }

  /** A ready access token, which lasts as long as its kind's do. */
  async accessToken(
    name: string = this.#state.data.caller,
    kind: ClientKind = 'personal-client',
  ): Promise<Environment> {
    const { data, audience, lifetimes, sessions } = this.#state;
    const clientId = this.#clientId(name, kind);
    const client = findClient(data, audience, clientId, this.#state.now());
    if (!client) throw new TypeError(`the tenant has no client ${clientId}`);
    const token = sessions.open({
      clientId,
      principalId: client.principalId,
      scopedRoleIds: client.scopedRoleIds,
      expiresAt: this.#state.now() + lifetimes.personalClient * 1000,
      keyThumbprint: undefined,
    });
    return { ...this.#server(), CONDUCTORONE_CLIENT_ID: clientId, CONDUCTORONE_ACCESS_TOKEN: token };
  }

  /** A token of the trust's own issuer, with GitHub's claims of a nightly job unless told otherwise. */
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

  /** A GitHub Actions job that may fetch OIDC tokens, and the place where it fetches them. */
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

  /** The issuer behind a trust's provider; the tenant knows its key from now on. */
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
