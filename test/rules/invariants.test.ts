import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { rules } from '../../rules/index.js';
import { checkRule } from '../../src/config/plugins.js';
import { FACT_KINDS, KINDS } from '../../src/contract/index.js';

const folder = new URL('../../rules/', import.meta.url);
const files = readdirSync(folder).filter((file) => file !== 'index.ts');

test('every file in rules/ is registered, once', () => {
  expect(rules.map(({ id }) => `${id}.ts`).sort()).toEqual(files.sort());
});

describe.each(rules.map((rule) => [rule.id, rule] as const))('%s', (id, rule) => {
  test('is in the file of its name', async () => {
    const file = await import(`../../rules/${id}.js`);
    expect(file.default).toBe(rule);
  });

  test('imports only the contract', () => {
    const source = readFileSync(new URL(`${id}.ts`, folder), 'utf8');
    const imported = [...source.matchAll(/^(?:import|\}).* from '([^']+)';$/gm)].map(([, path]) => path);
    expect(new Set(imported)).toEqual(new Set(['../src/contract/index.js']));
    expect(source).not.toMatch(/\bimport\(|\brequire\(/);
  });

  test('has a table of cases', () => {
    const table = new URL(`${id}.test.ts`, import.meta.url);
    expect(existsSync(table) ? readFileSync(table, 'utf8') : 'no such file').toContain('testRule(rule, ');
  });

  test('would load as a plug-in', () => {
    expect(checkRule(rule, { plugin: false })).toEqual([]);
  });

  test('states a fact in at most 80 characters', () => {
    expect(rule.title.length).toBeLessThanOrEqual(80);
    expect(rule.title).toMatch(/^[A-Z].*[^.]$/);
  });

  test('says why, what to do, and its sources', () => {
    expect(rule.docs.why).toMatch(/^[A-Z].{40,}\.$/);
    expect(rule.docs.fix).toMatch(/^[A-Z].{15,}\.$/);
    const { references = [] } = rule.docs;
    expect(references.length).toBeGreaterThan(0);
    for (const { title, url } of references) {
      expect(title).toMatch(/\S/);
      if (url !== undefined) expect(new URL(url).protocol).toBe('https:');
    }
  });

  test('judges kinds that have its facts', () => {
    expect(rule.kinds.length).toBeGreaterThan(0);
    expect(KINDS).toEqual(expect.arrayContaining([...rule.kinds]));
    for (const fact of [...rule.needs, ...(rule.optional ?? [])]) {
      expect({ fact, kinds: FACT_KINDS[fact] }).toEqual({
        fact,
        kinds: expect.arrayContaining([...rule.kinds]),
      });
    }
  });

  test('has options within their own bounds', () => {
    for (const spec of Object.values(rule.options ?? {})) {
      expect(spec.describe).toMatch(/^[A-Z].*[^.]$/);
      if (typeof spec.default !== 'number') continue;
      const { min = -Infinity, max = Infinity } = spec as { min?: number; max?: number };
      expect(spec.default).toBeGreaterThanOrEqual(min);
      expect(spec.default).toBeLessThanOrEqual(max);
    }
  });
});
