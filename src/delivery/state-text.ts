import { isUtf8 } from 'node:buffer';
import { flawsOf, isMapping, type Schema } from '../check.js';
import { parseTime } from '../contract/time.js';
import { Numbers } from '../engine/numbers.js';
import { quote } from '../engine/records.js';
import {
  CREDENTIAL_KEY,
  REMEMBERED_FINDING,
  RESOLVED_FINDING,
  type RememberedFinding,
  type ResolvedFinding,
  STATE,
  type State,
} from '../engine/state.js';
import { bytesHash, FINGERPRINT_TELLS, keyHash, Table } from '../engine/table.js';

/*
 * The bytes of a state. A large tenant's has hundreds of thousands of entries, and to parse and check them all takes as long
 * as to read the tenant. Most differ only in ids, so each form of an entry is parsed and checked once. Nothing becomes a text
 * that need not: to make one takes as long as to look at a hundred bytes.
 */

const FIRST_KEYS = ['version', 'tenant', 'savedAt', 'seen', 'findings', 'resolved', 'credentials'].join();

export interface StateRead {
  readonly state: State;
  readonly seal: unknown;
  /** What the seal is of. */
  readonly content: () => readonly (string | Buffer)[];
  /** The times in findings and credentials, each once. */
  readonly times: ReadonlySet<string | null>;
}

/** Reads what {@link stateText} wrote. undefined: something is wrong with it, or something else wrote it. */
export function readStateText(bytes: Buffer): StateRead | undefined {
  if (!isUtf8(bytes)) return undefined;
  const reader = new Reader(bytes);
  const findings = reader.findings<RememberedFinding>('"findings":{', REMEMBERED_FINDING);
  const resolved = findings && reader.findings<ResolvedFinding>('},"resolved":{', RESOLVED_FINDING);
  const credentials = resolved && reader.credentials('},"credentials":{');
  if (!credentials) return undefined;
  const rest = reader.rest();
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
    content: () => [bytes.subarray(0, -Buffer.byteLength(end)), seal === undefined ? '' : '}'],
    times: reader.times,
  };
}

/** What comes before the JSON of a finding: its fingerprint in quotes, and a colon. */
const FINGERPRINT_LENGTH = 67;

class Reader {
  readonly #bytes: Buffer;
  /** Where the next part begins. */
  #at = 0;
  #rest = '';
  readonly times = new Set<string | null>();

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  findings<T extends RememberedFinding | ResolvedFinding>(
    opening: string,
    schema: Schema,
  ): Table<T> | undefined {
    const bytes = this.#bytes;
    const forms = new Forms<T>(bytes, schema, this.times);
    const found: Form<T>[] = [];
    const hashes = new Numbers();
    const starts = this.#entries(opening, (at) => {
      const form = isFingerprint(bytes, at) ? forms.read(at + FINGERPRINT_LENGTH) : undefined;
      if (!form) return NOWHERE;
      found.push(form);
      hashes.push(bytesHash(bytes, at + 1, at + 1 + FINGERPRINT_TELLS));
      return forms.end;
    });
    if (!starts) return undefined;
    const start = (at: number) => starts.at(at);
    const end = (at: number) => start(at + 1) - 1;
    const idStart = (at: number) => start(at) + FINGERPRINT_LENGTH + (found[at] as Form<T>).before;
    return new Table<T>(
      {
        size: found.length,
        key: (at) => bytes.toString('latin1', start(at) + 1, start(at) + FINGERPRINT_LENGTH - 2),
        value: (at) => {
          const { after, value } = found[at] as Form<T>;
          return { ...value, credentialId: JSON.parse(bytes.toString('utf8', idStart(at), end(at) - after)) };
        },
        isKey: (at, key) => isText(bytes, start(at), key),
        alike: (at, id) =>
          id === undefined || isText(bytes, idStart(at), id) ? found[at]?.value : undefined,
        length: (at) => end(at) - start(at),
        bytes: (from, to) => bytes.subarray(start(from), end(to - 1)),
      },
      FINGERPRINT_TELLS,
      hashes,
    );
  }

  credentials(opening: string): Table<string> | undefined {
    const bytes = this.#bytes;
    const values = new Numbers();
    const hashes = new Numbers();
    let kind: Buffer = Buffer.of(QUOTE);
    const starts = this.#entries(opening, (at) => {
      const end = afterText(bytes, at);
      if (bytes[end] !== COLON) return NOWHERE;
      if (past(bytes, at + 1, kind) < 0) {
        const [found] = CREDENTIAL_KEY.pattern.exec(textAt(bytes, at)) ?? [];
        if (found === undefined) return NOWHERE;
        kind = Buffer.from(found);
      }
      values.push(end + 1);
      hashes.push(isPlain(bytes, at, end) ? bytesHash(bytes, at + 1, end - 1) : keyHash(textAt(bytes, at)));
      return this.#afterCredential(end + 1);
    });
    if (!starts) return undefined;
    const start = (at: number) => starts.at(at);
    const end = (at: number) => start(at + 1) - 1;
    return new Table<string>(
      {
        size: values.length,
        key: (at) => textAt(bytes, start(at)),
        value: (at) => bytes.toString('utf8', values.at(at), end(at)),
        isKey: (at, key) => isText(bytes, start(at), key),
        after: (at, from, text) => {
          const value = values.at(at);
          const first = from < 0 ? end(at) + from : value + from;
          if (first < value || first + text.length > end(at)) return NOWHERE;
          for (let n = 0; n < text.length; n += 1)
            if (bytes[first + n] !== text.charCodeAt(n) || isOdd(bytes[first + n])) return NOWHERE;
          return first + text.length - value;
        },
        length: (at) => end(at) - start(at),
        bytes: (from, to) => bytes.subarray(start(from), end(to - 1)),
      },
      undefined,
      hashes,
    );
  }

  /**
   * Where each entry of a table begins, and the next would.
   *
   * @param read  gives where an entry ends; below 0: something is wrong with it
   */
  #entries(opening: string, read: (at: number) => number): Numbers | undefined {
    const bytes = this.#bytes;
    const found = this.#at === 0 ? bytes.indexOf(opening) : this.#at;
    let at = past(bytes, found, Buffer.from(opening));
    if (at < 0) return undefined;
    this.#rest += bytes.toString('utf8', this.#at, at);
    const starts = new Numbers();
    let last = NOWHERE;
    while (bytes[at] !== CLOSED) {
      // We write them in order, each once.
      if (last >= 0 && !isBefore(bytes, last, at)) return undefined;
      last = at;
      const end = read(at);
      const isLast = bytes[end] === CLOSED;
      if (!isLast && (bytes[end] !== COMMA || bytes[end + 1] !== QUOTE)) return undefined;
      starts.push(at);
      at = isLast ? end : end + 1;
    }
    this.#at = at;
    // As if the last were followed by a comma.
    starts.push(at + 1);
    return starts;
  }

  /** What is left without the entries. */
  rest(): string {
    return this.#rest + this.#bytes.toString('utf8', this.#at);
  }

  #afterCredential(start: number): number {
    const bytes = this.#bytes;
    let at = this.#afterList(past(bytes, start, ROLES));
    const grants = past(bytes, at, GRANTS);
    if (grants >= 0) at = this.#afterList(grants);
    at = past(bytes, at, NETWORK);
    at = bytes[at] === QUOTE ? past(bytes, at, ANY) : this.#afterList(at);
    const idle = past(bytes, at, IDLE);
    if (idle >= 0) at = past(bytes, this.#afterInstant(past(bytes, this.#afterInstant(idle), AT)), END);
    at = afterText(bytes, past(bytes, at, SEEN_IN));
    const gone = past(bytes, at, GONE);
    if (gone >= 0) {
      at = this.#afterInstant(gone);
      this.times.add(textAt(bytes, gone));
    }
    return past(bytes, at, END);
  }

  /** Or after null. */
  #afterList(start: number): number {
    const bytes = this.#bytes;
    if (bytes[start] !== BRACKET) return past(bytes, start, NULL);
    let at = start;
    if (bytes[at + 1] === LAST_BRACKET) return at + 2;
    do at = afterText(bytes, at + 1);
    while (bytes[at] === COMMA);
    return bytes[at] === LAST_BRACKET ? at + 1 : NOWHERE;
  }

  #afterInstant(start: number): number {
    const bytes = this.#bytes;
    const end = afterText(bytes, start);
    return end > 0 && parseTime(textAt(bytes, start)) !== undefined ? end : NOWHERE;
  }
}

/** What findings have in common that differ only in fingerprint and credential. */
interface Form<T> {
  /** The length of their JSON before the id of the credential, and after it. */
  readonly before: number;
  readonly after: number;
  /** Its credential's id is empty. */
  readonly value: T;
}

/** The JSON of a finding before, at and after the id of its credential. */
const FINDING = /^(\{"rule":"[^"\\]*","kind":"[^"\\]*","credentialId":)("(?:[^"\\]|\\.)*")(,.*\})$/s;

/** The bytes that tell nearly all apart: rule and kind before an id, times and severity after it. */
const [HEAD_FROM, HEAD_TO] = [9, 45];
const [TAIL_FROM, TAIL_TO] = [14, 60];

/** Recognizes the forms of findings. */
class Forms<T extends RememberedFinding | ResolvedFinding> {
  readonly #bytes: Buffer;
  readonly #schema: Schema;
  readonly #times: Set<string | null>;
  readonly #view: DataView;
  readonly #heads: Phrases<Phrases<Form<T>>>;
  /** By what is before the id and after it. */
  readonly #known = new Map<string, Form<T>>();
  /** Where the finding that was read last ends. */
  end = NOWHERE;

  constructor(bytes: Buffer, schema: Schema, times: Set<string | null>) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#heads = new Phrases(this.#view, HEAD_FROM, HEAD_TO);
    this.#schema = schema;
    this.#times = times;
  }

  /** The form of the finding at a place. undefined: something is wrong with it. */
  read(start: number): Form<T> | undefined {
    const head = this.#heads.at(start);
    const idEnd = head ? afterText(this.#bytes, start + head.length) : NOWHERE;
    const tail = idEnd < 0 ? undefined : head?.value.at(idEnd);
    if (!tail) return this.#readNew(start);
    this.end = idEnd + tail.length;
    return tail.value;
  }

  #readNew(start: number): Form<T> | undefined {
    const bytes = this.#bytes;
    this.end = afterMapping(bytes, start);
    const [, head = '', id = '', tail = ''] = FINDING.exec(bytes.toString('utf8', start, this.end)) ?? [];
    const before = Buffer.byteLength(head);
    const after = Buffer.byteLength(tail);
    if (id === '' || afterText(bytes, start + before) !== this.end - after) return undefined;
    const known = this.#known.get(head + tail);
    if (known) return known;
    const value = parsed<T>(`${head}""${tail}`);
    if (value?.credentialId !== '' || flawsOf(this.#schema, value).length > 0) return undefined;
    for (const time of timesOf(value)) this.#times.add(time);
    const form = { before, after, value };
    this.#known.set(head + tail, form);
    let tails = this.#heads.at(start)?.value;
    if (!tails) {
      tails = new Phrases(this.#view, TAIL_FROM, TAIL_TO);
      this.#heads.add(start, before, tails);
    }
    tails.add(this.end - after, after, form);
    return form;
  }
}

interface Phrase<T> {
  /** In bytes. */
  readonly length: number;
  readonly view: DataView;
  readonly value: T;
}

/** Recognizes phrases that were there before, four bytes at a time. */
class Phrases<T> {
  readonly #view: DataView;
  readonly #from: number;
  readonly #to: number;
  readonly #known = new Map<number, Phrase<T>[]>();

  /** @param from  which bytes tell nearly all of them apart */
  constructor(view: DataView, from: number, to: number) {
    this.#view = view;
    this.#from = from;
    this.#to = to;
  }

  at(start: number): Phrase<T> | undefined {
    for (const phrase of this.#known.get(this.#hash(start)) ?? [])
      if (this.#begins(start, phrase)) return phrase;
    return undefined;
  }

  #hash(start: number): number {
    const end = Math.min(start + this.#to, this.#view.byteLength);
    let hash = 0;
    for (let at = start + this.#from; at + 4 <= end; at += 4)
      hash = ((hash << 5) - hash + this.#view.getInt32(at)) | 0;
    return hash;
  }

  #begins(start: number, { length, view }: Phrase<T>): boolean {
    if (start + length > this.#view.byteLength) return false;
    for (let at = 0; at + 4 <= length; at += 4)
      if (view.getInt32(at) !== this.#view.getInt32(start + at)) return false;
    return view.getInt32(length - 4) === this.#view.getInt32(start + length - 4);
  }

  add(start: number, length: number, value: T): void {
    const { buffer, byteOffset } = this.#view;
    const hash = this.#hash(start);
    const alike = this.#known.get(hash) ?? [];
    // To try more of them takes longer than to read the finding.
    if (alike.length < 8)
      alike.push({ length, view: new DataView(buffer, byteOffset + start, length), value });
    this.#known.set(hash, alike);
  }
}

/** Of bytes that are not there. */
const NOWHERE = -1;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPENED = 0x7b;
const CLOSED = 0x7d;
const BRACKET = 0x5b;
const LAST_BRACKET = 0x5d;
const SPACE = 0x20;
const ASCII = 0x80;
const ZERO = 0x30;
const NINE = 0x39;

const ROLES = Buffer.from('{"roles":');
const GRANTS = Buffer.from(',"grants":');
const NETWORK = Buffer.from(',"network":');
const ANY = Buffer.from('"any"');
const IDLE = Buffer.from(',"idle":{"since":');
const AT = Buffer.from(',"at":');
const SEEN_IN = Buffer.from(',"seenIn":');
const GONE = Buffer.from(',"goneSince":');
const NULL = Buffer.from('null');
const END = Buffer.from('}');

/** Where these bytes end; below 0: they do not begin there. */
function past(bytes: Buffer, start: number, wanted: Buffer): number {
  if (start < 0) return NOWHERE;
  for (let at = 0; at < wanted.length; at += 1) if (bytes[start + at] !== wanted[at]) return NOWHERE;
  return start + wanted.length;
}

/** Where a text ends; below 0: there is none, or we would write it in another way. */
function afterText(bytes: Buffer, start: number): number {
  if (bytes[start] !== QUOTE) return NOWHERE;
  let isEscaped = false;
  let at = start + 1;
  for (; bytes[at] !== QUOTE; at += 1) {
    const byte = bytes[at];
    if (byte === undefined || byte < SPACE) return NOWHERE;
    if (byte !== BACKSLASH) continue;
    isEscaped = true;
    at += 1;
  }
  const json = isEscaped ? bytes.toString('utf8', start, at + 1) : '';
  return isEscaped && quote(parsed<string>(json) ?? '') !== json ? NOWHERE : at + 1;
}

/** Where a mapping ends; below 0: it does not, or there is none. */
function afterMapping(bytes: Buffer, start: number): number {
  if (bytes[start] !== OPENED) return NOWHERE;
  let depth = 0;
  let at = start;
  do {
    const byte = bytes[at];
    if (byte === undefined) return NOWHERE;
    if (byte === OPENED) depth += 1;
    if (byte === CLOSED) depth -= 1;
    at = byte === QUOTE ? afterText(bytes, at) : at + 1;
  } while (depth > 0 && at > 0);
  return at;
}

/** The value of a text. */
function textAt(bytes: Buffer, start: number): string {
  const end = afterText(bytes, start);
  return isPlain(bytes, start, end)
    ? bytes.toString('latin1', start + 1, end - 1)
    : JSON.parse(bytes.toString('utf8', start, end));
}

/** Whether each byte is a character. */
function isPlain(bytes: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) if (isOdd(bytes[at])) return false;
  return true;
}

function isOdd(byte: number | undefined): boolean {
  return byte === undefined || byte >= ASCII || byte === BACKSLASH;
}

/** Whether this is the value of the text at a place. */
function isText(bytes: Buffer, start: number, value: string): boolean {
  for (let at = 0; at < value.length; at += 1) {
    const byte = bytes[start + 1 + at];
    if (isOdd(byte)) return textAt(bytes, start) === value;
    if (byte !== value.charCodeAt(at) || byte === QUOTE) return false;
  }
  return bytes[start + 1 + value.length] === QUOTE;
}

/** Whether a text comes before another, by its value. */
function isBefore(bytes: Buffer, first: number, second: number): boolean {
  let at = 1;
  while (bytes[first + at] === bytes[second + at] && bytes[first + at] !== QUOTE && !isOdd(bytes[first + at]))
    at += 1;
  const [one, other] = [bytes[first + at], bytes[second + at]];
  if (isOdd(one) || isOdd(other)) return textAt(bytes, first) < textAt(bytes, second);
  return other !== QUOTE && (one === QUOTE || (one as number) < (other as number));
}

function isFingerprint(bytes: Buffer, start: number): boolean {
  for (let at = start + 1; at < start + FINGERPRINT_LENGTH - 2; at += 1) {
    const byte = bytes[at] as number;
    const isDigit = (byte >= ZERO && byte <= NINE) || (byte >= 0x61 && byte <= 0x66);
    if (!isDigit) return false;
  }
  return (
    bytes[start] === QUOTE &&
    bytes[start + FINGERPRINT_LENGTH - 2] === QUOTE &&
    bytes[start + FINGERPRINT_LENGTH - 1] === COLON
  );
}

/** When things happened to a finding. */
export function timesOf(memory: RememberedFinding | ResolvedFinding): readonly (string | null)[] {
  return [memory.firstSeen, 'toldAt' in memory ? memory.toldAt : memory.resolvedAt];
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
export function* stateText(state: State): Generator<string | Buffer> {
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

function* entriesOf(table: Table<unknown>): Generator<string | Buffer> {
  for (let at = 0; at < table.size; at += AT_ONCE) {
    if (at > 0) yield ',';
    yield table.bytes(at, Math.min(at + AT_ONCE, table.size));
  }
}
