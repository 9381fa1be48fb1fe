/** What is known of one value: that it is among `only`, or that it is none of `not`. Never an empty `not`. */
export type ValueSet = { readonly only: ReadonlySet<string> } | { readonly not: ReadonlySet<string> };

/** A constant as a set's member: strings, numbers and booleans do not mix. Undefined for what is none of these. */
export function memberOf(constant: unknown): string | undefined {
  if (typeof constant === 'string') return `"${constant}`;
  // Beyond 2^53 two integers may read as the same number.
  const number = typeof constant === 'bigint' ? Number(constant) : constant;
  if (typeof number === 'number')
    return Math.abs(number) <= Number.MAX_SAFE_INTEGER ? `${number}` : undefined;
  return typeof constant === 'boolean' ? `${constant}` : undefined;
}

/** Values in both sets. */
export function intersect(a: ValueSet, b: ValueSet): ValueSet {
  if ('only' in a) return { only: new Set([...a.only].filter((member) => holds(b, member))) };
  if ('only' in b) return intersect(b, a);
  return { not: new Set([...a.not, ...b.not]) };
}

/** Values in either set; undefined where that is every value. */
export function unite(a: ValueSet, b: ValueSet): ValueSet | undefined {
  if ('only' in a && 'only' in b) return { only: new Set([...a.only, ...b.only]) };
  if ('only' in b) return unite(b, a);
  const excluded =
    'only' in a
      ? [...b.not].filter((member) => !a.only.has(member))
      : [...a.not].filter((member) => b.not.has(member));
  return excluded.length > 0 ? { not: new Set(excluded) } : undefined;
}

export function isEmpty(set: ValueSet): boolean {
  return 'only' in set && set.only.size === 0;
}

function holds(set: ValueSet, member: string): boolean {
  return 'only' in set ? set.only.has(member) : !set.not.has(member);
}
