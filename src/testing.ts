import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import {
  type Credential,
  DAY,
  type Fact,
  type FactName,
  type Facts,
  type Kind,
  type OptionSpec,
  type Rule,
  type Severity,
  Unknown,
} from './contract/index.js';
import { judge, optionsInForce } from './engine/judge.js';
import { type FactSource, OWN_FACTS } from './engine/world.js';

/** The clock of every case. */
export const NOW = Date.parse('2026-06-01T12:00:00Z');

/** `days` × 24 h before the clock; `less` milliseconds less than that. */
export function ago(days: number, less = 0): Date {
  return new Date(NOW - (days * DAY - less));
}

/** `days` × 24 h after the clock; `less` milliseconds less than that. */
export function ahead(days: number, less = 0): Date {
  return new Date(NOW + (days * DAY - less));
}

/** Facts that differ from those of an ordinary credential; `undefined` is one that could not be read. */
export type GivenFacts = { readonly [F in FactName]?: Facts[F] | undefined };

export interface Case {
  readonly name: string;
  /** Default: the rule's first kind. */
  readonly kind?: Kind;
  readonly facts?: GivenFacts;
  readonly options?: Readonly<Record<string, OptionSpec['default']>>;
}

export interface FailCase extends Case {
  readonly messageId: string;
  /** As reported, escalation included. */
  readonly severity: Severity;
  readonly message: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

export interface UnknownCase extends Case {
  /** The fact that could not be read, or the rule's own reason. */
  readonly unknown: FactName | { readonly reason: string; readonly cure: string };
}

export interface RuleTable {
  readonly pass: readonly Case[];
  readonly fail: readonly FailCase[];
  readonly unknown?: readonly UnknownCase[];
}

/** Jest, Vitest and node:test all have these two. */
export interface TestFramework {
  describe(name: string, body: () => void): unknown;
  test(name: string, body: () => void): unknown;
}

export type RuleVerdict =
  | { readonly outcome: 'pass' }
  | {
      readonly outcome: 'violation';
      readonly messageId: string;
      readonly severity: Severity;
      readonly message: string;
      readonly data: Readonly<Record<string, unknown>>;
    }
  | { readonly outcome: 'unknown'; readonly unknown: UnknownCase['unknown'] };

/**
 * Tests a rule with a table of cases that pass, fail and are unknown. It also fails on an empty table, on two equal
 * cases, on a message that no case reaches, and on whatever `judgeRule` rejects.
 *
 * @param framework default: the global `describe` and `test`
 */
export function testRule(rule: Rule, table: RuleTable, framework?: TestFramework): void {
  const { describe, test } = framework ?? (globalThis as Partial<TestFramework>);
  if (!describe || !test)
    throw new TypeError(
      'testRule found no global describe and test. Pass them: testRule(rule, table, { describe, test }).',
    );
  describe(rule.id, () => {
    test('has a sound table', () => assert.deepEqual(tableProblems(rule, table), []));

    for (const given of table.pass)
      test(`passes: ${given.name}`, () => assert.deepEqual(judgeRule(rule, given), { outcome: 'pass' }));
    for (const given of table.fail)
      test(`fails: ${given.name}`, () => {
        const verdict = judgeRule(rule, given);
        const { messageId, severity, message, data = 'data' in verdict && verdict.data } = given;
        assert.deepEqual(verdict, { outcome: 'violation', severity, messageId, message, data });
      });
    for (const given of table.unknown ?? []) {
      test(`is unknown: ${given.name}`, () =>
        assert.deepEqual(judgeRule(rule, given), { outcome: 'unknown', unknown: given.unknown }));
    }
  });
}

/** What is wrong with a table, whatever its rule does. */
export function tableProblems(rule: Rule, table: RuleTable): string[] {
  const problems: string[] = [];
  if (table.pass.length === 0) problems.push('no case passes');
  if (table.fail.length === 0) problems.push('no case fails');
  const seen = new Map<string, string>();
  const names = new Set<string>();
  for (const given of [...table.pass, ...table.fail, ...(table.unknown ?? [])]) {
    if (names.has(given.name)) problems.push(`two cases are named "${given.name}"`);
    names.add(given.name);
    const content = show(inputOf(rule, given));
    const twin = seen.get(content);
    if (twin !== undefined) problems.push(`"${given.name}" is the same case as "${twin}"`);
    seen.set(content, given.name);
  }
  const reached = new Set(table.fail.map(({ messageId }) => messageId));
  for (const id of Object.keys(rule.messages)) {
    if (!reached.has(id)) problems.push(`no case reaches the message "${id}"`);
  }
  return problems;
}

/**
 * What the audit's engine makes of one case.
 *
 * @throws Error for a rule that throws, returns something invalid, changes its input or reads a fact it does not declare,
 *   and for a case with a kind, fact or option that the rule does not have
 */
export function judgeRule(rule: Rule, given: Omit<Case, 'name'>, now = NOW): RuleVerdict {
  const { kind, facts, options } = deepFreeze(inputOf(rule, given));
  const record = Object.fromEntries(
    Object.entries({ ...ORDINARY, ...facts }).map(([name, fact]) => [
      name,
      fact === undefined ? missing(name) : fact,
    ]),
  );
  // A credential's own facts have the names of its fields.
  const credential = { ...record, kind } as unknown as Credential;
  const source: FactSource = {
    fact: (name) => (Object.hasOwn(record, name) ? record[name] : DERIVED[name]?.(credential)) as never,
  };
  const watched: Rule = {
    ...rule,
    check: (context) => rule.check({ ...context, facts: guarded(rule, context.facts) }),
  };
  const before = show({ facts, options });
  const verdict = judge({ rule: watched, severity: undefined, options, floors: {} }, credential, source, now);
  if (show({ facts, options }) !== before) throw new Error(`${rule.id} changed its input`);
  if (verdict === undefined) return { outcome: 'pass' };
  if (verdict.outcome === 'failed') throw new Error(`${rule.id} failed: ${verdict.reason}`);
  if (verdict.outcome === 'violation') return verdict;
  const { reason, cure } = verdict;
  return {
    outcome: 'unknown',
    unknown: declaredBy(rule).find((name) => missing(name).reason === reason) ?? { reason, cure },
  };
}

/** Facts that the engine works out from others. */
const DERIVED: { readonly [F in FactName]?: (credential: Credential) => Fact<Facts[F]> } = OWN_FACTS;

function missing(name: string): Unknown {
  return new Unknown(`this case gives no ${name}`, `Give ${name}.`);
}

interface Input {
  readonly kind: Kind;
  readonly facts: GivenFacts;
  readonly options: Readonly<Record<string, OptionSpec['default']>>;
}

/** The facts that the rule declares, and every option. */
function inputOf(rule: Rule, given: Omit<Case, 'name'>): Input {
  const { kind = rule.kinds[0], facts = {}, options = {} } = given;
  if (kind === undefined || !rule.kinds.includes(kind)) throw new Error(`${rule.id} does not judge ${kind}`);
  const declared: readonly string[] = declaredBy(rule);
  for (const name of Object.keys(facts)) {
    if (!declared.includes(name)) throw new Error(`${rule.id} declares no fact "${name}"`);
  }
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(rule.options ?? {}, name)) throw new Error(`${rule.id} has no option "${name}"`);
  }
  const all = Object.entries({ ...ORDINARY, ...facts }).filter(([name]) => declared.includes(name));
  return { kind, facts: Object.fromEntries(all), options: optionsInForce(rule, options) };
}

function declaredBy({ needs, optional = [] }: Rule): FactName[] {
  return [...needs, ...optional];
}

function guarded(rule: Rule, facts: GivenFacts): GivenFacts {
  const declared: readonly PropertyKey[] = declaredBy(rule);
  return new Proxy(facts, {
    get(target, name, receiver) {
      if (!declared.includes(name))
        throw new Error(`${rule.id} reads "${String(name)}" without declaring it`);
      return Reflect.get(target, name, receiver);
    },
  });
}

/** Maps stay as they are: freezing them protects nothing, and keeps the engine from doing so. */
function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  if (!(value instanceof Map)) Object.freeze(value);
  const parts = value instanceof Map ? [...value.values()] : Object.values(value);
  for (const part of parts) deepFreeze(part);
  return value;
}

/** Everything a value holds, as text: frozen dates and maps can still be changed. */
function show(value: unknown): string {
  return inspect(value, {
    depth: null,
    sorted: true,
    maxArrayLength: null,
    maxStringLength: null,
    breakLength: Infinity,
  });
}

/** A credential on which no built-in rule reports anything. `conditionVerdict` follows from `condition`. */
const ORDINARY: Omit<Facts, 'conditionVerdict'> = {
  name: 'quarterly-report',
  clientId: 'strange-hydra-68836@acme.conductor.one/pcc',
  createdAt: ago(10),
  expiresAt: ahead(80),
  lastUsedAt: ago(1),
  lastUse: { at: ago(1), since: null },
  connected: false,
  allowedCidrs: ['52.20.30.40/32'],
  scopedRoles: [{ id: 'role-viewer', name: 'system:viewer' }],
  tenantRoles: new Map([
    ['role-viewer', { id: 'role-viewer', name: 'system:viewer', displayName: 'Read-Only Administrator' }],
  ]),
  owner: {
    id: 'user-1',
    name: 'Ada Lovelace',
    email: 'ada@acme.example',
    status: 'active',
    type: 'human',
    roles: [{ id: 'role-user', name: 'system:user', displayName: 'Basic User' }],
    managers: [],
  },
  ownerLiveKeys: { total: 1, newer: 0 },
  siblings: { all: [], used: [] },
  tenantAllowList: { user: { enabled: false, cidrs: [] }, admin: { enabled: false, cidrs: [] } },
  requireDpop: true,
  principalTrusts: [],
  condition: 'claims.sub == "repo:acme/infra:ref:refs/heads/main"',
  provider: { id: 'provider-1', name: 'GitHub', disabled: false },
  registration: { type: 'metadata-url', verifiedDomain: 'cursor.com', wellKnownClient: 'CURSOR' },
  exposure: null,
  usage: {
    since: ago(90),
    complete: true,
    addresses: [{ address: '52.20.30.40', count: 12, lastAt: ago(1) }],
    refused: [],
    lastAt: ago(1),
  },
  self: false,
};

/** A fact of the ordinary credential with some of its fields changed: `factsWith('owner', { status: 'gone' })`. */
export function factsWith<F extends keyof typeof ORDINARY>(
  name: F,
  changes: Partial<Facts[F] & object>,
): Facts[F] {
  return { ...(ORDINARY[name] as object), ...changes } as Facts[F];
}
