import type { CustomFinding, TenantData, TenantRecords } from './records.js';
import { seed } from './seed.js';
import { type Fault, Faults } from './tenant/faults.js';
import { type ActionsEndpoint, Issuer, serveActions } from './tenant/issuer.js';
import { exportJwk, generateKeys } from './tenant/jws.js';
import { type ClientKind, findClient, fullClientId } from './tenant/login.js';
import { DEFAULT_PAGING, find, findById, type Paging } from './tenant/paging.js';
import { Handler, type Listening, listen, type RecordedRequest } from './tenant/server.js';
import { DpopNonces, type Features, type Lifetimes, Sessions, type State } from './tenant/state.js';

export {
  Calendar,
  clientNameOf,
  credential,
  decoy,
  idOf,
  personalClient,
  provider,
  ROLE,
  role,
  servicePrincipal,
  sessionSettings,
  systemRoles,
  tenantRecords,
  trust,
  user,
} from './build.js';
export { type BulkSize, bulk } from './bulk.js';
export type * from './records.js';
export { Permission } from './records.js';
export { seed } from './seed.js';
export type { Target } from './tenant/endpoints.js';
export {
  type Effect,
  type Fault,
  type FaultRequest,
  Faults,
  setAnswerField,
  setField,
} from './tenant/faults.js';
export type { ActionsEndpoint } from './tenant/issuer.js';
export type { Paging, Table, UndeclaredList } from './tenant/paging.js';
export type { RecordedRequest } from './tenant/server.js';
export type { Features, Lifetimes, Switch } from './tenant/state.js';

export type Environment = Readonly<Record<string, string>>;

/** What a job in `acme/c1-audit` on `main` tells about itself. */
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

/** Hands out environments that let a client in, one way or another. */
class Issue {
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

export interface TenantOptions<Data extends TenantData = TenantRecords> {
  /** What the tenant holds; without it, the seed as of `now()`. */
  readonly data?: Data;
  /** The tenant's clock, in milliseconds since the epoch. Tokens live and die by it. */
  readonly now?: () => number;
  readonly paging?: Partial<Paging>;
  readonly features?: Partial<Features>;
  /** Seconds. */
  readonly lifetimes?: Partial<Lifetimes>;
  readonly faults?: readonly Fault[];
  /** 0, the default, is any free one. */
  readonly port?: number;
  /** The bare client id of the personal client behind `environment`, in place of the data's own. */
  readonly caller?: string;
  /** What callers see of users and roles that they may not read. */
  readonly withoutRights?: State['withoutRights'];
}

/** A ConductorOne on loopback. */
export interface Tenant<Data extends TenantData = TenantRecords> {
  /** http://127.0.0.1:PORT */
  readonly url: string;
  /** 127.0.0.1:PORT */
  readonly host: string;
  /** What lets the caller in: CONDUCTORONE_CLIENT_ID, CONDUCTORONE_CLIENT_SECRET, CONDUCTORONE_SERVER_URL. */
  readonly environment: Environment;
  /** Other ways in. */
  readonly issue: Issue;
  /** Every request so far, in order of arrival. */
  readonly requests: RecordedRequest[];
  readonly faults: Faults;
  /** Held by reference: change it, and the next answer shows it. */
  readonly data: Data;
  readonly paging: Paging;
  readonly features: Features;
  readonly lifetimes: Lifetimes;
  readonly sessions: Sessions;
  readonly nonces: DpopNonces;
  /** What was pushed to it. */
  readonly findings: CustomFinding[];
  /** Ends all connections, hanging ones too. */
  close(): Promise<void>;
}

const DEFAULT_FEATURES: Features = { servicePrincipals: 'on', federation: 'on', decoys: 'on', findings: 501 };
const DEFAULT_LIFETIMES: Lifetimes = { personalClient: 600, servicePrincipal: 3600, exchange: 1800 };

/** Starts a tenant on 127.0.0.1. */
export async function startTenant<Data extends TenantData = TenantRecords>(
  options: TenantOptions<Data> = {},
): Promise<Tenant<Data>> {
  const now = options.now ?? Date.now;
  const given = options.data ?? (seed(now()) as TenantData as Data);
  const data = options.caller === undefined ? given : { ...given, caller: options.caller };
  const faults = new Faults(options.faults);
  const requests: RecordedRequest[] = [];

  // Requests need the port that listening brings: none can come before somebody knows it.
  let handler: Handler | undefined;
  const server: Listening = await listen(async (request, response) => {
    await handler?.handle(request, response);
  }, options.port);
  const host = `127.0.0.1:${server.port}`;
  const state: State = {
    data,
    host,
    audience: '127.0.0.1',
    now,
    paging: { ...DEFAULT_PAGING, ...options.paging },
    features: { ...DEFAULT_FEATURES, ...options.features },
    lifetimes: { ...DEFAULT_LIFETIMES, ...options.lifetimes },
    sessions: new Sessions(),
    clientKeys: new Map(),
    issuerKeys: new Map(),
    seen: new Set(),
    nonces: new DpopNonces(),
    findings: [],
    withoutRights: options.withoutRights ?? 'blank',
  };
  handler = new Handler(state, faults, requests);
  const issue = new Issue(state);
  return {
    url: `http://${host}`,
    host,
    environment: await issue.secret(),
    issue,
    requests,
    faults,
    data,
    paging: state.paging,
    features: state.features,
    lifetimes: state.lifetimes,
    sessions: state.sessions,
    nonces: state.nonces,
    findings: state.findings,
    async close() {
      await Promise.all([server.close(), issue.close()]);
    },
  };
}
