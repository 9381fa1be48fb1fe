import { hash } from 'node:crypto';
import type { Finding, ReportedCredential, Rule } from '../contract/index.js';

/**
 * Identifies a finding from audit to audit: sha256(tenant | rule | kind | id) in hex.
 *
 * `kind` is a credential's kind, or `waiver` for a finding on a waiver.
 */
export function fingerprint(tenant: string, rule: string, kind: string, id: string): string {
  // A third of the cost of a hash object, and every finding needs one.
  return hash('sha256', `${tenant}|${rule}|${kind}|${id}`, 'hex');
}

/** What a rule says in a finding. */
export type Statement = Pick<Finding, 'severity' | 'outcome' | 'messageId' | 'message' | 'data' | 'fix'>;

/** Gives no reason: readers must not be able to guess which credential is a decoy. */
const ASK = 'Ask a Super Administrator before you change or remove it.';

/** What is said about this credential: if advice is withheld, only the fact and whom to ask. */
export function sayable(
  said: Statement,
  { adviceWithheld }: Pick<ReportedCredential, 'adviceWithheld'>,
  { title }: Pick<Rule, 'title'>,
): Statement {
  if (!adviceWithheld || said.outcome !== 'violation') return said;
  return { ...said, message: title, fix: ASK };
}
