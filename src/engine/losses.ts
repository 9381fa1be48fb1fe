import {
  type Failure,
  type Kind,
  kindName,
  type Snapshot,
  type SourceSeen,
  Unknown,
} from '../contract/index.js';
import {
  credentialKey,
  isWithin,
  type RememberedCredential,
  reachOf,
  readCredential,
  type State,
} from './state.js';

/** How many credentials were known, and how many of them are not listed. */
interface Tally {
  total: number;
  missing: number;
}

const NONE: Readonly<Tally> = { total: 0, missing: 0 };

/** With fewer known credentials, all may be gone for good reasons. */
const LEAST_KNOWN = 20;

const TRUSTS_LOST = new Unknown(
  'most federation trusts that the last complete audit knew are missing from the list',
  "Check the caller's roles, or run the audit once with --accept-shrink.",
);

/**
 * Compares a snapshot with the last complete audit: a source that was read before and is unavailable now, and a list that
 * lost most of its credentials, count as not read completely. Pure.
 */
export function withLosses(snapshot: Snapshot, previous: State | undefined, acceptShrink: boolean): Snapshot {
  if (previous === undefined) return snapshot;
  const failures: Failure[] = [];
  const notes: string[] = [];
  const lost = new Set<Kind>();
  const tallies = known(previous, snapshot);
  const fail = (source: SourceSeen, failure: Failure): string => {
    failures.push(failure);
    return [source.note, failure.message, failure.hint].filter((part) => part !== null).join(' ');
  };
  const sources = snapshot.sources.map((source): SourceSeen => {
    const what = kindName(source.kind, 2);
    if (source.status === 'unavailable' && !source.required && previous.seen[source.kind]?.length) {
      const note = fail(source, {
        message: `An earlier audit could read the ${what} of ${snapshot.tenant}, and this one cannot.`,
        hint: "Check the caller's roles, or name the sources to audit with --source.",
      });
      return { ...source, required: true, note };
    }
    if (source.status !== 'complete') return source;
    const { total, missing } = tallies.get(source.kind) ?? NONE;
    if (total < LEAST_KNOWN || missing * 2 <= total) return source;
    const loss = `${missing} of the ${total} ${what} that the last complete audit of ${snapshot.tenant} knew are missing from the list`;
    if (acceptShrink) {
      notes.push(`${loss}; accepted with --accept-shrink.`);
      return source;
    }
    lost.add(source.kind);
    const note = fail(source, {
      message: `${loss}.`,
      hint: "Check the caller's roles. If these credentials were removed on purpose, run the audit once with --accept-shrink.",
    });
    return { ...source, status: 'partial', note };
  });
  const { trusts } = snapshot.facts;
  return {
    ...snapshot,
    sources,
    facts:
      trusts && lost.has('federation-trust')
        ? { ...snapshot.facts, trusts: certainOf(trusts) }
        : snapshot.facts,
    notes: [...snapshot.notes, ...notes],
    failures: [...snapshot.failures, ...failures],
  };
}

/** A principal may have trusts that are missing from the list: only a trust in force is certain. */
function certainOf({ byPrincipal }: NonNullable<Snapshot['facts']['trusts']>): Snapshot['facts']['trusts'] {
  const certain = [...byPrincipal].filter(([, trusts]) =>
    trusts.some(({ disabled, providerDisabled }) => !disabled && providerDisabled === false),
  );
  return { byPrincipal: new Map(certain), rest: TRUSTS_LOST };
}

/** What this audit should list again of each kind: without decoys and what was gone before. */
function known(
  previous: State,
  { scope, self, decoys = [], credentials }: Snapshot,
): ReadonlyMap<string, Readonly<Tally>> {
  const reach = reachOf({ scope, userId: self?.userId ?? null });
  const excepted = new Set(decoys.map(({ kind, id }) => credentialKey(kind, id)));
  const { credentials: known } = previous;
  const isListed = listing(known, credentials);
  const tallies = new Map<string, Tally>();
  const count = (key: string, at: number, seenIn: string): boolean => {
    if (!isWithin(reach, seenIn) || excepted.has(key)) return false;
    const kind = key.slice(0, key.indexOf('|'));
    const tally = tallies.get(kind) ?? { total: 0, missing: 0 };
    tallies.set(kind, tally);
    tally.total += 1;
    if (!isListed(key, at)) tally.missing += 1;
    return true;
  };
  const read = reader(reach);
  const done = new Set<string>();
  for (let at = 0; at < known.size; at += 1) {
    const key = known.key(at);
    const { seenIn, goneSince } = read(known.value(at));
    if (goneSince === undefined) count(key, at, seenIn);
    if (goneSince !== undefined || isWithin(reach, seenIn)) done.add(key);
  }
  // If no rule on changes ran, only findings are remembered.
  let left = previous.findings.size;
  for (const { kind, credentialId, seenIn } of previous.findings.values()) {
    left -= 1;
    const { total, missing } = tallies.get(kind) ?? NONE;
    // Even if all others are missing, most are there.
    const isDecided = left < total - 2 * missing;
    if (kind === 'waiver' || isDecided) continue;
    const key = credentialKey(kind, credentialId);
    if (!done.has(key) && count(key, known.find(key), seenIn)) done.add(key);
  }
  return tallies;
}

/** Whether a credential is listed, by its key and its place among those that are known. */
function listing(
  known: State['credentials'],
  credentials: Snapshot['credentials'],
): (key: string, at: number) => boolean {
  const isListed = new Uint8Array(known.size);
  const others = new Set<string>();
  for (const { kind, id } of credentials) {
    const key = credentialKey(kind, id);
    const at = known.find(key);
    if (at < 0) others.add(key);
    else isListed[at] = 1;
  }
  return (key, at) => isListed[at] === 1 || others.has(key);
}

type Whereabouts = Pick<RememberedCredential, 'seenIn' | 'goneSince'>;

/** Reads where a credential was seen. */
function reader(reach: string): (json: string) => Whereabouts {
  // How the JSON of nearly all ends, which need not be read.
  const end = `,"seenIn":${JSON.stringify(reach)}}`;
  return (json) => (json.endsWith(end) ? { seenIn: reach } : readCredential(json));
}
