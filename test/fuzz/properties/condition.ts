import { expect } from '@jest/globals';
import fc from 'fast-check';
import { judgeCondition } from '../../../src/condition/judge.js';
import { RANKS } from '../../../src/condition/strength.js';
import { mangled, text } from '../arbitraries.js';
import { withoutHanging } from '../outcome.js';
import type { FuzzProperty } from '../property.js';

const SOUND = [
  'claims.repository == "acme/infra" && claims.ref in ["refs/heads/main", "refs/heads/release"]',
  'has(claims.environment) && claims.environment == "production" || claims.sub.startsWith("repo:acme/infra:")',
  'claims.sub.matches("^repo:acme/[a-z]{2,8}(-prod)?:ref:refs/heads/.*$") ? true : size(claims.aud) > 1',
  'claims["https://sts.amazonaws.com/"].aws_account == "111111111111"',
  '["acme/a", "acme/b"].exists(x, claims.repository == x) && !(claims.actor in ["mallory"])',
];

const PIECES =
  'claims . sub [ ] ( ) { } && || ! == != < in ? : , + - * / % true false null 1 1.5 2u "a" b"x" r"\\" has( .matches(" .* (a|b)+ {1,900} exists(x, 0x \\u0000 // ```'.split(
    ' ',
  );

const condition = fc.oneof(
  fc.constantFrom(...SOUND).chain((sound) => mangled(sound, PIECES)),
  fc.array(fc.constantFrom(...PIECES), { maxLength: 40 }).map((pieces) => pieces.join(' ')),
  text,
  // Deep and long ones: what is small here is large once repeated.
  fc
    .tuple(fc.constantFrom(...PIECES), fc.nat(3000), fc.constantFrom(...SOUND))
    .map(([piece, times, sound]) => piece.repeat(times) + sound),
);

export const conditionProperties: readonly FuzzProperty[] = [
  {
    name: 'a condition is judged, or unknown with the reason',
    runs: 150,
    property: () =>
      fc.asyncProperty(condition, async (written) => {
        const judged = await withoutHanging(() => judgeCondition(written));
        if ('unknown' in judged) expect(judged.unknown.reason).toMatch(/\S/);
        else expect([...RANKS, 'undecided']).toContain(judged.admits);
      }),
  },
];
