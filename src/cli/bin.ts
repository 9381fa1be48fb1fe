#!/usr/bin/env node
import { fileURLToPath } from 'node:url';
import { AuditError, EXIT } from '../errors.js';
import { main } from './main.js';

/** How the program ends, once that is decided. */
let verdict: number | undefined;
const { exit, reallyExit } = process as typeof process & { reallyExit: (code?: number) => never };

function end(code: number): never {
  verdict = code;
  return exit.call(process, code);
}

// A plug-in that ends the process would decide the exit code, and lose the report. What it calls throws instead, so that
// its rule fails like any other that is broken.
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
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // A second one means now.
    if (stop.signal.aborted) end(130);
    stop.abort(
      new AuditError(
        'interrupted',
        `The run was stopped (${signal}) before it was done.`,
        'Run it again to see everything.',
      ),
    );
  });
}
// Whoever reads the report may stop reading (`c1-audit | head`), and whoever reads the messages may as well
// (`c1-audit 2>&1 | head`): they have what they wanted.
process.stdout.on('error', () => undefined);
process.stderr.on('error', () => undefined);

// A plug-in may start something that fails later, beside its check: the audit goes on, but is not to be trusted.
// What was thrown is not printed: it did not pass the redactor.
let stray = false;
for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, () => {
    if (!stray) say('something failed beside the audit, most likely in a plug-in. The audit is INCOMPLETE.');
    stray = true;
  });
}

// Nothing is left that could go on, as when a plug-in never finishes loading.
process.on('exit', () => {
  if (verdict !== undefined) return;
  say('the audit stopped before it was done, most likely in a plug-in. The audit is INCOMPLETE.');
  end(EXIT.incomplete);
});

function say(text: string): void {
  process.stderr.write(`c1-audit: ${text}\n`);
}

// In a clone, npx runs the clone's own build through a link; anywhere else it would download a package. Nobody should have
// to guess which one got the credential.
const build = fileURLToPath(import.meta.url);
const installed = /[\\/]node_modules[\\/]/;
if (installed.test(process.argv[1] ?? '') && !installed.test(build))
  process.stderr.write(`c1-audit ${C1_AUDIT_VERSION}: local build ${build}\n`);

const code = await main(process.argv.slice(2), {
  env: process.env,
  cwd: process.cwd(),
  // Opened when somebody reads it: for a pipe or terminal that loads half of node:net.
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
  signal: stop.signal,
});
// Not left to what a plug-in may have started: it could go on for ever, or set process.exitCode.
for (const stream of [process.stdout, process.stderr])
  await new Promise<void>((done) => stream.write('', () => done()));
const looksDone = code === EXIT.clean || code === EXIT.findings;
if (calledExit && looksDone && !stray)
  say('something called process.exit, most likely a plug-in. The audit is INCOMPLETE.');
end(looksDone && (stray || calledExit) ? EXIT.incomplete : code);
