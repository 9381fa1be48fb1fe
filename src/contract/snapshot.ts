import type { AllowList, Credential, Fact, Kind, Owner, Provider, Role, Unknown } from './credential.js';
import type { PrincipalTrust } from './rule.js';

/** How much of one kind of credential was seen. */
export interface SourceSeen {
  readonly kind: Kind;
  /** `partial`: seen, but not whole. `unavailable`: not seen at all. */
  readonly status: 'complete' | 'partial' | 'unavailable';
  /** An optional source that the tenant has not switched on does not make the run incomplete. */
  readonly required: boolean;
  readonly pages: number;
  readonly note: string | null;
}

/** What was learnt about the tenant beside its credentials. */
export interface TenantFacts {
  /** Owner by id; an id that is missing here was not looked up. */
  readonly owners: ReadonlyMap<string, Fact<Owner>>;
  /** Undeleted roles by id. */
  readonly roles: Fact<ReadonlyMap<string, Role>>;
  readonly allowList: Fact<{ readonly user: AllowList; readonly admin: AllowList }>;
  /** `rest` is what is known of a provider that was not seen: null, that there is none. */
  readonly providers: { readonly seen: ReadonlyMap<string, Provider>; readonly rest: Unknown | null };
  /** Trusts by service principal, and what is known of a principal without any. `undefined`: nobody asked for trusts. */
  readonly trusts:
    | { readonly byPrincipal: ReadonlyMap<string, readonly PrincipalTrust[]>; readonly rest: Unknown | null }
    | undefined;
}

/** What happened, and what to do next. */
export interface Failure {
  readonly message: string;
  readonly hint: string;
}

/** All that one run saw of a tenant. */
export interface Snapshot {
  /** Host in lower case, without port. */
  readonly tenant: string;
  readonly scope: 'mine' | 'tenant' | 'file';
  readonly self: { readonly userId: string | null; readonly clientId: string | null } | null;
  /** Whether whoever asked is known to be shown everything there is, so that what is not listed does not exist. */
  readonly seesAll?: boolean;
  readonly credentials: readonly Credential[];
  /** Listed as well, but known to be decoys: nothing may be said of any of them. */
  readonly decoys?: readonly Pick<Credential, 'kind' | 'id'>[];
  readonly sources: readonly SourceSeen[];
  readonly facts: TenantFacts;
  /** What else keeps the run from being complete, one phrase each; absent: nothing. */
  readonly gaps?: readonly string[];
  /** What could not be seen without making the run incomplete, with the right to grant. */
  readonly notes: readonly string[];
  /** What stopped a source, for the person at the terminal. */
  readonly failures: readonly Failure[];
}
