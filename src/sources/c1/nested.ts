import pLimit from 'p-limit';
import { type Credential, count, type Kind } from '../../contract/index.js';
import { AuditError } from '../../errors.js';
import { asRecord, differ, idOf, type WireRecord } from '../record.js';
import {
  type Collected,
  collectList,
  errorNote,
  Found,
  joinNotes,
  type KindSeen,
  type List,
  type ListRead,
  nameOf,
  type Reader,
  readList,
  summariseOptional,
} from './lists.js';
import { concernsOneRecord, isNotFound, isUnavailable, RequestError } from './request-error.js';

const REPORT_IT = "Report it to ConductorOne's support.";
/** Lists of credentials read at once; the client lets fewer requests through. */
const LISTS = 8;
/** Lists that may fail, each after its retries, until no more are read: the problem is a general one. */
const FAILURES = 3;

/** Credentials that are listed by what they belong to: by service principal, by bridge. */
export interface Nesting {
  readonly kind: Kind;
  /** The list of what they belong to. */
  readonly list: List;
  /** `service principal`, as messages call one of those. */
  readonly noun: string;
  /** The list of the credentials of one of them; `{id}` gives the list's name. */
  listOf(id: string): List;
  /** What is wrong with the record of one of them. */
  problemsOf?(parent: WireRecord): readonly string[];
  /** Adds what the record it belongs to says about a credential. */
  adopt(credential: Credential, id: string, parent: WireRecord): Credential;
  /** Where what they belong to may be shown to somebody who may not read them. */
  readonly mayBeRefused?: true;
  /** Whether there need not be a list, as the record says that it no longer exists. */
  isOver?(parent: WireRecord): boolean;
}

/** What credentials belong to, as far as its list was read. */
export interface ParentsSeen extends ListRead {
  readonly parents: ReadonlyMap<string, WireRecord>;
}

/**
 * Reads the list of what credentials belong to. Such lists very likely do not page.
 *
 * @param shape  the record as it is to be used
 */
export async function readParents(
  { list, noun }: Pick<Nesting, 'list' | 'noun'>,
  reader: Reader,
  shape: (record: WireRecord) => WireRecord = (record) => record,
): Promise<ParentsSeen> {
  const parents = new Map<string, WireRecord>();
  let twice: string | undefined;
  const { pages, ending } = await readList(list, reader, (records) => {
    for (const value of records) {
      const id = idOf(value);
      if (id === '' || !id.isWellFormed()) throw malformedParent(list, noun);
      const record = shape(asRecord(value) ?? {});
      if (differ(parents.get(id), record)) twice ??= id;
      parents.set(id, record);
    }
  });
  const isTwice = ending === 'end' && twice !== undefined;
  return { parents, pages, ending: isTwice ? listedTwice(list, noun, twice) : ending };
}

function listedTwice(list: List, noun: string, id: string | undefined): RequestError {
  return new RequestError(
    'api',
    `${nameOf(list)} lists the ${noun} ${id} twice, with other fields.`,
    `${REPORT_IT} It is not known which of the two is right.`,
  );
}

function malformedParent(list: List, noun: string): RequestError {
  return new RequestError(
    'api',
    `${nameOf(list)} lists a ${noun} without a valid id.`,
    "Report it to ConductorOne's support: its credentials cannot be read.",
  );
}

/** What the lists of all parents' credentials gave together. */
interface Lists {
  readonly credentials: readonly Credential[];
  readonly pages: number;
  readonly malformed: readonly string[];
  /** Parents whose list repeats itself. */
  readonly cut: readonly string[];
  /** Parents that no longer exist. */
  readonly gone: readonly string[];
  /** Of how many parents a list should be there. */
  readonly expected: number;
  readonly failed: readonly Failed[];
}

interface Failed {
  readonly id: string;
  readonly error: AuditError;
}

/** The credentials of every parent that is listed. */
export async function collectNested(
  nesting: Nesting,
  reader: Reader,
  seen: ParentsSeen,
  required: boolean,
): Promise<KindSeen> {
  const { kind, list, noun } = nesting;
  const { parents, pages, ending } = seen;
  const lists = await readLists(nesting, reader, parents);
  const { cut, gone, failed, expected } = lists;
  const what = nameOf(nesting.listOf('{id}'));
  const first = failed[0]?.error;
  const note = joinNotes(
    ending === 'repeats'
      ? `${nameOf(list)} repeats its first page instead of going on: only ${count(parents.size, noun)} could be read. ${REPORT_IT}`
      : null,
    cut.length > 0
      ? `${what} repeats its first page instead of going on, so credentials may be missing, for ${named(noun, cut)}. ${REPORT_IT}`
      : null,
    first
      ? `The credentials of ${named(
          noun,
          failed.map(({ id }) => id),
        )} could not be read: ${errorNote(first)}`
      : null,
    gone.length > 0 ? `Deleted while the audit ran: ${named(noun, gone)}.` : null,
  );
  const isComplete = ending === 'end' && cut.length === 0 && !first;
  const collected: Collected = {
    credentials: lists.credentials,
    pages: pages + lists.pages,
    drafts: 0,
    what,
    ending: ending instanceof AuditError ? ending : isComplete ? 'end' : 'repeats',
    malformed: [...lists.malformed, ...malformedParents(nesting, parents)].sort(),
  };
  // Whatever else went wrong is not a missing right.
  const isOnlyRefused = !(ending instanceof AuditError) && collected.malformed.length === 0;
  if (first && nesting.mayBeRefused && isOnlyRefused && areRefused(failed, expected))
    return summariseOptional(kind, { ...collected, pages: 0, ending: first }, null, required);
  const summary = summariseOptional(kind, collected, note, required);
  return { ...summary, failure: summary.failure ?? first };
}

function malformedParents(
  { noun, problemsOf = () => [] }: Nesting,
  parents: ParentsSeen['parents'],
): string[] {
  return [...parents].flatMap(([id, parent]) => {
    const problems = problemsOf(parent);
    return problems.length > 0 ? [`${noun} ${id}: ${problems.join(', ')}`] : [];
  });
}

function areRefused(failed: readonly Failed[], all: number): boolean {
  return failed.length === all && failed.every(({ error }) => isUnavailable(error));
}

async function readLists(nesting: Nesting, reader: Reader, parents: ParentsSeen['parents']): Promise<Lists> {
  const found = new Found();
  const { credentials, malformed } = found;
  const cut: string[] = [];
  const failed: Failed[] = [];
  const missing: Failed[] = [];
  let pages = 0;
  let inVain: AuditError | undefined;
  const inTurn = pLimit(LISTS);
  const readOne = async (id: string, parent: WireRecord) => {
    if (inVain) {
      failed.push({ id, error: inVain });
      return;
    }
    const one = await collectList(nesting.kind, reader, nesting.listOf(id));
    pages += one.pages;
    malformed.push(...one.malformed);
    for (const listed of one.credentials) found.add(nesting.adopt(listed, id, parent));
    if (one.ending === 'repeats') cut.push(id);
    if (!(one.ending instanceof AuditError)) return;
    if (isNotFound(one.ending) && one.pages === 0) {
      missing.push({ id, error: one.ending });
      return;
    }
    failed.push({ id, error: one.ending });
    if (one.ending.code === 'interrupted' || failed.filter(isGeneral).length >= FAILURES) inVain = one.ending;
  };
  await Promise.all([...parents].map(([id, parent]) => inTurn(() => readOne(id, parent))));
  const unexplained = missing.filter(({ id }) => !nesting.isOver?.(parents.get(id) ?? {}));
  const stillListed = await listedAgain(nesting, reader, unexplained.length, parents.size);
  const isGone = ({ id }: Failed) => stillListed !== undefined && !stillListed.has(id);
  return {
    credentials,
    pages,
    malformed,
    cut,
    gone: unexplained.filter(isGone).map(({ id }) => id),
    expected: parents.size - (missing.length - unexplained.length),
    failed: [...failed, ...unexplained.filter((each) => !isGone(each))],
  };
}

/**
 * What exists now, to find out which of those whose credentials are missing were deleted; undefined where that is not
 * possible. Nobody deletes all of them within a minute: then the address is wrong.
 */
async function listedAgain(
  nesting: Nesting,
  reader: Reader,
  missing: number,
  all: number,
): Promise<ParentsSeen['parents'] | undefined> {
  if (missing === 0 || missing === all) return undefined;
  const { parents, ending } = await readParents(nesting, reader);
  return ending === 'end' ? parents : undefined;
}

function isGeneral({ error }: Failed): boolean {
  return !concernsOneRecord(error);
}

/** How many parents a note names. */
const NAMED = 50;

function named(noun: string, ids: readonly string[]): string {
  const sorted = [...ids].sort();
  const more = sorted.length > NAMED ? ` and ${sorted.length - NAMED} more` : '';
  return `${noun}${ids.length === 1 ? '' : 's'} ${sorted.slice(0, NAMED).join(', ')}${more}`;
}
