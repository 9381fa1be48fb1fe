#!/usr/bin/env node
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
// Whoever reads the report may stop reading (`c1-audit | head`): the write itself reports it.
process.stdout.on('error', () => undefined);

process.exitCode = await main(process.argv.slice(2), {
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
