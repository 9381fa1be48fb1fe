import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Logger } from 'pino';
import { type CommandContext, complain } from './cli/context.js';
import type { AuditFlags } from './cli/flags.js';
import { timeoutOf } from './cli/flags.js';
import { kindsOf } from './config/config.js';
import type { LoadedConfig } from './config/load.js';
import { FindingsClient } from './delivery/conductorone/client.js';
import type { PushRequest } from './delivery/conductorone/index.js';
import { AuditError } from './errors.js';
import { createFetch, refuseUncheckedTls } from './fetch.js';
import type { Io } from './io.js';
import { refuseShortSecrets } from './redact.js';
import { readAccess } from './sources/c1/access.js';
import { namedTenant } from './sources/c1/environment.js';
import { c1Source, openSession } from './sources/c1/index.js';
import { DEFAULT_LIMITS } from './sources/c1/retry.js';
import { fileSource } from './sources/file.js';
import type { Source } from './sources/source.js';

/** A day, in seconds. */
const LONGEST = 86_400;

/** How long the tenant may be read, in milliseconds. */
export function timeLimit(flags: Pick<AuditFlags, 'timeout'>): number {
  return timeoutOf(flags, LONGEST).runTimeout ?? DEFAULT_LIMITS.runTimeout;
}

/** Where credentials come from, and where findings may go to. */
interface Opened {
  readonly source: Source;
  /** undefined: no tenant stands behind a file. */
  readonly findings: Pick<PushRequest, 'connect' | 'timeLimit'> | undefined;
}

/**
 * The source that flags, configuration and environment ask for: a file, or a tenant.
 *
 * @throws AuditError `usage`, `config`, `input` or `credentials`
 */
export async function openSource(...asked: Parameters<typeof open>): Promise<Source> {
  return (await open(...asked)).source;
}

/** As {@link openSource}, with the way to the tenant's findings; they share one login. */
export async function open(
  flags: AuditFlags,
  { config, origins }: LoadedConfig,
  { io, redactor }: CommandContext,
  log: Pick<Logger, 'debug' | 'info'>,
  onRecords: (count: number) => void,
): Promise<Opened> {
  refuseUncheckedTls(io.env);
  refuseShortSecrets(io.env);
  const scrub = (text: string) => redactor.redact(text);
  if (flags.input !== undefined) {
    const conflict =
      flags.scope !== undefined ? '--scope' : flags.source !== undefined ? '--source' : undefined;
    if (conflict) {
      throw new AuditError(
        'usage',
        `${conflict} has no meaning with --input.`,
        'A file holds what it holds: leave the flag out.',
      );
    }
    const name = flags.input === '-' ? 'stdin' : flags.input;
    const tenant = namedTenant(io.env);
    return { source: fileSource(await readInput(flags.input, io), name, tenant, scrub), findings: undefined };
  }
  const fetch = createFetch(io.env);
  const { access, warnings } = await readAccess(io);
  // From the environment or from cone's file: it is a secret wherever it stood.
  if (access.login.by === 'client-secret') redactor.add(access.login.clientSecret);
  for (const warning of warnings) complain({ message: warning, hint: '' }, { io, redactor });
  const kinds = kindsOf(config);
  const named = origins.get('sources')?.from ?? 'default';
  const limits = { ...DEFAULT_LIMITS, ...io.limits, ...timeoutOf(flags, LONGEST) };
  const common = { access, limits, log, now: io.now, scrub };
  const login = { ...common, fetch, hide: (secret: string) => redactor.add(secret) };
  const session = openSession(login);
  const source = c1Source({
    ...login,
    session,
    scope: config.scope,
    callerSeesAll: config.callerSeesAll,
    kinds,
    required: new Set(named === 'default' ? [] : kinds),
    onRecords,
  });
  const connect = (signal: AbortSignal) =>
    new FindingsClient({ ...common, origin: access.origin, session, signal });
  return { source, findings: { connect, timeLimit: limits.runTimeout } };
}

async function readInput(input: string, { stdin, cwd }: Pick<Io, 'stdin' | 'cwd'>): Promise<string> {
  if (input === '-') return text(stdin);
  try {
    return await readFile(resolve(cwd, input), 'utf8');
  } catch (cause) {
    throw new AuditError(
      'input',
      `The file ${input} cannot be read (${(cause as NodeJS.ErrnoException).code ?? 'unknown error'}).`,
      'Check the path; - reads from stdin.',
      { cause },
    );
  }
}
