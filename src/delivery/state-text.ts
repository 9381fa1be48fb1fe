import { flawsOf, isMapping, type Schema } from '../check.js';
import { parseTime } from '../contract/time.js';
import {
  CREDENTIAL_KEY,
  REMEMBERED_FINDING,
  RESOLVED_FINDING,
  type RememberedFinding,
  type ResolvedFinding,
  STATE,
  type State,
} from '../engine/state.js';
import { Table } from '../engine/table.js';

/*
 * The text of a state. A large tenant's has hundreds of thousands of entries, and to parse and check them all takes as long
 * as to read the tenant. Most differ only in ids, so each form of an entry is parsed and checked once.
 */

/** A text without escapes. */
const PLAIN = String.raw`"[^"\\\x00-\x1f]*"`;
const TEXT = String.raw`"[^"\\\x00-\x1f]*(?:\\.[^"\\\x00-\x1f]*)*"`;
const LIST = String.raw`\[(?:${PLAIN}(?:,${PLAIN})*)?\]`;
/** The end of an entry; no other follows where the mapping ends. */
const END = String.raw`(?:,(?=")|(?=\}))`;

/** A finding: its fingerprint, and its JSON before, at and after the id of its credential. */
const FINDING = new RegExp(
  String.raw`"([0-9a-f]{64})":(\{"rule":${PLAIN},"kind":${PLAIN},"credentialId":)(${TEXT})(,[^{}]*(?:\{[^{}]*\}[^{}]*)*\})${END}`,
  'y',
);

/** A credential: its key and its JSON, and in that the instants. */
const CREDENTIAL = new RegExp(
  String.raw`(${TEXT}):(\{"roles":(?:null|${LIST})(?:,"grants":${LIST})?,"network":(?:null|"any"|${LIST})(?:,"idle":\{"since":"([^"\\]*)","at":"([^"\\]*)"\})?,"seenIn":${PLAIN}(?:,"goneSince":"([^"\\]*)")?\})${END}`,
  'y',
);

const FIRST_KEYS = ['version', 'tenant', 'savedAt', 'seen', 'findings', 'resolved', 'credentials'].join();

export interface StateRead {
  readonly state: State;
  readonly seal: unknown;
  /** What the seal is of. */
  readonly content: () => string;
  /** The times in findings and credentials, each once. */
  readonly times: ReadonlySet<string | null>;
}

/** Reads what {@link stateText} wrote. undefined: something is wrong with it, or something else wrote it. */
export function readStateText(text: string): StateRead | undefined {
  const reader = new Reader(text);
  const findings = reader.findings<RememberedFinding>('"findings":{', REMEMBERED_FINDING);
  const resolved = reader.findings<ResolvedFinding>('},"resolved":{', RESOLVED_FINDING);
  const credentials = reader.credentials('},"credentials":{');
  const rest = reader.rest();
  if (!findings || !resolved || !credentials || rest === undefined) return undefined;
  const value = parsed<State & { readonly seal?: unknown }>(rest);
  if (!isMapping(value)) return undefined;
  const { seal, ...described } = value;
  // Then nothing in it is there twice or in an unexpected place.
  const isOurs = `${JSON.stringify(seal === undefined ? described : { ...described, seal })}\n` === rest;
  if (!isOurs || !Object.keys(described).join().startsWith(FIRST_KEYS)) return undefined;
  if (flawsOf(STATE, described).length > 0) return undefined;
  const end = seal === undefined ? '\n' : `,"seal":${JSON.stringify(seal)}}\n`;
  return {
    state: { ...described, findings, resolved: new Map(resolved), credentials },
    seal,
    content: () => text.slice(0, -end.length) + (seal === undefined ? '' : '}'),
    times: reader.times,
  };
}

/** What findings have in common that differ only in fingerprint and credential. */
interface Form<T> {
  /** The length of their JSON before the id of the credential, and after it. */
  readonly before: number;
  readonly after: number;
  readonly value: T;
}

/** What comes before the JSON of a finding: its fingerprint in quotes, and a colon. */
const FINGERPRINT_LENGTH = 67;

class Reader {
  readonly #text: string;
  /** Where the next part begins; undefined: something is not as it was written. */
  #at: number | undefined = 0;
  #rest = '';
  readonly times = new Set<string | null>();

  constructor(text: string) {
    this.#text = text;
  }

  findings<T extends RememberedFinding | ResolvedFinding>(
    opening: string,
    schema: Schema,
  ): Table<T> | undefined {
    const text = this.#text;
    const known = new Map<string, Map<string, Form<T>>>();
    const forms: Form<T>[] = [];
    const starts = this.#entries(
      opening,
      FINDING,
      ({ 1: fingerprint, 2: head = '', 3: id = '', 4: tail = '' }) => {
        let form = known.get(head)?.get(tail);
        if (!form) {
          const value = parsed<T>(`${head}""${tail}`);
          if (value === undefined || flawsOf(schema, value).length > 0) return undefined;
          for (const time of timesOf(value)) this.times.add(time);
          form = { before: FINGERPRINT_LENGTH + head.length, after: tail.length, value };
          known.set(head, (known.get(head) ?? new Map<string, Form<T>>()).set(tail, form));
        }
        forms.push(form);
        return textOf(id) === undefined ? undefined : fingerprint;
      },
    );
    if (!starts) return undefined;
    const start = (at: number) => starts[at] as number;
    const end = (at: number) => start(at + 1) - 1;
    return new Table<T>(
      {
        size: forms.length,
        key: (at) => text.slice(start(at) + 1, start(at) + FINGERPRINT_LENGTH - 2),
        value: (at) => {
          const { before, after, value } = forms[at] as Form<T>;
          const credentialId = textOf(text.slice(start(at) + before, end(at) - after)) as string;
          return { ...value, credentialId };
        },
        text: (from, to) => text.slice(start(from), end(to - 1)),
      },
      true,
    );
  }

  credentials(opening: string): Table<string> | undefined {
    const text = this.#text;
    const isInstant = (instant: string | undefined) =>
      instant === undefined || parseTime(instant) !== undefined;
    const values: number[] = [];
    const starts = this.#entries(
      opening,
      CREDENTIAL,
      ({ index, 1: quoted = '', 3: since, 4: at, 5: gone }) => {
        values.push(index + quoted.length + 1);
        if (gone !== undefined) this.times.add(gone);
        const key = textOf(quoted);
        const isRight = isInstant(since) && isInstant(at) && isInstant(gone);
        return isRight && CREDENTIAL_KEY.pattern.test(key ?? '') ? key : undefined;
      },
    );
    if (!starts) return undefined;
    const start = (at: number) => starts[at] as number;
    const end = (at: number) => start(at + 1) - 1;
    return new Table<string>({
      size: values.length,
      key: (at) => textOf(text.slice(start(at), (values[at] as number) - 1)) as string,
      value: (at) => text.slice(values[at], end(at)),
      text: (from, to) => text.slice(start(from), end(to - 1)),
    });
  }

  /**
   * Where each entry of a table begins, and the next would.
   *
   * @param read  gives the entry's key; undefined: something is wrong with it
   */
  #entries(
    opening: string,
    pattern: RegExp,
    read: (match: RegExpExecArray) => string | undefined,
  ): readonly number[] | undefined {
    if (this.#at === undefined) return undefined;
    const text = this.#text;
    const before = this.#at;
    this.#at = undefined;
    const found = before === 0 ? text.indexOf(opening) : before;
    if (!text.startsWith(opening, found)) return undefined;
    const start = found + opening.length;
    const starts: number[] = [];
    let last = '';
    let at = start;
    while (text[at] !== '}') {
      pattern.lastIndex = at;
      const match = pattern.exec(text);
      const key = match ? read(match) : undefined;
      // We write them in order, each once.
      if (!key || key <= last) return undefined;
      last = key;
      starts.push(at);
      at = pattern.lastIndex;
    }
    this.#rest += text.slice(before, start);
    this.#at = at;
    // As if the last were followed by a comma.
    starts.push(at + 1);
    return starts;
  }

  /** What is left without the entries. */
  rest(): string | undefined {
    return this.#at === undefined ? undefined : this.#rest + this.#text.slice(this.#at);
  }
}

/** When things happened to a finding. */
export function timesOf(memory: RememberedFinding | ResolvedFinding): readonly (string | null)[] {
  return [memory.firstSeen, 'toldAt' in memory ? memory.toldAt : memory.resolvedAt];
}

/** A text's value. */
function textOf(json: string): string | undefined {
  return json.includes('\\') ? parsed<string>(json) : json.slice(1, -1);
}

function parsed<T>(json: string): T | undefined {
  try {
    return JSON.parse(json) as T;
  } catch {
    return undefined;
  }
}

/** Entries in one part. */
const AT_ONCE = 1024;

/** The text of a state in parts, without its end. */
export function* stateText(state: State): Generator<string> {
  let before = '{';
  for (const [name, value] of Object.entries(state)) {
    const opening = `${before}${JSON.stringify(name)}:`;
    before = ',';
    const table = value instanceof Map ? Table.of<unknown>(value) : value;
    if (!(table instanceof Table)) yield opening + JSON.stringify(value);
    else {
      yield `${opening}{`;
      yield* entriesOf(table);
      yield '}';
    }
  }
}

function* entriesOf(table: Table<unknown>): Generator<string> {
  for (let at = 0; at < table.size; at += AT_ONCE)
    yield (at === 0 ? '' : ',') + table.text(at, Math.min(at + AT_ONCE, table.size));
}
