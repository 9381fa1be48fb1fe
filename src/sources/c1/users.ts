import pLimit from 'p-limit';
import { AuditError } from '../../errors.js';
import type { ApiClient } from './client.js';
import { pagesOf, type Reader } from './collect.js';
import { concernsOneRecord, isNotFound, isOutage, RequestError } from './request-error.js';
import { asRecord, unlessDeletedLater, type WireRecord } from './wire.js';

/** Ids in one search: as many as a page of answers holds. */
const BATCH = 100;
/** Single look-ups in hand; the client lets fewer through at once. */
const LOOKUPS = 8;

export type Users = Map<string, WireRecord | 'gone'>;

/**
 * Looks users up by their ids: searched in batches, each on its way as soon as it is full; those missing are asked for one
 * by one, since a search may leave out deleted users.
 */
export class UserLookup {
  readonly #reader: Reader;
  readonly #ids = new Set<string>();
  readonly #users: Users = new Map();
  readonly #searches: Promise<void>[] = [];
  #waiting: string[] = [];
  #failure: AuditError | undefined;

  constructor(reader: Reader) {
    this.#reader = reader;
  }

  /** Takes note of an id to look up; a blank one is nobody's. */
  add(id: string): void {
    if (id === '' || this.#ids.has(id)) return;
    this.#ids.add(id);
    this.#waiting.push(id);
    if (this.#waiting.length === BATCH) this.#search();
  }

  #search(): void {
    const batch = this.#waiting;
    this.#waiting = [];
    const search = searchUsers(this.#reader, batch, this.#users).catch((error: unknown) => {
      if (!(error instanceof AuditError)) throw error;
      this.#failure ??= error;
    });
    // A defect is met where it is awaited, which may be much later.
    search.catch(() => undefined);
    this.#searches.push(search);
  }

  /** Records of all that were added. `failure` is what kept some of them back. */
  async read(): Promise<{ readonly users: Users; readonly failure: AuditError | undefined }> {
    if (this.#waiting.length > 0) this.#search();
    await Promise.all(this.#searches);
    const users = this.#users;
    const missing = [...this.#ids].filter((id) => !users.has(id));
    let failure = this.#failure;
    // A refused search need not mean a refused look-up, but one refused look-up means the others are.
    let refused = failure?.code === 'interrupted' || failure?.code === 'auth' ? failure : undefined;
    const inTurn = pLimit(LOOKUPS);
    await Promise.all(
      missing.map((id) =>
        inTurn(async () => {
          if (refused) return;
          try {
            users.set(id, await readUser(this.#reader.client, id));
          } catch (error) {
            if (!(error instanceof AuditError)) throw error;
            if (!concernsOneRecord(error)) refused ??= error;
            failure ??= error;
          }
        }),
      ),
    );
    if (missing.every((id) => users.has(id))) return { users, failure: undefined };
    // Beside a missing right, an outage must not be overlooked.
    const outage = [refused, failure].find((error) => error && isOutage(error));
    return { users, failure: outage ?? refused ?? failure };
  }
}

async function searchUsers(reader: Reader, ids: readonly string[], into: Users): Promise<void> {
  const wanted = new Set(ids);
  const list = {
    method: 'POST' as const,
    path: '/search/users' as const,
    narrowed: { refs: ids.map((id) => ({ id })) },
  };
  for await (const page of pagesOf(list, reader, (value) => userIn(value)?.id ?? '')) {
    for (const value of page.records) {
      const user = userIn(value);
      if (user && wanted.has(user.id)) into.set(user.id, unlessDeletedLater(user.record, reader.client.now));
    }
  }
}

/** The user, or `gone` where the tenant does not know the id. @throws AuditError */
export async function readUser(client: ApiClient, id: string): Promise<WireRecord | 'gone'> {
  try {
    const answer = await client.call({ method: 'GET', path: `/users/${encodeURIComponent(id)}` });
    const user = userIn(answer.userView);
    if (user?.id === id) return unlessDeletedLater(user.record, client.now);
    throw new RequestError(
      'api',
      'GET /users/{id} answered 200, but does not hold the user that was asked for.',
      'This is not the API that c1-audit knows; look for a newer version.',
      { status: 200 },
    );
  } catch (error) {
    if (isNotFound(error)) return 'gone';
    throw error;
  }
}

/** The user inside a view (`{user: {id, …}}`). */
function userIn(view: unknown): { id: string; record: WireRecord } | undefined {
  const record = asRecord(asRecord(view)?.user);
  const id = record?.id;
  return record && typeof id === 'string' && id !== '' ? { id, record } : undefined;
}
