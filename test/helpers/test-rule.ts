import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import {
  DAY,
  FACT_KINDS,
  type FactName,
  type Facts,
  type Kind,
  type OptionSpec,
  oneHigher,
  type Rule,
  type Severity,
} from '../../src/contract/index.js';

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

/** Facts that differ from an unremarkable credential's; `undefined` is one that could not be learnt. */
export type GivenFacts = { readonly [F in FactName]?: Facts[F] | undefined };

export interface Case {
  readonly name: string;
  /** The rule's first kind unless given. */
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
  readonly unknown: FactName | { readonly reason: string; readonly cure: string };
}

export interface RuleTable {
  readonly pass: readonly Case[];
  readonly fail: readonly FailCase[];
  readonly unknown?: readonly UnknownCase[];
}

export type Verdict =
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
 * Tests a rule by tables of cases that pass, fail and cannot be told. Besides the cases themselves it fails on an
 * empty table, on two equal cases, on a message that no case reaches, on a rule that changes its input and on one
 * that reads a fact it does not declare.
 */
export function testRule(rule: Rule, table: RuleTable): void {
  describe(rule.id, () => {
    test('has a sound table', () => expect(tableProblems(rule, table)).toEqual([]));

    for (const given of table.pass) {
      test(`passes: ${given.name}`, () => expect(judge(rule, given)).toEqual({ outcome: 'pass' }));
    }
    for (const given of table.fail) {
      test(`fails: ${given.name}`, () => {
        const { messageId, severity, message, data = expect.anything() } = given;
        expect(judge(rule, given)).toEqual({ outcome: 'violation', messageId, severity, message, data });
      });
    }
    for (const given of table.unknown ?? []) {
      test(`cannot tell: ${given.name}`, () =>
        expect(judge(rule, given)).toEqual({ outcome: 'unknown', unknown: given.unknown }));
    }
  });
}

/** What is wrong with a table whatever its rule says. */
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

/** One case judged as the engine would: unmet needs first, then the rule, its message and its severity. */
export function judge(rule: Rule, given: Omit<Case, 'name'>, now = NOW): Verdict {
  const { kind, facts, options } = deepFreeze(inputOf(rule, given));
  const missing = rule.needs.find((need) => facts[need] === undefined);
  if (missing !== undefined) return { outcome: 'unknown', unknown: missing };

  const before = show({ facts, options });
  const result = rule.check({ kind, facts: guarded(rule, facts), options, now });
  if (show({ facts, options }) !== before) throw new Error(`${rule.id} changed its input`);
  return verdictOf(rule, result);
}

function verdictOf(rule: Rule, result: unknown): Verdict {
  if (result === undefined) return { outcome: 'pass' };
  if (typeof result !== 'object' || result === null) throw new Error(`${rule.id} returned ${show(result)}`);
  if ('unknown' in result) return { outcome: 'unknown', unknown: result.unknown as UnknownCase['unknown'] };
  const { messageId, data, severity = rule.severity, escalate = false } = result as Returned;
  const say = rule.messages[messageId];
  if (say === undefined) throw new Error(`${rule.id} has no message "${String(messageId)}"`);
  return {
    outcome: 'violation',
    messageId,
    severity: escalate ? oneHigher(severity) : severity,
    message: say(data),
    data,
  };
}

interface Returned {
  readonly messageId: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly severity?: Severity;
  readonly escalate?: boolean;
}

interface Input {
  readonly kind: Kind;
  readonly facts: GivenFacts;
  readonly options: Readonly<Record<string, OptionSpec['default']>>;
}

/** All that the rule is handed: the facts it declares and every option. */
function inputOf(rule: Rule, given: Omit<Case, 'name'>): Input {
  const kind = given.kind ?? rule.kinds[0];
  if (kind === undefined || !rule.kinds.includes(kind)) throw new Error(`${rule.id} does not judge ${kind}`);
  const declared = declaredBy(rule);
  for (const name of Object.keys(given.facts ?? {})) {
    if (!declared.includes(name as FactName)) throw new Error(`${rule.id} declares no fact "${name}"`);
  }
  const specs = rule.options ?? {};
  for (const name of Object.keys(given.options ?? {})) {
    if (!(name in specs)) throw new Error(`${rule.id} has no option "${name}"`);
  }
  const all: GivenFacts = { ...ORDINARY, ...given.facts };
  return {
    kind,
    facts: Object.fromEntries(
      declared.map((name) => [name, FACT_KINDS[name].includes(kind) ? all[name] : undefined]),
    ),
    options: {
      ...Object.fromEntries(Object.entries(specs).map(([name, spec]) => [name, spec.default])),
      ...given.options,
    },
  };
}

function declaredBy(rule: Rule): FactName[] {
  return [...rule.needs, ...(rule.optional ?? [])];
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

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
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

/** A credential that no rule minds. */
const ORDINARY: Facts = {
  name: 'quarterly-report',
  clientId: 'strange-hydra-68836@acme.conductor.one/pcc',
  createdAt: ago(10),
  expiresAt: ahead(80),
  lastUsedAt: ago(1),
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
  self: false,
};

/** The facts of an unremarkable credential, some of them changed. */
export function factsWith<F extends FactName>(name: F, changes: Partial<Facts[F] & object>): Facts[F] {
  return { ...(ORDINARY[name] as object), ...changes } as Facts[F];
}
