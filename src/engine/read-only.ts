const frozen = new WeakSet<object>();

/**
 * A fact as a plug-in may have it: what is shared between rules and credentials cannot be changed through it.
 *
 * Built-in rules are held to that by their tests; a plug-in that tries throws, and is then named as broken instead of
 * silently changing what other rules see.
 */
export function readOnly<T>(value: T): T {
  if (value instanceof Date) return new Date(value.getTime()) as T;
  if (typeof value === 'object' && value !== null) freeze(value);
  return value;
}

function freeze(value: object): void {
  if (frozen.has(value)) return;
  frozen.add(value);
  if (value instanceof Map) {
    for (const method of ['set', 'delete', 'clear'] as const)
      Object.defineProperty(value, method, { value: refuse, configurable: false });
    for (const entry of value.values()) if (typeof entry === 'object' && entry !== null) freeze(entry);
  }
  // A Date's inner value cannot be frozen; those in shared lists are not handed out for changing.
  if (value instanceof Date) return;
  Object.freeze(value);
  for (const part of Object.values(value)) if (typeof part === 'object' && part !== null) freeze(part);
}

function refuse(): never {
  throw new TypeError('a rule may not change the facts');
}
