// Loaded into a measured process before its own code (node --require): on exit it writes what the process used to the
// file descriptor that the parent opened for it.
const { writeSync } = require('node:fs');

const DESCRIPTOR = 3;

process.on('exit', () => {
  const { user, system } = process.cpuUsage();
  writeSync(
    DESCRIPTOR,
    JSON.stringify({
      // Since the process began, its own loading included.
      wall: performance.now(),
      cpu: (user + system) / 1000,
      memory: process.resourceUsage().maxRSS / 1024,
    }),
  );
});
