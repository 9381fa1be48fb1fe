import { writeStream } from '../../delivery/files.js';
import { startTenant } from '../../demo/index.js';
import { codeOf, EXIT, type ExitCode, usageError } from '../../errors.js';
import type { Io } from '../../io.js';
import { hideSecrets } from '../../redact.js';
import type { CommandContext } from '../context.js';
import type { AuditFlags } from '../flags.js';
import { auditCommand } from './audit.js';

/** The demo uses nothing real: neither a tenant's credential nor a heartbeat. */
const REAL_WORLD = /^(CONDUCTORONE_|CONE_|ACTIONS_ID_TOKEN_|C1_AUDIT_HEARTBEAT_URL$)/;

/** Audits a tenant that runs inside this process, over loopback and the real protocol. */
export async function demoCommand(
  flags: AuditFlags & { readonly serve?: boolean; readonly port?: string },
  context: CommandContext,
): Promise<ExitCode> {
  const { io, redactor } = context;
  const port = readPort(flags);
  const tenant = await startTenant({
    now: io.now,
    ...(port === undefined ? {} : { port }),
  }).catch((cause: unknown) => {
    throw usageError(
      `The demo tenant cannot listen on port ${port ?? 0} (${codeOf(cause)}).`,
      'Choose another port.',
    );
  });
  try {
    if (flags.serve) return await serve(tenant.environment, io);
    const env = { ...withoutRealWorld(io.env), ...tenant.environment };
    hideSecrets(redactor, tenant.environment);
    return await auditCommand(
      // A repository's own `failOnNew` needs a state, which a look at the demo has not.
      { ...flags, failOnNew: flags.failOnNew ?? false },
      { ...context, io: { ...io, env } },
      {
        failOn: 'never',
        scope: 'tenant',
        // As far back as its log goes.
        evidence: { systemLog: true, days: 90 },
        slackOnRequest: true,
      },
    );
  } finally {
    await tenant.close();
  }
}

function withoutRealWorld(env: Io['env']): Io['env'] {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !REAL_WORLD.test(name)));
}

function readPort({ serve, port }: { readonly serve?: boolean; readonly port?: string }): number | undefined {
  if (port === undefined) return undefined;
  const number = Number(port);
  if (!serve) throw usageError('--port has no effect without --serve.', 'Add --serve, or leave it out.');
  if (/^\d{1,5}$/.test(port) && number <= 65_535) return number;
  throw usageError(`--port ${JSON.stringify(port)} is not a port.`, 'Give a number from 0 to 65535.');
}

/** Prints a login for the tenant, with its secret: it works for nothing but this tenant. */
async function serve(environment: Readonly<Record<string, string>>, io: Io): Promise<ExitCode> {
  const lines = Object.entries(environment).map(([name, value]) => `export ${name}='${value}'`);
  await writeStream(io.stdout, `${lines.join('\n')}\n`);
  io.stderr.write('The demo tenant is running. Paste the lines above into another shell; Ctrl-C stops it.\n');
  await new Promise<void>((done) => {
    if (io.signal.aborted) done();
    else io.signal.addEventListener('abort', () => done(), { once: true });
  });
  return EXIT.clean;
}
