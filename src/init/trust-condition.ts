import { WORKFLOW_FILE } from './setup.js';

/**
 * The CEL condition that lets in one workflow of one branch of one repository.
 *
 * It does not use `sub`: its form depends on when the repository was created. The workflow's own claim keeps out other
 * workflows, `pull_request_target` among them: they run with the default branch as their `ref`.
 */
export function trustCondition(repository: string, branch: string, workflow = WORKFLOW_FILE): string {
  const ref = `refs/heads/${branch}`;
  return [
    `claims.repository == "${repository}"`,
    `claims.ref == "${ref}"`,
    `claims.workflow_ref == "${repository}/${workflow}@${ref}"`,
  ].join(' && ');
}
