import { hash } from 'node:crypto';

/**
 * What makes a finding the same from night to night: sha256(tenant | rule | kind | id) in hex.
 *
 * `kind` is a credential's kind, or `waiver` for a finding on a waiver.
 */
export function fingerprint(tenant: string, rule: string, kind: string, id: string): string {
  // A third of the cost of a hash object, and every finding needs one.
  return hash('sha256', `${tenant}|${rule}|${kind}|${id}`, 'hex');
}
