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
export { type Environment, Issue, JOB_CLAIMS } from './tenant/issue.js';
export type { ActionsEndpoint } from './tenant/issuer.js';
export type { Paging, UndeclaredList } from './tenant/paging.js';
export { Permission } from './tenant/permissions.js';
export type { RecordedRequest } from './tenant/recorder.js';
export type * from './tenant/records.js';
export type { Features, Lifetimes, Switch } from './tenant/state.js';
export type { Table } from './tenant/tables.js';
export { startTenant, type Tenant, type TenantOptions } from './tenant/tenant.js';
