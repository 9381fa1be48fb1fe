/**
 * A fact that could not be read.
 *
 * `reason` says why (a sentence without a full stop), `cure` what to grant or fix.
 */
export class Unknown {
  readonly reason: string;
  readonly cure: string;

  constructor(reason: string, cure: string) {
    this.reason = reason;
    this.cure = cure;
  }
}

/** A value, or why it could not be read. `null` is a value ("never", "none"). */
export type Fact<T> = T | Unknown;

export function isKnown<T>(fact: Fact<T>): fact is T {
  return !(fact instanceof Unknown);
}

/** The value, or `undefined` if it is not known. */
export function ifKnown<T>(fact: Fact<T>): T | undefined {
  return fact instanceof Unknown ? undefined : fact;
}

/** The ways into a ConductorOne tenant that can be listed. */
export const KINDS = [
  'personal-client',
  'service-principal-credential',
  'federation-trust',
  'external-client',
  'tunnel-credential',
  'llm-gateway-key',
  'function',
] as const;

export type Kind = (typeof KINDS)[number];

/** Whether credentials of a kind belong to people. The others belong to service principals, or their record names no owner. */
export function isPersonal(kind: Kind): boolean {
  return kind === 'personal-client' || kind === 'external-client';
}

/**
 * One credential as its source listed it. null is "never". Dates are milliseconds since the epoch, as a large tenant's
 * `Date` objects would take a third of all memory; rules get dates.
 */
export interface Credential {
  readonly kind: Kind;
  /** Unique within kind and tenant. A federation trust's is its client id; an external client's, client id and user id. */
  readonly id: string;
  /** Empty for LLM gateway keys and functions. */
  readonly clientId: string;
  /** Hostile text: its owner chooses it. Empty if blank. */
  readonly name: string;
  /** The user or service principal that it belongs to; empty if the record names none. */
  readonly ownerId: string;
  readonly deletedAt: number | null;
  /** A disabled federation trust does not work. */
  readonly disabled: boolean;
  readonly createdAt: Fact<number>;
  readonly expiresAt: Fact<number | null>;
  readonly lastUsedAt: Fact<number | null>;
  readonly allowedCidrs: Fact<readonly string[]>;
  readonly scopedRoleIds: Fact<readonly string[]>;
  readonly requireDpop: Fact<boolean>;
  /** The CEL condition of a federation trust; empty for other kinds. */
  readonly condition: Fact<string>;
  /** The provider of a federation trust; empty for other kinds. */
  readonly providerId: string;
  /** External clients only. */
  readonly registration?: Fact<Registration> | undefined;
  /** Tunnel credentials only. */
  readonly connected?: Fact<boolean> | undefined;
  /** Its name is also a decoy's: the report gives no advice, and no message goes to its owner. Absent: no. */
  readonly adviceWithheld?: true;
}

/** What others may call a credential: its id, its client id, or that without host and suffix. Each once, none blank. */
export function namesOf({ id, clientId }: Pick<Credential, 'id' | 'clientId'>): string[] {
  const at = clientId.indexOf('@');
  const local = at < 0 ? '' : clientId.slice(0, at);
  return [...new Set([id, clientId, local])].filter((name) => name !== '');
}

/** What ConductorOne knows about the program behind an external client. */
export interface Registration {
  /**
   * `dynamic`: it registered itself, under a name of its choice. `metadata-url`: its client id is the address of its own
   * description. `app`: it belongs to an application of the tenant.
   */
  readonly type: 'dynamic' | 'metadata-url' | 'app';
  /** Empty: none. */
  readonly verifiedDomain: string;
  /** ConductorOne's name for a program that it recognizes, such as `CLAUDE_CODE`; empty for others. */
  readonly wellKnownClient: string;
}

/** Names of roles that every tenant has. */
export const BUILT_IN_ROLE = /^system:[a-z-]+$/;

/** The system name of the role that can do everything. */
export const SUPER_ADMINISTRATOR = 'system:owner';

/** A role of the tenant. `name` is the system name (`system:owner`), `displayName` the one people read. */
export interface Role {
  readonly id: string;
  readonly name: string;
  readonly displayName: string;
  /** Its permissions and service roles. Absent: ConductorOne does not show them. */
  readonly grants?: readonly string[];
  /** Whether it includes all that Super Administrator includes. Absent: not known. */
  readonly coversOwner?: boolean;
}

/** Whether a role can do everything, by what it can do and not only by its name; undefined: not known. */
export function canDoEverything({ name, coversOwner }: Role): boolean | undefined {
  if (name === SUPER_ADMINISTRATOR) return true;
  return coversOwner ?? (BUILT_IN_ROLE.test(name) ? false : undefined);
}

/** A user or service principal that credentials belong to. */
export interface Owner {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  /** As the directory writes it (`Notice Period`). Absent or empty: none. */
  readonly employmentStatus?: string;
  /** `gone`: the tenant no longer knows the id. */
  readonly status: 'active' | 'disabled' | 'deleted' | 'gone';
  readonly type: 'human' | 'service' | 'agent' | 'system' | 'unknown';
  /** `undefined`: the tenant's roles could not be read. */
  readonly roles: readonly Role[] | undefined;
  /** Active managers; read only for owners who are not active. */
  readonly managers: readonly Person[];
}

/** An open finding of ConductorOne that says that a credential is public. */
export interface Exposure {
  /** Where the secret was found; null: the finding does not say. */
  readonly source: string | null;
}

export interface Person {
  readonly id: string;
  readonly name: string;
  readonly email: string;
}

/** A tenant-wide list of source networks. */
export interface AllowList {
  readonly enabled: boolean;
  readonly cidrs: readonly string[];
}

/** The provider behind a federation trust. */
export interface Provider {
  readonly id: string;
  readonly name: string;
  readonly disabled: boolean;
}
