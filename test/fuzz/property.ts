import type fc from 'fast-check';

/** Something that holds whatever comes in. */
export interface FuzzProperty {
  readonly name: string;
  /** How many runs the tests make; `npm run fuzz` makes as many as its time allows. */
  readonly runs: number;
  /** Made anew for each check. */
  readonly property: () => fc.IAsyncProperty<unknown>;
}
