import type { Io } from '../io.js';

export interface Progress {
  /** More records have come in. */
  readonly add: (records: number) => void;
  /** Takes the line away again. */
  readonly clear: () => void;
}

const CLEAR_LINE = '\r\u001b[K';

/** One line on stderr that counts while the lists are read; nothing where stderr is not a terminal that can take it away again. */
export function createProgress({ stderr, env }: Io, wanted: boolean): Progress {
  if (!wanted || !stderr.isTTY || env.CI || env.TERM === 'dumb')
    return { add: () => undefined, clear: () => undefined };
  let total = 0;
  return {
    add: (records) => {
      total += records;
      stderr.write(`${CLEAR_LINE}Reading credentials… ${total}`);
    },
    clear: () => stderr.write(CLEAR_LINE),
  };
}
