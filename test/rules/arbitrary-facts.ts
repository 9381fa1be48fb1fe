import fc from 'fast-check';
import {
  DAY,
  FACT_KINDS,
  type FactName,
  type Facts,
  type OptionSpec,
  type Owner,
  type Role,
  type Rule,
  type Sibling,
} from '../../src/contract/index.js';
import { type Case, type GivenFacts, NOW } from '../../src/testing.js';
import { character } from '../fuzz/arbitraries.js';

/** Stands in every name of a person, credential or trust, so that a message that repeats one is found out. */
export const NAME = 'SOMEBODYS-NAME';

const ROLES: readonly Role[] = ['system:owner', 'system:viewer', 'system:user', '', 'equal'].map(
  (name, index) => ({
    id: `role-${index}`,
    name,
    displayName: name || 'a role of our own',
    ...(name === 'equal' ? { coversOwner: true } : {}),
  }),
);

const instant = fc
  .oneof(fc.integer({ min: -800, max: 800 }), fc.constantFrom(-90, -30, -14, 0, 7, 30))
  .chain((days) => fc.constantFrom(-1, 0, 1).map((jitter) => new Date(NOW + days * DAY + jitter)));

const orNever = fc.option(instant, { freq: 4 });

const cidr = fc.oneof(
  fc.constantFrom('0.0.0.0/0', '::/0', '10.0.0.0/8', 'fc00::/7', '52.0.0.0/8', '52.20.30.40', '2620::/16'),
  fc.constantFrom('0.0.0.0/1', '128.0.0.0/1', 'office', '', '010.1', '10.0.0.1/8', '::ffff:0:0/90'),
  fc.string({ unit: character }),
);

const cidrs = fc.oneof(fc.array(cidr, { maxLength: 4 }), fc.constant(['10.0.0.0/8']));

const allowList = fc.record({ enabled: fc.boolean(), cidrs });

const owner: fc.Arbitrary<Owner> = fc.record({
  id: fc.string(),
  name: fc.constant(NAME),
  email: fc.constant(`${NAME}@acme.example`),
  employmentStatus: fc.constantFrom('', 'Active', 'Terminated', NAME),
  status: fc.constantFrom('active', 'disabled', 'deleted', 'gone'),
  type: fc.constantFrom('human', 'service', 'agent', 'system', 'unknown'),
  roles: fc.option(fc.subarray([...ROLES]), { nil: undefined }),
  managers: fc.constant([{ id: 'manager', name: NAME, email: NAME }]),
});

const siblings = fc
  .array(fc.record({ id: fc.string(), createdAt: instant, lastUsedAt: orNever }), { maxLength: 6 })
  .map((found) => {
    const all: Sibling[] = found.sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime());
    return { all, used: all.filter(({ lastUsedAt }) => lastUsedAt !== null) };
  });

const address = fc.oneof(
  fc.constantFrom('', '52.20.30.40', '52.20.30.41', '52.20.0.0/17', '10.1.2.3', '2620::1', 'office'),
  fc.ipV4(),
);
const count = fc.nat(200);

const source = fc.oneof(
  fc.constantFrom('https://git.example/acme/infra/blob/main/.env#L3', 'http://10.1.2.3:8080/?q=%20'),
  fc.string({ unit: character }).map((path) => `https://git.example/${encodeURI(path.toWellFormed())}`),
);

/** `conditionVerdict` follows from `condition`. */
const FACTS: { readonly [F in Exclude<FactName, 'conditionVerdict'>]: fc.Arbitrary<Facts[F]> } = {
  name: fc.oneof(fc.constantFrom('', '\u200b', 'Created by Cone', 'Created by c1i 1', NAME)),
  clientId: fc.string(),
  createdAt: instant,
  expiresAt: orNever,
  lastUsedAt: orNever,
  lastUse: fc.record({ at: orNever, since: orNever }),
  connected: fc.boolean(),
  allowedCidrs: cidrs,
  scopedRoles: fc.array(
    fc.constantFrom(
      ...ROLES.map(({ id, name }) => ({ id, name })),
      { id: 'role-gone', name: null },
      { id: '__proto__', name: null },
    ),
    { maxLength: 3 },
  ),
  tenantRoles: fc.subarray([...ROLES]).map((roles) => new Map(roles.map((role) => [role.id, role]))),
  owner,
  ownerLiveKeys: fc
    .nat(20)
    .chain((newer) => fc.integer({ min: newer + 1, max: 30 }).map((total) => ({ total, newer }))),
  siblings,
  tenantAllowList: fc.record({ user: allowList, admin: allowList }),
  requireDpop: fc.boolean(),
  principalTrusts: fc.array(
    fc.record({
      id: fc.string(),
      name: fc.constant(NAME),
      disabled: fc.boolean(),
      providerDisabled: fc.option(fc.boolean(), { nil: undefined }),
    }),
    { maxLength: 3 },
  ),
  condition: fc.oneof(
    fc.constantFrom(
      '',
      'true',
      'false',
      '"a" == "a"',
      'claims.actor == "x"',
      'claims.repository_owner == "acme"',
      'claims.sub.substring(1) == "x"',
      'claims.repository.contains("acme")',
      'claims.repository == "acme/infra"',
      'claims.sub == ',
      'nonsense',
    ),
    fc.string(),
  ),
  exposure: fc.option(fc.record({ source: fc.option(source) })),
  provider: fc.option(fc.record({ id: fc.string(), name: fc.constant(NAME), disabled: fc.boolean() }), {
    freq: 3,
  }),
  registration: fc.record({
    type: fc.constantFrom('dynamic', 'metadata-url', 'app'),
    verifiedDomain: fc.constantFrom('', 'cursor.com'),
    wellKnownClient: fc.constantFrom('', 'CURSOR'),
  }),
  usage: fc.record({
    since: instant,
    complete: fc.boolean(),
    addresses: fc.array(fc.record({ address, count, lastAt: instant }), { maxLength: 5 }),
    refused: fc.array(
      fc.record({ reason: fc.constantFrom('other', 'sp_disabled'), address, count, lastAt: instant }),
      { maxLength: 3 },
    ),
    lastAt: orNever,
  }),
  self: fc.boolean(),
};

/** Any facts a rule may be handed, some of them not known, under any options it takes. */
export function casesFor(rule: Rule): fc.Arbitrary<Omit<Case, 'name'>> {
  return fc.constantFrom(...rule.kinds).chain((kind) => {
    const declared = [...rule.needs, ...(rule.optional ?? [])]
      .filter((name) => name !== 'conditionVerdict')
      .filter((name) => FACT_KINDS[name].includes(kind));
    const facts = fc.record(
      Object.fromEntries(
        declared.map((name) => [
          name,
          fc.option(FACTS[name] as fc.Arbitrary<unknown>, { nil: undefined, freq: 12 }),
        ]),
      ),
    ) as fc.Arbitrary<GivenFacts>;
    const options = fc.record(
      Object.fromEntries(
        Object.entries(rule.options ?? {}).map(([name, spec]) => [name, withinBounds(spec)]),
      ),
    );
    return fc.record({ kind: fc.constant(kind), facts, options: fc.oneof(fc.constant({}), options) });
  });
}

function withinBounds(spec: OptionSpec): fc.Arbitrary<OptionSpec['default']> {
  if (typeof spec.default !== 'number') return fc.constant(spec.default);
  const { min = 0, max = 1000, integer } = spec as Extract<OptionSpec, { default: number }>;
  return integer ? fc.integer({ min, max }) : fc.double({ min, max, noNaN: true });
}
