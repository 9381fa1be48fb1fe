// The tenant that benchmarks talk to, seen from the outside.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { bundleFile } from './bundle.js';
import { measure, program, script } from './process.js';

let demo;

/** Starts a tenant in a process of its own, runs `task` with it and ends it. */
export async function withTenant(options, task) {
  demo ??= await bundleFile('demo', "export { bulk, startTenant } from './src/demo/index.js';");
  const child = fork(script('./tenant-process.js'), [demo, JSON.stringify(options)], { stdio: 'inherit' });
  try {
    const [{ audit, url, token }] = await once(child, 'message');
    const requests = async () => {
      child.send('requests');
      const [message] = await once(child, 'message');
      return message.requests;
    };
    return await task({ environment: audit, url, token, requests });
  } finally {
    child.disconnect();
    await once(child, 'exit');
  }
}

/** The program as a night would run it: everything it can see, all rules, one report as JSON on stdout. */
export function auditOf({ environment }, flags = ['-f', 'json']) {
  return () => measure([program, '--scope', 'tenant', '--fail-on', 'never', ...flags], { env: environment });
}

/** The same answers fetched and parsed, one after the other, and nothing done with them. */
export function bareLoopOf({ url, token }, requests) {
  const calls = requests
    .filter(({ target }) => target !== 'token')
    .map(({ method, path, body }) => ({ method, path, body }));
  return () => measure([script('./bare-loop.js')], { input: { url, token, calls } });
}
