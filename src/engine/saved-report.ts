import { AuditError } from '../errors.js';
import type { Report } from './report.js';
import { validateReport } from './report-validator.js';

/** How many mistakes a message names. */
const NAMED = 3;

/**
 * Reads a report that `-f json` wrote.
 *
 * @param name how messages call the file
 * @throws AuditError `input` where it is none, saying what is wrong and where.
 */
export function parseReport(text: string, name: string): Report {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new AuditError(
      'input',
      `${name} is no JSON.`,
      'Give the file that c1-audit -f json:<file> wrote.',
      { cause },
    );
  }
  if (validateReport(value)) return value;
  const errors = validateReport.errors ?? [];
  const problems = errors
    .slice(0, NAMED)
    .map(({ instancePath, message }) => `${instancePath || 'the whole'} ${message}`);
  const more = errors.length > NAMED ? `; and ${errors.length - NAMED} more` : '';
  throw new AuditError(
    'input',
    `${name} is no report of c1-audit, schema version 1: ${problems.join('; ')}${more}.`,
    'Give the file that c1-audit -f json:<file> wrote; a report of a newer version needs a newer c1-audit.',
  );
}
