import {
  CONFIG_FILE,
  COPY_FOLDER,
  exampleClientId,
  RUN_COPY,
  type Setup,
  WORKFLOW_FILE,
} from './interview.js';

/**
 * The CEL condition that matches one workflow of one branch of one repository.
 *
 * It does not use `sub`: its form depends on when the repository was created. `workflow_ref` excludes other workflows,
 * including those on `pull_request_target`: they run with the default branch as their `ref`.
 */
export function trustCondition(repository: string, branch: string, workflow = WORKFLOW_FILE): string {
  const ref = `refs/heads/${branch}`;
  return [
    `claims.repository == "${repository}"`,
    `claims.ref == "${ref}"`,
    `claims.workflow_ref == "${repository}/${workflow}@${ref}"`,
  ].join(' && ');
}

/** What to do by hand in ConductorOne and GitHub. */
export function nextSteps(setup: Setup): string {
  const sections = [
    [`In ConductorOne (https://${setup.tenant}):`, conductorOneSteps(setup)],
    [`In GitHub${setup.repository === undefined ? '' : ` (${setup.repository})`}:`, gitHubSteps(setup)],
    ['Try it:', trySteps(setup)],
  ] as const;
  let number = 0;
  const listed = sections.map(([title, steps]) => {
    const lines = steps.map((step) => {
      number += 1;
      return `${`${number}.`.padStart(4)} ${step.trim().replace(/\n(?=.)/g, '\n     ')}`;
    });
    return [title, ...lines].join('\n');
  });
  return `${[...warnings(setup), ...listed, ...expectations(setup)].join('\n\n')}\n`;
}

function warnings({ auth, scope }: Setup): string[] {
  if (auth !== 'federation' || scope !== 'mine') return [];
  return [
    `Scope mine with federation audits the keys of the service principal itself, which most likely
has none. Use --scope tenant for everyone's keys, or --auth secret with your own key for yours.`,
  ];
}

const SERVICE_PRINCIPAL = `Settings > Developers > Service principals > Create service principal.
Name it "c1-audit nightly", for example.
Service principals are early access: ask ConductorOne's support to turn them on.`;

const SUPER_ADMINISTRATOR = `Give it the role Super Administrator, the only role documented to see everyone's keys.
Whether Read-Only Administrator is enough is not documented. Before you use it, compare how
many credentials an audit sees with each role.`;

const NETWORKS = 'the addresses of your runners; none for GitHub-hosted runners';

function conductorOneSteps(setup: Setup): string[] {
  const { auth, scope, repository, branch } = setup;
  const limit = scope === 'tenant' ? 'Full permissions: the audit needs all of the role' : 'a read-only role';
  const principal = [SERVICE_PRINCIPAL, ...(scope === 'tenant' ? [SUPER_ADMINISTRATOR] : [])];
  if (auth === 'federation' && repository !== undefined) {
    return [
      ...principal,
      `On its page: Federation > Set up federation.
  Provider    GitHub Actions, issuer https://token.actions.githubusercontent.com
  Condition   in manual mode; upper and lower case must match the names on GitHub:

${trustCondition(repository, branch)}

  Scope       ${limit}
  IP ranges   ${NETWORKS}
The condition does not use sub: its form differs for repositories created after 2026-07-15.`,
      'Copy the client id of the trust, which ends in /wfe. The Test button tries the condition.',
    ];
  }
  if (scope === 'tenant') {
    return [
      ...principal,
      `On its page: Credentials > Create credential.
  Expiration         90 days or less
  Limit source IPs   ${NETWORKS}
  Limit scopes       ${limit}
  Require DPoP       yes, so that a stolen access token cannot be used`,
      'Copy the client id, which ends in /spc, and the secret, which is shown once.',
    ];
  }
  return [
    `Your profile > API keys > Create credential.
  Lifespan       90 days or less
  Allowed IPs    ${NETWORKS}
  Scope          ${limit}; the minimum is not documented
The key stops working with your account. For a nightly job, a service principal lasts longer.`,
    'Copy the client id, which ends in /pcc, and the secret, which is shown once.',
  ];
}

function gitHubSteps(setup: Setup): string[] {
  const { auth, slack, branch } = setup;
  const repo = repoFlag(setup);
  const secrets = auth === 'secret';
  return [
    `Set the client id. Replace this example with yours; it is not a secret:
gh variable set CONDUCTORONE_CLIENT_ID${repo} --body '${exampleClientId(setup)}'`,
    ...(secrets
      ? [
          `Set the secret. The command asks for it, so that it is not in your shell's history:
gh secret set CONDUCTORONE_CLIENT_SECRET${repo}
Replace both before the credential expires: the audit warns 30 days ahead.`,
        ]
      : []),
    ...(slack
      ? [
          `Create an incoming webhook (https://api.slack.com/messaging/webhooks) and set it.
Without it the run fails:
gh secret set SLACK_WEBHOOK_URL${repo}`,
        ]
      : []),
    `Seal the state, so that a forged one from the cache is refused (optional):
openssl rand -hex 32 | gh secret set C1_AUDIT_STATE_KEY${repo}`,
    `Get a warning when a night has no audit, from a service such as healthchecks.io (optional):
gh secret set C1_AUDIT_HEARTBEAT_URL${repo}`,
    `Commit the files to ${branch}, which must be the default branch. GitHub runs schedules only there:
git add ${COPY_FOLDER} ${WORKFLOW_FILE} ${CONFIG_FILE}
Keep the repository private, because reports name people. Limit who can push: whoever can
push ${secrets ? 'a branch can use the secret' : 'to that branch can use the login'}.`,
  ];
}

function trySteps(setup: Setup): string[] {
  const repo = repoFlag(setup);
  return [
    `Start the workflow:
gh workflow run c1-audit.yml${repo} --ref ${setup.branch}
gh run list${repo} --workflow c1-audit.yml`,
    `Or check the setup on your machine, with a credential of yours in the environment:
${RUN_COPY} doctor`,
  ];
}

function expectations({ scope }: Setup): string[] {
  if (scope !== 'tenant') return [];
  return [
    `The audit reports its own login too: no-scoped-roles (critical), and open-cidr if it may call from
anywhere. Both are correct. ${CONFIG_FILE} has a waiver to fill in once somebody has
accepted them.`,
  ];
}

function repoFlag({ repository }: Setup): string {
  return repository === undefined ? '' : ` --repo ${repository}`;
}
