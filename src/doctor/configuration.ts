import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { defineCheck, ok, warning } from './check.js';

export const configuration = defineCheck({
  id: 'configuration',
  title: 'Configuration',
  needs: [],
  async run({ loadPlan, io: { cwd, env } }) {
    const plan = await loadPlan();
    const { scope, profile } = plan.config;
    const file = plan.file ?? 'no file here or in the directories above (that is fine)';
    const detail = `${file}; scope ${scope}, profile ${profile}`;
    if (!(await isFile(join(cwd, '.env')))) return ok(detail, { plan });
    const lines = [detail, 'There is a .env file here. c1-audit does not read .env files.'];
    // Something else may have put its variables into the environment already.
    if (Object.keys(env).some((name) => name.startsWith('CONDUCTORONE_'))) return ok(lines, { plan });
    return warning(lines, 'Export the variables first: set -a; . ./.env; set +a', { plan });
  },
});

function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
