// Which mutants a run with --sample runs: the same ones each time.
import { createHash } from 'node:crypto';
import { basename } from 'node:path';

/**
 * @param share of all mutants, from 0 to 1
 * @param from  the number of the first line and column
 */
export function isSampled({ fileName, location: { start }, mutatorName, replacement }, share, from) {
  const place = [basename(fileName), start.line - from, start.column - from, mutatorName, replacement];
  return createHash('sha256').update(JSON.stringify(place)).digest().readUInt32BE() < share * 2 ** 32;
}
