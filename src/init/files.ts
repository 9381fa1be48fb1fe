import { SOURCE_KINDS } from '../config/config.js';
import { DAY } from '../contract/index.js';
import {
  CONFIG_FILE,
  COPY_FOLDER,
  exampleClientId,
  PROGRAM,
  RUN_COPY,
  type Setup,
  SUMS_FILE,
  WORKFLOW_FILE,
} from './interview.js';

/**
 * `c1-audit.config.yaml`. A comment has a space after its #. A setting that is off has none: without the # it is on.
 *
 * @param now milliseconds since the epoch.
 */
export function configFile(setup: Setup, now: number): string {
  const { tenant, scope, profile, failOn, slack } = setup;
  return `# yaml-language-server: $schema=./${COPY_FOLDER}/schema/config.json
#
# Settings for the audit of ${tenant}. Flags and C1_AUDIT_… variables override this file.
# \`${RUN_COPY} --print-config\` shows the settings in use and where each comes from.
# Do not put secrets here: a file that holds one is refused.

# Whose credentials to audit: mine (the login's own) or tenant (everyone's; needs Super Administrator).
scope: ${scope}

# What to audit. Default: personal-clients and external-clients for scope mine, all of these for scope tenant. If a source
# listed here cannot be read, the run is incomplete (exit code 3).
#sources: [${Object.keys(SOURCE_KINDS).join(', ')}]

# A set of limits: default, cis, pci, fedramp-high or strict. Settings under rules override it.
profile: ${profile}

# A finding of this severity or above makes the exit code 1, and so fails the nightly run: info, low, medium, high,
# critical, or never. An audit that failed or is incomplete always fails the run.
failOn: ${failOn}

# Only findings that are new, reopened or more severe than the last time make the exit code 1: known ones do not fail each
# night again. It needs a memory: the workflow passes --state. On your machine, add --state or --no-fail-on-new.
failOnNew: true

# Reports leave out findings below this severity. It must not be above failOn.
minSeverity: info

# Settings of single rules: off, another severity, other limits. \`${RUN_COPY} rules\` lists
# them, \`rules unused\` explains one.
#rules:
#  unused: { days: 45, severity: high }
#  default-name: off

# Your own rules: files in this repository, or packages. They are code and run with the audit's permissions.
#plugins: ["./rules/ours.mjs"]

# Findings that are accepted until a date. They stay visible and never count. The credential is an id, a client id
# or { name: "a pattern on the name", owner: its owner's id or email }; expires is the last day, in UTC, at most 366 days
# ahead.
${waiver(setup, now)}

# The file that remembers findings between runs. The workflow names it for the nightly runs; a setting here also applies
# to runs on your machine.
#state: .c1-audit/state.json

# What is sent to Slack if SLACK_WEBHOOK_URL is set. when: new, findings (any) or always; the default is new if there is
# a state. heartbeat: a message without news, daily or weekly. mentions: Slack user ids by owner's e-mail address.
${slackSection(slack)}

# Judge use by ConductorOne's system log too: unused trusts, networks wider than use, refused logins.
# Needs the right to read the system log.
#evidence: { systemLog: true }

# What is sent to the webhook in C1_AUDIT_WEBHOOK_URL: teams (a Microsoft Teams workflow) or json.
#webhook: { format: teams }
`;
}

function waiver(setup: Setup, now: number): string {
  const own = setup.scope === 'tenant';
  const lines = [
    'waivers:',
    `  - rule: ${own ? 'no-scoped-roles' : 'unused'}`,
    `    credential: ${own ? exampleClientId(setup) : '{ name: "quarterly-*", owner: you@example.com }'}`,
    `    reason: ${own ? "the audit's own login; only a Super Administrator sees everyone's keys" : 'runs once a quarter'}`,
    '    approvedBy: security@example.com',
    `    expires: ${new Date(now + 180 * DAY).toISOString().slice(0, 10)}`,
  ];
  return lines.map((line) => `#${line}`).join('\n');
}

function slackSection(isOn: boolean): string {
  const off = isOn ? '' : '#';
  const lines = [
    `${off}slack:`,
    '#  when: new',
    `${off}  minSeverity: low`,
    `${off}  heartbeat: weekly`,
    '#  mentions: { "owner@example.com": U0123456789 }',
  ];
  return lines.join('\n');
}

const STATE = '.c1-audit/state.json';
const REPORTS = 'c1-audit-report';

const expression = (text: string) => `\${{ ${text} }}`;
const secret = (name: string) => `          ${name}: ${expression(`secrets.${name}`)}\n`;

/** A shell command: one hash of the checkout and Node.js, without the state. */
const DIGEST = `find -H . "$(command -v node)" -path ./.git -prune -o -path ./${STATE} -prune -o -type f -print0 |
            LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -c -64`;

/** `.github/workflows/c1-audit.yml`: runs the copy of the program in the same repository. */
export function workflowFile(setup: Setup, version: string): string {
  const { tenant, auth, slack, schedule } = setup;
  const federation = auth === 'federation';
  const key = `c1-audit-state-${tenant}-`;
  const run = `${key}${expression('github.run_id')}-${expression('github.run_attempt')}`;
  return `# Audits the API credentials of ${tenant} and fails if there is something to fix.
# ${CONFIG_FILE} has the settings. Keep the repository private: the log, the summary and the artifact name people.
#
# The workflow runs the copy of c1-audit in ${COPY_FOLDER}, put there by c1-audit ${version}. Nothing is downloaded from a
# package registry. \`c1-audit init --update\`, run from a newer version, replaces the copy.
#
# Login: the variable CONDUCTORONE_CLIENT_ID${federation ? ', the client id of a federation trust (it ends in /wfe). No secret is stored' : ' and the secret CONDUCTORONE_CLIENT_SECRET'}.
name: c1-audit

on:
  schedule:
    # UTC. GitHub delays and drops runs, most of all on the full hour. In public repositories it ends schedules after 60
    # days without a commit. Set the secret C1_AUDIT_HEARTBEAT_URL to hear of a night without an audit.
    - cron: "${schedule}"
  workflow_dispatch:

permissions: {}

# Two runs must not write one state: the later one waits.
concurrency:
  group: c1-audit
  cancel-in-progress: false

jobs:
  audit:
    name: Audit
    runs-on: ubuntu-latest
    timeout-minutes: 45
    permissions:
      contents: read
${federation ? '      id-token: write # to log in by workload federation\n' : ''}    defaults:
      run:
        shell: bash
    # Without a login the run fails and says what to set. If a condition skipped it, it would look like a clean night.
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
        with:
          persist-credentials: false

      - uses: actions/setup-node@820762786026740c76f36085b0efc47a31fe5020 # v7.0.0
        with:
          node-version: 24
          package-manager-cache: false

      # Before the step that has the login.
      - name: Check c1-audit
        id: program
        run: |
          cd ${COPY_FOLDER}
          if ! sha256sum --check --strict --quiet ${SUMS_FILE} ||
            [ "$(find . ! -type d | wc -l)" -ne "$(($(wc -l < ${SUMS_FILE}) + 1))" ]; then
            echo '::error title=c1-audit::The files in ${COPY_FOLDER} are not as c1-audit init wrote them. Nothing was audited. Run c1-audit init --update and commit all files.'
            exit 3
          fi
          if ! node ${PROGRAM} --version; then
            echo '::error title=c1-audit::The copy of c1-audit in ${COPY_FOLDER} does not start. Nothing was audited.'
            exit 3
          fi
          cd "$GITHUB_WORKSPACE"
          digest=$(${DIGEST})
          echo "digest=$digest" >> "$GITHUB_OUTPUT"

      # Whoever can open a pull request can read a cache: the state holds fingerprints and ids, no names.
      - name: Restore the state
        uses: actions/cache/restore@55cc8345863c7cc4c66a329aec7e433d2d1c52a9 # v6.1.0
        with:
          path: ${STATE}
          # A cache cannot be overwritten: each run saves one of its own, and the next takes the newest.
          key: ${run}
          restore-keys: ${key}

      # A forged cache could hold more than the state: the program, the configuration and Node.js must be as before.
      - name: Check the restored files
        env:
          DIGEST: ${expression('steps.program.outputs.digest')}
        run: |
          digest=$(${DIGEST})
          if [ "$digest" != "$DIGEST" ]; then
            echo '::error title=c1-audit::The cache changed files besides ${STATE}. Nothing was audited. Find out who wrote it, then delete the caches of this repository: gh cache delete --all'
            exit 3
          fi

      # Its exit code is the run's: 1 findings, 2 wrong configuration or login, 3 failed or incomplete.
      - name: Audit
        env:
          CONDUCTORONE_TENANT_DOMAIN: ${tenant}
          CONDUCTORONE_CLIENT_ID: ${expression('vars.CONDUCTORONE_CLIENT_ID')}
${federation ? '' : secret('CONDUCTORONE_CLIENT_SECRET')}${slack ? secret('SLACK_WEBHOOK_URL') : ''}${secret('C1_AUDIT_WEBHOOK_URL')}${secret('C1_AUDIT_HEARTBEAT_URL')}${secret('C1_AUDIT_STATE_KEY')}        run: |
          mkdir -p ${REPORTS}
          ${RUN_COPY} ${slack ? '--slack' : '--no-slack'} \\
            --state ${STATE} \\
            --format text \\
            --format json:${REPORTS}/report.json \\
            --format html:${REPORTS}/report.html \\
            --format csv:${REPORTS}/findings.csv

      - name: Save the state
        if: always() && hashFiles('${STATE}') != ''
        uses: actions/cache/save@55cc8345863c7cc4c66a329aec7e433d2d1c52a9 # v6.1.0
        with:
          path: ${STATE}
          key: ${run}

      - name: Upload the reports
        if: always()
        uses: actions/upload-artifact@043fb46d1a93c77aae656e7c1c64a875d1fc6a0a # v7.0.1
        with:
          name: ${REPORTS}
          path: ${REPORTS}
          # A run that audited nothing has none, and has said why.
          if-no-files-found: ignore
          retention-days: 14
`;
}

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
