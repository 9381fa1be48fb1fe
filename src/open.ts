import { kindsOf } from './config/config.js';
import type { LoadedConfig } from './config/resolve.js';
import type { PushRequest } from './delivery/conductorone/index.js';
import type { AuditError } from './errors.js';
import { createSend, refuseUncheckedTls } from './fetch.js';
import type { Io } from './io.js';
import { type Redactor, refuseShortSecrets } from './redact.js';
import { readAccess } from './sources/c1/access.js';
import { DEFAULT_LIMITS } from './sources/c1/retry.js';
import { c1Source, openSession } from './sources/c1/source.js';
import type { ExportedList } from './sources/file.js';
import type { Log, Source } from './sources/source.js';

export interface OpenRequest {
  readonly loaded: LoadedConfig;
  /** An exported list to audit instead of a tenant. */
  readonly input?: ExportedList | undefined;
  /** How long the tenant may be read, in milliseconds; undefined: the default. */
  readonly timeLimit?: number | undefined;
  /** The time to audit for, in milliseconds since the epoch. */
  readonly asOf: number;
}

export interface OpenContext {
  readonly io: Io;
  readonly redactor: Redactor;
  readonly log: Pick<Log, 'debug' | 'info' | 'warn' | 'isLevelEnabled'>;
  /** Shows an error or a warning to whoever started the audit. */
  readonly complain: (error: Pick<AuditError, 'message' | 'hint'>) => void;
  /** Called with the number of records in each page that is read, and their kind. */
  readonly onRecords: (count: number, kind: string) => void;
  /** Called before a request is sent again. */
  readonly onRetry: () => void;
}

export interface Opened {
  readonly source: Source;
  /** Access to the tenant's findings, with the same login; undefined for an exported list. */
  readonly findings: Pick<PushRequest, 'connect' | 'timeLimit'> | undefined;
}

/**
 * Opens what is to be audited: an exported list, or the tenant that the environment names.
 *
 * @throws AuditError `config`, `input` or `credentials`
 */
export async function open(
  { loaded: { config, origins }, input, timeLimit, asOf }: OpenRequest,
  { io, redactor, log, complain, onRecords, onRetry }: OpenContext,
): Promise<Opened> {
  refuseUncheckedTls(io.env);
  refuseShortSecrets(io.env);
  const scrub = (text: string) => redactor.redact(text);
  if (input) {
    const { fileSource } = await import('./sources/file.js');
    return { source: fileSource(input, { now: io.now(), asOf }, scrub), findings: undefined };
  }
  const send = createSend(io.env);
  const hide = (secret: string) => redactor.add(secret);
  const { access, warnings } = await readAccess(io, hide);
  for (const warning of warnings) complain({ message: warning, hint: '' });
  const kinds = kindsOf(config);
  const isDefault = (origins.get('sources')?.from ?? 'default') === 'default';
  const limits = {
    ...DEFAULT_LIMITS,
    ...io.limits,
    ...(timeLimit !== undefined && { runTimeout: timeLimit }),
  };
  const common = { access, limits, log, now: io.now, scrub, onRetry };
  const session = openSession({ ...common, send, hide });
  const source = c1Source({
    ...common,
    session,
    asOf,
    scope: config.scope,
    callerSeesAll: config.callerSeesAll,
    evidenceDays: config.evidence.systemLog ? config.evidence.days : undefined,
    kinds,
    required: new Set(isDefault ? [] : kinds),
    onRecords,
  });
  const connect = async (signal: AbortSignal) => {
    const { FindingsClient } = await import('./delivery/conductorone/client.js');
    return new FindingsClient({ ...common, origin: access.origin, session, signal });
  };
  return { source, findings: { connect, timeLimit: limits.runTimeout } };
}
