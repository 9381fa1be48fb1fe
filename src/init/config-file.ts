import { COPY_FOLDER, exampleClientId, RUN_COPY, type Setup } from './setup.js';

/**
 * `c1-audit.config.yaml`. A comment has one blank after its #. Settings that are off have none, so that removing the #
 * turns them on.
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

# What to audit. Default: personal-clients for scope mine, all three for scope tenant. If a source listed here cannot be
# read, the run is incomplete (exit code 3).
#sources: [personal-clients, service-principals, federation-trusts]

# A set of limits: default, cis, pci, fedramp-high or strict. Settings under rules override it.
profile: ${profile}

# A finding of this severity or above makes the exit code 1, and so fails the nightly run: info, low, medium, high,
# critical, or never. An audit that failed or is incomplete always fails the run.
failOn: ${failOn}

# Reports leave out findings below this severity. It must not be above failOn.
minSeverity: info

# Settings of single rules: off, another severity, other limits. \`${RUN_COPY} rules\` lists
# them, \`rules unused\` explains one.
#rules:
#  unused: { days: 45, severity: high }
#  default-name: off

# Your own rules: files in this repository, or packages. They are code and run with the audit's permissions.
#plugins: ["./rules/ours.mjs"]

# Findings that somebody accepted, for a time. They stay visible and never count. The credential is an id, a client id
# or { name: "a pattern on the name", owner: its owner's id or email }; expires is the last day, in UTC, at most 366 days
# ahead.
${waiver(setup, now)}

# The file that remembers findings between runs. The workflow names it for the nightly runs; a setting here also applies
# to runs on your machine.
#state: .c1-audit/state.json

# What is sent to Slack if SLACK_WEBHOOK_URL is set. when: new, findings (any) or always; the default is new if there is
# a state. heartbeat: a message without news, daily or weekly. mentions: Slack user ids by owner's e-mail address.
${slackSection(slack)}
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
    `    expires: ${new Date(now + 180 * 86_400_000).toISOString().slice(0, 10)}`,
  ];
  return lines.map((line) => `#${line}`).join('\n');
}

function slackSection(inForce: boolean): string {
  const off = inForce ? '' : '#';
  const lines = [
    `${off}slack:`,
    '#  when: new',
    `${off}  minSeverity: low`,
    `${off}  heartbeat: weekly`,
    '#  mentions: { "owner@example.com": U0123456789 }',
  ];
  return lines.join('\n');
}
