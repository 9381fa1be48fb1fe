import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Path } from '../../src/check.js';
import { parseJsonText } from '../../src/config/json.js';
import { parseConfigText } from '../../src/config/yaml.js';

/** All paths of a value. */
function pathsIn(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  const keys = Array.isArray(value) ? [...value.keys()] : Object.keys(value);
  return [path, ...keys.flatMap((key) => pathsIn((value as never)[key], [...path, key]))];
}

const scalar = fc.oneof(
  fc.string(),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.constantFrom('"', ',', '{}', '\n'),
);
const content = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    scalar,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.string({ minLength: 1, maxLength: 5 }), tie('value'), { maxKeys: 4 }),
  ),
})).value;

test('JSON is read as the reader of YAML reads it, with the same places', () => {
  fc.assert(
    fc.property(content, fc.constantFrom(undefined, 1, '\t'), (value, indent) => {
      const text = JSON.stringify(value, null, indent);
      const plain = parseJsonText(text);
      const yaml = parseConfigText(text, true);
      fc.pre(yaml.problems.length === 0);
      expect(plain?.value).toEqual(yaml.value);
      for (const path of [...pathsIn(value), ['not', 'there'], [0, 0, 0]])
        for (const part of ['key', 'value'] as const)
          expect(plain?.locate(path, part)).toEqual(yaml.locate(path, part));
    }),
    { numRuns: 200 },
  );
});

test('a key that objects have is one like any other', () => {
  const { value } = parseJsonText('{"__proto__": {"x": 1}}') ?? {};
  expect(Object.keys(value as object)).toEqual(['__proto__']);
  expect(Object.getPrototypeOf(value)).toBeNull();
});

describe('is left to the reader of YAML', () => {
  test.each([
    ['nothing', ''],
    ['a comma too many', '{"a": 1,}'],
    ['a comment', '{"a": 1} // one'],
    ['single quotes', "{'a': 1}"],
    ['a key that is there twice', '{"a": 1, "b": {"c": 1, "\\u0063": 2}}'],
    ['what is nested too deep', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
  ])('%s', (_, text) => {
    expect(parseJsonText(text)).toBeUndefined();
  });
});
