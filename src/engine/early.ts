import type { Credential, FactName, Kind, Rule } from '../contract/index.js';
import { judge, type Verdict } from './judge.js';
import { type FactSource, OWN_FACTS } from './own-facts.js';
import { rulesByJudged, stateOf } from './rules-by-judged.js';
import type { RuleInForce } from './settings.js';
import { isDeleted } from './world.js';

const NOTHING: readonly undefined[] = [];

const own: FactSource = {
  fact(name, credential) {
    return OWN_FACTS[name as keyof typeof OWN_FACTS](credential) as never;
  },
};

/** Whether a rule asks for nothing but what stands in the credential's own record. */
export function isEarly({ needs, optional = [] }: Pick<Rule, 'needs' | 'optional'>): boolean {
  return [...needs, ...optional].every((name: FactName) => Object.hasOwn(OWN_FACTS, name));
}

/**
 * Verdicts that need not wait for the whole snapshot: most rules look at the credential alone, and judge it while the next
 * page is on its way.
 */
export class EarlyVerdicts {
  readonly #rules: (kind: Kind, state: ReturnType<typeof stateOf>) => readonly RuleInForce[];
  readonly #now: number;
  readonly #verdicts = new Map<Credential, readonly (Verdict | undefined)[]>();

  /** @param now milliseconds since the epoch, the same that the snapshot will be judged at */
  constructor(rules: readonly RuleInForce[], now: number) {
    this.#rules = rulesByJudged(rules.filter(({ rule }) => isEarly(rule)));
    this.#now = now;
  }

  judge(credentials: readonly Credential[]): void {
    for (const credential of credentials) {
      if (isDeleted(credential, this.#now)) continue;
      const rules = this.#rules(credential.kind, stateOf(credential, this.#now));
      const verdicts = rules.map((inForce) => judge(inForce, credential, own, this.#now));
      // Most have nothing to say, and there may be hundreds of thousands.
      this.#verdicts.set(credential, verdicts.some((verdict) => verdict) ? verdicts : NOTHING);
    }
  }

  /**
   * Hands out what was said of a credential, once: it is not kept any longer.
   *
   * @returns in the order of the rules that are early; undefined where the credential was not judged yet
   */
  take(credential: Credential): readonly (Verdict | undefined)[] | undefined {
    const verdicts = this.#verdicts.get(credential);
    this.#verdicts.delete(credential);
    return verdicts;
  }
}
