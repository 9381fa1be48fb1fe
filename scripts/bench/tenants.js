// What the measured tenants hold.
const DAY = 86_400_000;
/** A few of every other kind, so that all parts of an audit take part. */
const PRINCIPALS = 10;
const TRUSTS = 20;
const OTHERS = 2 * PRINCIPALS + TRUSTS;

/** With 0.06, 1.6 and 3 findings a credential: they decide how long the report is. */
export const TENANTS = ['tidy', 'dirty', 'bar'];

/** `credentials` in all; one person for every five keys owns them, unless told otherwise. */
export function dataOf(bulk, { now, name, credentials }) {
  const size = {
    now,
    clients: credentials - OTHERS,
    ...(name === 'bar' && { users: 500 }),
    servicePrincipals: PRINCIPALS,
    trusts: TRUSTS,
    oneIn: name === 'tidy' ? 50 : 1,
  };
  const data = bulk(size);
  if (name !== 'bar') return data;
  const clients = data.personalClients;
  return { ...data, personalClients: each(clients, careless(now, clients.at(1).scopedRoles)) };
}

/** No end date for a third, no network for half, no scope for a quarter. */
function careless(now, scope) {
  const end = new Date(now + 60 * DAY).toISOString();
  return (client) => {
    const number = Number(client.id.slice(-9));
    // The one that runs the audit stays as it is.
    if (!(number > 0)) return client;
    return {
      ...client,
      expiresTime: number % 3 === 0 ? null : (client.expiresTime ?? end),
      allowSourceCidr: number % 2 === 0 ? [] : [`62.${number % 200}.${number % 251}.0/24`],
      scopedRoles: number % 4 === 0 ? [] : scope,
    };
  };
}

function each(table, change) {
  const at = (rows) => (index) => {
    const row = rows.at(index);
    return row && change(row);
  };
  return {
    length: table.length,
    at: at(table),
    byOwner(ownerId) {
      const rows = table.byOwner(ownerId);
      return { length: rows.length, at: at(rows) };
    },
  };
}
