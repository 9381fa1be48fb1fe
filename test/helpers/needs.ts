import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { relative } from 'node:path';
import { describe, expect, test } from '@jest/globals';

/** Debian's Chromium without windows, which takes two thirds of the time, or the whole one. */
const [SHELL, WHOLE] = ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium'];
export const CHROMIUM = process.env.CHROMIUM_PATH ?? (existsSync(SHELL) ? SHELL : WHOLE);

/** From Debian's package prometheus. */
export const PROMTOOL = process.env.PROMTOOL_PATH ?? 'promtool';

const runs = (shell: string) => () => spawnSync(shell, ['-c', 'exit']).status === 0;

/** What a machine with Node.js, npm and git may lack: how to find it, and the variable that makes its absence a failure. */
const TOOLS = {
  bash: { isThere: runs('bash'), required: 'REQUIRE_SHELLS' },
  zsh: { isThere: runs('zsh'), required: 'REQUIRE_SHELLS' },
  fish: { isThere: runs('fish'), required: 'REQUIRE_SHELLS' },
  promtool: { isThere: () => spawnSync(PROMTOOL, ['--version']).status === 0, required: 'REQUIRE_PROMTOOL' },
  'systemd-analyze': {
    isThere: () => spawnSync('systemd-analyze', ['--version']).status === 0,
    required: 'REQUIRE_SYSTEMD',
  },
  mkfifo: {
    isThere: () => spawnSync('sh', ['-c', 'command -v mkfifo']).status === 0,
    required: 'REQUIRE_SHELLS',
  },
  // From Debian's package procps; Stryker stops its workers with it.
  ps: { isThere: () => spawnSync('ps', ['--version']).status === 0, required: 'REQUIRE_SHELLS' },
  chromium: { isThere: () => existsSync(CHROMIUM), required: 'REQUIRE_BROWSER' },
};

/**
 * `describe` and `test` for tests that need a tool. Without the tool they are skipped, and one line on stderr says so.
 * `.ci/run` and the CI workflow set the tool's variable: the tests then run, and fail.
 */
export function needs(tool: keyof typeof TOOLS): {
  readonly describe: typeof describe;
  readonly test: typeof test;
} {
  const { isThere, required } = TOOLS[tool];
  if (process.env[required] === '1' || isThere()) return { describe, test };
  const file = relative(process.cwd(), expect.getState().testPath ?? '');
  process.stderr.write(`Skipped in ${file}: tests that need ${tool}\n`);
  return { describe: describe.skip as typeof describe, test: test.skip as typeof test };
}
