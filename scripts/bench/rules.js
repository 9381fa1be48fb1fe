import { bundle } from './bundle.js';
import { median } from './measure.js';

export const title = 'how fast each rule judges, against the rule in the middle';

const CREDENTIALS = 10_000;
const ROUNDS = 7;
/** Milliseconds; shorter than that clocks tell little. */
const SHORTEST = 50;

const SOURCES = `
  export { rules } from './rules/index.js';
  export { bulk } from './test/tenant/bulk.js';
  export { judge } from './src/engine/judge.js';
  export { World } from './src/engine/world.js';
  export { rulesInForce } from './src/run.js';
  export { normalize } from './src/sources/record.js';
`;

export async function run() {
  const { rules, bulk, judge, World, rulesInForce, normalize } = await bundle('rules', SOURCES);
  const now = Date.now();
  const { credentials, snapshot } = tenantOf(bulk, normalize, now);
  const world = new World(snapshot, now);
  const measured = rulesInForce({ rules, config: { rules: {} }, only: undefined }).map((inForce) => {
    const judged = credentials.filter(({ kind }) => inForce.rule.kinds.includes(kind));
    const once = () => {
      for (const credential of judged) judge(inForce, credential, world, now);
    };
    return { rule: inForce.rule.id, each: millisecondsOf(once) / judged.length };
  });
  const middle = median(measured.map(({ each }) => each));
  return measured
    .sort((a, b) => b.each - a.each)
    .map(({ rule, each }) => ({
      what: rule,
      about: `${Math.round(1000 / each).toLocaleString('en')} credentials/s`,
      unit: 'µs',
      base: middle * 1000,
      value: each * 1000,
      result: each / middle,
    }));
}

/** Personal clients, credentials of service principals and trusts, as many of each, all facts known. */
function tenantOf(bulk, normalize, now) {
  const data = bulk({ now, clients: CREDENTIALS, servicePrincipals: CREDENTIALS / 2, trusts: CREDENTIALS });
  const kinds = [
    ['personal-client', data.personalClients],
    ['service-principal-credential', data.credentials],
    ['federation-trust', data.trusts],
  ];
  const credentials = kinds.flatMap(([kind, table]) =>
    Array.from({ length: table.length }, (_, index) => {
      const record = Array.isArray(table) ? table[index] : table.at(index);
      // Through JSON, as records come.
      return normalize(kind, JSON.parse(JSON.stringify(record)), Number.POSITIVE_INFINITY).credential;
    }),
  );
  const role = { id: 'role', name: 'system:user', displayName: 'Basic User' };
  const ownerIds = new Set(credentials.map(({ ownerId }) => ownerId));
  const owners = [...ownerIds].map((id) => ({
    id,
    name: id,
    email: `${id}@acme.example`,
    status: 'active',
    type: 'human',
    roles: [role],
    managers: [],
  }));
  const list = { enabled: false, cidrs: [] };
  const snapshot = {
    tenant: 'acme.conductor.one',
    scope: 'tenant',
    self: null,
    credentials,
    sources: [],
    facts: {
      owners: new Map(owners.map((owner) => [owner.id, owner])),
      roles: new Map([[role.id, role]]),
      allowList: { user: list, admin: list },
      providers: { seen: new Map(), rest: null },
      trusts: { byPrincipal: new Map(), rest: null },
    },
    notes: [],
    failures: [],
  };
  return { credentials, snapshot };
}

function millisecondsOf(task) {
  task();
  const times = Array.from({ length: ROUNDS }, () => {
    const startedAt = performance.now();
    let runs = 0;
    do {
      task();
      runs += 1;
    } while (performance.now() - startedAt < SHORTEST);
    return (performance.now() - startedAt) / runs;
  });
  return median(times);
}
