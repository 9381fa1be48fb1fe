import {
  type ClientMemory,
  type Credential,
  DAY,
  type Fact,
  hasFact,
  type LogMemory,
  Unknown,
  type Usage,
} from '../../contract/index.js';
import { toTimestamp } from '../../contract/time.js';
import { AuditError } from '../../errors.js';
import { errorNote, joinNotes, type List, type ListRead, nameOf, type Reader, readList } from './lists.js';
import { isOutage, isUnavailable, RequestError } from './request-error.js';
import { Tally, uidOf } from './usage.js';

/** How the system log is used. */
export interface Evidence {
  /** How far back it is read. */
  readonly days: number;
  /** What earlier audits remember of it. */
  readonly memory: LogMemory | undefined;
}

/** How much of a log is read at most. */
export interface LogLimits {
  /** Of 100 events each. */
  readonly logPages: number;
  /** Characters of all texts. */
  readonly logCharacters: number;
  /** Milliseconds. */
  readonly logTime: number;
}

export const LOG_LIMITS: LogLimits = {
  logPages: 10_000,
  logCharacters: 1024 * 1024 * 1024,
  logTime: 10 * 60_000,
};

const PATH = '/systemlog/events';
const NAME = nameOf({ method: 'POST', path: PATH });
const CURE = `Give the audit's credential the right to read the system log (${NAME}).`;
/** A credential that was not listed for so long is forgotten. */
const REMEMBER_GONE = 90 * DAY;

interface LogSeen {
  /** undefined: it was not requested. */
  readonly usage: Fact<ReadonlyMap<string, Usage>> | undefined;
  readonly log: LogMemory | undefined;
  readonly note: string | null;
  readonly failure?: AuditError;
}

/**
 * Reads what the system log says about the use of credentials, from the last event that is remembered on.
 *
 * What could not be read is never taken for "not used": the log covers a time only if an event was seen within a day of
 * its start and reading came to its end.
 */
export async function readSystemLog(
  reader: Reader,
  credentials: readonly Credential[],
  { days, memory }: Evidence,
  asOf: number,
  limits: LogLimits = LOG_LIMITS,
): Promise<LogSeen> {
  const clientIds = credentials.flatMap(({ kind, clientId }) =>
    hasFact(kind, 'usage') && clientId !== '' ? [clientId] : [],
  );
  const asked = asOf - days * DAY;
  const to = memory ? Date.parse(memory.to) : Number.NaN;
  const resumed = to >= asked && to <= asOf ? memory : undefined;
  const about: Asked = { clientIds, asked, asOf, resumed, start: resumed ? to : asked };
  const last = resumed?.lastEvent ?? '';
  let seen = await readEvents(reader, about, last, limits);
  // The event is gone; its time is not.
  if (last !== '' && isGone(seen)) seen = await readEvents(reader, about, '', limits);
  const { tally, pages, ending, cutOff } = seen;
  if (pages === 0 && ending instanceof AuditError) return notRead(ending);

  const covered = coverageOf(seen, about);
  const clients = new Map(
    clientIds.map((clientId) => [clientId, remember(clientId, memory, { ...about, tally, covered })]),
  );
  return {
    usage: new Map([...clients].map(([id, entry]) => [id, toUsage(entry, covered.isWhole)])),
    log: {
      lastEvent: tally.events === 0 ? last : tally.lastEvent,
      to: toTimestamp(covered.to),
      clients: { ...notListed(memory, clients, asOf), ...Object.fromEntries(clients) },
    },
    note: noteOn(seen, covered.isWhole),
    ...(ending instanceof AuditError && !cutOff && isOutage(ending) ? { failure: ending } : {}),
  };
}

interface Coverage {
  readonly from: number;
  readonly to: number;
  /** It begins where earlier audits stopped. */
  readonly goesOn: boolean;
  readonly isWhole: boolean;
}

/**
 * Which time the log covers, by the first event and the end of reading. Without any event, nothing more is covered than
 * before: that is enough for an audit within a day of the last one.
 */
function coverageOf({ tally, ending }: EventsRead, { start, asOf, resumed }: Asked): Coverage {
  const { first } = tally;
  const isQuiet = first === undefined;
  const isWhole = ending === 'end' && (!isQuiet || (resumed !== undefined && asOf - start <= DAY));
  const begins = first ?? (isWhole ? start : asOf);
  const hasGap = begins > start + DAY;
  return {
    from: hasGap ? begins : start,
    to: isWhole && !isQuiet ? asOf : Math.max(start, tally.latest),
    goesOn: resumed !== undefined && (isQuiet || !hasGap),
    isWhole,
  };
}

function remember(
  clientId: string,
  memory: LogMemory | undefined,
  { tally, covered, resumed }: Asked & { readonly tally: Tally; readonly covered: Coverage },
): ClientMemory {
  // A client id may be called like a property that every object has.
  const before = memory && Object.hasOwn(memory.clients, clientId) ? memory.clients[clientId] : undefined;
  const goesOn = covered.goesOn && before?.to === resumed?.to;
  return {
    from: goesOn && before ? before.from : toTimestamp(covered.from),
    to: toTimestamp(covered.to),
    ...tally.memoryOf(clientId, before),
  };
}

/** What is remembered of credentials that this audit did not list. */
function notListed(
  memory: LogMemory | undefined,
  clients: ReadonlyMap<string, ClientMemory>,
  asOf: number,
): LogMemory['clients'] {
  return Object.fromEntries(
    Object.entries(memory?.clients ?? {}).filter(
      ([clientId, { to }]) => !clients.has(clientId) && asOf - Date.parse(to) <= REMEMBER_GONE,
    ),
  );
}

interface Asked {
  readonly clientIds: readonly string[];
  /** As far back as the log is read. */
  readonly asked: number;
  readonly asOf: number;
  /** What is remembered, if reading goes on from there. */
  readonly resumed: LogMemory | undefined;
  readonly start: number;
}

interface EventsRead extends ListRead {
  readonly tally: Tally;
  /** By a limit of ours. */
  readonly cutOff: boolean;
}

/** @param remembered the uid to go on from; empty: by time */
async function readEvents(
  reader: Reader,
  { clientIds, asked, asOf, resumed, start }: Asked,
  remembered: string,
  limits: LogLimits,
): Promise<EventsRead> {
  const after = resumed && remembered === '' ? start : Number.NEGATIVE_INFINITY;
  const tally = new Tally(clientIds, { start, after, asOf, remembered });
  // An event may come into the log late: by its uid it is found all the same.
  const since = remembered === '' ? start : Math.max(asked, start - DAY);
  const list: List = {
    method: 'POST',
    path: PATH,
    narrowed: {
      since: toTimestamp(since),
      until: toTimestamp(asOf),
      sortDirection: 'SORT_DIRECTION_ASC',
      ...(remembered === '' ? {} : { sinceEventUid: remembered }),
    },
  };
  const began = reader.client.now;
  let cutOff = false;
  const read = await readList(
    list,
    { ...reader, pageLimit: limits.logPages },
    (events) => {
      for (const event of events) tally.add(event);
      cutOff = tally.size > limits.logCharacters || reader.client.now - began > limits.logTime;
      if (cutOff) throw new AuditError('api', `${NAME} is larger than c1-audit reads at once.`, LATER);
    },
    uidOf,
  );
  return { ...read, tally, cutOff: cutOff || read.pages >= limits.logPages };
}

const LATER = 'The next audit with the same state goes on from there.';

/** True where the log no longer has the event to begin with, as far as the answer shows it. */
function isGone({ pages, ending }: ListRead): boolean {
  return (
    pages === 0 &&
    ending instanceof RequestError &&
    ending.fromApi &&
    [400, 404, 410].includes(ending.status ?? 0)
  );
}

function notRead(error: AuditError): LogSeen {
  const isAbsent = isUnavailable(error) && error.status !== 403;
  const note = isAbsent
    ? `ConductorOne does not offer its system log here, so the use of credentials is not known: ${error.message}`
    : `The use of credentials is not known, because the system log could not be read: ${errorNote(error)} ${CURE}`;
  return {
    usage: new Unknown('the system log could not be read', CURE),
    log: undefined,
    note,
    ...(isOutage(error) ? { failure: error } : {}),
  };
}

function noteOn({ tally, ending, cutOff }: EventsRead, isWhole: boolean): string | null {
  const unreadable =
    tally.unreadable === 0
      ? null
      : `${tally.unreadable} of the events in the system log could not be read or have no time.`;
  const why =
    ending instanceof AuditError
      ? `${ending.message} ${cutOff ? LATER : ending.hint}`
      : ending === 'repeats'
        ? `${NAME} repeats itself instead of going on.`
        : 'It shows no event, not even those of earlier audits.';
  return joinNotes(
    isWhole ? null : `The system log was not read completely, so it shows no credential as unused: ${why}`,
    unreadable,
  );
}

function toUsage({ from, lastAt, addresses, refused }: ClientMemory, complete: boolean): Usage {
  const recent = refused.map((one) => ({ ...one, lastAt: new Date(one.lastAt) }));
  const merged = new Map<string, Usage['refused'][number]>();
  for (const one of recent) {
    const key = JSON.stringify([one.reason, one.address]);
    const before = merged.get(key);
    const latest = before && before.lastAt > one.lastAt ? before.lastAt : one.lastAt;
    merged.set(key, { ...one, count: one.count + (before?.count ?? 0), lastAt: latest });
  }
  return {
    since: new Date(from),
    complete,
    addresses: addresses.map((one) => ({ ...one, lastAt: new Date(one.lastAt) })),
    refused: [...merged.values()],
    lastAt: lastAt === null ? null : new Date(lastAt),
  };
}
