import { expect } from '@jest/globals';
import fc from 'fast-check';
import { parseReport } from '../../../src/engine/saved-report.js';
import { FORMATS } from '../../../src/reporters/index.js';
import { runProgram } from '../../helpers/program.js';
import { fullReport } from '../../helpers/sample-report.js';
import { json, mangled, mutated, NOW, text } from '../arbitraries.js';
import { acceptsOrRefuses, withoutHanging } from '../outcome.js';
import type { FuzzProperty } from '../property.js';

const REPORT = fullReport();

const content = fc.oneof(
  mangled(JSON.stringify(REPORT), ['{', '}', '"', ',', 'null', '\uFEFF']),
  mutated(REPORT, 3).map((value) => JSON.stringify(value)),
  json.map((value) => JSON.stringify(value)),
);

/** A report whose texts are others of the same type: mostly valid, and as hostile as can be. */
const hostile = fc
  .record({ words: fc.array(text, { minLength: 1, maxLength: 5 }), every: fc.integer({ min: 1, max: 7 }) })
  .map(({ words, every }) => {
    let count = 0;
    return JSON.stringify(REPORT, (name, value: unknown) => {
      const free = [
        'name',
        'message',
        'fix',
        'note',
        'reason',
        'email',
        'clientId',
        'id',
        'condition',
      ].includes(name);
      if (!free || typeof value !== 'string') return value;
      count += 1;
      return count % every === 0 ? words[count % words.length] : value;
    });
  });

export const reportProperties: readonly FuzzProperty[] = [
  {
    name: 'a saved report is read or refused',
    runs: 12,
    property: () =>
      fc.asyncProperty(fc.oneof(content, text), async (written) => {
        const report = await acceptsOrRefuses('input', () => parseReport(written, 'report.json'));
        if (report) expect(report.schemaVersion).toBe(1);
      }),
  },
  {
    name: 'a saved report is rendered in every format, or refused',
    runs: 25,
    property: () =>
      fc.asyncProperty(fc.oneof(content, hostile), fc.constantFrom(...FORMATS), async (stdin, format) => {
        const { code, stdout, stderr } = await withoutHanging(() =>
          runProgram(['report', '-', '-f', format], { stdin, now: () => NOW }),
        );
        expect([0, 1, 2, 3]).toContain(code);
        expect(stderr).not.toContain('Something went wrong inside c1-audit');
        if (code === 2) expect(stdout).toBe('');
        if (code === 3) expect(JSON.parse(stdin)).toMatchObject({ coverage: { complete: false } });
      }),
  },
];
