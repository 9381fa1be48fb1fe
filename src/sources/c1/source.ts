import type { Kind, Snapshot } from '../../contract/index.js';
import { AuditError } from '../../errors.js';
import type { Send } from '../../fetch.js';
import { within } from '../../within.js';
import type { Log, Source } from '../source.js';
import type { TenantAccess } from './environment.js';
import { createTransport, type Scrub } from './http.js';
import type { Limits } from './retry.js';
import { Session, type SessionOptions } from './session.js';

export interface C1Options {
  readonly access: TenantAccess;
  readonly scope: 'mine' | 'tenant';
  readonly kinds: readonly Kind[];
  /** The configuration states that the caller sees everything, whatever its roles are. */
  readonly callerSeesAll: boolean;
  /** Kinds requested by name: without them the run is incomplete. Personal clients are always required. */
  readonly required: ReadonlySet<Kind>;
  /** How far back the system log is read; undefined: not at all. */
  readonly evidenceDays?: number | undefined;
  readonly limits: Limits;
  readonly log: Pick<Log, 'debug' | 'info'>;
  readonly now: () => number;
  /** The time to audit for, in milliseconds since the epoch. */
  readonly asOf: number;
  /** The run's one login. */
  readonly session: ReturnType<typeof openSession>;
  /** Takes secrets out of what the tenant sends. */
  readonly scrub: Scrub;
  /** Called with the number of records of each page, and their kind. */
  readonly onRecords: (count: number, kind: Kind) => void;
  /** Called before a request is sent again. */
  readonly onRetry?: () => void;
}

/** A login at the tenant; the token is requested when it is first needed. `sent`: the first request has left. */
export function openSession(
  options: Omit<SessionOptions, 'transport'> & {
    readonly limits: Limits;
    readonly send: Send;
  },
): Session & { readonly sent: Promise<void> } {
  const { limits, send } = options;
  let onSent: () => void = () => undefined;
  const sent = new Promise<void>((done) => {
    onSent = done;
  });
  const transport = createTransport((request, bounds) => send(request, { ...bounds, onSent }), limits);
  const session = new Session({ ...options, transport });
  return Object.assign(session, { sent });
}

/** A tenant, over the API of ConductorOne. */
export function c1Source(options: C1Options): Source {
  return {
    tenant: options.access.tenant,
    collect: (signal, prepare, memory) => collectWithin(options, signal, prepare, memory),
  };
}

/** Collects until done, stopped, or out of time. */
async function collectWithin(
  options: C1Options,
  signal: AbortSignal,
  prepare: Parameters<Source['collect']>[1],
  memory: Parameters<Source['collect']>[2],
): Promise<Snapshot> {
  const { runTimeout } = options.limits;
  return within(
    runTimeout,
    new AuditError(
      'interrupted',
      `The run took longer than ${runTimeout / 1000} s.`,
      'Give it more time with --timeout, or audit less at once with --source.',
    ),
    signal,
    async (stop) => {
      const { session } = options;
      // The rest is loaded while the tenant answers. Whoever needs the token hears why there is none.
      await Promise.race([session.sent, session.token(stop).catch(() => undefined)]);
      const { collect } = await import('./index.js');
      return collect(options, stop, prepare, memory);
    },
  );
}
