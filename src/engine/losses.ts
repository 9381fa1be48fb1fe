import {
  type Failure,
  type Kind,
  kindName,
  type Snapshot,
  type SourceSeen,
  Unknown,
} from '../contract/index.js';
import { credentialKey, isWithin, reachOf, type State } from './state.js';

const NONE: ReadonlySet<string> = new Set();

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
  const listed = new Set(snapshot.credentials.map(({ kind, id }) => credentialKey(kind, id)));
  const knownOf = knownByKind(previous, snapshot);
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
    const known = knownOf.get(source.kind) ?? NONE;
    const missing = [...known].filter((key) => !listed.has(key)).length;
    if (known.size < LEAST_KNOWN || missing * 2 <= known.size) return source;
    const loss = `${missing} of the ${known.size} ${what} that the last complete audit of ${snapshot.tenant} knew are missing from the list`;
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

/** What this audit should list again of each kind, by `credentialKey`: without decoys and what was gone before. */
function knownByKind(
  previous: State,
  { scope, self, decoys = [] }: Snapshot,
): ReadonlyMap<string, ReadonlySet<string>> {
  const reach = reachOf({ scope, userId: self?.userId ?? null });
  const excepted = new Set(decoys.map(({ kind, id }) => credentialKey(kind, id)));
  const credentials = new Map(Object.entries(previous.credentials));
  const known = new Map<string, Set<string>>();
  const add = (kind: string, key: string, seenIn: string) => {
    if (!isWithin(reach, seenIn) || excepted.has(key) || credentials.get(key)?.goneSince !== undefined)
      return;
    const ofKind = known.get(kind);
    if (ofKind) ofKind.add(key);
    else known.set(kind, new Set([key]));
  };
  for (const [key, { seenIn }] of credentials) add(key.slice(0, key.indexOf('|')), key, seenIn);
  // If no rule on changes ran, only findings are remembered.
  for (const { kind, credentialId, seenIn } of Object.values(previous.findings))
    if (kind !== 'waiver') add(kind, credentialKey(kind, credentialId), seenIn);
  return known;
}
