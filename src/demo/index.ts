import { webcrypto } from 'node:crypto';
import type { TenantData, TenantRecords } from './records.js';
import { seed } from './seed.js';
import {
  DEFAULT_PAGING,
  DpopNonces,
  FEATURES,
  type Features,
  type Lifetimes,
  type Paging,
  Sessions,
  type State,
} from './tenant/call.js';
import { type ClientKind, fullClientId, type Jwk } from './tenant/login.js';
import { listen, type Middleware, requestHandler } from './tenant/server.js';

export interface TenantOptions<Data extends TenantData = TenantRecords> {
  /** What the tenant holds; without it, the seed as of `now()`. */
  readonly data?: Data;
  /** The tenant's clock, in milliseconds since the epoch. Tokens live and die by it. */
  readonly now?: () => number;
  readonly paging?: Partial<Paging>;
  readonly features?: Partial<Features>;
  /** Seconds. */
  readonly lifetimes?: Partial<Lifetimes>;
  /** 0, the default, is any free one. */
  readonly port?: number;
  /** What callers get for users and roles that they may not read. */
  readonly withoutRights?: State['withoutRights'];
  readonly middleware?: (state: State) => Middleware;
}

export type Environment = Readonly<Record<string, string>>;

/** A ConductorOne on loopback. */
export interface Tenant {
  /** http://127.0.0.1:PORT */
  readonly url: string;
  /** The login of the caller: CONDUCTORONE_CLIENT_ID, CONDUCTORONE_CLIENT_SECRET, CONDUCTORONE_SERVER_URL. */
  readonly environment: Environment;
  readonly state: State;
  /** Ends all connections, hanging ones too. */
  close(): Promise<void>;
}

const ALL_ON = Object.fromEntries(
  Object.keys(FEATURES).map((feature) => [feature, 'on']),
) as unknown as Features;

const DEFAULT_LIFETIMES: Lifetimes = {
  'personal-client': 600,
  'service-principal-credential': 3600,
  'federation-trust': 1800,
};

export async function startTenant<Data extends TenantData>(
  options: TenantOptions<Data> = {},
): Promise<Tenant> {
  const { now = Date.now, middleware, port } = options;
  // The port is known only after listening. Nobody can send a request before that.
  let handler: ReturnType<typeof requestHandler> | undefined;
  const server = await listen(async (request, response) => handler?.(request, response), port);
  const state: State = {
    data: options.data ?? seed(now()),
    host: `127.0.0.1:${server.port}`,
    audience: '127.0.0.1',
    now,
    paging: { ...DEFAULT_PAGING, ...options.paging },
    features: { ...ALL_ON, ...options.features },
    lifetimes: { ...DEFAULT_LIFETIMES, ...options.lifetimes },
    sessions: new Sessions(),
    clientKeys: new Map(),
    issuerKeys: new Map(),
    seen: new Set(),
    nonces: new DpopNonces(),
    findings: [],
    log: [],
    withoutRights: options.withoutRights ?? 'blank',
  };
  handler = requestHandler(state, middleware?.(state));
  return {
    url: `http://${state.host}`,
    environment: await issueSecret(state),
    state,
    close: server.close,
  };
}

/** A new client secret of a client, by its bare name. It replaces the client's earlier one. */
export async function issueSecret(
  state: State,
  name: string = state.data.caller,
  kind: ClientKind = 'personal-client',
): Promise<Environment> {
  const clientId = fullClientId(name, state.audience, kind);
  const { subtle } = webcrypto;
  // By WebCrypto, because generateKeyPairSync and an export right after it can deadlock on Node 20.
  const pair = await subtle.generateKey('Ed25519', true, ['sign', 'verify']);
  const { publicKey, privateKey } = pair as webcrypto.CryptoKeyPair;
  state.clientKeys.set(clientId, (await subtle.exportKey('jwk', publicKey)) as Jwk);
  const { kty, crv, x, d } = await subtle.exportKey('jwk', privateKey);
  const jwk = Buffer.from(JSON.stringify({ kty, crv, x, d })).toString('base64url');
  return {
    CONDUCTORONE_SERVER_URL: `http://${state.host}`,
    CONDUCTORONE_CLIENT_ID: clientId,
    CONDUCTORONE_CLIENT_SECRET: `secret-token:conductorone.com:v1:${jwk}`,
  };
}
