import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, expect } from '@jest/globals';
import { needs } from './helpers/needs.js';
import { root } from './helpers/package.js';
import { emptyFolder } from './helpers/program.js';

const { test } = needs('ps');

/** A project with code of each kind that a runner which keeps its modules could judge wrongly. */
const PROJECT: Readonly<Record<string, string>> = {
  'docs/mutation.md': '# Before\n\n<!-- results -->\nold\n<!-- end of results -->\n\nAfter\n',
  'src/engine/code.ts': `
const LIMIT = 'ten'.length + 7;
const known = new Map<number, boolean>();

export function isLarge(n: number): boolean {
  return n >= LIMIT;
}

export function remembered(n: number): boolean {
  const before = known.get(n);
  if (before !== undefined) return before;
  const answer = n > 3;
  known.set(n, answer);
  return answer;
}

export function total(n: number): number {
  let sum = 0;
  for (let at = 1; at <= n; at += 1) sum += at;
  return sum;
}

export function unasserted(n: number): number {
  return n + 1;
}

export function neverRun(n: number): number {
  return n - 1;
}

export const UNIT = 'day';
`,
  'test/engine/code.test.ts': `
import { beforeAll, describe, expect, test } from '@jest/globals';
import { isLarge, remembered, total, unasserted } from '../../src/engine/code.js';

let sum: number;
beforeAll(() => {
  sum = total(4);
});

test('sum', () => expect(sum).toBe(10));
describe('large', () => {
  test.each([[9, false], [10, true], [11, true]])('%i', (n, large) => expect(isLarge(n)).toBe(large));
});
test('remembered', () => expect([3, 4, 4].map(remembered)).toEqual([false, true, true]));
test('unasserted', () => expect(typeof unasserted(1)).toBe('number'));
let runs = 0;
test('runs once only', () => expect(++runs).toBe(1));
`,
  // Not in the directory of the engine, and does not import the code: it may not judge it.
  'test/cli/other.test.ts': `
import { test } from '@jest/globals';
test('fails', () => { throw new Error(); });
`,
  'src/cli/main.ts': `export { unasserted as main } from '../engine/code.js';`,
  // Runs the whole program: it may not judge code that has tests of its own.
  'test/attacks/program.test.ts': `
import { expect, test } from '@jest/globals';
import { main } from '../../src/cli/main.js';
test('notices what the other tests do not', () => expect(main(1)).toBe(2));
`,
};

let project: string;

beforeAll(() => {
  project = join(emptyFolder(), 'a project');
  for (const [path, text] of Object.entries(PROJECT)) {
    mkdirSync(dirname(join(project, path)), { recursive: true });
    writeFileSync(join(project, path), text);
  }
  mkdirSync(join(project, 'rules'));
  for (const path of ['scripts/mutation', 'stryker.config.json', 'package.json', 'test/helpers/hermetic.ts'])
    cpSync(join(root, path), join(project, path), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(project, 'node_modules'));
});

function mutation(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(project, 'scripts/mutation/index.js'), ...args],
    { cwd: project, encoding: 'utf8' },
  );
  return { code: status, stdout, output: stdout + stderr };
}

const found = (output: string) =>
  output
    .split('\n')
    .flatMap((line) => /^(survived|not run) +\S+:(\d+:\d+ .*)$/.exec(line)?.slice(1).join(' ') ?? []);

test('finds exactly the changes that no test notices, and measures nothing twice', () => {
  const first = mutation();
  expect(found(first.output)).toEqual([
    'not run 27:45 BlockStatement: { → {}',
    'not run 28:10 ArithmeticOperator: n - 1 → n + 1',
    // Only saves work.
    'survived 11:7 ConditionalExpression: before !== undefined → false',
    'survived 24:10 ArithmeticOperator: n + 1 → n - 1',
    'survived 31:21 StringLiteral: \'day\' → ""',
  ]);
  expect(first.output).toMatch(
    /Left out, as they fail here without a change:\s+test\/engine\/code.test.ts runs once only/,
  );
  expect(first.code).toBe(1);

  const second = mutation('--minutes', '0.000001');
  expect(second.output).not.toContain('== src');
  expect(found(second.output)).toEqual(found(first.output));

  mutation('--docs');
  expect(readFileSync(join(project, 'docs/mutation.md'), 'utf8')).toBe(
    `# Before

<!-- results -->

| directory | mutants | killed | timed out | survived | not run | score |
|---|--:|--:|--:|--:|--:|--:|
| \`src/engine\` | 26 | 20 | 1 | 3 | 2 | 80.8 % |

<!-- end of results -->

After
`,
  );

  // A changed test makes the result out of date, and there is no time for another.
  const path = join(project, 'test/engine/code.test.ts');
  const text = readFileSync(path, 'utf8');
  writeFileSync(path, text.replace('expect(sum).toBe(10)', 'expect(sum).toBeDefined()'));
  const third = mutation('--minutes', '0.000001');
  expect(third.stdout).toContain('not measured for want of time: src/engine/code.ts');

  // What it no longer notices survives, and what a new test notices does not.
  writeFileSync(
    join(project, 'test/engine/more.test.ts'),
    `
import { expect, test } from '@jest/globals';
import { UNIT, unasserted } from '../../src/engine/code.js';
test('asserted', () => expect([unasserted(1), UNIT]).toEqual([2, 'day']));
`,
  );
  expect(found(mutation().output)).toEqual([
    'not run 27:45 BlockStatement: { → {}',
    'not run 28:10 ArithmeticOperator: n - 1 → n + 1',
    'survived 11:7 ConditionalExpression: before !== undefined → false',
    'survived 19:20 ConditionalExpression: at <= n → false',
    'survived 19:20 EqualityOperator: at <= n → at < n',
    'survived 19:20 EqualityOperator: at <= n → at > n',
    'survived 19:38 AssignmentOperator: sum += at → sum -= at',
  ]);
}, 300_000);
