import {
  type Failure,
  KINDS,
  type Kind,
  kindName,
  type Snapshot,
  type SourceSeen,
  Unknown,
} from '../contract/index.js';
import { credentialKey, isWithin, reachOf, readCredential, type State } from './state.js';

/** How many credentials of a kind were known, and how many of them are not listed. */
class Tally {
  total = 0;
  missing = 0;

  count(isListed: boolean): void {
    this.total += 1;
    if (!isListed) this.missing += 1;
  }
}

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
  const { tallies } = new Census(previous, snapshot);
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
    const { total, missing } = tallies.get(source.kind) as Tally;
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
class Census {
  readonly #known: State['credentials'];
  readonly #reach: string;
  /** How the JSON of nearly all ends, which need not be read. */
  readonly #end: string;
  readonly #decoys: ReadonlySet<string>;
  /** Which of the known credentials are listed, by their places; and what is listed besides, by key. */
  readonly #isListed: Uint8Array;
  readonly #others = new Set<string>();
  /** Which were counted, or never will be. */
  readonly #isDone: Uint8Array;
  readonly #done: Set<string>;
  readonly tallies: ReadonlyMap<string, Tally> = new Map(KINDS.map((kind) => [kind, new Tally()]));

  constructor({ credentials: known, findings }: State, snapshot: Snapshot) {
    const { scope, self, decoys = [], credentials } = snapshot;
    this.#known = known;
    this.#reach = reachOf({ scope, userId: self?.userId ?? null });
    this.#end = `,"seenIn":${JSON.stringify(this.#reach)}}`;
    this.#decoys = new Set(decoys.map(({ kind, id }) => credentialKey(kind, id)));
    this.#isListed = new Uint8Array(known.size);
    this.#isDone = new Uint8Array(known.size);
    this.#done = new Set(this.#decoys);
    for (const { kind, id } of credentials) {
      const key = credentialKey(kind, id);
      const at = known.find(key);
      if (at < 0) this.#others.add(key);
      else this.#isListed[at] = 1;
    }
    for (const [kind, tally] of this.tallies) this.#countKnown(kind, tally);
    this.#countFound(findings);
  }

  #countKnown(kind: string, tally: Tally): void {
    const known = this.#known;
    for (let at = known.place(`${kind}|`), end = known.place(`${kind}}`); at < end; at += 1) {
      const isHere = known.after(at, -this.#end.length, this.#end) > 0;
      const { seenIn, goneSince } = isHere ? { seenIn: this.#reach } : readCredential(known.value(at));
      const isSeen = isWithin(this.#reach, seenIn);
      if (isSeen || goneSince !== undefined) this.#isDone[at] = 1;
      const isDecoy = this.#decoys.size > 0 && this.#decoys.has(known.key(at));
      if (isSeen && goneSince === undefined && !isDecoy) tally.count(this.#isListed[at] === 1);
    }
  }

  /** If no rule on changes ran, only findings are remembered. */
  #countFound(findings: State['findings']): void {
    for (let at = 0; at < findings.size; at += 1) {
      const { kind, seenIn } = findings.alike(at) ?? findings.value(at);
      const tally = this.tallies.get(kind);
      // Of others most are there, even if all that may follow are missing.
      if (!tally || findings.size - at <= tally.total - 2 * tally.missing) continue;
      if (isWithin(this.#reach, seenIn)) this.#countOnce(`${kind}|${findings.value(at).credentialId}`, tally);
    }
  }

  #countOnce(key: string, tally: Tally): void {
    const place = this.#known.find(key);
    if (this.#isDone[place] === 1 || this.#done.has(key)) return;
    if (place < 0) this.#done.add(key);
    else this.#isDone[place] = 1;
    tally.count(this.#isListed[place] === 1 || this.#others.has(key));
  }
}
