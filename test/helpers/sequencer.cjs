const { default: Sequencer } = require('@jest/test-sequencer');

/** They take longest. */
const FIRST =
  /test\/(faults\/(matrix|secrets)|bench|packed|mutation|reporters\/html\/(browser|static-page)|fuzz\/fuzz)\.test\.ts$/;

/** Starts the long files first, also where Jest does not know yet how long they took: the other worker would wait for them. */
module.exports = class extends Sequencer {
  sort(tests) {
    const isShort = ({ path }) => Number(!FIRST.test(path.replaceAll('\\', '/')));
    return super.sort(tests).sort((a, b) => isShort(a) - isShort(b));
  }
};
