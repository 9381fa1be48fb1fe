import {
  type TenantOptions as BaseOptions,
  type Environment,
  issueSecret,
  startTenant as start,
} from '../../src/demo/index.js';
import type { TenantData, TenantRecords } from '../../src/demo/records.js';
import { seed } from '../../src/demo/seed.js';
import type { State } from '../../src/demo/tenant/call.js';
import { type Fault, Faults } from './faults.js';
import { Logins } from './logins.js';
import { type RecordedRequest, recorded } from './requests.js';

export type { Environment } from '../../src/demo/index.js';
export type * from '../../src/demo/records.js';
export * from '../../src/demo/records.js';
export { Permission } from '../../src/demo/records.js';
export { seed } from '../../src/demo/seed.js';
export type { Target } from '../../src/demo/tenant/endpoints.js';
export { type BulkSize, bulk } from './bulk.js';
export { type Effect, type Fault, Faults, setAnswerField, setField } from './faults.js';
export { tenantRecords } from './records.js';
export type { RecordedRequest } from './requests.js';

export interface TenantOptions<Data extends TenantData = TenantRecords> extends BaseOptions<Data> {
  readonly faults?: readonly Fault[];
  /** The bare client id of the personal client behind `environment`, in place of the data's own. */
  readonly caller?: string;
}

type Shared = 'host' | 'paging' | 'features' | 'lifetimes' | 'sessions' | 'nonces' | 'findings';

/** The embedded tenant with what only tests need: faults, other logins, and a record of its requests. */
export interface Tenant<Data extends TenantData = TenantRecords> extends Pick<State, Shared> {
  /** http://127.0.0.1:PORT */
  readonly url: string;
  /** The login of the caller. */
  readonly environment: Environment;
  /** Other logins. */
  readonly issue: Logins;
  /** Every request so far, in order of arrival. */
  readonly requests: RecordedRequest[];
  readonly faults: Faults;
  /** Held by reference: a change is in the next answer. */
  readonly data: Data;
  /** Ends all connections, hanging ones too. */
  close(): Promise<void>;
}

/** Starts a tenant on 127.0.0.1. */
export async function startTenant<Data extends TenantData = TenantRecords>(
  options: TenantOptions<Data> = {},
): Promise<Tenant<Data>> {
  const given = options.data ?? (seed((options.now ?? Date.now)()) as TenantData as Data);
  const data = options.caller === undefined ? given : { ...given, caller: options.caller };
  const faults = new Faults(options.faults);
  const requests: RecordedRequest[] = [];
  const { state, close, ...tenant } = await start({
    ...options,
    data,
    middleware: (state) => recorded(requests, state, faults.middleware(state)),
  });
  const issue = new Logins(state, (name, kind) => issueSecret(state, name, kind));
  return {
    ...state,
    ...tenant,
    data,
    issue,
    requests,
    faults,
    async close() {
      await Promise.all([close(), issue.close()]);
    },
  };
}
