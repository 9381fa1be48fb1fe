const { default: Sequencer } = require('@jest/test-sequencer');

/** They take longest, the longest first: from three seconds on. */
const FIRST = [
  'reporters/html/browser',
  'faults/matrix',
  'packed',
  'bench',
  'fuzz/fuzz',
  'attacks/command-line',
  'faults/secrets',
  'github/init-workflow',
  'mutation',
  'cli/push',
  'readme',
  'reporters/html/static-page',
  'github/action-steps',
  'doctor/doctor',
];

/** Starts the long files first, also where Jest does not know yet how long they took: the other worker would wait for them. */
module.exports = class extends Sequencer {
  sort(tests) {
    const place = ({ path }) => {
      const at = FIRST.findIndex((name) => path.replaceAll('\\', '/').endsWith(`/test/${name}.test.ts`));
      return at < 0 ? FIRST.length : at;
    };
    return super.sort(tests).sort((a, b) => place(a) - place(b));
  }
};
