import { kindsOf } from '../../config/config.js';
import { writeStream } from '../../delivery/files.js';
import type { Exam, Plan } from '../../doctor/check.js';
import { examine, jsonOf, summaryOf, TextLines } from '../../doctor/examine.js';
import { AuditError, type ExitCode } from '../../errors.js';
import { refuseShortSecrets } from '../../redact.js';
import { DEFAULT_LIMITS } from '../../sources/c1/retry.js';
import { within } from '../../within.js';
import type { CommandContext } from '../context.js';
import { type AuditFlags, timeoutOf } from '../flags.js';
import { loadSettings } from '../request.js';
import { createLog, wantsColor } from '../terminal.js';
import { watched } from '../watchdog.js';

type DoctorFlags = Pick<
  AuditFlags,
  'config' | 'scope' | 'source' | 'state' | 'timeout' | 'verbose' | 'color'
> & {
  readonly slackTest?: boolean;
  readonly format: string;
};

/** Shorter than those of an audit: somebody waits for the answer. Milliseconds. */
const LIMITS = {
  ...DEFAULT_LIMITS,
  requestTimeout: 10_000,
  checkTimeout: 20_000,
  runTimeout: 60_000,
  retries: 1,
  longestRetryAfter: 5_000,
  pages: 100,
};

/** An hour, in seconds. */
const LONGEST = 3600;

/** Reports whether an audit can run, and what to fix, without auditing. */
export async function doctorCommand(flags: DoctorFlags, context: CommandContext): Promise<ExitCode> {
  const { io, redactor } = context;
  const asText = flags.format === 'text';
  const lines = new TextLines(wantsColor(io, flags.color));
  const print = (text: string) => writeStream(io.stdout, text);
  const timeout = timeoutOf(flags, LONGEST);
  const limits = { ...LIMITS, ...io.limits, ...(timeout !== undefined && { runTimeout: timeout }) };
  const checkAll = (watch: () => Promise<void>) => async (signal: AbortSignal) => {
    const exam: Exam = {
      io,
      signal,
      limits,
      log: createLog(flags.verbose ? 'debug' : 'error', io.stderr, redactor),
      hide: (secret) => redactor.add(secret),
      scrub: (text) => redactor.redact(text),
      loadPlan: () => loadPlan(flags, context, watch),
      slackTest: flags.slackTest === true,
    };
    const examination = await examine(exam, async (result) => {
      if (asText) await print(lines.add(result));
    });
    await print(asText ? lines.end() + summaryOf(examination) : jsonOf(examination));
    return examination.exitCode;
  };
  const { runTimeout } = limits;
  return watched(runTimeout, io, (watch) =>
    within(runTimeout, outOfTime(runTimeout), io.signal, checkAll(watch)),
  );
}

async function loadPlan(
  flags: DoctorFlags,
  context: CommandContext,
  watch: () => Promise<void>,
): Promise<Plan> {
  refuseShortSecrets(context.io.env);
  const { config, origins, file, rulebook } = await loadSettings(
    context,
    { scope: flags.scope, sources: flags.source, state: flags.state },
    { config: flags.config, beforeForeignCode: watch },
  );
  const kinds = new Set(kindsOf(config));
  const named = origins.get('sources')?.from ?? 'default';
  return {
    file: file?.name,
    config,
    kinds,
    required: named === 'default' ? new Set() : kinds,
    rules: (await rulebook()).rules.map(({ id }) => id),
  };
}

function outOfTime(limit: number): AuditError {
  return new AuditError(
    'interrupted',
    `doctor took longer than ${limit / 1000} s.`,
    'Fix what is slow, or give it more time with --timeout.',
  );
}
