import * as v from 'valibot';
import { about, choice, FILLED, list, optional, text } from '../check.js';
import { SEVERITIES } from '../contract/severity.js';
import { PROFILES, SOURCE_KINDS, type SourceName } from './config.js';

/** The values of keys that nobody sets. */
export const DEFAULTS = {
  scope: 'mine',
  profile: 'default',
  failOn: 'high',
  failOnNew: false,
  minSeverity: 'info',
  messageMinSeverity: 'low',
  evidenceDays: 30,
} as const;

export const SEVERITY = choice(SEVERITIES);

/** The settings that can also be set by a flag or an environment variable. */
export const SHARED_SETTINGS = {
  scope: optional(
    'mine: your own credentials; tenant: everyone’s (needs Super Administrator)',
    choice(['mine', 'tenant']),
    DEFAULTS.scope,
  ),
  sources: about(
    'What to audit. Without it: personal-clients and external-clients for scope mine, all for scope tenant',
    v.nullish(list(choice(Object.keys(SOURCE_KINDS) as SourceName[]), { filled: true, unique: true })),
  ),
  profile: optional(
    'A set of rule settings; settings under rules win over it',
    choice(PROFILES),
    DEFAULTS.profile,
  ),
  failOn: optional(
    'The lowest severity that makes the exit code 1, or never',
    choice(['never', ...SEVERITIES]),
    DEFAULTS.failOn,
  ),
  failOnNew: optional(
    'Only findings that are new, reopened or more severe than before make the exit code 1; needs state or baseline',
    v.boolean(),
    DEFAULTS.failOnNew,
  ),
  minSeverity: optional('The lowest severity that reports show', SEVERITY, DEFAULTS.minSeverity),
  state: optional('The file that remembers findings from run to run, relative to this file', text(FILLED)),
  baseline: optional(
    'A saved JSON report whose findings count as known, relative to this file; not together with state',
    text(FILLED),
  ),
};
