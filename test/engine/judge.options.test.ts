import { describe, expect, test } from '@jest/globals';
import { CONDITIONS, optionsInForce, settingsMark } from '../../src/engine/judge.js';

const rule = {
  options: {
    days: { describe: 'Days without use', default: 90, min: 1 },
    allowed: { describe: 'Names that are fine', default: ['deploy'] },
  },
};

test('what is set replaces the defaults of the rule', () => {
  expect(optionsInForce(rule)).toEqual({ days: 90, allowed: ['deploy'] });
  expect(optionsInForce(rule, { days: 45 })).toEqual({ days: 45, allowed: ['deploy'] });
  expect(optionsInForce(rule, { days: 45, allowed: [] })).toEqual({ days: 45, allowed: [] });
});

test('options that the rule does not have, and inherited ones, are ignored', () => {
  expect(optionsInForce(rule, { hours: 3 })).toEqual({ days: 90, allowed: ['deploy'] });
  expect(optionsInForce(rule, Object.create({ days: 1 }))).toEqual({ days: 90, allowed: ['deploy'] });
});

test('a rule without options has none', () => {
  expect(optionsInForce({})).toEqual({});
  expect(optionsInForce({}, { days: 1 })).toEqual({});
});

describe('settingsMark', () => {
  const rules = [
    { id: 'named', ...rule },
    { id: 'plain' },
    { id: 'aged', options: { days: { describe: 'Days', default: 90, min: 1 } } },
  ];
  const mark = (named: object, aged: object = {}) =>
    settingsMark(rules, { named: { options: { ...named } }, aged: { options: { ...aged } } });

  test('exists only if an option differs from its default', () => {
    expect(settingsMark(rules, {})).toBeUndefined();
    expect(mark({ days: 90, allowed: ['deploy'] }, { days: 90 })).toBeUndefined();
    expect(mark({ days: 89 })).toMatch(/^[0-9a-f]{16}$/);
  });

  test('is the same for the same options in any order, and differs for others', () => {
    const limits = { named: { options: { days: 45 } }, aged: { options: { days: 30 } } };
    expect(settingsMark([...rules].reverse(), limits)).toBe(settingsMark(rules, limits));
    const marks = [
      mark({ days: 45 }),
      mark({ days: 46 }),
      mark({}, { days: 45 }),
      mark({ allowed: [] }),
      mark({ allowed: ['deploy', 'export'] }),
      mark({ days: 45 }, { days: 45 }),
    ];
    expect(new Set(marks).size).toBe(marks.length);
  });

  test('exists if the configuration describes a condition, and differs with it and with its options', () => {
    const described = (when: string, own = 90) => {
      const custom = { id: 'acme/own', options: { days: { describe: 'Days', default: own, min: 1 } } };
      CONDITIONS.set(custom, when);
      return custom;
    };
    const markOf = (custom: ReturnType<typeof described>, days?: number) =>
      settingsMark([...rules, custom], days === undefined ? {} : { 'acme/own': { options: { days } } });
    const marks = [
      markOf(described('true')),
      markOf(described('false')),
      markOf(described('true', 45)),
      markOf(described('true'), 30),
    ];
    expect(marks.map((each) => each?.length)).toEqual(marks.map(() => 16));
    expect(new Set(marks).size).toBe(marks.length);
    expect(markOf(described('true'))).toBe(marks[0]);
  });

  test('ignores settings that are inherited', () => {
    expect(settingsMark(rules, Object.create({ aged: { options: { days: 1 } } }))).toBeUndefined();
  });
});
