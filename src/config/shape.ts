/** What the text at some place must look like. */
export interface TextRule {
  /** A regular expression that the whole text matches. */
  readonly pattern: string;
  /** The pattern in words: `must be …`. */
  readonly says: string;
  /** What no pattern can tell; returns what is wrong, or undefined. `now` is the run's clock in milliseconds. */
  readonly refine?: (text: string, now: number) => string | undefined;
}

/** What a place in the configuration may hold. */
export type Shape =
  | {
      readonly type: 'choice';
      readonly choices: readonly string[];
      readonly also?: TextRule;
      /** What a choice is called in messages. */
      readonly noun?: string;
    }
  | { readonly type: 'text'; readonly rule: TextRule }
  | { readonly type: 'boolean' }
  | { readonly type: 'number'; readonly min?: number; readonly max?: number; readonly integer?: boolean }
  /** Without two equal items; items that agree in all keys of `same` are equal. */
  | {
      readonly type: 'list';
      readonly of: Shape;
      readonly filled?: boolean;
      readonly same?: readonly string[];
    }
  | RecordShape
  /** Free keys, told apart without regard to case. */
  | { readonly type: 'map'; readonly key: TextRule; readonly value: Shape }
  /** A scalar, or the longer form. */
  | { readonly type: 'either'; readonly scalar: Shape; readonly record: Shape }
  /** One, or a list of at least one. */
  | { readonly type: 'oneOrMore'; readonly of: Shape }
  | { readonly type: 'anything' };

export interface RecordShape {
  readonly type: 'record';
  readonly keys: Readonly<Record<string, Key>>;
  /** Keys beyond those known by name. */
  readonly also?: { readonly key: TextRule; readonly value: Shape };
  /** What a key is called in messages. */
  readonly noun?: string;
}

export interface Key {
  readonly describe: string;
  readonly shape: Shape;
  readonly required?: boolean;
  /** What to do where a required one is missing; absent: nothing but to set it. */
  readonly missing?: string;
  readonly default?: unknown;
}
