import * as v from 'valibot';
import {
  choice,
  type Described,
  either,
  list,
  map,
  number,
  record,
  type Schema,
  type TextRule,
  text,
} from '../check.js';
import { KINDS, type Kind, parseTime, SEVERITIES } from '../contract/index.js';
import { compareText, type Report } from './report.js';
import { FINGERPRINT_TELLS, Table } from './table.js';

export const STATE_VERSION = 1;

/** Days before expiry at which a message mentions an `expiring-soon` finding again. */
export const MILESTONES = [30, 14, 7, 3, 1] as const;

const INSTANT = text({
  pattern: /^/,
  says: 'must be text',
  refine: (value) => (parseTime(value) === undefined ? 'must be an RFC 3339 timestamp' : undefined),
});
const FINGERPRINT: TextRule = { pattern: /^[0-9a-f]{64}$/, says: 'must be 64 hexadecimal digits' };
export const CREDENTIAL_KEY: TextRule = {
  pattern: new RegExp(`^(${KINDS.join('|')})\\|`),
  says: 'must be a kind of credential, | and an id',
};
const REACHES = v.exactOptional(list(text()));

// Keys that are not described may come from a later program, whose state of the same version this one can still read.
const OPEN = { open: true };

const REMEMBERED = {
  rule: text(),
  kind: choice([...KINDS, 'waiver']),
  /** For a finding on a waiver: its fingerprint. */
  credentialId: text(),
  firstSeen: INSTANT,
  severity: choice(SEVERITIES),
};

const FINDING_MEMORY = record(REMEMBERED, OPEN);

/** A message of a bot. */
export const SLACK_MESSAGE = record(
  {
    channel: text({ pattern: /^[A-Z0-9]{2,30}$/, says: 'must be the id of a Slack channel' }),
    ts: text({ pattern: /^\d{1,20}\.\d{1,10}$/, says: 'must be the ts of a Slack message' }),
  },
  OPEN,
);

export const REMEMBERED_FINDING = record(
  {
    ...REMEMBERED,
    waived: v.boolean(),
    /** When a message last mentioned it. null: never, or not since it changed. */
    toldAt: v.nullable(INSTANT),
    /** The messages it is an entry of, so that they can be marked when it is resolved. Absent: none is known. */
    messages: v.exactOptional(list(SLACK_MESSAGE)),
    /** The milestones that messages mentioned, and the expiry date they belong to. */
    milestones: v.nullable(
      record({ expiresAt: INSTANT, told: list(v.picklist(MILESTONES)) as Schema<readonly number[]> }, OPEN),
    ),
    /** The reach of the last audit that saw it. */
    seenIn: text(),
  },
  OPEN,
);

const REMEMBERED_CREDENTIAL = record(
  {
    /** Short hashes of the scoped roles' ids, sorted. null: never known. */
    roles: v.nullable(list(text())),
    /** Canonical CIDRs of the allowed networks. `any`: no restriction. null: never known. */
    network: v.nullable(either(Array.isArray, list(text()), choice(['any']))),
    /** For each of `roles`, the key in the state's `grants` of what it could do; empty: never known. Absent: none known. */
    grants: v.exactOptional(list(text())),
    /** Since when it had not been used at the last audit that saw it, and that audit's `asOf`. Absent: it was in use. */
    idle: v.exactOptional(record({ since: INSTANT, at: INSTANT }, OPEN)),
    seenIn: text(),
    /** The `asOf` of the first audit that should have listed it and did not. Absent: it was listed. */
    goneSince: v.exactOptional(INSTANT),
  },
  OPEN,
);

export const RESOLVED_FINDING = record({ ...REMEMBERED, resolvedAt: INSTANT }, OPEN);

const COUNT = number({ min: 0, integer: true });

const SYSTEM_LOG = record(
  {
    lastEvent: text(),
    to: INSTANT,
    clients: map(
      undefined,
      record(
        {
          from: INSTANT,
          to: INSTANT,
          lastAt: v.nullable(INSTANT),
          addresses: list(record({ address: text(), count: COUNT, lastAt: INSTANT }, OPEN)),
          refused: list(record({ reason: text(), address: text(), count: COUNT, lastAt: INSTANT }, OPEN)),
        },
        OPEN,
      ),
    ),
  },
  OPEN,
);

/** The file of a state: what one audit remembers for the next. Only ids, hashes and timestamps: no names, no emails, no secrets. */
export const STATE = record(
  {
    version: v.literal(STATE_VERSION),
    /** The tenant's host. */
    tenant: text(),
    /** The `asOf` of the audit that wrote it. */
    savedAt: INSTANT,
    /** The reaches (see `reachOf`) with which each kind was read completely before. */
    seen: record({
      'personal-client': REACHES,
      'service-principal-credential': REACHES,
      'federation-trust': REACHES,
      'external-client': REACHES,
      'tunnel-credential': REACHES,
      'llm-gateway-key': REACHES,
      function: REACHES,
    }),
    /** Open and waived findings by fingerprint. */
    findings: map(FINGERPRINT, REMEMBERED_FINDING),
    /** Findings resolved in the last 90 days by fingerprint, so that one that comes back is `reopened`. */
    resolved: map(FINGERPRINT, RESOLVED_FINDING),
    /** Live credentials by `credentialKey`. */
    credentials: map(CREDENTIAL_KEY, REMEMBERED_CREDENTIAL),
    /** Short hashes of what roles could do, by a hash of them all. Absent: none known. */
    grants: v.exactOptional(map(undefined, list(text()))),
    /**
     * The credentials that each waiver by name covered so far: `credentialKey`s by a hash of the waiver. Absent: an
     * older version wrote the state.
     */
    covered: v.exactOptional(map(FINGERPRINT, list(text(CREDENTIAL_KEY)))),
    /** What the system log showed. Absent: it was never read. */
    log: v.exactOptional(SYSTEM_LOG),
    slack: record(
      {
        /** The last message of any kind. */
        postedAt: v.nullable(INSTANT),
        /** The last message with a digest line. */
        digestAt: v.nullable(INSTANT),
      },
      OPEN,
    ),
  },
  OPEN,
);

type Filed = Described<typeof STATE>;

/** What one audit remembers for the next, as {@link STATE} describes it; what there is much of, as tables. */
export type State = Omit<Filed, 'findings' | 'resolved' | 'credentials'> & {
  readonly findings: Table<RememberedFinding>;
  readonly resolved: ReadonlyMap<string, ResolvedFinding>;
  /** The JSON of each {@link RememberedCredential}: nearly all are as they were. */
  readonly credentials: Table<string>;
};

/** A state that was checked. */
export function stateOf(filed: Filed): State {
  const { findings, resolved, credentials } = filed;
  const json = Object.entries(credentials).map(([key, memory]) => [key, JSON.stringify(memory)] as const);
  return {
    ...filed,
    findings: Table.of(Object.entries(findings), FINGERPRINT_TELLS),
    resolved: new Map(Object.entries(resolved)),
    credentials: Table.of(json),
  };
}

export type FindingMemory = Described<typeof FINDING_MEMORY>;

export type RememberedFinding = Described<typeof REMEMBERED_FINDING>;

export type ResolvedFinding = Described<typeof RESOLVED_FINDING>;

export type SlackMessageId = Described<typeof SLACK_MESSAGE>;

export type RememberedCredential = Described<typeof REMEMBERED_CREDENTIAL>;

/** @param json of a `State`'s credentials */
export function readCredential(json: string): RememberedCredential {
  return JSON.parse(json) as RememberedCredential;
}

export function credentialKey(kind: Kind, id: string): string {
  return `${kind}|${id}`;
}

/** What history needs to know about the current audit. */
export interface HistoryRun {
  readonly tenant: string;
  /** RFC 3339. */
  readonly asOf: string;
  readonly scope: Report['run']['scope'];
  /** The caller, if known: two people's own credentials are two different parts of a tenant. */
  readonly userId: string | null;
  /** As in the report: an incomplete audit remembers nothing. */
  readonly complete: boolean;
  /** Kinds whose source was read completely. */
  readonly completeKinds: ReadonlySet<Kind>;
  /** Ids of the rules that judged, those on waivers and drift included. */
  readonly rules: ReadonlySet<string>;
  /** Of those, the ones that did not judge federation trusts. Absent: none. */
  readonly notOnTrusts?: ReadonlySet<string>;
  /** If ConductorOne may leave credentials out: those that it listed, by `credentialKey`. */
  readonly shown?: ReadonlySet<string> | undefined;
  /** Decoys, by `credentialKey`: forgotten without being mentioned. Absent: none are known. */
  readonly decoys?: ReadonlySet<string>;
}

/** The part of the tenant that an audit reads. What one reach lacks may be in another. */
export function reachOf(run: Pick<HistoryRun, 'scope' | 'userId'>): string {
  return run.scope === 'mine' ? `mine:${run.userId ?? ''}` : run.scope;
}

/** True if `run` would have seen a credential of this kind, last seen in `seenIn`, if it still existed. */
export function wouldSee(run: HistoryRun, kind: Kind | 'waiver', seenIn: string): boolean {
  const whole = kind === 'waiver' ? run.complete : run.completeKinds.has(kind);
  return whole && isWithin(reachOf(run), seenIn);
}

/** True if an audit with this reach lists what one with the other listed. A file may hold anything. */
export function isWithin(reach: string, seenIn: string): boolean {
  return reach === seenIn || (reach === 'tenant' && seenIn !== 'file');
}

/** By key: the same memory gives the same bytes. */
export function sorted<T>(entries: ReadonlyMap<string, T>): ReadonlyMap<string, T> {
  let last = '';
  for (const key of entries.keys()) {
    // What was read is sorted already.
    if (key < last) return new Map([...entries].sort(([a], [b]) => compareText(a, b)));
    last = key;
  }
  return entries;
}
