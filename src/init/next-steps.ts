import { CONFIG_FILE, exampleClientId, type Setup } from './setup.js';
import { trustCondition } from './trust-condition.js';

/** What is left to do by hand in ConductorOne and GitHub, for a terminal. */
export function nextSteps(setup: Setup, version: string): string {
  const sections = [
    [`In ConductorOne (https://${setup.tenant}):`, conductorOneSteps(setup)],
    [`In GitHub${setup.repository === undefined ? '' : ` (${setup.repository})`}:`, gitHubSteps(setup)],
    ['Try it:', trySteps(setup, version)],
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
    `Scope mine with federation audits the keys of the service principal itself, and most likely it
has none. For everyone's keys take --scope tenant; for your own, --auth secret and a key of yours.`,
  ];
}

const SERVICE_PRINCIPAL = `Settings > Developers > Service principals > Create service principal: "c1-audit nightly", say.
This is early access: ConductorOne's support switches it on.`;

const SUPER_ADMINISTRATOR = `Give it the role Super Administrator, the only one documented to see everyone's keys.
Whether Read-Only Administrator is enough is not documented: before you rely on it, compare
how many credentials an audit sees with each.`;

const NETWORKS = 'those of your runners; empty for GitHub-hosted ones, where they change';

function conductorOneSteps(setup: Setup): string[] {
  const { auth, scope, repository, branch } = setup;
  const limit = scope === 'tenant' ? 'Full permissions: the role is needed whole' : 'a read-only role';
  const principal = [SERVICE_PRINCIPAL, ...(scope === 'tenant' ? [SUPER_ADMINISTRATOR] : [])];
  if (auth === 'federation' && repository !== undefined) {
    return [
      ...principal,
      `On its page: Federation > Set up federation.
  Provider    GitHub Actions, issuer https://token.actions.githubusercontent.com
  Condition   in manual mode, spelled as GitHub does, case included:

${trustCondition(repository, branch)}

  Scope       ${limit}
  IP ranges   ${NETWORKS}
The condition leaves sub out: repositories created after 2026-07-15 have another form of it.`,
      'Copy the client id of the trust, which ends in /wfe. Test, there, tries the condition.',
    ];
  }
  if (scope === 'tenant') {
    return [
      ...principal,
      `On its page: Credentials > Create credential.
  Expiration         90 days or less
  Limit source IPs   ${NETWORKS}
  Limit scopes       ${limit}
  Require DPoP       yes: a stolen access token is then of no use`,
      'Copy the client id, which ends in /spc, and the secret, which is shown once.',
    ];
  }
  return [
    `Your profile > API keys > Create credential.
  Lifespan       90 days or less
  Allowed IPs    ${NETWORKS}
  Scope          ${limit}; the least that will do is not documented
It ends with your account: for a nightly job a service principal lasts longer.`,
    'Copy the client id, which ends in /pcc, and the secret, which is shown once.',
  ];
}

function gitHubSteps(setup: Setup): string[] {
  const { auth, slack, branch } = setup;
  const repo = repoFlag(setup);
  const secrets = auth === 'secret';
  return [
    `Set the client id, yours in place of this one. It is no secret:
gh variable set CONDUCTORONE_CLIENT_ID${repo} --body '${exampleClientId(setup)}'`,
    ...(secrets
      ? [
          `Set the secret; the command asks for it, so that it stands in no history:
gh secret set CONDUCTORONE_CLIENT_SECRET${repo}
Replace both before the credential ends: the audit warns 30 days ahead.`,
        ]
      : []),
    ...(slack
      ? [
          `Create an incoming webhook, https://api.slack.com/messaging/webhooks, and set it; without it
the run fails:
gh secret set SLACK_WEBHOOK_URL${repo}`,
        ]
      : []),
    `Hear of a night without an audit (optional), through a service such as healthchecks.io:
gh secret set C1_AUDIT_HEARTBEAT_URL${repo}`,
    `Commit both files to ${branch}, which must be the default branch: GitHub runs schedules from no
other. Keep the repository private, as reports name people, and to few: whoever can push
${secrets ? 'a branch can use the secret' : 'to that branch can use the login'}.`,
  ];
}

function trySteps(setup: Setup, version: string): string[] {
  const repo = repoFlag(setup);
  return [
    `gh workflow run c1-audit.yml${repo} --ref ${setup.branch}
gh run list${repo} --workflow c1-audit.yml`,
    `On your machine, with a credential of yours in the environment:
npx c1-audit@${version} doctor`,
  ];
}

function expectations({ scope }: Setup): string[] {
  if (scope !== 'tenant') return [];
  return [
    `The audit reports its own login too: no-scoped-roles (critical), and open-cidr where it may call
from anywhere. Both are true. ${CONFIG_FILE} holds a waiver to fill in once somebody
has accepted them.`,
  ];
}

function repoFlag({ repository }: Setup): string {
  return repository === undefined ? '' : ` --repo ${repository}`;
}
