import { readFields } from './body.js';
import { type Call, notFound, require, searchPage, undeclaredPage } from './call.js';
import { fullClientId } from './clients.js';
import { Permission } from './permissions.js';
import type { PersonalClient } from './records.js';
import { filter, findById, ownedBy } from './tables.js';

/** GET /iam/personal_clients: the caller's own. */
export function listPersonalClients(call: Call) {
  const own = ofUsers(call, new Set([call.caller.userId]));
  const { list, nextPageToken } = undeclaredPage(call, 'personal-clients', own);
  return { list: list.map((client) => onWire(call, client)), nextPageToken };
}

/** GET /iam/personal_clients/{id} */
export function getPersonalClient(call: Call) {
  const client = findById(call.state.data.personalClients, call.params.id ?? '');
  if (!client) throw notFound('personal client');
  if (client.userId !== call.caller.userId) require(call, Permission.searchPersonalClients);
  return { client: onWire(call, client) };
}

/** POST /search/iam/personal_clients: everyone's, or those of some users; the caller's own need no right. */
export function searchPersonalClients(call: Call) {
  const ask = readFields(call.body, {
    pageSize: 'integer',
    pageToken: 'string',
    query: 'string',
    users: 'refs',
  });
  const users = new Set(ask.users);
  const onlyOwn = users.size === 1 && users.has(call.caller.userId);
  if (!onlyOwn) require(call, Permission.searchPersonalClients);
  const theirs = users.size === 0 ? call.state.data.personalClients : ofUsers(call, users);
  const text = ask.query.toLowerCase();
  const matching =
    text === '' ? theirs : filter(theirs, (client) => client.displayName.toLowerCase().includes(text));
  const { list, nextPageToken } = searchPage(call, matching, ask, [[...users], text]);
  return { list: list.map((client) => onWire(call, client)), nextPageToken };
}

function ofUsers(call: Call, users: ReadonlySet<string>) {
  return ownedBy(call.state.data.personalClients, users, (client) => client.userId);
}

function onWire(call: Call, client: PersonalClient): PersonalClient {
  return { ...client, clientId: fullClientId(client.clientId, call.state.audience, 'personal-client') };
}
