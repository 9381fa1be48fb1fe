import { cutTo, forTerminal } from '../escape.js';

/**
 * Text by others as plain text that shows what it is made of, at most `length` characters of it.
 *
 * The script puts these texts into the page as they are, so what acts without being markup (writing direction,
 * invisible characters) has to be gone before.
 */
export function readable(text: string, length: number): string {
  return forTerminal(cutTo(text, length));
}
