/** A way of the ledger, or why it is none. */
interface Class {
  readonly way?: string;
  readonly none?: string;
}

export interface Mention {
  readonly part: 'path' | 'schema';
  readonly name: string;
  readonly class: Class | undefined;
}

export const CLASSES: readonly (readonly [RegExp, Class])[];

export function mentions(description: object): readonly Mention[];
