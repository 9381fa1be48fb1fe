import { RequestError } from './request-error.js';

/** Takes secrets out of a text. */
export type Scrub = (text: string) => string;

/** Shorter texts hold no part of a secret worth hiding. */
const SHORTEST = 6;

/**
 * Scrubs every text in parsed JSON, in place: a server that sends our own secrets back must not get them into a report,
 * where some formats would escape them beyond recognition.
 */
export function scrubTexts(value: unknown, scrub: Scrub): unknown {
  if (typeof value === 'string') return value.length < SHORTEST ? value : scrub(value);
  if (typeof value !== 'object' || value === null) return value;
  const fields = value as Record<string, unknown>;
  for (const [name, field] of Object.entries(fields)) {
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
