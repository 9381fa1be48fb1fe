import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { parse, stringify } from 'yaml';
import type { Report } from '../../src/engine/report.js';
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

  const all = emptyFolder();
  const asked = examples.flatMap(([id]) => ['--rule', id]);
  beforeAll(async () => {
    const customRules = examples.flatMap(([, yaml]) => parse(yaml).customRules);
    writeFileSync(join(all, 'c1-audit.config.yaml'), stringify({ customRules }));
    const { code, stdout, report } = await runProgram(['demo', ...asked, '-f', 'json'], { cwd: all });
    expect([code, report.coverage.complete]).toEqual([0, true]);
    writeFileSync(join(all, 'report.json'), stdout);
  });

  test.each(examples)('%s runs over the demo and its report', async (id) => {
    const report = JSON.parse(readFileSync(join(all, 'report.json'), 'utf8')) as Report;
    const ours = report.findings.filter(({ rule }) => rule === id);
    const backtest = await runProgram(['rules', 'backtest', id, 'report.json', '-f', 'json'], { cwd: all });
    const [night] = JSON.parse(backtest.stdout).nights;
    // What the report does not carry is unknown, never another outcome.
    const findings = ours.filter(({ outcome }) => outcome === 'violation').length;
    const unknown = Object.values(night.unknown as Record<string, number>).reduce((a, b) => a + b, 0);
    expect(night.findings + unknown).toBeGreaterThanOrEqual(findings);
    expect(night.findings).toBeLessThanOrEqual(ours.length);
  });
});
