// Which mutants a run with --sample runs: the same ones each time.
import { createHash } from 'node:crypto';

/** @param share  of all mutants, from 0 to 1 */
export function isSampled({ id }, share) {
  return createHash('sha256').update(String(id)).digest().readUInt32BE() < share * 2 ** 32;
}
