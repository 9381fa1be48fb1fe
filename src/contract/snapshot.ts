import type {
  AllowList,
  Credential,
  Exposure,
  Fact,
  Kind,
  Owner,
  Provider,
  Role,
  Unknown,
} from './credential.js';
import type { PrincipalTrust, Usage } from './rule.js';

/** How much of one source was read. */
export interface SourceSeen {
  readonly kind: Kind;
  /** `partial`: read, but not completely. `unavailable`: not read at all. */
  readonly status: 'complete' | 'partial' | 'unavailable';
  /** An optional source that the tenant does not offer leaves the audit complete. */
  readonly required: boolean;
  /** The tenant does not have it. Absent: it has, or that is not known. */
  readonly absent?: true;
  readonly pages: number;
  readonly note: string | null;
}

/** What was read about the tenant besides its credentials. */
export interface TenantFacts {
  /** Owners by id. An id that is missing here was not looked up. */
  readonly owners: ReadonlyMap<string, Fact<Owner>>;
  /** Undeleted roles by id. */
  readonly roles: Fact<ReadonlyMap<string, Role>>;
  readonly allowList: Fact<{ readonly user: AllowList; readonly admin: AllowList }>;
  /** `rest` applies to a provider that is not in `seen`. null: it does not exist. */
  readonly providers: { readonly seen: ReadonlyMap<string, Provider>; readonly rest: Unknown | null };
  /** Trusts by service principal. `rest` applies to the others; null: they have none. `undefined`: trusts were not requested. */
  readonly trusts:
    | { readonly byPrincipal: ReadonlyMap<string, readonly PrincipalTrust[]>; readonly rest: Unknown | null }
    | undefined;
  /**
   * What ConductorOne found in public, by each text in the finding. `rest` applies to credentials that none of them names.
   * `undefined`: its findings were not read.
   */
  readonly exposures?:
    | { readonly byText: ReadonlyMap<string, Exposure>; readonly rest: Unknown | null }
    | undefined;
  /** What the system log says, by client id; or why it could not be read. `undefined`: it was not requested. */
  readonly usage?: Fact<ReadonlyMap<string, Usage>> | undefined;
}

/** What is known as long as the lists of credentials are read: it is read beside them. */
export type EarlyFacts = Pick<TenantFacts, 'roles' | 'allowList' | 'exposures'>;

/** What audits remember of the system log. Timestamps are RFC 3339. No names. */
export interface LogMemory {
  /** The uid of the last event; empty: none was read. */
  readonly lastEvent: string;
  /** Up to when the log was read. */
  readonly to: string;
  /** By client id. */
  readonly clients: Readonly<Record<string, ClientMemory>>;
}

/** Use of one client id, as far as the log was read without a gap from `from` to `to`. */
export interface ClientMemory {
  readonly from: string;
  readonly to: string;
  readonly lastAt: string | null;
  readonly addresses: readonly {
    readonly address: string;
    readonly count: number;
    readonly lastAt: string;
  }[];
  readonly refused: readonly {
    readonly reason: string;
    readonly address: string;
    readonly count: number;
    readonly lastAt: string;
  }[];
}

/** What happened, and what to do next. */
export interface Failure {
  readonly message: string;
  readonly hint: string;
}

/** Everything that one audit read of a tenant. */
export interface Snapshot {
  /** Host in lower case, without port. */
  readonly tenant: string;
  readonly scope: 'mine' | 'tenant' | 'file';
  readonly self: { readonly userId: string | null; readonly clientId: string | null } | null;
  /** Whether ConductorOne shows the caller every credential, so that what is not listed does not exist. */
  readonly seesAll?: boolean;
  readonly credentials: readonly Credential[];
  /** Listed, but known to be decoys: no output may mention them. */
  readonly decoys?: readonly Pick<Credential, 'kind' | 'id'>[];
  readonly sources: readonly SourceSeen[];
  readonly facts: TenantFacts;
  /** What to remember of the system log. Absent: as before. */
  readonly log?: LogMemory | undefined;
  /** What else makes the audit incomplete, one phrase each. Absent: nothing. */
  readonly gaps?: readonly string[];
  /** What could not be read though the audit is complete, with the permission to grant. */
  readonly notes: readonly string[];
  /** What stopped a source, for the person at the terminal. */
  readonly failures: readonly Failure[];
}
