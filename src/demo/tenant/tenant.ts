import { seed } from '../seed.js';
import { DpopNonces } from './dpop.js';
import { type Fault, Faults } from './faults.js';
import type { CustomFinding } from './findings.js';
import { type Environment, Issue } from './issue.js';
import { DEFAULT_PAGING, type Paging } from './paging.js';
import type { RecordedRequest } from './recorder.js';
import type { TenantData, TenantRecords } from './records.js';
import { Handler, type Listening, listen } from './server.js';
import { Sessions } from './sessions.js';
import type { Features, Lifetimes, State } from './state.js';

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
