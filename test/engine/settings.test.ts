import { expect, test } from '@jest/globals';
import { optionsInForce } from '../../src/engine/settings.js';

const rule = {
  options: {
    days: { describe: 'Days without use', default: 90, min: 1 },
    allowed: { describe: 'Names that are fine', default: ['deploy'] },
  },
};

test('what was set stands over the defaults of the rule', () => {
  expect(optionsInForce(rule)).toEqual({ days: 90, allowed: ['deploy'] });
  expect(optionsInForce(rule, { days: 45 })).toEqual({ days: 45, allowed: ['deploy'] });
  expect(optionsInForce(rule, { days: 45, allowed: [] })).toEqual({ days: 45, allowed: [] });
});

test('what the rule does not know, and what is only inherited, sets nothing', () => {
  expect(optionsInForce(rule, { hours: 3 })).toEqual({ days: 90, allowed: ['deploy'] });
  expect(optionsInForce(rule, Object.create({ days: 1 }))).toEqual({ days: 90, allowed: ['deploy'] });
});

test('a rule without options has none', () => {
  expect(optionsInForce({})).toEqual({});
  expect(optionsInForce({}, { days: 1 })).toEqual({});
});
