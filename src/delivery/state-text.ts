import { flawsOf, isMapping, type Schema } from '../check.js';
import { parseTime } from '../contract/time.js';
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
    state: { ...described, findings, resolved, credentials },
    seal,
    content: () => text.slice(0, -end.length) + (seal === undefined ? '' : '}'),
  };
}

class Reader {
  readonly #text: string;
  /** Where the next part begins; undefined: something is not as it was written. */
  #at: number | undefined = 0;
  #rest = '';

  constructor(text: string) {
    this.#text = text;
  }

  findings<T extends { readonly credentialId: string }>(
    opening: string,
    schema: Schema,
  ): ReadonlyMap<string, T> | undefined {
    const forms = new Map<string, Map<string, T>>();
    const formOf = (head: string, tail: string): T | undefined => {
      let ofHead = forms.get(head);
      if (!ofHead) {
        ofHead = new Map();
        forms.set(head, ofHead);
      }
      let form = ofHead.get(tail);
      if (!form) {
        form = parsed<T>(`${head}""${tail}`);
        if (form === undefined || flawsOf(schema, form).length > 0) return undefined;
        ofHead.set(tail, form);
      }
      return form;
    };
    return this.#entries(opening, FINDING, ([, fingerprint, head, id, tail]) => {
      const form = formOf(head as string, tail as string);
      const credentialId = textOf(id as string);
      if (!form || credentialId === undefined) return undefined;
      return [fingerprint as string, { ...form, credentialId }];
    });
  }

  credentials(opening: string): ReadonlyMap<string, string> | undefined {
    const instants = new Set<string | undefined>([undefined]);
    const isInstant = (instant: string | undefined) => {
      if (instants.has(instant)) return true;
      if (instant === undefined || parseTime(instant) === undefined) return false;
      instants.add(instant);
      return true;
    };
    return this.#entries(opening, CREDENTIAL, ([, quoted, json, ...times]) => {
      const key = textOf(quoted as string);
      const isRight = key !== undefined && CREDENTIAL_KEY.pattern.test(key) && times.every(isInstant);
      return isRight ? [key, json as string] : undefined;
    });
  }

  #entries<T>(
    opening: string,
    pattern: RegExp,
    read: (match: RegExpExecArray) => readonly [string, T] | undefined,
  ): ReadonlyMap<string, T> | undefined {
    if (this.#at === undefined) return undefined;
    const text = this.#text;
    const before = this.#at;
    this.#at = undefined;
    const found = before === 0 ? text.indexOf(opening) : before;
    if (!text.startsWith(opening, found)) return undefined;
    const start = found + opening.length;
    const entries = new Map<string, T>();
    pattern.lastIndex = start;
    while (text[pattern.lastIndex] !== '}') {
      const match = pattern.exec(text);
      const entry = match && read(match);
      if (!entry) return undefined;
      entries.set(...entry);
    }
    this.#rest += text.slice(before, start);
    this.#at = pattern.lastIndex;
    return entries;
  }

  /** What is left without the entries. */
  rest(): string | undefined {
    return this.#at === undefined ? undefined : this.#rest + this.#text.slice(this.#at);
  }
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
    if (!(value instanceof Map)) yield opening + JSON.stringify(value);
    else {
      yield `${opening}{`;
      yield* entriesOf(value, name === 'findings' ? findingText : jsonOf);
      yield '}';
    }
  }
}

function* entriesOf<T>(entries: ReadonlyMap<string, T>, write: (value: T) => string): Generator<string> {
  let some: string[] = [];
  let before = '';
  for (const [key, value] of entries) {
    if (some.push(`${quote(key)}:${write(value)}`) < AT_ONCE) continue;
    yield before + some.join();
    before = ',';
    some = [];
  }
  if (some.length > 0) yield before + some.join();
}

/** A credential is JSON already. */
function jsonOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function findingText(finding: RememberedFinding): string {
  const { rule, kind, credentialId, firstSeen, severity, waived, messages, toldAt, milestones, seenIn } =
    finding;
  // A later program may have added to it.
  if (Object.keys(finding).length !== (messages ? 10 : 9)) return JSON.stringify(finding);
  const told = messages ? `"messages":${JSON.stringify(messages)},` : '';
  return `{"rule":${quote(rule)},"kind":"${kind}","credentialId":${quote(credentialId)},"firstSeen":${quote(firstSeen)},"severity":"${severity}","waived":${waived},${told}"toldAt":${toldAt === null ? 'null' : quote(toldAt)},"milestones":${milestones === null ? 'null' : JSON.stringify(milestones)},"seenIn":${quote(seenIn)}}`;
}
