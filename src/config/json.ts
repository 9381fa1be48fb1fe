import type { Path } from '../check.js';
import { Places } from './problem.js';
import type { ConfigFile } from './read.js';

const TOKEN = /"(?:[^"\\]|\\.)*"|[[\]{},:]|[^\s[\]{},:"]+/g;

/**
 * Reads JSON and keeps the place of every key and value. undefined: something is wrong with it, which the reader of YAML
 * says. That one could read all JSON, but takes as long as to read some thousand credentials.
 */
export function parseJsonText(text: string): Pick<ConfigFile, 'value' | 'locate'> | undefined {
  try {
    JSON.parse(text);
    const reader = new Reader(text);
    const value = reader.read([]);
    const locate: ConfigFile['locate'] = (path, part) => {
      const offset = reader.places.locate(path, part);
      const lines = text.slice(0, offset).split('\n');
      return offset === undefined
        ? undefined
        : { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
    };
    return reader.isTwice ? undefined : { value, locate };
  } catch {
    // No JSON, or nested too deep.
    return undefined;
  }
}

/** Of a text that is JSON. */
class Reader {
  readonly #tokens: readonly RegExpExecArray[];
  #next = 0;
  readonly places = new Places();
  /** Whether a key is there twice. */
  isTwice = false;

  constructor(text: string) {
    this.#tokens = [...text.matchAll(TOKEN)];
  }

  read(path: Path, key?: number): unknown {
    const { index } = this.#token();
    this.places.set(path, { key: key ?? index, value: index });
    const { 0: token } = this.#take();
    if (token === '[') return this.#all(']', (at) => this.read([...path, at]));
    if (token !== '{') return JSON.parse(token);
    // Without a prototype, `__proto__` is a key like any other.
    const result: Record<string, unknown> = Object.create(null);
    this.#all('}', () => {
      const { 0: quoted, index } = this.#take();
      const name = JSON.parse(quoted) as string;
      this.#take();
      this.isTwice ||= Object.hasOwn(result, name);
      result[name] = this.read([...path, name], index);
    });
    return result;
  }

  #all<T>(end: string, read: (at: number) => T): T[] {
    const all: T[] = [];
    while (this.#token()[0] !== end) {
      all.push(read(all.length));
      if (this.#token()[0] === ',') this.#take();
    }
    this.#take();
    return all;
  }

  #token(): RegExpExecArray {
    return this.#tokens[this.#next] as RegExpExecArray;
  }

  #take(): RegExpExecArray {
    this.#next += 1;
    return this.#tokens[this.#next - 1] as RegExpExecArray;
  }
}
