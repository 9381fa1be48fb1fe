import type { Fault } from './faults.js';

interface ListAnswer {
  list: unknown[];
  nextPageToken: string;
}

/** What a page fault makes of a request and of its answer. */
export interface PageTwist {
  /** Asked for instead. */
  readonly force: { token?: string; size?: number };
  reshape(json: unknown): unknown;
}

const NONE: PageTwist = { force: {}, reshape: (json) => json };

/** Tokens of the faults' own making: what they stand for is looked up, not read out of them. */
const OWN = /^fault-(first|second|skipped|page)\./;

/** Bends pages. Remembers, per fault and path, what it needs of earlier answers. */
export class PageFaults {
  readonly #memory = new WeakMap<Fault, Map<string, { last?: unknown; second?: string; count: number }>>();

  /** `asked` is the request's page token, "" for none. */
  twist(fault: Fault, path: string, asked: string): PageTwist {
    const { effect } = fault;
    const memory = this.#recall(fault, path);
    switch (effect.kind) {
      case 'page-size':
        return { ...NONE, force: { size: effect.size } };
      case 'repeat-page':
        return { ...NONE, force: { token: '' } };
      case 'empty-page':
        return {
          force: {},
          reshape: reshaped(() => ({ list: [], nextPageToken: `fault-skipped.${meantBy(asked)}` })),
        };
      case 'endless-pages':
        memory.count += 1;
        return {
          force: { token: '' },
          reshape: reshaped((answer) => ({ ...answer, nextPageToken: `fault-page.${memory.count}` })),
        };
      case 'cursor-loop': {
        const second = asked.startsWith('fault-first.');
        return {
          force: { token: second ? (memory.second ?? '') : '' },
          reshape: reshaped((answer) => {
            if (second) return { ...answer, nextPageToken: 'fault-second.' };
            memory.second = answer.nextPageToken;
            return { ...answer, nextPageToken: 'fault-first.' };
          }),
        };
      }
      case 'duplicate-ids':
        return {
          force: {},
          reshape: reshaped((answer) => {
            const list =
              asked !== '' && memory.last !== undefined ? [memory.last, ...answer.list] : answer.list;
            memory.last = answer.list.at(-1);
            return { ...answer, list };
          }),
        };
      default:
        return NONE;
    }
  }

  #recall(fault: Fault, path: string) {
    const paths = this.#memory.get(fault) ?? new Map();
    this.#memory.set(fault, paths);
    const memory = paths.get(path) ?? { count: 0 };
    paths.set(path, memory);
    return memory as { last?: unknown; second?: string; count: number };
  }
}

/** The token that a fault's own token stands for: faults end, and their tokens must lead on. */
export function meantBy(pageToken: string): string {
  const [, kind] = OWN.exec(pageToken) ?? [];
  if (kind === undefined) return pageToken;
  return kind === 'skipped' ? pageToken.slice('fault-skipped.'.length) : '';
}

function reshaped(bend: (answer: ListAnswer) => ListAnswer) {
  return (json: unknown): unknown => {
    const isList = typeof json === 'object' && json !== null && Array.isArray((json as ListAnswer).list);
    return isList ? { ...json, ...bend(json as ListAnswer) } : json;
  };
}
