import type { Shape } from './shape.js';

/** Where each key is at home: its name, and the paths it may stand under (empty for the top). */
export type Places = ReadonlyMap<string, readonly string[]>;

export function placesOf(shape: Shape): Places {
  const places = new Map<string, string[]>();
  collect(shape, '', places);
  return places;
}

function collect(shape: Shape, path: string, places: Map<string, string[]>): void {
  if (shape.type === 'list') collect(shape.of, `${path}[]`, places);
  if (shape.type === 'either') collect(shape.record, path, places);
  if (shape.type !== 'record') return;
  for (const [name, key] of Object.entries(shape.keys)) {
    const at = places.get(name);
    if (at) at.push(path);
    else places.set(name, [path]);
    collect(key.shape, path === '' ? name : `${path}.${name}`, places);
  }
}

/** More homes than this are not worth listing. */
const LISTED = 4;

/** `; it belongs under slack`, or nothing where the key is at home nowhere else. */
export function belongs(name: string, here: string, places: Places): string {
  const homes = (places.get(name) ?? []).filter((path) => path !== here);
  if (homes.length === 0) return '';
  const inRules = homes.filter((path) => path.startsWith('rules.'));
  const shown =
    inRules.length > LISTED ? homes.filter((path) => !inRules.includes(path)).concat('rules.<id>') : homes;
  const named = shown.map((path) => (path === '' ? 'the top level' : path));
  return `; it belongs under ${named.join(', ').replace(/, ([^,]*)$/, ' or $1')}`;
}
