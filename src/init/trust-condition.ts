import { WORKFLOW_FILE } from './setup.js';

/**
 * The CEL condition that lets in one workflow of one branch of one repository.
 *
 * It reads no `sub`, whose form depends on when the repository was made. The workflow's own claim keeps out other
 * workflows, `pull_request_target` among them: they run with the default branch as their `ref`.
 */
export function trustCondition(repository: string, branch: string): string {
  const ref = `refs/heads/${branch}`;
  return [
    `claims.repository == "${repository}"`,
    `claims.ref == "${ref}"`,
    `claims.workflow_ref == "${repository}/${WORKFLOW_FILE}@${ref}"`,
  ].join(' && ');
}
