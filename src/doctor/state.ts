import { constants } from 'node:fs';
import { access as canAccess, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { readVariable } from '../config/environment.js';
import { linkedPath } from '../delivery/output.js';
import { peekState } from '../delivery/state-file.js';
import { defineCheck, obstacle, ok, skipped, warning } from './check.js';

export const state = defineCheck({
  id: 'state',
  title: 'State',
  needs: ['plan', 'access'],
  async run({ io: { cwd, now, env } }, { plan, access }) {
    const name = plan.config.state;
    if (name === undefined)
      return skipped('none set: each run tells all its findings as if for the first time');
    const path = resolve(cwd, name);
    const key = readVariable(env, 'C1_AUDIT_STATE_KEY');
    const found = await peekState(path, { tenant: access.tenant, now: now(), asOf: now(), key });
    const file = await linkedPath(path);
    const trouble = await folderTrouble(dirname(file));
    if (trouble !== undefined)
      return obstacle(
        `the folder of the state file ${name} ${trouble}`,
        'Name a path in a folder that this user may write to.',
      );
    if (!found)
      return ok(`${name} is not there yet; the first audit makes it${key === undefined ? '' : ', sealed'}`);
    const findings = Object.keys(found.findings).length;
    const detail = `${name}, saved as of ${found.savedAt}, with ${findings === 1 ? '1 finding' : `${findings} findings`}${key === undefined ? '' : ', sealed'}`;
    const mode = (await stat(file)).mode & 0o777;
    // Windows keeps its rights elsewhere.
    if (process.platform === 'win32' || (mode & 0o077) === 0) return ok(detail);
    return warning(
      `${detail}; others can get at it (mode ${mode.toString(8).padStart(4, '0')})`,
      `chmod 600 ${name}`,
    );
  },
});

/** An audit makes the folder where it is missing: then the nearest one that is there counts. */
async function folderTrouble(folder: string): Promise<string | undefined> {
  try {
    await canAccess(folder, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const above = dirname(folder);
    if (code === 'ENOENT' && above !== folder) return folderTrouble(above);
    return `cannot be written to (${code ?? 'unknown error'})`;
  }
}
