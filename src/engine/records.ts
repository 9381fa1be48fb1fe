import { type Credential, type Fact, ifKnown, type JudgedCredential } from '../contract/index.js';
import { toTimestamp } from '../contract/time.js';
import { TextStore } from './text-store.js';

/** What a report says of a credential and its record does not. */
export interface Remainder extends Pick<JudgedCredential, 'self' | 'live' | 'owner' | 'scopedRoles'> {
  readonly adviceWithheld: boolean;
  readonly use: JudgedCredential['use'] | undefined;
}

/**
 * The JSON of credentials. What their records say is written once, as their pages arrive; the rest is put in when
 * everything is known. Keys are in the order of the schema.
 */
export class Records {
  /** In the order in which they were written. */
  readonly #texts = new TextStore();
  /** Where in each text the rest begins: after the name. */
  readonly #gaps: number[] = [];
  /** In the order of the report: the numbers of the texts, and what is put in. */
  readonly #written: number[] = [];
  readonly #live: boolean[] = [];
  readonly #owners: string[] = [];
  readonly #ends: string[] = [];
  /** The places of those that run the audit. */
  readonly #self = new Set<number>();
  /** Many credentials share their owner, and their list of roles. */
  readonly #shared = new Map<object, string>();

  /** Writes what a record says. @returns the text's number */
  write({ kind, id, clientId, name, createdAt, expiresAt, lastUsedAt, allowedCidrs }: Credential): number {
    const head = PLAIN.test(id + clientId + name)
      ? `{"kind":"${kind}","id":"${id}","clientId":"${clientId}","name":"${name}"`
      : `{"kind":"${kind}","id":${quote(id)},"clientId":${quote(clientId)},"name":${quote(name)}`;
    this.#gaps.push(head.length);
    return this.#texts.add(
      `${head},"createdAt":${dated(createdAt)},"expiresAt":${dated(expiresAt)},"lastUsedAt":${dated(lastUsedAt)},"allowedCidrs":${listed(ifKnown(allowedCidrs))},"scopedRoles":`,
    );
  }

  /** Puts the rest into a text; in the order of the report. */
  complete(written: number, { self, live, owner, scopedRoles, adviceWithheld, use }: Remainder): void {
    if (self) this.#self.add(this.#written.length);
    this.#written.push(written);
    this.#live.push(live);
    this.#owners.push(owner === null ? ',"owner":null' : this.#once(owner, ownerText));
    const end = scopedRoles.length === 0 ? '[]' : this.#once(scopedRoles, rolesText);
    const isPlain = !adviceWithheld && !use;
    this.#ends.push(
      isPlain
        ? end
        : `${end}${adviceWithheld ? ',"adviceWithheld":true' : ''}${use ? `,"use":${JSON.stringify(use)}` : ''}`,
    );
  }

  #once<T extends object>(value: T, write: (value: T) => string): string {
    let text = this.#shared.get(value);
    if (text === undefined) {
      text = write(value);
      this.#shared.set(value, text);
    }
    return text;
  }

  /** The JSON of the credential at a place of the report. */
  text(at: number, withLive = false): string {
    const written = this.#written[at] as number;
    const text = this.#texts.get(written);
    const gap = this.#gaps[written] as number;
    const live = withLive ? `,"live":${this.#live[at]}` : '';
    return `${text.slice(0, gap)},"self":${this.#self.has(at)}${live}${this.#owners[at]}${text.slice(gap)}${this.#ends[at]}}`;
  }

  /** Everything that came from outside, many texts in one. */
  *blocks(): Generator<string> {
    yield* this.#texts.blocks();
    yield [...this.#shared.values()].join('\n');
  }
}

/** Texts that JSON writes as they are: nearly all. */
const PLAIN = /^[ !#-[\]-~]*$/;

export function quote(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}

function dated(instant: Fact<number | null>): string {
  return typeof instant === 'number' ? `"${toTimestamp(instant)}"` : 'null';
}

export function listed(texts: readonly string[] = []): string {
  const [first] = texts;
  if (first === undefined) return '[]';
  return texts.length === 1 ? `[${quote(first)}]` : JSON.stringify(texts);
}

function ownerText({ id, name, email }: NonNullable<JudgedCredential['owner']>): string {
  return `,"owner":{"id":${quote(id)},"name":${quote(name)},"email":${quote(email)}}`;
}

function rolesText(roles: JudgedCredential['scopedRoles']): string {
  return JSON.stringify(roles.map(({ id, name }) => ({ id, name })));
}
