import { expect, test } from '@jest/globals';
import { count, KINDS, kindName, plural } from '../../src/contract/index.js';

test('uses the plural for any number but one', () => {
  expect([0, 1, 2].map((n) => count(n, 'finding'))).toEqual(['0 findings', '1 finding', '2 findings']);
  expect([1, 2].map((n) => plural(n, 'is', 'are'))).toEqual(['is', 'are']);
});

test('names every kind, in singular and plural', () => {
  expect(KINDS.map((kind) => `${kindName(kind)}, ${kindName(kind, 2)}`)).toEqual([
    'personal client, personal clients',
    'service-principal credential, service-principal credentials',
    'federation trust, federation trusts',
    'external client, external clients',
    'tunnel credential, tunnel credentials',
    'LLM gateway key, LLM gateway keys',
    'function, functions',
  ]);
});

test.each(['robot', 'constructor', '__proto__', ''])('keeps an unknown kind as it is: %j', (kind) => {
  expect([kindName(kind), kindName(kind, 2)]).toEqual([kind, kind]);
});
