import type { Kind, OptionSpec, Severity, Waiver } from '../contract/index.js';

export type { Waiver } from '../contract/index.js';

/** Sources by the name a user writes. */
export const SOURCE_KINDS = {
  'personal-clients': 'personal-client',
  'service-principals': 'service-principal-credential',
  'federation-trusts': 'federation-trust',
} as const satisfies Record<string, Kind>;

export type SourceName = keyof typeof SOURCE_KINDS;

export const PROFILES = ['default', 'cis', 'pci', 'fedramp-high', 'strict'] as const;
export type ProfileName = (typeof PROFILES)[number];

export type Scope = 'mine' | 'tenant';

export type FailOn = Severity | 'never';

/** How one rule is set. */
export interface RuleSetting {
  readonly enabled: boolean;
  /** undefined: the rule's own. */
  readonly severity: Severity | undefined;
  /** Only what was set; the rest is the rule's default. */
  readonly options: Readonly<Record<string, OptionSpec['default']>>;
  /**
   * Least severities a profile asks for, by message id, `*` for all messages. Empty where the file sets a severity:
   * the file wins over the profile.
   */
  readonly floors: Readonly<Record<string, Severity>>;
}

export interface SlackSettings {
  /** undefined: `new` with a state, else `findings`. */
  readonly when: 'new' | 'findings' | 'always' | undefined;
  readonly minSeverity: Severity;
  /** Slack user ids by owner's email (lower case). */
  readonly mentions: Readonly<Record<string, string>>;
  readonly heartbeat: 'daily' | 'weekly' | undefined;
  /** Slack user or user group to address where nobody else can act. */
  readonly fallback: string | undefined;
  /** Direct messages to owners; needs a bot token. */
  readonly notifyOwners: boolean;
}

/** Everything a run can be told, merged from flags, environment, file and defaults. Holds no secret. */
export interface Config {
  readonly scope: Scope;
  /** undefined: by scope — `mine` personal clients, `tenant` all three. */
  readonly sources: readonly SourceName[] | undefined;
  /** With scope `tenant`: somebody checked that the caller sees every credential. */
  readonly callerSeesAll: boolean;
  readonly profile: ProfileName;
  readonly failOn: FailOn;
  readonly minSeverity: Severity;
  /** Paths (resolved against the file that names them) or package names. */
  readonly plugins: readonly string[];
  readonly rules: Readonly<Record<string, RuleSetting>>;
  readonly waivers: readonly Waiver[];
  /** Path of the state file: absolute where the configuration file names it, else as given. */
  readonly state: string | undefined;
  readonly slack: SlackSettings;
  readonly push: { readonly conductorone: boolean };
}
