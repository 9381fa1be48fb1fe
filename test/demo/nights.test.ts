import { expect, test } from '@jest/globals';
import { emptyFolder, runProgram } from '../helpers/program.js';

const DAY = 86_400_000;
const NOW = Date.parse('2026-11-24T06:00:00Z');

test('the demo shows three nights with a state', async () => {
  const cwd = emptyFolder();
  let minutes = 0;
  const night = async (days: number) => {
    minutes += 1;
    const asOf = new Date(NOW + days * DAY).toISOString();
    const { code, stdout, stderr } = await runProgram(['demo', '--state', 'nights.json', '--as-of', asOf], {
      cwd,
      // The clock of the tenant goes on between two runs.
      now: () => NOW + minutes * 60_000,
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return stdout;
  };
  const first = await night(0);
  expect(first).toMatch(/^Complete: .*\n\nNEW: \d+ findings on \d+ credentials\n/);
  expect(first).not.toMatch(/^KNOWN/m);
  const second = await night(2);
  expect(second).toMatch(/\n\nNEW: \d findings on \d credentials( \(.*\))?\n/);
  expect(second).toMatch(/\n\nKNOWN: 1\d\d findings on \d\d credentials; --full prints the details\n/);
  // Nothing was used in between: only the calendar makes news.
  expect(second).not.toContain('woke-up');
  expect(second.split('\n').length).toBeLessThan(first.split('\n').length);
  expect(await night(2)).toContain('\n\nNothing is new.\n');
  const third = await night(6);
  expect(third).toMatch(/\n\nNEW: .* \(\d+ new, \d+ more severe\)\n/);
  expect(third).toMatch(/\n\nRESOLVED: \d+ findings\n/);
  const parts = ['NEW', 'RESOLVED', 'KNOWN', 'UNKNOWN', 'COVERAGE', 'Summary', 'Fix first'];
  const places = parts.map((part) => third.indexOf(`\n${part}`));
  expect(places).toEqual(places.toSorted((a, b) => a - b));
  expect(places).not.toContain(-1);
});

test('the text of the demo fits 150 lines of 100 columns, and its last 15 say what to do', async () => {
  const { stdout } = await runProgram(['demo'], { now: () => NOW });
  const lines = stdout.trimEnd().split('\n');
  expect(lines.length).toBeLessThanOrEqual(150);
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(100);
  const last = lines.slice(-15).join('\n');
  expect(last).toMatch(/^Summary: \d+ findings \(\d+ critical, \d+ high, /m);
  expect(last).toMatch(/^Fix first:\n( {2}critical .*\n( {12}.*\n)?){4}/m);
  for (const next of ['c1-audit plan report.json', '-f html:report.html', 'c1-audit rules '])
    expect(last).toContain(next);
});
