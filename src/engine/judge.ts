import {
  type Credential,
  type FactName,
  ifKnown,
  isKnown,
  oneHigher,
  SEVERITIES,
  type Severity,
  severityRank,
  Unknown,
} from '../contract/index.js';
import type { FactSource } from './own-facts.js';
import { readOnly } from './read-only.js';
import type { RuleInForce } from './settings.js';

/** What one rule says of one credential; undefined: nothing to say. */
export type Verdict =
  | {
      readonly outcome: 'violation';
      readonly severity: Severity;
      readonly messageId: string;
      readonly message: string;
      readonly data: Readonly<Record<string, unknown>>;
    }
  | { readonly outcome: 'unknown'; readonly reason: string; readonly cure: string }
  /** The rule itself is broken. */
  | { readonly outcome: 'failed'; readonly reason: string };

/**
 * Asks one rule about one credential.
 *
 * Never throws: a rule may be somebody's plug-in, and what it does wrong must neither stop the others nor look like a
 * pass.
 */
export function judge(
  inForce: RuleInForce,
  credential: Credential,
  world: FactSource,
  now: number,
): Verdict | undefined {
  const { rule } = inForce;
  const guard = isPlugin(rule.id) ? readOnly : <T>(value: T) => value;
  const options = guard(inForce.options);
  const facts: Record<string, unknown> = {};
  for (const name of rule.needs) {
    const fact = world.fact(name, credential);
    if (!isKnown(fact)) return { outcome: 'unknown', reason: fact.reason, cure: fact.cure };
    facts[name] = guard(fact);
  }
  for (const name of rule.optional ?? []) facts[name] = guard(ifKnown<unknown>(world.fact(name, credential)));
  try {
    const said = rule.check({ facts, options, kind: credential.kind, now });
    return said === undefined ? undefined : read(said, inForce, credential, world);
  } catch (error) {
    return { outcome: 'failed', reason: `it threw ${thrownText(error)}` };
  }
}

function isPlugin(id: string): boolean {
  return id.includes('/');
}

/** What was thrown, in words; a plug-in may throw what cannot even be turned into a text. */
function thrownText(error: unknown): string {
  try {
    const { message } = error as { message?: unknown };
    return typeof message === 'string' ? message : String(error);
  } catch {
    return 'something that cannot be told';
  }
}

/** Checks what a rule returned against what it may. */
function read(said: unknown, inForce: RuleInForce, credential: Credential, world: FactSource): Verdict {
  const { rule } = inForce;
  if (typeof said !== 'object' || said === null)
    return failed(`it returned ${said === null ? 'null' : typeof said}`);
  if ('then' in said) {
    // Nobody waits for it: a rejection would otherwise end the process.
    Promise.resolve(said).catch(() => undefined);
    return failed('it returned a promise, and checks are synchronous');
  }
  if ('unknown' in said) return readUnknown(said.unknown, inForce, credential, world);
  const { messageId, data, severity, escalate } = said as Record<string, unknown>;
  if (typeof messageId !== 'string' || !Object.hasOwn(rule.messages, messageId))
    return failed(`it returned the message id ${JSON.stringify(messageId)}, which it does not have`);
  if (severity !== undefined && !isSeverity(severity))
    return failed(`it returned the severity ${JSON.stringify(severity)}, which does not exist`);
  if (typeof data !== 'object' || data === null || Array.isArray(data))
    return failed(`it returned no data with its message ${messageId}`);
  const message: unknown = rule.messages[messageId]?.(data);
  if (typeof message !== 'string' || message === '') return failed(`its message ${messageId} is no text`);
  // What JSON cannot hold would break the report, or change when the report is saved and read again.
  const saved: unknown = isFlat(data) ? { ...data } : JSON.parse(JSON.stringify(data));
  if (typeof saved !== 'object' || saved === null || Array.isArray(saved))
    return failed(`its data with the message ${messageId} is no object once it is JSON`);
  return {
    outcome: 'violation',
    severity: severityOf(inForce, messageId, severity, escalate === true),
    messageId,
    message,
    data: saved as Record<string, unknown>,
  };
}

/** Whether a copy in JSON would be the same: nearly all data is, and copying it directly is many times as fast. */
function isFlat(data: object): data is Record<string, unknown> {
  if (Object.getPrototypeOf(data) !== Object.prototype) return false;
  for (const name in data) {
    const value: unknown = (data as Record<string, unknown>)[name];
    const flat =
      typeof value === 'string' ||
      typeof value === 'boolean' ||
      value === null ||
      (typeof value === 'number' && Number.isFinite(value) && !Object.is(value, -0));
    if (!flat) return false;
  }
  return true;
}

function readUnknown(
  said: unknown,
  { rule }: RuleInForce,
  credential: Credential,
  world: FactSource,
): Verdict {
  if (typeof said === 'string') {
    if (!rule.optional?.includes(said as FactName))
      return failed(`it misses the fact ${JSON.stringify(said)}, which it does not declare as optional`);
    const fact = world.fact(said as FactName, credential);
    if (fact instanceof Unknown) return { outcome: 'unknown', reason: fact.reason, cure: fact.cure };
    return failed(`it misses the fact ${said}, which is known`);
  }
  const { reason, cure } = (said ?? {}) as Record<string, unknown>;
  if (typeof reason === 'string' && typeof cure === 'string') return { outcome: 'unknown', reason, cure };
  return failed('it could not tell, but gave no reason and cure');
}

function failed(reason: string): Verdict {
  return { outcome: 'failed', reason };
}

function isSeverity(value: unknown): value is Severity {
  return SEVERITIES.some((severity) => severity === value);
}

/** The user's word first, then the check's, then the rule's; never below a profile's floor. */
function severityOf(
  { rule, severity: configured, floors }: RuleInForce,
  messageId: string,
  returned: Severity | undefined,
  escalate: boolean,
): Severity {
  const base = configured ?? returned ?? rule.severity;
  const floored = atLeastFloor(atLeastFloor(base, floors[messageId]), floors['*']);
  return escalate ? oneHigher(floored) : floored;
}

function atLeastFloor(severity: Severity, floor: Severity | undefined): Severity {
  return floor && severityRank(floor) > severityRank(severity) ? floor : severity;
}
