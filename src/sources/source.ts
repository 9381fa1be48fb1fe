import type { Credential, EarlyFacts, LogMemory, Snapshot } from '../contract/index.js';

/** What an audit says of its work, for `--verbose`; warnings are for everybody. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(message: string): void;
  isLevelEnabled(level: 'debug' | 'info' | 'warn'): boolean;
}

/** Where credentials come from. */
export interface Source {
  /** The tenant's host in lower case, without port; `file` where a file does not say. */
  readonly tenant: string;
  /**
   * Never throws for what happens while collecting: the snapshot says what is missing.
   *
   * @param prepare  called once the source is being asked, for what may be handed credentials of the snapshot while more
   *   are on their way, and what of its facts is known by then
   * @param memory   what earlier audits remember of the system log
   */
  collect(
    signal: AbortSignal,
    prepare?: () => Promise<(credentials: readonly Credential[], known: EarlyFacts) => void>,
    memory?: LogMemory,
  ): Promise<Snapshot>;
}
