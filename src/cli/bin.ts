#!/usr/bin/env node
import { fileURLToPath } from 'node:url';
import { EXIT } from '../engine/exit-code.js';
import { AuditError } from '../errors.js';
import { main } from './main.js';

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // A second one means now.
    if (stop.signal.aborted) process.exit(130);
    stop.abort(
      new AuditError(
        'interrupted',
        `The run was stopped (${signal}) before it was done.`,
        'Run it again to see everything.',
      ),
    );
  });
}
// Whoever reads the report may stop reading (`c1-audit | head`): the write itself reports it. Whoever reads the messages
// may as well (`c1-audit 2>&1 | head`), and then there is nobody left to tell.
process.stdout.on('error', () => undefined);
process.stderr.on('error', () => undefined);

// A plug-in may start something that fails later, beside its check: the audit goes on, but is not to be trusted whole.
// What was thrown is not printed: it did not pass the redactor.
let stray = false;
for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, () => {
    stray = true;
    process.exitCode = EXIT.incomplete;
    process.stderr.write(
      'c1-audit: something failed beside the audit, most likely in a plug-in. The audit is INCOMPLETE.\n',
    );
  });
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
  signal: stop.signal,
});
process.exitCode = stray ? EXIT.incomplete : code;
