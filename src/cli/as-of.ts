import { parseInstant } from '../contract/index.js';
import { AuditError } from '../errors.js';

/**
 * Reads `--as-of`, in milliseconds since the epoch.
 *
 * @throws AuditError `usage`
 */
export function readAsOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const instant = parseInstant(text);
  if (instant) return instant.getTime();
  throw new AuditError(
    'usage',
    `--as-of ${JSON.stringify(text)} is no RFC 3339 time.`,
    'Write it like 2027-01-31T06:00:00Z.',
  );
}
