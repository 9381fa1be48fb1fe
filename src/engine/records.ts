import { type Credential, type Fact, ifKnown, type JudgedCredential } from '../contract/index.js';
import { toTimestamp } from '../contract/time.js';
import { Numbers } from './numbers.js';
import { ByteWriter, TextStore, textOf } from './text-store.js';

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
  /** In the order in which they were written; of each credential two: until its name, and what follows it. */
  readonly #texts = new TextStore();
  /** What is put in. */
  readonly #rest = new TextStore();
  /** In the order of the report: the numbers of records, and of what is put in. */
  readonly #written = new Numbers();
  readonly #live = new Numbers();
  readonly #owners = new Numbers();
  readonly #ends = new Numbers();
  /** The places of those that run the audit. */
  readonly #self = new Set<number>();
  /** Many credentials share their owner, and their list of roles. */
  readonly #shared = new Map<object, number>();
  readonly #noOwner = this.#rest.add(',"owner":null');
  readonly #noRoles = this.#rest.add('[]}');
  readonly #out = new ByteWriter();

  /** Writes what a record says. @returns its number, from 0 */
  write({ kind, id, clientId, name, createdAt, expiresAt, lastUsedAt, allowedCidrs }: Credential): number {
    const head = PLAIN.test(id + clientId + name)
      ? `{"kind":"${kind}","id":"${id}","clientId":"${clientId}","name":"${name}"`
      : `{"kind":"${kind}","id":${quote(id)},"clientId":${quote(clientId)},"name":${quote(name)}`;
    const first = this.#texts.add(head);
    this.#texts.add(
      `,"createdAt":${dated(createdAt)},"expiresAt":${dated(expiresAt)},"lastUsedAt":${dated(lastUsedAt)},"allowedCidrs":${listed(ifKnown(allowedCidrs))},"scopedRoles":`,
    );
    return first / 2;
  }

  /** Puts in the rest; in the order of the report. */
  complete(written: number, { self, live, owner, scopedRoles, adviceWithheld, use }: Remainder): void {
    if (self) this.#self.add(this.#written.length);
    this.#written.push(written);
    this.#live.push(live ? 1 : 0);
    this.#owners.push(owner === null ? this.#noOwner : this.#once(owner, ownerText));
    this.#ends.push(
      adviceWithheld || use
        ? this.#rest.add(
            `${rolesText(scopedRoles)}${adviceWithheld ? ',"adviceWithheld":true' : ''}${use ? `,"use":${JSON.stringify(use)}` : ''}}`,
          )
        : scopedRoles.length === 0
          ? this.#noRoles
          : this.#once(scopedRoles, lastText),
    );
  }

  #once<T extends object>(value: T, write: (value: T) => string): number {
    let number = this.#shared.get(value);
    if (number === undefined) {
      number = this.#rest.add(write(value));
      this.#shared.set(value, number);
    }
    return number;
  }

  /** Writes the JSON of the credential at a place of the report. */
  put(at: number, out: ByteWriter, withLive = false): void {
    const first = this.#written.at(at) * 2;
    this.#texts.put(first, out);
    out.copy(this.#self.has(at) ? SELF : NOT_SELF);
    if (withLive) out.copy(this.#live.at(at) ? LIVE : NOT_LIVE);
    this.#rest.put(this.#owners.at(at), out);
    this.#texts.put(first + 1, out);
    this.#rest.put(this.#ends.at(at), out);
  }

  text(at: number, withLive = false): string {
    this.put(at, this.#out, withLive);
    return textOf(this.#out.take());
  }

  /** All of it, many texts in one. */
  *blocks(): Generator<Buffer> {
    yield* this.#texts.blocks();
    yield* this.#rest.blocks();
  }
}

const SELF = Buffer.from(',"self":true');
const NOT_SELF = Buffer.from(',"self":false');
const LIVE = Buffer.from(',"live":true');
const NOT_LIVE = Buffer.from(',"live":false');

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

/** The roles of a credential of which nothing else is to be said. */
function lastText(roles: JudgedCredential['scopedRoles']): string {
  return `${rolesText(roles)}}`;
}

function rolesText(roles: JudgedCredential['scopedRoles']): string {
  return JSON.stringify(roles.map(({ id, name }) => ({ id, name })));
}
