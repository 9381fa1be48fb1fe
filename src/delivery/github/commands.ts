import { randomUUID } from 'node:crypto';

/** The runner takes `%25`, `%0D` and `%0A` in a command back to what they were. */
function encode(data: string): string {
  return data.replace(/%/g, '%25').replace(/\r/g, '%0D').replace(/\n/g, '%0A');
}

/**
 * Commands that make the runner hide secrets in everything it shows from here on: for stderr, before the first request.
 *
 * The one place where a secret is printed. Its lines are hidden one by one as well, as they may be shown apart.
 */
export function maskLines(secrets: readonly (string | undefined)[]): string {
  const values = new Set<string>();
  for (const secret of secrets) {
    const trimmed = secret?.trim();
    if (!trimmed) continue;
    values.add(trimmed);
    for (const line of trimmed.split(/[\r\n]+/)) if (line.trim()) values.add(line.trim());
  }
  return [...values].map((value) => `::add-mask::${encode(value)}\n`).join('');
}

/**
 * Wraps a report for people, so that the runner takes nothing in it for a command.
 *
 * The token is random: text that knew it could end the silence.
 */
export function stopCommands(text: string, token: string = randomUUID()): string {
  return `::stop-commands::${token}\n${text}${text.endsWith('\n') ? '' : '\n'}::${token}::\n`;
}
