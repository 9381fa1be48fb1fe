import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { root } from '../helpers/package.js';
import { emptyFolder, runProgram } from '../helpers/program.js';

const page = readFileSync(join(root, 'docs/rules-in-cel.md'), 'utf8');

/** The configurations of the page, without the indentation of a list. */
const examples = [...page.matchAll(/^( *)```yaml\n(.*?)^ *```$/gms)].map(([, indent = '', text = '']) => {
  const yaml = text.replaceAll(new RegExp(`^${indent}`, 'gm'), '');
  return [parse(yaml).customRules[0].id as string, yaml] as const;
});

test('docs/rules-in-cel.md has ten examples', () => {
  expect(examples).toHaveLength(10);
});

describe('an example of docs/rules-in-cel.md', () => {
  test.each(examples)('%s passes its tests, and lacks no boundary case', async (id, yaml) => {
    const cwd = emptyFolder();
    writeFileSync(join(cwd, 'c1-audit.config.yaml'), yaml);
    const { code, stdout, stderr } = await runProgram(['rules', 'test'], { cwd });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    // The page uses the first one to show what is suggested.
    const missing = id === 'acme/ci-keys-expire-in-30-days' ? '; 1 boundary case is missing' : '';
    expect(stdout).toMatch(new RegExp(`\\n\\d tests passed, 0 failed${missing}\\.\\n$`));
  });

  test.each(examples)('%s runs over the demo and its report', async (id, yaml) => {
    const cwd = emptyFolder();
    writeFileSync(join(cwd, 'c1-audit.config.yaml'), yaml);
    const { code, report } = await runProgram(['demo', '--rule', id, '-f', 'json'], { cwd });
    expect(code).toBe(0);
    expect(report.coverage.complete).toBe(true);
    writeFileSync(join(cwd, 'report.json'), JSON.stringify(report));
    const backtest = await runProgram(['rules', 'backtest', id, 'report.json', '-f', 'json'], { cwd });
    const [night] = JSON.parse(backtest.stdout).nights;
    // What the report does not carry is unknown, never another outcome.
    const outcomes = { findings: report.summary.findings, unknown: report.summary.unknown };
    const unknown = Object.values(night.unknown as Record<string, number>).reduce((a, b) => a + b, 0);
    expect(night.findings + unknown).toBeGreaterThanOrEqual(outcomes.findings);
    expect(night.findings).toBeLessThanOrEqual(outcomes.findings + outcomes.unknown);
  });
});
