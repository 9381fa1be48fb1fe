/**
 * What could not be learnt: the third answer beside "pass" and "violation".
 *
 * `reason` says why (a sentence without a full stop), `cure` what to grant or mend.
 */
export class Unknown {
  readonly reason: string;
  readonly cure: string;

  constructor(reason: string, cure: string) {
    this.reason = reason;
    this.cure = cure;
  }
}

/** A value, or the statement that it could not be learnt. `null` is a value ("never", "none"). */
export type Fact<T> = T | Unknown;

export function isKnown<T>(fact: Fact<T>): fact is T {
  return !(fact instanceof Unknown);
}

/** The value, or `undefined` where it is not known. */
export function ifKnown<T>(fact: Fact<T>): T | undefined {
  return fact instanceof Unknown ? undefined : fact;
}
