import type { Controls, Kind, OptionSpec, RuleTest, Severity, Waiver } from '../contract/index.js';

export type { Waiver } from '../contract/index.js';

/** Sources by the name a user writes. */
export const SOURCE_KINDS = {
  'personal-clients': 'personal-client',
  'service-principals': 'service-principal-credential',
  'federation-trusts': 'federation-trust',
  'external-clients': 'external-client',
  'tunnel-credentials': 'tunnel-credential',
  'llm-gateway-keys': 'llm-gateway-key',
  functions: 'function',
} as const satisfies Record<string, Kind>;

export type SourceName = keyof typeof SOURCE_KINDS;

export const PROFILES = ['default', 'cis', 'pci', 'fedramp-high', 'strict'] as const;
export type ProfileName = (typeof PROFILES)[number];

export type Scope = 'mine' | 'tenant';

export type FailOn = Severity | 'never';

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

/** Which runs send a message, and about what. */
export interface MessageSettings {
  /** undefined: `new` with a state, else `findings`. */
  readonly when: 'new' | 'findings' | 'always' | undefined;
  readonly minSeverity: Severity;
}

export interface SlackSettings extends MessageSettings {
  /** Slack user ids by owner's email (lower case). */
  readonly mentions: Readonly<Record<string, string>>;
  readonly heartbeat: 'daily' | 'weekly' | undefined;
  /** Slack user or user group to address if nobody else can act. */
  readonly fallback: string | undefined;
  /** Direct messages to owners; needs a bot token. */
  readonly notifyOwners: boolean;
}

export const WEBHOOK_FORMATS = ['json', 'teams'] as const;

export interface WebhookSettings extends MessageSettings {
  readonly format: (typeof WEBHOOK_FORMATS)[number];
}

/** If C1_AUDIT_WEBHOOK_URL alone is set. */
export const WEBHOOK_DEFAULTS: WebhookSettings = { format: 'json', when: undefined, minSeverity: 'low' };

/** A rule as a configuration or a file of rules describes it. */
export interface CustomRule {
  readonly id: string;
  readonly title: string;
  readonly severity: Severity;
  readonly kinds: readonly Kind[];
  /** In CEL: when a credential is a finding. */
  readonly when: string;
  readonly message: string;
  readonly fix: string;
  readonly why?: string;
  readonly controls?: Controls;
  readonly judges?: 'live' | 'expired';
  readonly options?: Readonly<Record<string, OptionSpec['default'] | OptionSpec>>;
  readonly tests?: readonly RuleTest[];
}

/** The settings of a run, merged from flags, environment, file and defaults. Holds no secret. */
export interface Config {
  readonly scope: Scope;
  /** undefined: by scope, see `defaultSources`. */
  readonly sources: readonly SourceName[] | undefined;
  /** With scope `tenant`: somebody checked that the caller sees every credential. */
  readonly callerSeesAll: boolean;
  readonly profile: ProfileName;
  readonly failOn: FailOn;
  /** Only what is new since the memory (state or baseline) makes the exit code 1. */
  readonly failOnNew: boolean;
  readonly minSeverity: Severity;
  /** Paths (resolved against the file that names them) or package names. */
  readonly plugins: readonly string[];
  /** As written; the rules made of them are loaded with the plug-ins'. */
  readonly customRules: readonly CustomRule[];
  readonly waivers: readonly Waiver[];
  /** Path of the state file: absolute if the configuration file names it, else as given. */
  readonly state: string | undefined;
  /** Path of a saved report whose findings count as known: absolute if the configuration file names it, else as given. */
  readonly baseline: string | undefined;
  readonly slack: SlackSettings;
  /** undefined: the file has no such section. */
  readonly webhook: WebhookSettings | undefined;
  /** Judging by the system log. `days`: how far back it is read. */
  readonly evidence: { readonly systemLog: boolean; readonly days: number };
  readonly push: { readonly conductorone: boolean };
}

/** What is read if no source is named: with scope `mine`, what belongs to the caller alone. */
export function defaultSources(scope: Scope): readonly SourceName[] {
  return scope === 'mine'
    ? ['personal-clients', 'external-clients']
    : (Object.keys(SOURCE_KINDS) as SourceName[]);
}

/** The kinds to audit, in a fixed order: those named, else what the scope suggests. */
export function kindsOf({ sources, scope }: Pick<Config, 'sources' | 'scope'>): readonly Kind[] {
  const all = Object.keys(SOURCE_KINDS) as SourceName[];
  const names = sources ?? defaultSources(scope);
  return all.filter((name) => names.includes(name)).map((name) => SOURCE_KINDS[name]);
}

interface ProfileRule {
  readonly options?: Readonly<Record<string, OptionSpec['default']>>;
  /** Least severities by message id, `*` for all messages. */
  readonly floors?: Readonly<Record<string, Severity>>;
}

/** What each profile changes, by rule id. The configuration file wins over it, key by key. */
export const PROFILE_RULES: Record<ProfileName, Readonly<Record<string, ProfileRule>>> = {
  default: {},
  // CIS Controls 8.1, 5.3 (45 days unused); CIS AWS Foundations 1.14 (90 days to rotation).
  cis: {
    unused: { options: { days: 45 } },
    'not-rotated': { options: { maxAgeDays: 90 } },
  },
  // PCI DSS 4.0.1, 8.2.6 (90 days unused); 8.6.3 (secrets are changed periodically).
  pci: {
    unused: { options: { days: 90 } },
    'no-expiry': { floors: { '*': 'critical' } },
  },
  // FedRAMP High, AC-2(3).
  'fedramp-high': {
    unused: { options: { days: 35 } },
  },
  // The tightest of the three above, and nothing all-powerful or unrestricted below high.
  strict: {
    unused: { options: { days: 35 } },
    'not-rotated': { options: { maxAgeDays: 90 } },
    'no-expiry': { floors: { '*': 'critical' } },
    'no-scoped-roles': { floors: { '*': 'high' } },
    'open-cidr': { floors: { unrestricted: 'high' } },
  },
};
