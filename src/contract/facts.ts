import type { AllowList, Kind, Owner, Provider, Role } from './credential.js';
import { KINDS } from './credential.js';

/** A role a credential is cut down to; `name` is null where the tenant's roles do not hold the id. */
export interface ScopedRole {
  readonly id: string;
  readonly name: string | null;
}

/** How many live credentials of one kind the owner holds, and how many of them are newer than this one. */
export interface OwnerLiveKeys {
  readonly total: number;
  /** Newer by creation date, then by id. */
  readonly newer: number;
}

/** A live credential of the same owner, kind and name. */
export interface Sibling {
  readonly id: string;
  readonly createdAt: Date;
  readonly lastUsedAt: Date | null;
}

/**
 * The live credentials of the same owner, kind and name (trimmed, case-folded), this one included,
 * newest first. Blank names have no siblings. The lists are shared by all of them: never copy them per credential.
 */
export interface Siblings {
  readonly all: readonly Sibling[];
  /** Those of `all` that have been used. */
  readonly used: readonly Sibling[];
}

/** A federation trust of the same service principal. */
export interface PrincipalTrust {
  readonly id: string;
  readonly name: string;
  readonly disabled: boolean;
  /** `undefined` when the providers could not be read. */
  readonly providerDisabled: boolean | undefined;
}

/** Everything a rule may ask for. Instants are `Date`, null is "never" or "none". */
export interface Facts {
  name: string;
  clientId: string;
  createdAt: Date;
  expiresAt: Date | null;
  lastUsedAt: Date | null;
  allowedCidrs: readonly string[];
  scopedRoles: readonly ScopedRole[];
  /** The tenant's undeleted roles by id. */
  tenantRoles: ReadonlyMap<string, Role>;
  owner: Owner;
  ownerLiveKeys: OwnerLiveKeys;
  siblings: Siblings;
  /** The allow lists of the tenant for personal clients: `admin` for Super Administrators, `user` for others. */
  tenantAllowList: { readonly user: AllowList; readonly admin: AllowList };
  requireDpop: boolean;
  principalTrusts: readonly PrincipalTrust[];
  condition: string;
  /** null: the tenant has no such provider. */
  provider: Provider | null;
  /** True for the credential that runs the audit. */
  self: boolean;
}

export type FactName = keyof Facts;

const STATIC: readonly Kind[] = ['personal-client', 'service-principal-credential'];

/** Which kinds carry a fact at all. A rule that asks one of its kinds for a fact it lacks does not load. */
export const FACT_KINDS: Record<FactName, readonly Kind[]> = {
  name: KINDS,
  clientId: KINDS,
  createdAt: KINDS,
  expiresAt: STATIC,
  lastUsedAt: STATIC,
  allowedCidrs: KINDS,
  scopedRoles: KINDS,
  tenantRoles: KINDS,
  owner: KINDS,
  ownerLiveKeys: STATIC,
  siblings: STATIC,
  tenantAllowList: KINDS,
  requireDpop: ['service-principal-credential'],
  principalTrusts: ['service-principal-credential'],
  condition: ['federation-trust'],
  provider: ['federation-trust'],
  self: KINDS,
};
