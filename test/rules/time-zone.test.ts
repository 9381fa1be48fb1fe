import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'c1-audit-zones-'));
const bundle = join(folder, 'verdicts.cjs');

interface Said {
  readonly offsets: readonly number[];
  readonly verdicts: readonly string[];
}

const said = new Map<string, Said>();

// A process reads its time zone once, when it starts; hence one for each.
beforeAll(() => {
  execFileSync(join(root, 'node_modules/.bin/esbuild'), [
    join(root, 'test/rules/time-zone-verdicts.ts'),
    '--bundle',
    '--platform=node',
    '--log-level=error',
    `--outfile=${bundle}`,
  ]);
  for (const zone of ['UTC', 'Europe/Berlin', 'America/New_York', 'Pacific/Kiritimati']) {
    const output = execFileSync(process.execPath, [bundle], { env: { TZ: zone }, encoding: 'utf8' });
    said.set(zone, JSON.parse(output));
  }
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each([
  ['UTC', 0, 0],
  ['Europe/Berlin', -60, -120],
  ['America/New_York', 300, 240],
  ['Pacific/Kiritimati', -840, -840],
])('no rule says anything else under TZ=%s', (zone, winter, summer) => {
  expect(said.get(zone)?.offsets.map((offset) => offset + 0)).toEqual([winter, summer]);
  expect(said.get(zone)?.verdicts).toEqual(said.get('UTC')?.verdicts);
});

test('every rule that reads the clock takes part, with passes and violations', () => {
  const verdicts = said.get('UTC')?.verdicts ?? [];
  for (const id of [
    'expiring-soon',
    'expired',
    'lifetime-too-long',
    'not-rotated',
    'unused',
    'rotation-unfinished',
  ]) {
    const own = verdicts.filter((verdict) => verdict.startsWith(`${id} `));
    expect(own.some((verdict) => verdict.endsWith('"pass"'))).toBe(true);
    expect(own.some((verdict) => verdict.includes('"messageId"'))).toBe(true);
  }
});
