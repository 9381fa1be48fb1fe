import { Console } from 'node:console';
import { AuditError, EXIT } from '../errors.js';
import { main } from './main.js';

// scripts/build.js takes the answers of bin.ts from it.
export { main };

/** Runs the program as this process, and ends it. */
export async function runProcess(argv: readonly string[]): Promise<never> {
  /** The exit code, when it is decided. */
  let verdict: number | undefined;
  const { exit, reallyExit } = process as typeof process & { reallyExit: (code?: number) => never };

  function end(code: number): never {
    verdict = code;
    return exit.call(process, code);
  }

  // A plug-in that ends the process would decide the exit code and lose the report. So these calls throw, and its rule fails
  // like any other broken rule.
  let calledExit = false;
  function refuseExit(): never {
    calledExit = true;
    throw new Error('process.exit was called');
  }
  process.exit = refuseExit;
  Object.assign(process, {
    reallyExit: () => (verdict === undefined ? refuseExit() : reallyExit.call(process, verdict)),
  });

  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => {
      // A second one ends the program at once.
      if (stop.signal.aborted) end(130);
      stop.abort(
        new AuditError(
          'interrupted',
          `The run was stopped (${signal}) before it was finished.`,
          'Run it again for a complete audit.',
        ),
      );
    });
  // stdout carries the report only, whatever a plug-in logs.
  globalThis.console = new Console(process.stderr);
  // It is not an error if the reader of the report or of the messages stops reading (`c1-audit 2>&1 | head`).
  process.stdout.on('error', () => undefined);
  process.stderr.on('error', () => undefined);

  // A plug-in may start something that fails later, outside its check. The audit goes on, but cannot be trusted.
  // What was thrown is not printed, as it may hold secrets.
  let stray = false;
  for (const event of ['uncaughtException', 'unhandledRejection'] as const)
    process.on(event, () => {
      stray = true;
    });
  let isTold = false;
  function trouble(): string | undefined {
    const what = stray
      ? 'something failed outside the audit, most likely in a plug-in'
      : calledExit
        ? 'something called process.exit, most likely a plug-in'
        : undefined;
    isTold ||= what !== undefined;
    return what;
  }

  // Nothing is left to do, but the audit is not finished, as when a plug-in never finishes loading.
  process.on('exit', () => {
    if (verdict !== undefined) return;
    say('the audit stopped before it was finished, most likely in a plug-in. The audit is INCOMPLETE.');
    end(EXIT.incomplete);
  });

  function say(text: string): void {
    process.stderr.write(`c1-audit: ${text}\n`);
  }

  const code = await main(argv, {
    env: process.env,
    cwd: process.cwd(),
    // Opened only when it is read: a pipe or terminal loads half of node:net.
    get stdin() {
      return process.stdin;
    },
    stdout: process.stdout,
    stderr: process.stderr,
    now: Date.now,
    abandon(why) {
      say(why);
      return end(EXIT.incomplete);
    },
    trouble,
    signal: stop.signal,
  });
  // Ends the process itself: something that a plug-in started could run for ever, or set process.exitCode.
  for (const stream of [process.stdout, process.stderr])
    await new Promise<void>((done) => stream.write('', () => done()));
  const looksDone = code === EXIT.clean || code === EXIT.findings;
  const wasTold = isTold;
  const left = stray || looksDone ? trouble() : undefined;
  if (left !== undefined && !wasTold) say(`${left}. The audit is INCOMPLETE.`);
  return end(left !== undefined && looksDone ? EXIT.incomplete : code);
}
