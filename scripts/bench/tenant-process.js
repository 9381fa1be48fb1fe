// A tenant of any size in a process of its own: argv has the address of the bundled demo and the size as JSON. It tells
// its parent how to get in, and what was asked of it so far when the parent wants to know.
const [demo, options] = process.argv.slice(2);
const { latency, ...size } = JSON.parse(options);
const { bulk, startTenant } = await import(demo);

const tenant = await startTenant({
  data: bulk({ now: Date.now(), ...size }),
  // A measured run must end by the end of its list.
  paging: { ignoring: [] },
  // Longer than any run, and the bare loop has no way to get another one.
  lifetimes: { personalClient: 86_400 },
  faults: latency ? [{ on: '*', times: Infinity, effect: { kind: 'latency', ms: latency } }] : [],
});
const bare = await tenant.issue.accessToken();

process.on('message', () => {
  process.send({ requests: tenant.requests.splice(0) });
});
process.on('disconnect', () => process.exit());
process.send({ audit: tenant.environment, url: tenant.url, token: bare.CONDUCTORONE_ACCESS_TOKEN });
