import { actionsRunUrl } from '../delivery/github.js';
import { beat } from '../delivery/heartbeat.js';
import { deliverFailureToSlack } from '../delivery/slack/index.js';
import { EXIT, type ExitCode } from '../engine/exit-code.js';
import { AuditError } from '../errors.js';
import { createFetch } from '../network.js';
import { type CommandContext, complain } from './main.js';

/** Mistakes of somebody who sits at the keyboard and reads the message there. */
const AT_THE_KEYBOARD: ReadonlySet<string> = new Set(['usage', 'input']);

/** What a job that nobody watches reports, beside its exit code. */
export interface Reports {
  /** Slack hears of an audit that ended before it had a report. */
  readonly slack: boolean;
  /** `failure`: the audit is not today's, so that its success is no sign of life. */
  readonly heartbeat: 'all' | 'failure' | 'none';
}

/**
 * Sees to it that a job nobody watches does not die unheard: the heartbeat hears how every audit ended, and Slack of one
 * that ended before it had a report. Neither decides the exit code.
 */
export async function unattended(
  audit: () => Promise<ExitCode>,
  { slack, heartbeat }: Reports,
  context: CommandContext,
): Promise<ExitCode> {
  const { io } = context;
  let code: ExitCode = EXIT.incomplete;
  try {
    code = await audit();
    return code;
  } catch (error) {
    if (error instanceof AuditError) {
      code = error.preventsAudit ? EXIT.usage : EXIT.incomplete;
      if (slack && io.env.CI && !AT_THE_KEYBOARD.has(error.code)) await tellSlack(error, context);
    }
    throw error;
  } finally {
    const succeeded = code === EXIT.clean || code === EXIT.findings;
    if (heartbeat === 'all' || (heartbeat === 'failure' && !succeeded)) await sendHeartbeat(code, context);
  }
}

/** Calls the heartbeat's URL, if there is one. A failure is reported, and changes nothing. */
export async function sendHeartbeat(code: ExitCode, context: CommandContext): Promise<void> {
  const { env } = context.io;
  // Asked for only then: a proxy that is no URL must not hide how the audit ended.
  const send: typeof fetch = async (...request) => createFetch(env)(...request);
  const trouble = await beat(env.C1_AUDIT_HEARTBEAT_URL, code, undefined, send);
  if (trouble !== undefined)
    complain(
      { message: trouble, hint: 'The exit code does not depend on it; check C1_AUDIT_HEARTBEAT_URL.' },
      context,
    );
}

async function tellSlack({ message, hint }: AuditError, context: CommandContext): Promise<void> {
  const { io, redactor } = context;
  const scrub = (text: string) => redactor.redact(text);
  try {
    await deliverFailureToSlack(
      { message: scrub(message), hint: scrub(hint), tenant: undefined, runUrl: actionsRunUrl(io.env) },
      {
        env: io.env,
        now: io.now,
        signal: io.signal,
        log: { warn: (text) => complain({ message: text, hint: '' }, context) },
      },
    );
  } catch (error) {
    if (!(error instanceof AuditError)) throw error;
    complain(error, context);
  }
}
