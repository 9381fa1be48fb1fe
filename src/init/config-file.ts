import { exampleClientId, type Setup } from './setup.js';

/**
 * `c1-audit.config.yaml`. A comment has one blank after its #; settings that are not in force have none, so that taking
 * the # away puts them in force.
 *
 * @param now milliseconds since the epoch.
 */
export function configFile(setup: Setup, version: string, now: number): string {
  const { tenant, scope, profile, failOn, slack } = setup;
  return `# yaml-language-server: $schema=https://unpkg.com/c1-audit@${version}/schema/config.json
#
# What c1-audit looks for in ${tenant}, and what it fails on. Flags and C1_AUDIT_… variables win over this file;
# \`npx c1-audit@${version} --print-config\` shows what is in force and why. Secrets have no place in here: a file that
# holds one is refused.

# Whose credentials: mine (those of whoever the audit logs in as) or tenant (everyone's; needs Super Administrator).
scope: ${scope}

# What is audited. Without it: personal-clients for scope mine, all three for scope tenant. What is named here must be
# readable, or the run is incomplete (exit 3).
#sources: [personal-clients, service-principals, federation-trusts]

# A set of limits: default, cis, pci, fedramp-high or strict. What stands under rules wins over it.
profile: ${profile}

# From this severity on a finding makes the exit code 1 and so the nightly run fail: info, low, medium, high, critical;
# never turns it off. An audit that failed or is incomplete fails the run whatever stands here.
failOn: ${failOn}

# Findings below it are left out of reports. It must not be above failOn.
minSeverity: info

# Single rules: off, another severity, other limits. \`c1-audit rules\` lists them, \`c1-audit rules unused\` explains one.
#rules:
#  unused: { days: 45, severity: high }
#  default-name: off

# Rules of your own: files beside this one, or packages. They are code that runs with the audit's rights.
#plugins: ["./rules/ours.mjs"]

# Findings that somebody accepted, for a time. They stay visible and never count. The credential is an id, a client id
# or { name: "a pattern on the name", owner: its owner's id or email }; expires is the last day, in UTC, at most 366 days
# ahead.
${waiver(setup, now)}

# Where findings are remembered, to tell new from known. The workflow names it for the nightly runs; here it would also
# hold for runs on your machine.
#state: .c1-audit/state.json

# What Slack is told where SLACK_WEBHOOK_URL is set. when: new, findings (any) or always; without it new where there is
# a state. heartbeat: a sign of life without news, daily or weekly. mentions: Slack user ids by owner's email.
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
