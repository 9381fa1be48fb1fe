import { type LoggedUse, Permission } from '../records.js';
import { type Call, filter, mapped, notFound, PAGE, require, searchPage, type Table } from './call.js';
import { fullClientId } from './login.js';
import { apiError, Code, readFields } from './messages.js';

/** POST /systemlog/events, as a search: a page holds whole events, oldest first unless requested otherwise. */
export function listEvents(call: Call) {
  const ask = readFields(call.body, {
    ...PAGE,
    since: 'string',
    until: 'string',
    sinceEventUid: 'string',
    untilEventUid: 'string',
    sortDirection: 'string',
  });
  require(call, Permission.readSystemLog);
  const { data, log, audience } = call.state;
  const events = joined(data.uses ?? [], log);
  const from = place(events, ask.sinceEventUid, -1);
  const to = place(events, ask.untilEventUid, events.length);
  const since = instant('since', ask.since, Number.NEGATIVE_INFINITY);
  const until = instant('until', ask.until, Number.POSITIVE_INFINITY);
  let at = -1;
  const wanted = filter(events, (use) => {
    at += 1;
    return at > from && at < to && use.at >= since && use.at <= until;
  });
  if (ask.sortDirection === 'SORT_DIRECTION_DESC') wanted.reverse();
  return mapped(searchPage(call, wanted, ask), (use) => toEvent(use, audience));
}

function joined<T>(first: Table<T>, then: Table<T>): Table<T> {
  return {
    length: first.length + then.length,
    at: (index) => (index < first.length ? first.at(index) : then.at(index - first.length)),
  };
}

/** Where the log has an event; `none` where none is requested. */
function place(events: Table<LoggedUse>, uid: string, none: number): number {
  if (uid === '') return none;
  for (let index = events.length - 1; index >= 0; index -= 1) if (events.at(index)?.uid === uid) return index;
  throw notFound('event');
}

function instant(field: string, text: string, none: number): number {
  if (text === '') return none;
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw apiError(Code.invalidArgument, `proto: (line 1:1): invalid value for ${field}`);
  return ms;
}

/** OCSF 1.3: Authentication (3002) for a login, API Activity (6003) for a call. */
function toEvent(use: LoggedUse, host: string): Readonly<Record<string, unknown>> {
  const { call, at, refused } = use;
  const clientId = fullClientId(use.clientId, host, use.kind);
  const user = { uid: use.principalId, credential_uid: clientId, type_id: 3, type: 'System' };
  const classUid = call ? 6003 : 3002;
  const activity = call ? (call.method === 'GET' || call.isSearch ? 2 : 1) : 99;
  const base = {
    category_uid: call ? 6 : 3,
    category_name: call ? 'Application Activity' : 'Identity & Access Management',
    class_uid: classUid,
    class_name: call ? 'API Activity' : 'Authentication',
    activity_id: activity,
    type_uid: classUid * 100 + activity,
    severity_id: refused === '' ? 1 : 2,
    severity: refused === '' ? 'Informational' : 'Low',
    status_id: refused === '' ? 1 : 2,
    status: refused === '' ? 'Success' : 'Failure',
    ...(refused === '' ? {} : { status_detail: refused }),
    time: at,
    metadata: {
      version: '1.3.0',
      uid: use.uid,
      product: { name: 'ConductorOne', vendor_name: 'ConductorOne' },
    },
    src_endpoint: { ip: use.address },
  };
  if (!call) return { ...base, activity_name: use.grant, user, is_mfa: false };
  return {
    ...base,
    activity_name: activity === 2 ? 'Read' : 'Create',
    actor: { user },
    api: { operation: `${call.method} ${call.path}`, response: { code: call.status } },
    http_request: { http_method: call.method, url: { path: call.path } },
  };
}
