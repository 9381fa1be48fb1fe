/** Environment variables that set a key of the configuration. Blank ones set nothing. */
export const ENVIRONMENT = {
  C1_AUDIT_SCOPE: { key: 'scope', describe: 'mine or tenant' },
  C1_AUDIT_SOURCES: { key: 'sources', describe: 'what to audit, separated by commas' },
  C1_AUDIT_PROFILE: { key: 'profile', describe: 'a profile of rule settings' },
  C1_AUDIT_FAIL_ON: { key: 'failOn', describe: 'the least severity that makes the exit code 1, or never' },
  C1_AUDIT_MIN_SEVERITY: { key: 'minSeverity', describe: 'the least severity that reports show' },
  C1_AUDIT_STATE: { key: 'state', describe: 'the file that remembers findings from run to run' },
} as const;

/** Those that are read elsewhere. */
export const OTHER_ENVIRONMENT = {
  C1_AUDIT_CONFIG: { describe: 'the configuration file' },
  C1_AUDIT_STATE_KEY: { describe: 'the key that the state file is sealed with; a secret' },
  C1_AUDIT_HEARTBEAT_URL: { describe: 'a URL to call after each run; a secret' },
} as const;

export type EnvironmentName = keyof typeof ENVIRONMENT;

/** The value of a variable; undefined where it is missing or blank. */
export function readVariable(
  env: Readonly<Record<string, string | undefined>>,
  name: EnvironmentName | keyof typeof OTHER_ENVIRONMENT,
): string | undefined {
  const value = env[name]?.trim();
  return value === '' ? undefined : value;
}
