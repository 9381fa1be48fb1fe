import { expect, test } from '@jest/globals';
import { emptyFolder, runProgram } from '../helpers/program.js';

const NOW = Date.parse('2026-11-24T06:00:00Z');

test('with a state, a second demo has nothing new and nothing resolved', async () => {
  const cwd = emptyFolder();
  const demo = async (now: number) => {
    const { report } = await runProgram(['demo', '--state', 'state.json', '-f', 'json'], {
      cwd,
      now: () => now,
    });
    return report;
  };
  const first = await demo(NOW);
  const again = await demo(NOW + 60_000);
  expect(first.credentials.length).toBeGreaterThan(20);
  expect(again.credentials.map(({ kind, id, clientId }) => [kind, id, clientId])).toEqual(
    first.credentials.map(({ kind, id, clientId }) => [kind, id, clientId]),
  );
  const open = again.findings.filter(({ outcome }) => outcome === 'violation');
  const statuses = new Set(open.map(({ status }) => status));
  expect([...statuses].sort()).toEqual(['known']);
  expect(again.resolved).toEqual([]);
});
