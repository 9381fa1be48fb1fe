import { FRAMEWORKS, type FrameworkName } from '../../contract/index.js';
import type { DocumentedRule } from './rules.js';

/** What of it c1-audit does not judge, and why, comes last. */
type Control = readonly [id: string, title: string, limit?: string];

const PROCESS = 'a process of your own, which leaves no trace in ConductorOne';

/** The controls of each framework that concern credentials and accounts that are not people's, judged or not. */
// biome-ignore format: a table
const CONTROL_LISTS: Record<FrameworkName, { readonly source: string; readonly controls: readonly Control[] }> = {
  'owasp-nhi': {
    source: 'https://owasp.org/www-project-non-human-identities-top-10/',
    controls: [
      ['NHI1', 'Improper Offboarding'],
      ['NHI2', 'Secret Leakage', 'c1-audit searches for no secrets'],
      ['NHI3', 'Vulnerable Third-Party NHI', 'how secure a third party is'],
      ['NHI4', 'Insecure Authentication'],
      ['NHI5', 'Overprivileged NHI'],
      ['NHI6', 'Insecure Cloud Deployment Configurations', "everything but ConductorOne's federation trusts"],
      ['NHI7', 'Long-Lived Secrets'],
      ['NHI8', 'Environment Isolation', 'ConductorOne does not record the environment of a credential'],
      ['NHI9', 'NHI Reuse', 'ConductorOne does not record which workloads share a credential'],
      ['NHI10', 'Human Use of NHI', 'ConductorOne does not record whether a person or a program uses a credential'],
    ],
  },
  'cis-controls-8': {
    source: 'https://www.cisecurity.org/controls',
    controls: [
      ['5.1', 'Establish and Maintain an Inventory of Accounts', `the quarterly review: ${PROCESS}`],
      ['5.3', 'Disable Dormant Accounts'],
      ['5.4', 'Restrict Administrator Privileges to Dedicated Administrator Accounts'],
      ['5.5', 'Establish and Maintain an Inventory of Service Accounts', `the quarterly review: ${PROCESS}`],
      ['6.1', 'Establish an Access Granting Process', PROCESS],
      ['6.2', 'Establish an Access Revoking Process'],
      ['6.8', 'Define and Maintain Role-Based Access Control', 'whether a role fits its task'],
    ],
  },
  'nist-800-53': {
    source: 'https://csrc.nist.gov/pubs/sp/800/53/r5/upd1/final',
    controls: [
      ['AC-2', 'Account Management', PROCESS],
      ['AC-2(3)', 'Disable Accounts'],
      ['AC-2(4)', 'Automated Audit Actions', 'changes that were undone between two audits'],
      ['AC-2(11)', 'Usage Conditions', 'conditions other than source networks'],
      ['AC-2(12)', 'Account Monitoring for Atypical Usage', 'use that does not differ from before in time'],
      ['AC-2(13)', 'Disable Accounts for High-risk Individuals', 'ConductorOne does not record who is a risk'],
      ['AC-6', 'Least Privilege', 'whether a narrow role fits its task'],
      ['AC-6(5)', 'Privileged Accounts'],
      ['AC-6(7)', 'Review of User Privileges', PROCESS],
      ['IA-5', 'Authenticator Management', 'how secrets are stored and handed over'],
      ['IA-5(7)', 'No Embedded Unencrypted Static Authenticators', 'c1-audit reads no code and no configuration of yours'],
      ['IA-9', 'Service Identification and Authentication'],
      ['PS-4', 'Personnel Termination', 'how soon after the termination'],
    ],
  },
  'pci-dss-4.0.1': {
    source: 'https://www.pcisecuritystandards.org/document_library/',
    controls: [
      ['7.2.5', 'Application and system accounts have the least privileges they need'],
      ['7.2.5.1', 'Access of application and system accounts is reviewed', PROCESS],
      ['8.2.4', 'Changes of accounts and credentials are authorized', PROCESS],
      ['8.2.5', 'Access of terminated users is revoked immediately'],
      ['8.2.6', 'Inactive accounts are removed or disabled within 90 days'],
      ['8.6.1', 'Interactive use of system accounts is prevented or approved', 'ConductorOne does not record whether a person or a program uses a credential'],
      ['8.6.2', 'Secrets are not hard-coded', 'c1-audit reads no code and no configuration of yours'],
      ['8.6.3', 'Secrets of application and system accounts are changed periodically and protected', 'the frequency that your own risk analysis defines, unless you set it as an option'],
    ],
  },
  'fedramp-20x': {
    source: 'https://www.fedramp.gov/2026/providers/20x/key-security-indicators/identity-and-access-management/',
    controls: [
      ['KSI-IAM-AAM', 'Automating Account Management', 'how accounts are created'],
      ['KSI-IAM-ELP', 'Ensuring Least Privilege', 'whether a narrow role fits its task'],
      ['KSI-IAM-JIT', 'Authorizing Just-in-Time', 'requests and approvals are in ConductorOne, but not in the lists of credentials'],
      ['KSI-IAM-SNU', 'Securing Non-User Authentication'],
      ['KSI-IAM-SUS', 'Responding to Suspicious Activity', 'the response: c1-audit reports'],
      ['KSI-SVC-ASM', 'Automating Secret Management', 'how secrets are stored and distributed'],
    ],
  },
};

type FrameworkCoverage = ReturnType<typeof coverageOf>;

/**
 * Which rules give evidence on which controls of a framework, and which controls no rule judges. A control that only a
 * plug-in names has no title; `notJudged` is null where c1-audit knows of nothing.
 */
export function coverageOf(framework: FrameworkName, rules: readonly DocumentedRule[]) {
  const { source, controls } = CONTROL_LISTS[framework];
  const naming = (id: string) =>
    rules.filter((rule) => rule.controls?.[framework]?.includes(id)).map((rule) => rule.id);
  const listed = new Set(controls.map(([id]) => id));
  const others = new Set(
    rules.flatMap((rule) => rule.controls?.[framework] ?? []).filter((id) => !listed.has(id)),
  );
  return {
    framework,
    name: FRAMEWORKS[framework].name,
    source,
    controls: [...controls, ...[...others].sort().map((id): Control => [id, ''])].map(
      ([id, title, limit]) => ({ id, title, rules: naming(id), notJudged: limit ?? null }),
    ),
  };
}

export function judgedWords({ rules, notJudged }: FrameworkCoverage['controls'][number]): string {
  if (rules.length === 0) return `not judged: ${notJudged}`;
  const part = notJudged === null ? '' : `; not judged: ${notJudged}`;
  return `${rules.join(', ')}${part}`;
}

/** The number of controls that rules give evidence on, and what that means. */
export function coverageSummary({ controls }: FrameworkCoverage): string {
  const judged = controls.filter(({ rules }) => rules.length > 0).length;
  return `${judged} of ${controls.length} controls on non-human credentials are judged, in full or in part. Findings are evidence: a report without findings does not prove compliance.`;
}

export function describeCoverage(coverage: FrameworkCoverage): string {
  const width = Math.max(...coverage.controls.map(({ id }) => id.length));
  const lines = coverage.controls.flatMap((control) => [
    `${control.id.padEnd(width)}  ${control.title}`.trimEnd(),
    `${' '.repeat(width)}  ${judgedWords(control)}`,
  ]);
  return [coverage.name, coverage.source, '', ...lines, '', coverageSummary(coverage), ''].join('\n');
}
