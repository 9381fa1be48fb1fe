import { isMapping, type Path, writePath } from './check.js';
import type { Problem } from './problem.js';
import type { ConfigFile } from './read.js';
import { isSecretMessage, looksSecret, secretMessage, secretOffsets } from './secrets.js';

/** JavaScript can nest without end: a list that holds itself. */
const DEPTH = 20;

/** Secrets in a configuration file that no problem names yet: in keys, values, and anywhere else in its text. */
export function fileSecrets(file: ConfigFile, named: readonly Problem[]): Problem[] {
  const found = named.filter(({ message }) => isSecretMessage(message));
  const already = found.length;
  walk(file.value, [], (path, text) => {
    const key = writePath(path);
    if (found.some((problem) => problem.key === key)) return;
    found.push({ where: file.name, position: file.locate(path, 'value'), key, message: secretMessage(text) });
  });
  const lines = new Set(found.map(({ position }) => position?.line));
  for (const offset of secretOffsets(file.text)) {
    const before = file.text.slice(0, offset);
    const line = before.split('\n').length;
    if (lines.has(line)) continue;
    const position = { line, column: offset - before.lastIndexOf('\n') };
    found.push({ where: file.name, position, message: secretMessage(file.text.slice(offset, offset + 80)) });
  }
  return found.slice(already);
}

function walk(value: unknown, path: Path, visit: (path: Path, text: string) => void): void {
  if (path.length > DEPTH) return;
  if (typeof value === 'string') {
    if (looksSecret(value)) visit(path, value);
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) walk(item, [...path, index], visit);
  } else if (isMapping(value)) {
    for (const [key, held] of Object.entries(value)) {
      const at = [...path, key];
      if (looksSecret(key)) visit(at, key);
      walk(held, at, visit);
    }
  }
}
