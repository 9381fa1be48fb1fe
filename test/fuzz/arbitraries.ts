import fc from 'fast-check';
import { HOSTILE } from '../helpers/hostile.js';

/** The clock of the audits. */
export const NOW = Date.parse('2026-11-24T06:00:00Z');

/** The values of a surrogate, half a character. */
const SURROGATES = { from: 0xd800, count: 0x800 };

/** What `unit: 'binary'` is, which first takes a second to list all characters. */
export const character = fc.integer({ min: 0, max: 0x10ffff - SURROGATES.count }).map(
  (n) => String.fromCodePoint(n < SURROGATES.from ? n : n + SURROGATES.count),
  (text) => {
    const [first, ...others] = Array.from(text as string, (char) => char.codePointAt(0) ?? 0);
    if (first === undefined || others.length > 0) throw new Error('Not one character.');
    return first < SURROGATES.from ? first : first - SURROGATES.count;
  },
);

/** Texts of any characters, and those that want to be obeyed. */
export const text = fc.oneof(
  { arbitrary: fc.string({ unit: character, maxLength: 40 }), weight: 2 },
  { arbitrary: fc.string({ unit: 'grapheme', maxLength: 20 }), weight: 1 },
  { arbitrary: fc.constantFrom(...Object.values(HOSTILE)), weight: 1 },
);

/** Instants well written, nearly so and not at all. */
export const instantText = fc.oneof(
  fc
    .date({
      min: new Date('1969-12-31T00:00:00Z'),
      max: new Date('2100-01-01T00:00:00Z'),
      noInvalidDate: true,
    })
    .map((date) => date.toISOString()),
  fc.constantFrom(
    '0001-01-01T00:00:00Z',
    '1970-01-01T00:00:00Z',
    '9999-12-31T23:59:59.999999999Z',
    '2026-02-30T00:00:00Z',
    '2026-11-24T06:00:00+24:00',
    '2026-11-24T06:00:60Z',
    '2026-11-24',
    '+275760-09-13T00:00:00.001Z',
    '-000001-01-01T00:00:00Z',
    'Infinity',
  ),
);

const key = fc.oneof(
  fc.constantFrom('__proto__', 'constructor', 'toString', 'length', 'id', 'list', 'rules', 'version'),
  fc.string({ unit: character, maxLength: 8 }),
);

/** Any JSON value of a bounded size; `__proto__` and the like among its keys. */
export const json: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(null, true, false, 0, -0, -1, 1e308, 0.1, '', [], {}),
    text,
    instantText,
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc
      .array(fc.tuple(key, tie('value')), { maxLength: 4 })
      .map((entries) => entries.reduce<object>((all, [name, value]) => withKey(all, name, value), {})),
  ),
})).value;

/** `all` with a key of its own, even where that is `__proto__`. */
function withKey(all: object, name: string, value: unknown): object {
  Object.defineProperty(all, name, { value, enumerable: true, configurable: true, writable: true });
  return all;
}

/** A value of each type, to stand where one of that type stood. */
const alike = fc.record({
  word: text,
  instant: instantText,
  number: fc.integer({ min: -2, max: 1000 }),
});

/**
 * A JSON value with some of its parts left out, replaced, doubled or under another name: near enough to a sound one to
 * get past the first checks.
 */
export function mutated(sound: unknown, most = 3): fc.Arbitrary<unknown> {
  const change = fc.record({
    at: fc.nat(),
    how: fc.constantFrom('alike', 'alike', 'alike', 'alike', 'remove', 'replace', 'double', 'rename', 'wrap'),
    value: json,
    alike,
    name: key,
  });
  return fc
    .array(change, { maxLength: most })
    .map((changes) => changes.reduce(changed, structuredClone(sound)));
}

interface Change {
  readonly at: number;
  readonly how: string;
  readonly value: unknown;
  readonly alike: Alike;
  readonly name: string;
}

/** Changes `root` in place, or returns another one. */
function changed(root: unknown, { at, how, value, alike: other, name }: Change): unknown {
  const places = placesIn(root);
  const place = places[at % (places.length + 1)];
  if (place === undefined) return how === 'wrap' ? [root] : how === 'replace' ? value : root;
  if (how === 'alike') replaceAlike(place, other);
  else if (Array.isArray(place.parent)) changeItem(place.parent, Number(place.key), how, value);
  else changeField(place.parent, place.key, how, value, name);
  return root;
}

interface Alike {
  readonly word: string;
  readonly instant: string;
  readonly number: number;
}

interface Place {
  readonly parent: Record<string, unknown> | unknown[];
  readonly key: string;
}

function placesIn(value: unknown): Place[] {
  if (typeof value !== 'object' || value === null) return [];
  const parent = value as Record<string, unknown>;
  return Object.keys(parent).flatMap((name) => [{ parent, key: name }, ...placesIn(parent[name])]);
}

function replaceAlike({ parent, key: at }: Place, { word, instant, number }: Alike): void {
  const holder = parent as Record<string, unknown>;
  const value = holder[at];
  if (typeof value === 'string') holder[at] = /^\d{4}-\d\d-\d\d/.test(value) ? instant : word;
  else if (typeof value === 'number') holder[at] = number;
  else if (typeof value === 'boolean') holder[at] = !value;
  else if (Array.isArray(value)) value.reverse();
}

function changeItem(parent: unknown[], index: number, how: string, value: unknown): void {
  if (how === 'remove') parent.splice(index, 1);
  else if (how === 'double') parent.push(structuredClone(parent[index]));
  else parent[index] = how === 'wrap' ? [parent[index]] : value;
}

function changeField(
  parent: Record<string, unknown>,
  at: string,
  how: string,
  value: unknown,
  name: string,
): void {
  if (how === 'wrap') withKey(parent, at, [parent[at]]);
  else if (how === 'double' || how === 'rename') {
    withKey(parent, name, structuredClone(parent[at]));
    if (how === 'rename') delete parent[at];
  } else if (how === 'remove') delete parent[at];
  else withKey(parent, at, value);
}

/** A text with pieces cut out, put in and doubled. */
export function mangled(sound: string, pieces: readonly string[]): fc.Arbitrary<string> {
  const piece = fc.oneof(fc.constantFrom(...pieces), text);
  const change = fc.record({
    at: fc.nat(),
    length: fc.nat(30),
    how: fc.constantFrom(
      'cut' as const,
      'put' as const,
      'replace' as const,
      'double' as const,
      'end' as const,
    ),
    piece,
  });
  return fc.array(change, { maxLength: 4 }).map((changes) =>
    changes.reduce((now, { at, length, how, piece: inserted }) => {
      const from = at % (now.length + 1);
      const taken = now.slice(from, from + length);
      const put = { cut: '', double: taken + taken, put: inserted + taken, replace: inserted };
      return how === 'end' ? now.slice(0, from) : now.slice(0, from) + put[how] + now.slice(from + length);
    }, sound),
  );
}
