import { expect, test } from '@jest/globals';
import { NOT_EVEN_SELF } from '../../../src/sources/c1/personal-clients.js';
import { listOf } from '../../../src/sources/c1/service-principals.js';

test.each([
  ['{id}', '/service_principals/{id}/credentials'],
  ['a/b', '/service_principals/a%2Fb/credentials'],
])('the list of the credentials of %s', (id, path) => {
  expect(listOf(id)).toEqual({ method: 'GET', path });
});

test('a list of personal clients that is empty says what is probably missing', () => {
  expect(NOT_EVEN_SELF).toBe(
    'ConductorOne lists no personal client at all, not even the one that runs the audit: its owner probably lacks the role Super Administrator (system:owner).',
  );
});
