import { spawnSync } from 'node:child_process';
import { expect, test } from '@jest/globals';

interface Row {
  readonly benchmark: string;
  readonly about?: string;
  readonly value: number;
  readonly result: number;
}

function bench(...args: string[]) {
  return spawnSync(process.execPath, ['scripts/bench/index.js', ...args], { encoding: 'utf8' });
}

// Only that they run: how fast is for a quiet machine to say.
test('every benchmark runs at a tiny size', () => {
  const names = ['first-request', 'work', 'growth', 'size', 'waiting', 'extras'];
  const tiny = ['--scale', '0.001', '--rounds', '1', '--any-load', '--json'];
  const { status, stdout, stderr } = bench(...names, ...tiny);
  expect(stderr).toContain('Sizes are 0.001 of the real ones');
  // A call that preparing did not foresee would measure the tenant as well.
  expect(stderr).not.toContain('was not prepared');
  expect(status).toBe(0);
  const { results } = JSON.parse(stdout) as { results: Row[] };
  expect(results.map(({ benchmark }) => benchmark)).toEqual([
    'first-request',
    ...Array<string>(6).fill('work'),
    ...Array<string>(4).fill('growth'),
    'size',
    'waiting',
    'extras',
  ]);
  for (const { value, result } of results) {
    expect(value).not.toBeNaN();
    expect(typeof result).toBe('number');
  }
  const findings = results
    .filter(({ benchmark, about = '' }) => benchmark === 'work' && /\d findings each/.test(about))
    .map(({ about = '' }) => Number(/([\d.]+) findings each/.exec(about)?.[1]));
  expect(findings).toHaveLength(6);
  const [tidy = 0, , dirty = 0] = findings;
  expect(tidy).toBeGreaterThan(0);
  expect(dirty).toBeGreaterThan(tidy);
}, 120_000);

test.each([
  [['nothing'], 'There is no benchmark nothing.'],
  [['--scale', '2'], '--scale must be above 0 and at most 1.'],
  [['--rounds', '0'], '--rounds must be a whole number above 0.'],
  [['--fast'], "Unknown option '--fast'"],
])('refuses %j', (args, message) => {
  const { status, stderr } = bench(...args);
  expect(stderr).toContain(message);
  expect(status).toBe(2);
});
