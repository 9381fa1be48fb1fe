import type { Controls } from './controls.js';
import {
  type AllowList,
  type Exposure,
  KINDS,
  type Kind,
  type Owner,
  type Provider,
  type Registration,
  type Role,
} from './credential.js';
import type { Severity } from './severity.js';

/** A role that a credential is scoped to. `name` is null if no role of the tenant has the id. */
export interface ScopedRole {
  readonly id: string;
  readonly name: string | null;
}

/** How many live credentials of one kind the owner has, and how many of them are newer than this one. */
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
  /** `undefined`: the providers could not be read. */
  readonly providerDisabled: boolean | undefined;
}

/**
 * Whom a trust condition admits. `never`: no token. `named`: one workload, or those of a list. `loose`: also workloads
 * with a similar name. `ownerWide`: every workload of an owner. `anyone`: strangers' workloads. `always`: every token.
 * `undecided`: it may be true for workloads that it does not name.
 */
export interface ConditionVerdict {
  readonly admits: 'never' | 'named' | 'loose' | 'ownerWide' | 'anyone' | 'always' | 'undecided';
  /** The part of the condition that decides this, on one line; empty where the condition is. */
  readonly part: string;
}

/**
 * What the system log says about a credential.
 *
 * `since`: the log was read from then on without a gap. Where it is not `complete`, something after that could not be read.
 * An address is a network where there were too many, and empty where an event names none.
 */
export interface Usage {
  readonly since: Date;
  readonly complete: boolean;
  readonly addresses: readonly { readonly address: string; readonly count: number; readonly lastAt: Date }[];
  /** Logins that failed, by the log's word for the reason. */
  readonly refused: readonly {
    readonly reason: string;
    readonly address: string;
    readonly count: number;
    readonly lastAt: Date;
  }[];
  /** The last use; null: none that the log has. */
  readonly lastAt: Date | null;
}

/** Everything a rule can need. null is "never" or "none". */
export interface Facts {
  name: string;
  clientId: string;
  createdAt: Date;
  expiresAt: Date | null;
  lastUsedAt: Date | null;
  /**
   * The last use; `at` is null for none. `since` is null if that is all of its life, as in the records of most kinds: of a
   * federation trust, it is when the system log begins.
   */
  lastUse: { readonly at: Date | null; readonly since: Date | null };
  /** True while something is connected with it. Only the bridges of tunnel credentials show this: false for other kinds. */
  connected: boolean;
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
  conditionVerdict: ConditionVerdict;
  /** null: the tenant has no such provider. */
  provider: Provider | null;
  /** What is known about the program behind an external client. */
  registration: Registration;
  /** null: no open finding of ConductorOne says that it is public. */
  exposure: Exposure | null;
  /** Known only if the audit reads the system log. */
  usage: Usage;
  /** True for the credential that runs the audit. */
  self: boolean;
}

export type FactName = keyof Facts;

// Personal client, service-principal credential, federation trust, external client (a grant), tunnel credential (a
// bridge's), LLM gateway key, function: the letters by which the rules' documentation names them.
const [P, S, T, G, B, L, F] = KINDS;

/** Which kinds have a fact. A rule that needs a fact which one of its kinds lacks does not load. */
// biome-ignore format: a table
export const FACT_KINDS: Record<FactName, readonly Kind[]> = {
  name:              [P, S, T, G, B, L, F],
  clientId:          [P, S, T, G, B],
  createdAt:         [P, S, T, G, B, L, F],
  expiresAt:         [P, S, B],
  lastUsedAt:        [P, S, G, B],
  lastUse:           [P, S, T, G, B],
  connected:         [P, S, T, G, B],
  allowedCidrs:      [P, S, T],
  scopedRoles:       [P, S, T, G, F],
  tenantRoles:       [P, S, T, G, B, L, F],
  owner:             [P, S, T, G],
  ownerLiveKeys:     [P, S, G],
  siblings:          [P, S, G],
  tenantAllowList:   [P, S, T],
  requireDpop:       [S],
  principalTrusts:   [S],
  condition:         [T],
  conditionVerdict:  [T],
  provider:          [T],
  registration:      [G],
  exposure:          [P, S, T],
  usage:             [P, S, T],
  self:              [P, S, T, G, B, L, F],
};

/** Whether credentials of a kind have a fact. What reports show of one that they lack is neither "never" nor "none". */
export function hasFact(kind: Kind, fact: FactName): boolean {
  return FACT_KINDS[fact].includes(kind);
}

/** An option's description, default and bounds. */
export type OptionSpec =
  | {
      readonly describe: string;
      readonly default: number;
      readonly min?: number;
      readonly max?: number;
      readonly integer?: boolean;
    }
  | { readonly describe: string; readonly default: boolean }
  | { readonly describe: string; readonly default: string }
  | { readonly describe: string; readonly default: readonly string[] };

export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

/** The values of options: literal types widened to what a user may write. */
export type OptionValues<O extends OptionSpecs> = {
  readonly [K in keyof O]: O[K]['default'] extends number
    ? number
    : O[K]['default'] extends boolean
      ? boolean
      : O[K]['default'] extends string
        ? string
        : readonly string[];
};

// biome-ignore lint/suspicious/noExplicitAny: each message names the shape of its own data.
export type Messages = Readonly<Record<string, (data: any) => string>>;

type Violation<M extends Messages> = {
  [Id in keyof M & string]: {
    readonly messageId: Id;
    /** What the message says, as JSON values. */
    readonly data: Parameters<M[Id]> extends readonly []
      ? Readonly<Record<never, never>>
      : Parameters<M[Id]>[0];
    /** Absent: the rule's own. A configured severity wins over both. */
    readonly severity?: Severity;
    /** One step more severe than the severity that applies, a configured one included. */
    readonly escalate?: boolean;
  };
}[keyof M & string];

/** A rule's unknown outcome: the missing fact, or the rule's own reason. */
export type CannotTell<Fact extends FactName = FactName> = {
  readonly unknown: Fact | { readonly reason: string; readonly cure: string };
};

export interface RuleDocs {
  /** Why it matters, in a few sentences. */
  readonly why: string;
  /** What to do about a finding. */
  readonly fix: string;
  /** The sources of the rule and its numbers. */
  readonly references?: readonly { readonly title: string; readonly url?: string }[];
}

/**
 * What `plan` does about a finding.
 *
 * `end`: remove the credential. `finish`: its replacement exists; move its users over, then remove it. `ask`: remove it
 * unless somebody needs it. `replace`: rotate it. `adjust`: change its settings. `federate`: use a federation trust instead.
 * `look`: a person has to decide.
 */
export const WAYS = ['end', 'finish', 'ask', 'replace', 'adjust', 'federate', 'look'] as const;

export type Way = (typeof WAYS)[number];

/** What to set on a credential, or on its replacement. */
export const SETTINGS = ['networks', 'roles', 'name', 'dpop', 'condition'] as const;

export type Setting = (typeof SETTINGS)[number];

export interface Remedy {
  readonly way: Way;
  readonly sets?: Setting;
  /** What to do before anything else. */
  readonly first?: string;
}

export interface RulePlan extends Remedy {
  /** By message id, if a message needs something else. */
  readonly messages?: Readonly<Record<string, Remedy>>;
}

/** A credential, and what a rule is expected to report on it. */
export interface RuleTest {
  readonly name?: string;
  /** Default: the rule's first kind. */
  readonly kind?: Kind;
  /** Facts by name; those that are not given are unknown. Dates may be written as text. */
  readonly credential: Readonly<Record<string, unknown>>;
  /** Options that differ from their defaults. */
  readonly options?: Readonly<Record<string, OptionSpec['default']>>;
  /** The time of the audit: a date or timestamp. Default: 2026-06-01T12:00:00Z. */
  readonly now?: string | Date;
  readonly expect: (typeof EXPECTATIONS)[number];
  /** The message of the finding, in full. */
  readonly message?: string;
}

export const EXPECTATIONS = ['finding', 'pass', 'unknown'] as const;

export interface CheckContext<Needs extends FactName, Optional extends FactName, O extends OptionSpecs> {
  /** Needed facts are always known; optional ones are `undefined` if they could not be read. */
  readonly facts: { readonly [F in Needs]: Facts[F] } & { readonly [F in Optional]: Facts[F] | undefined };
  readonly options: OptionValues<O>;
  readonly kind: Kind;
  /** The audit's clock, in milliseconds since the epoch. */
  readonly now: number;
}

export interface RuleSpec<
  Needs extends FactName,
  Optional extends FactName,
  O extends OptionSpecs,
  M extends Messages,
> {
  /** `kebab-case`; a plug-in's is `<prefix>/<name>`. */
  readonly id: string;
  /** States the fact, in at most 80 characters. */
  readonly title: string;
  readonly severity: Severity;
  readonly kinds: readonly Kind[];
  readonly docs: RuleDocs;
  /** The controls of standards that its findings are evidence on. */
  readonly controls?: Controls;
  /** For `plan`. Absent: it repeats `docs.fix`. */
  readonly plan?: RulePlan;
  /**
   * What a replacement needs so that this rule does not report it, worded to follow "Give it": `an end date`. `plan` says so
   * whenever a credential of these kinds is replaced.
   */
  readonly successor?: string;
  /** If one of these facts could not be read, the outcome is unknown. */
  readonly needs: readonly Needs[];
  /** Facts that the rule can do without, or needs only in some cases. */
  readonly optional?: readonly Optional[];
  /** Whether it judges live credentials (default), or expired ones that are still listed. */
  readonly judges?: 'live' | 'expired';
  readonly options?: O;
  readonly messages: M;
  /** For `c1-audit rules test`. */
  readonly tests?: readonly RuleTest[];
  /** Pure and synchronous; returns data and never throws. */
  check(
    context: CheckContext<NoInfer<Needs>, NoInfer<Optional>, NoInfer<O>>,
  ): Violation<NoInfer<M>> | CannotTell<NoInfer<Optional>> | undefined;
}

/** Any rule, as the engine sees it: a plain object is enough. */
export interface Rule extends Omit<RuleSpec<FactName, FactName, OptionSpecs, Messages>, 'check'> {
  // biome-ignore lint/suspicious/noExplicitAny: what a rule reads is checked where it is defined.
  check(context: any): unknown;
}

/** Gives a rule its types: `check` can read only the facts and options it declares. */
export function defineRule<
  const Needs extends FactName = never,
  const Optional extends FactName = never,
  const O extends OptionSpecs = Record<never, never>,
  const M extends Messages = Messages,
>(
  rule: RuleSpec<Needs, Optional, O, M>,
): RuleSpec<NoInfer<Needs>, NoInfer<Optional>, NoInfer<O>, NoInfer<M>> {
  return rule;
}
