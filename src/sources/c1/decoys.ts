import { type Credential, ifKnown, isKnown, type Kind, type Snapshot } from '../../contract/index.js';
import { AuditError } from '../../errors.js';
import { asRecord, FieldReader, malformedNote } from '../record.js';
import { errorNote, joinNotes, type List, nameOf, type Reader, readList } from './lists.js';
import { isUnavailable } from './request-error.js';

const SEARCH: List = { method: 'POST', path: '/decoys/search' };
const CURE = `Give the audit's credential the right to read decoys (${nameOf(SEARCH)}, Super Administrator).`;
/** The decoy and the credential behind it are not written in the same instant. */
const SAME_MOMENT = 60_000;

/** What the ordinary lists may hold for a decoy. Decoys of other kinds are in no list of ours. */
const LISTED_AS: Readonly<Record<string, readonly Kind[]>> = {
  DECOY_KIND_USER_CLIENT_CREDENTIAL: ['personal-client', 'service-principal-credential'],
  DECOY_KIND_WORKLOAD_FEDERATION: ['federation-trust'],
};

interface Decoy {
  readonly kinds: readonly Kind[];
  readonly name: string;
  /** Milliseconds since the epoch; undefined where it is not known. */
  readonly createdAt: number | undefined;
}

/** The tenant's decoys, as far as they could be read. */
interface DecoysSeen {
  readonly decoys: readonly Decoy[];
  readonly note: string | null;
  /** What keeps the run from being complete: decoys that should have been there to read. */
  readonly gap: string | null;
  readonly failure: AuditError | undefined;
}

/** Reads all decoys, disabled ones too: they still look real to whoever finds them. */
export async function readDecoys(reader: Reader): Promise<DecoysSeen> {
  const decoys: Decoy[] = [];
  const malformed: string[] = [];
  const { pages, ending } = await readList(SEARCH, reader, (records) => {
    for (const [index, value] of records.entries()) {
      const read = new FieldReader(asRecord(value) ?? {});
      const id = read.text('id') || `record ${index + 1}`;
      const decoy = toDecoy(read);
      const problems = asRecord(value) ? read.problems : ['is not an object'];
      if (problems.length > 0) malformed.push(`${id}: ${problems.join(', ')}`);
      if (decoy) decoys.push(decoy);
    }
  });
  if (!(ending instanceof AuditError)) return seen(decoys, malformed, ending === 'end');
  const note = notKnown(`${errorNote(ending)} ${CURE}`);
  if (isUnavailable(ending) && pages === 0) return { decoys, note, gap: null, failure: undefined };
  return { decoys, note, gap: `decoys could not be read (${ending.message})`, failure: ending };
}

/** undefined for a decoy of a kind that no list of ours holds. */
function toDecoy(read: FieldReader): Decoy | undefined {
  const kind = read.text('kind');
  const createdAt = read.instant('createdAt');
  const name = read.text('displayName');
  const kinds = Object.hasOwn(LISTED_AS, kind) ? LISTED_AS[kind] : undefined;
  return kinds && { kinds, name, createdAt: ifKnown(createdAt) ?? undefined };
}

function seen(decoys: readonly Decoy[], malformed: readonly string[], ended: boolean): DecoysSeen {
  const problem = joinNotes(
    ended ? null : `${nameOf(SEARCH)} repeats itself instead of going on.`,
    malformedNote(malformed, nameOf(SEARCH)),
  );
  if (problem === null) return { decoys, note: null, gap: null, failure: undefined };
  return {
    decoys,
    note: notKnown(problem),
    gap: `decoys could not be read completely (${nameOf(SEARCH)})`,
    failure: new AuditError('api', notKnown(problem), "Report it to ConductorOne's support."),
  };
}

function notKnown(why: string): string {
  return `Some decoys are not known, so they may be reported like any other credential: ${why}`;
}

/** The credentials to judge, and those left out because each is a decoy. */
export function setDecoysApart(
  credentials: readonly Credential[],
  decoys: readonly Decoy[],
): Required<Pick<Snapshot, 'credentials' | 'decoys'>> & { readonly note: string | null } {
  if (decoys.length === 0) return { credentials, decoys: [], note: null };
  const byName = new Map<string, Decoy[]>();
  for (const decoy of decoys)
    for (const kind of decoy.kinds) {
      const key = nameKey(kind, decoy.name);
      const same = byName.get(key);
      if (same) same.push(decoy);
      else byName.set(key, [decoy]);
    }
  const judged: Credential[] = [];
  const apart: Credential[] = [];
  let namesakes = 0;
  for (const credential of credentials) {
    const alike = byName.get(nameKey(credential.kind, credential.name)) ?? [];
    if (alike.some((decoy) => isDecoy(credential, decoy))) apart.push(credential);
    else if (alike.length === 0) judged.push(credential);
    else {
      namesakes += 1;
      // It may be the decoy all the same, or it may only borrow the name to be overlooked.
      judged.push({ ...credential, adviceWithheld: true });
    }
  }
  return { credentials: judged, decoys: apart, note: countNote(apart.length, namesakes) };
}

/** Names that look alike have one key: somebody who copies a name may add a blank. */
function nameKey(kind: Kind, name: string): string {
  return `${kind} ${name.trim().normalize('NFC').toLowerCase()}`;
}

function isDecoy({ name, createdAt }: Credential, decoy: Decoy): boolean {
  return (
    name === decoy.name &&
    isKnown(createdAt) &&
    decoy.createdAt !== undefined &&
    Math.abs(createdAt - decoy.createdAt) <= SAME_MOMENT
  );
}

function countNote(apart: number, namesakes: number): string | null {
  const notes = [
    apart === 0
      ? null
      : `${apart === 1 ? '1 credential is a decoy and was' : `${apart} credentials are decoys and were`} left out.`,
    namesakes === 0
      ? null
      : `${namesakes === 1 ? '1 credential has' : `${namesakes} credentials have`} the name of a decoy, but not its creation date: judged, without advice on what to do.`,
  ];
  return joinNotes(...notes);
}
