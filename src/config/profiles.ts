import type { OptionSpec, Severity } from '../contract/index.js';
import type { ProfileName } from './config.js';

/** What a profile changes about one rule. */
export interface ProfileRule {
  readonly options?: Readonly<Record<string, OptionSpec['default']>>;
  /** Least severities by message id, `*` for all messages. */
  readonly floors?: Readonly<Record<string, Severity>>;
}

/** What each profile changes, by rule id. Whatever the configuration file says about a rule wins, key by key. */
export const PROFILE_RULES: Record<ProfileName, Readonly<Record<string, ProfileRule>>> = {
  default: {},
  // CIS Controls 8.1, 5.3 (45 days unused); CIS AWS Foundations 1.14 (90 days to rotation).
  cis: {
    unused: { options: { days: 45 } },
    'not-rotated': { options: { maxAgeDays: 90 } },
  },
  // PCI DSS 4.0.1, 8.2.6.
  pci: {
    unused: { options: { days: 90 } },
  },
  // FedRAMP High, AC-2(3).
  'fedramp-high': {
    unused: { options: { days: 35 } },
  },
  // The tightest of the three above, and nothing all-powerful or unrestricted below high.
  strict: {
    unused: { options: { days: 35 } },
    'not-rotated': { options: { maxAgeDays: 90 } },
    'no-scoped-roles': { floors: { '*': 'high' } },
    'open-cidr': { floors: { unrestricted: 'high' } },
  },
};
