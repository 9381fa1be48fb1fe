import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type YAMLParseError,
  type YAMLWarning,
} from 'yaml';
import { type Part, type Path, writePath } from '../check.js';
import type { Position, Problem } from './problem.js';
import type { ConfigFile } from './read.js';

type ParseProblem = Omit<Problem, 'where'>;

/** `value` is plain data without prototypes; undefined if the text cannot be read at all. */
type Parsed = Pick<ConfigFile, 'value' | 'locate'> & { readonly problems: readonly ParseProblem[] };

/** Reads YAML 1.2, or JSON if `json`, and keeps the place of every key and value. */
export function parseConfigText(text: string, json: boolean): Parsed {
  const lines = new LineCounter();
  const reader = new TreeReader(lines, json);
  const unread = (problems: readonly ParseProblem[]) => ({
    value: undefined,
    problems,
    locate: () => undefined,
  });
  try {
    const document = parseDocument(text, {
      lineCounter: lines,
      // Pretty errors quote the source, which may hold a secret.
      prettyErrors: false,
      strict: true,
      stringKeys: true,
      // Found below, with the key's name and the line of its first place.
      uniqueKeys: false,
      version: '1.2',
      schema: 'core',
    });
    const syntax = syntaxProblems([...document.errors, ...document.warnings], json, lines);
    if (syntax.length > 0) return unread(syntax);
    const value = reader.read(document.contents, []);
    const strict = json ? jsonProblem(text, reader, lines) : undefined;
    return {
      value,
      problems: [...(strict ? [strict] : []), ...reader.problems],
      locate: (path, part) => reader.locate(path, part),
    };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return unread([{ position: undefined, message: TOO_DEEP }]);
  }
}

/** The first of each place: what follows there comes of it. */
function syntaxProblems(
  errors: readonly (YAMLParseError | YAMLWarning)[],
  json: boolean,
  lines: LineCounter,
): ParseProblem[] {
  const exhausted = errors.some(({ code }) => code === 'RESOURCE_EXHAUSTION');
  if (exhausted) return [{ position: undefined, message: TOO_DEEP }];
  const first = new Map(errors.toReversed().map((error) => [error.pos[0], error]));
  return [...first.values()].map(({ pos, code, message }) => ({
    position: positionAt(lines, pos[0]),
    // What follows a colon quotes the source, which may hold a secret.
    message: `cannot be read as ${json ? 'JSON' : 'YAML'}: ${message.replace(/[:;] .*$/s, '')}${!json && OF_TEXTS.has(code) ? QUOTE_IT : ''}`,
  }));
}

/** What comes of a text, such as an expression, in which YAML sees something else. */
const OF_TEXTS: ReadonlySet<string> = new Set([
  'BAD_SCALAR_START',
  'BLOCK_AS_IMPLICIT_KEY',
  'BLOCK_IN_FLOW',
  'TAG_RESOLVE_FAILED',
  'UNEXPECTED_TOKEN',
]);
const QUOTE_IT = '; if it is a text, put it in quotes, or write | and the text on the next line';

const TOO_DEEP = 'is nested too deep to be read';

function positionAt(lines: LineCounter, offset: number): Position | undefined {
  const { line, col } = lines.linePos(offset);
  return line > 0 ? { line, column: col } : undefined;
}

const JSON_LITERAL = /^(?:true|false|null|-?\d.*)$/;

/** Turns nodes into plain values; what YAML offers beyond plain data is a problem. */
class TreeReader {
  readonly problems: ParseProblem[] = [];
  readonly #places = new Map<string, { key: number; value: number }>();
  readonly #lines: LineCounter;
  readonly #json: boolean;
  /** The first place that JSON does not know. */
  notJson: number | undefined;

  constructor(lines: LineCounter, json: boolean) {
    this.#lines = lines;
    this.#json = json;
  }

  /** The place of a path, or of the nearest one around it. */
  locate(path: Path, part: Part): Position | undefined {
    for (let length = path.length; length >= 0; length -= 1) {
      const place = this.#places.get(JSON.stringify(path.slice(0, length)));
      if (!place) continue;
      const offset = part === 'key' || length < path.length ? place.key : place.value;
      return positionAt(this.#lines, offset);
    }
    return undefined;
  }

  read(node: unknown, path: Path): unknown {
    if (node === null || node === undefined) return null;
    const start = (node as Node).range?.[0] ?? 0;
    const place = this.#places.get(JSON.stringify(path));
    this.#places.set(JSON.stringify(path), { key: place?.key ?? start, value: start });
    if (isMap(node)) {
      if (!node.flow) this.#noteYaml(start);
      return this.#readMap(node.items, path);
    }
    if (isSeq(node)) {
      if (!node.flow) this.#noteYaml(start);
      return node.items.map((item, index) => this.read(item, [...path, index]));
    }
    if (isAlias(node)) {
      this.#problem(start, path, 'anchors and aliases (&x, *x) are not supported: write the value out');
      return null;
    }
    if (!isScalar(node)) return null;
    if (node.type !== 'QUOTE_DOUBLE' && !JSON_LITERAL.test(node.source ?? '')) this.#noteYaml(start);
    return node.value;
  }

  #readMap(items: readonly Pair[], path: Path): Record<string, unknown> {
    // Without a prototype, `__proto__` is a key like any other.
    const result: Record<string, unknown> = Object.create(null);
    for (const pair of items) {
      if (!isScalar(pair.key)) continue;
      const name = String(pair.key.value);
      const at = pair.key.range?.[0] ?? 0;
      if (pair.key.type !== 'QUOTE_DOUBLE') this.#noteYaml(at);
      const here = [...path, name];
      const first = this.#places.get(JSON.stringify(here));
      if (first) {
        const line = this.#lines.linePos(first.key).line;
        this.#problem(at, here, `is set twice: first in line ${line}`);
        continue;
      }
      this.#places.set(JSON.stringify(here), { key: at, value: at });
      result[name] = this.read(pair.value, here);
    }
    return result;
  }

  #noteYaml(offset: number): void {
    if (this.#json) this.notJson = Math.min(this.notJson ?? offset, offset);
  }

  #problem(offset: number, path: Path, message: string): void {
    this.problems.push({ position: positionAt(this.#lines, offset), key: writePath(path), message });
  }
}

/** JSON.parse has the last word on what JSON is; its own message quotes the source, so only its offset is used. */
function jsonProblem(text: string, reader: TreeReader, lines: LineCounter): ParseProblem | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    const offset = /position (\d+)/.exec(String(error))?.[1];
    const at = reader.notJson ?? (offset === undefined ? undefined : Number(offset));
    return {
      position: at === undefined ? undefined : positionAt(lines, at),
      message:
        'is not JSON: comments, trailing commas and text without double quotes are for c1-audit.config.yaml',
    };
  }
}
