import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import rule from '../rules/loose-trust-condition.js';
import { judgeCondition } from '../src/condition/judge.js';
import { trustCondition } from '../src/init/files.js';
import { emptyFolder, runProgram } from './helpers/program.js';

const CONDITION = trustCondition('acme/security', 'main');
const read = (file: string) => readFileSync(file, 'utf8');

/** Every text that recommends a trust condition for a GitHub workflow. */
const PLACES: readonly [string, () => Promise<string> | string, string][] = [
  ['docs/github-actions.md', () => read('docs/github-actions.md'), CONDITION],
  ['SECURITY.md', () => read('SECURITY.md'), CONDITION],
  [
    'nightly.yml',
    () => read('.github/workflows/nightly.yml'),
    trustCondition('OWNER/REPO', 'main', '.github/workflows/nightly.yml'),
  ],
  [
    'the message "always" of loose-trust-condition',
    () => rule.messages.always?.({ part: '' }) ?? '',
    CONDITION,
  ],
  [
    'the message "anyone" of loose-trust-condition',
    () => rule.messages.anyone?.({ part: 'x' }) ?? '',
    CONDITION,
  ],
  ['docs/rules/loose-trust-condition.md', () => read('docs/rules/loose-trust-condition.md'), CONDITION],
  [
    'what init prints',
    async () => {
      const { stdout } = await runProgram(
        ['init', '--yes', '--tenant', 'acme', '--repository', 'acme/security', '--no-slack'],
        { cwd: emptyFolder() },
      );
      return stdout;
    },
    CONDITION,
  ],
];

describe('the recommended trust condition', () => {
  test.each(PLACES)('is the same in %s', async (_, text, condition) => {
    const plain = (await text()).replaceAll('\\_', '_');
    expect(plain).toContain(condition);
    // No text recommends a subject or a shorter condition.
    const rest = plain.replaceAll(condition, '');
    expect(rest).not.toMatch(/such as claims\.|claims\.sub ==|repo:[\w/]+:ref:/);
    expect(rest).not.toMatch(/claims\.repository == /);
  });

  test('names one workload, as loose-trust-condition judges it', () => {
    expect(judgeCondition(CONDITION)).toMatchObject({ admits: 'named' });
  });
});
