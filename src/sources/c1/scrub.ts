import { BUILT_IN_ROLE } from '../../contract/index.js';
import { RequestError } from './request-error.js';

/** Takes secrets out of a text. */
export type Scrub = (text: string) => string;

/** Shorter texts hold no part of a secret worth hiding. */
const SHORTEST = 6;

/**
 * Parses JSON and scrubs every text in it: a server that sends our own secrets back must not get them into a report, where
 * some formats would escape them beyond recognition.
 *
 * @throws SyntaxError
 */
export function parseScrubbed(json: string, scrub: Scrub): unknown {
  const value: unknown = JSON.parse(json);
  // Without escapes, what the whole text does not hold no text inside of it holds; one look is much cheaper than many.
  const clean = !json.includes('\\') && scrub(json) === json;
  return clean ? value : scrubTexts(value, scrub);
}

/** Fields whose texts are words of the API. They are judged by, and never shown. */
const WORDS_OF_THE_API: ReadonlySet<string> = new Set(['status', 'directoryStatus', 'type', 'kind']);

/** Scrubs every text in parsed JSON, in place; not what a secret may equal by accident and rules go by. */
function scrubTexts(value: unknown, scrub: Scrub): unknown {
  if (typeof value === 'string') {
    return value.length < SHORTEST || BUILT_IN_ROLE.test(value) ? value : scrub(value);
  }
  if (typeof value !== 'object' || value === null) return value;
  const fields = value as Record<string, unknown>;
  for (const [name, field] of Object.entries(fields)) {
    if (typeof field === 'string' && WORDS_OF_THE_API.has(name)) continue;
    const clean = scrubTexts(field, scrub);
    if (clean !== field) fields[name] = clean;
  }
  return value;
}

/** The same error, its message without secrets. */
export function scrubError(error: unknown, scrub: Scrub): unknown {
  if (!(error instanceof RequestError)) return error;
  const message = scrub(error.message);
  return message === error.message ? error : new RequestError(error.code, message, error.hint, error);
}
