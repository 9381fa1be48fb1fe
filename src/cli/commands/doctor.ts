import { rules as builtIns } from '../../../rules/index.js';
import { loadConfig } from '../../config/load.js';
import { writeStream } from '../../delivery/output.js';
import { CHECKS, type Exam, examine, jsonOf, type Plan, summaryOf, TextLines } from '../../doctor/index.js';
import type { ExitCode } from '../../engine/exit-code.js';
import { AuditError } from '../../errors.js';
import { DEFAULT_LIMITS } from '../../sources/c1/limits.js';
import { wantsColor } from '../color.js';
import type { DoctorFlags } from '../definitions/doctor.js';
import { createLog } from '../log.js';
import type { CommandContext } from '../main.js';
import { kindsOf } from '../open-source.js';

/** Somebody waits for the answer: less patience than an audit has. Milliseconds. */
const LIMITS = {
  ...DEFAULT_LIMITS,
  requestTimeout: 10_000,
  checkTimeout: 20_000,
  runTimeout: 60_000,
  retries: 1,
  longestRetryAfter: 5_000,
  pages: 100,
};

/** Says whether an audit can run, and what to mend, without auditing. */
export async function doctorCommand(flags: DoctorFlags, context: CommandContext): Promise<ExitCode> {
  const { io, redactor } = context;
  if (flags.format !== 'text' && flags.format !== 'json')
    throw new AuditError(
      'usage',
      `There is no format "${flags.format}" for doctor.`,
      'Formats are text and json.',
    );
  const asText = flags.format === 'text';
  const lines = new TextLines(wantsColor(io, flags.color));
  const print = (text: string) => writeStream(io.stdout, redactor.redact(text));
  const limits = { ...LIMITS, ...io.limits, ...timeoutOf(flags) };
  const stop = new AbortController();
  const onAbort = () => stop.abort(io.signal.reason);
  if (io.signal.aborted) onAbort();
  io.signal.addEventListener('abort', onAbort, { once: true });
  const timer = setTimeout(() => stop.abort(outOfTime(limits.runTimeout)), limits.runTimeout);
  const exam: Exam = {
    io,
    signal: stop.signal,
    limits,
    log: createLog(flags.verbose ? 'debug' : 'error', io.stderr, redactor),
    hide: (secret, publicPrefix) => redactor.add(secret, publicPrefix),
    scrub: (text) => redactor.redact(text),
    loadPlan: () => loadPlan(flags, context),
    slackTest: flags.slackTest === true,
  };
  try {
    const examination = await examine(CHECKS, exam, async (result) => {
      if (asText) await print(lines.add(result));
    });
    await print(asText ? lines.end() + summaryOf(examination) : jsonOf(examination));
    return examination.exitCode;
  } finally {
    clearTimeout(timer);
    io.signal.removeEventListener('abort', onAbort);
    // What a check left behind is not waited for.
    stop.abort();
  }
}

async function loadPlan(flags: DoctorFlags, { io }: CommandContext): Promise<Plan> {
  const { config, origins, file } = await loadConfig({
    cwd: io.cwd,
    env: io.env,
    flags: { scope: flags.scope, sources: flags.source, state: flags.state },
    configPath: flags.config,
    now: io.now(),
    builtIns,
  });
  const kinds = new Set(kindsOf(config));
  const named = origins.get('sources')?.from ?? 'default';
  return { file: file?.name, config, kinds, required: named === 'default' ? new Set() : kinds };
}

function timeoutOf({ timeout }: DoctorFlags): { runTimeout?: number } {
  if (timeout === undefined) return {};
  const seconds = Number(timeout);
  if (Number.isFinite(seconds) && seconds > 0 && seconds <= 3600) return { runTimeout: seconds * 1000 };
  throw new AuditError(
    'usage',
    `--timeout ${JSON.stringify(timeout)} is no number of seconds.`,
    'Give a number above 0, up to 3600.',
  );
}

function outOfTime(limit: number): AuditError {
  return new AuditError(
    'interrupted',
    `The examination took longer than ${limit / 1000} s.`,
    'Mend what is slow, or give it more time with --timeout.',
  );
}
