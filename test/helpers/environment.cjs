const { AsyncLocalStorage } = require('node:async_hooks');
const { TestEnvironment } = require('jest-environment-node');

const inUse = new Set();
const { run } = AsyncLocalStorage.prototype;

AsyncLocalStorage.prototype.run = function (...args) {
  inUse.add(this);
  return run.apply(this, args);
};

/**
 * jest-circus leaves a storage in use after every file. Node.js 20 copies the value of each into every new promise: the
 * hundredth file would pay for ninety-nine, and keep what they hold in memory.
 */
module.exports = class extends TestEnvironment {
  async teardown() {
    for (const storage of inUse) storage.disable();
    inUse.clear();
    await super.teardown();
  }
};
