import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import fc from 'fast-check';
import { parseReport } from '../../../src/engine/saved-report.js';
import { FORMATS } from '../../../src/reporters/index.js';
import { MERGE_FORMATS } from '../../../src/reporters/merged.js';
import { TREND_FORMATS } from '../../../src/reporters/trend.js';
import { emptyFolder, runProgram } from '../../helpers/program.js';
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
    runs: 20,
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
  {
    name: 'merged reports are all shown or named',
    runs: 15,
    property: () =>
      fc.asyncProperty(
        fc.array(fc.oneof(content, hostile, text), { minLength: 1, maxLength: 4 }),
        fc.constantFrom(...MERGE_FORMATS),
        async (written, format) => {
          const cwd = emptyFolder();
          const files = written.map((_, at) => `${at}.json`);
          for (const [at, one] of written.entries()) writeFileSync(join(cwd, `${at}.json`), one);
          const merge = (as: string) =>
            withoutHanging(() =>
              runProgram(['report', '--merge', ...files, '-f', as, '--max-age', '9999999d'], {
                cwd,
                now: () => NOW,
              }),
            );
          const { code, stdout, stderr } = await merge('json');
          const { reports, problems } = JSON.parse(stdout) as Record<
            'reports' | 'problems',
            { file: string }[]
          >;
          const named = new Set([...reports, ...problems].map(({ file }) => file));
          expect(files.filter((file) => !named.has(file))).toEqual([]);
          expect([0, 1, 3]).toContain(code);
          expect(stderr).not.toContain('Something went wrong inside c1-audit');
          expect((await merge(format)).code).toBe(code);
        },
      ),
  },
  {
    name: 'saved reports give a trend, or are refused',
    runs: 15,
    property: () =>
      fc.asyncProperty(
        fc.array(fc.oneof(content, hostile), { minLength: 1, maxLength: 4 }),
        fc.constantFrom(...TREND_FORMATS),
        async (written, format) => {
          const cwd = emptyFolder();
          for (const [at, one] of written.entries()) writeFileSync(join(cwd, `${at}.json`), one);
          const { code, stdout, stderr } = await withoutHanging(() =>
            runProgram(['report', '--trend', '.', '-f', format], { cwd, now: () => NOW }),
          );
          expect([0, 1, 2, 3]).toContain(code);
          expect(stderr).not.toContain('Something went wrong inside c1-audit');
          expect(stdout).not.toMatch(/NaN|Infinity/);
          if (code === 2) expect(stdout).toBe('');
        },
      ),
  },
];
