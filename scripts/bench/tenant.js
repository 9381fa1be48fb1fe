// The tenant that benchmarks talk to, seen from the outside.
import { fork } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleFile } from './bundle.js';
import { ours } from './load.js';
import { measure, program, script } from './measure.js';

let demo;

/** Starts a tenant in a process of its own, runs `task` with it and ends it. */
export async function withTenant(options, task) {
  demo ??= await bundleFile(
    'demo',
    "export { bulk } from './test/tenant/bulk.js'; export { startTenant } from './test/tenant/index.js';",
  );
  const folder = mkdtempSync(join(tmpdir(), 'c1-audit-bench-'));
  const child = fork(script('./server.js'), [demo, JSON.stringify(options)], { stdio: 'inherit' });
  const events = new EventEmitter();
  child.on('message', ([event, value]) => events.emit(event, value));
  ours.add(child.pid);
  try {
    const [environment] = await once(events, 'ready');
    return await task({ environment, events, folder, ask: () => child.send('calls') });
  } finally {
    child.disconnect();
    await once(child, 'exit');
    ours.delete(child.pid);
    rmSync(folder, { recursive: true });
  }
}

/** Runs `audit` once, so that all its answers are prepared. Gives its calls; its report's findings and length. */
export async function prepare(tenant, audit = auditOf(tenant)) {
  const { bytes, head } = await audit();
  const told = once(tenant.events, 'calls');
  tenant.ask();
  const [calls] = await told;
  return { calls, findings: Number(/"findings": ?(\d+)/.exec(head)?.[1]), bytes };
}

/** The program as a night would run it: everything it can see, all rules, one report as JSON on stdout. */
export function auditOf({ environment: env }, flags = [], nodeArgs = []) {
  const args = [program, '--scope', 'tenant', '--fail-on', 'never', '-f', 'json', ...flags];
  return () => measure(args, { env, nodeArgs });
}

/** The same calls one after the other, their answers parsed; and as many bytes written. */
export function floorOf({ environment: env, folder }, calls, bytes = 0) {
  const file = join(folder, `calls-${bytes}.json`);
  writeFileSync(file, JSON.stringify(calls));
  return () => measure([script('./floor.mjs'), file, String(bytes)], { env });
}
