import { FRAMEWORKS, type FrameworkName } from '../../contract/index.js';
import type { DocumentedRule } from './rules.js';

interface Control {
  readonly id: string;
  readonly title: string;
  /** What of it c1-audit does not judge, and why. */
  readonly limit?: string;
}

interface ControlList {
  readonly source: string;
  /** Those on credentials and accounts that are not people's. */
  readonly controls: readonly Control[];
}

const PROCESS = 'a process of your own, which leaves no trace in ConductorOne';

/** The controls of each framework that concern non-human credentials, judged or not. */
const CONTROL_LISTS: Record<FrameworkName, ControlList> = {
  'owasp-nhi': {
    source: 'https://owasp.org/www-project-non-human-identities-top-10/',
    controls: [
      { id: 'NHI1', title: 'Improper Offboarding' },
      { id: 'NHI2', title: 'Secret Leakage', limit: 'c1-audit searches for no secrets' },
      { id: 'NHI3', title: 'Vulnerable Third-Party NHI', limit: 'how secure a third party is' },
      { id: 'NHI4', title: 'Insecure Authentication' },
      { id: 'NHI5', title: 'Overprivileged NHI' },
      {
        id: 'NHI6',
        title: 'Insecure Cloud Deployment Configurations',
        limit: "everything but ConductorOne's federation trusts",
      },
      { id: 'NHI7', title: 'Long-Lived Secrets' },
      {
        id: 'NHI8',
        title: 'Environment Isolation',
        limit: 'ConductorOne does not record the environment of a credential',
      },
      {
        id: 'NHI9',
        title: 'NHI Reuse',
        limit: 'ConductorOne does not record which workloads share a credential',
      },
      {
        id: 'NHI10',
        title: 'Human Use of NHI',
        limit: 'ConductorOne does not record whether a person or a program uses a credential',
      },
    ],
  },
  'cis-controls-8': {
    source: 'https://www.cisecurity.org/controls',
    controls: [
      {
        id: '5.1',
        title: 'Establish and Maintain an Inventory of Accounts',
        limit: `the quarterly review: ${PROCESS}`,
      },
      { id: '5.3', title: 'Disable Dormant Accounts' },
      { id: '5.4', title: 'Restrict Administrator Privileges to Dedicated Administrator Accounts' },
      {
        id: '5.5',
        title: 'Establish and Maintain an Inventory of Service Accounts',
        limit: `the quarterly review: ${PROCESS}`,
      },
      { id: '6.1', title: 'Establish an Access Granting Process', limit: PROCESS },
      { id: '6.2', title: 'Establish an Access Revoking Process' },
      {
        id: '6.8',
        title: 'Define and Maintain Role-Based Access Control',
        limit: 'whether a role fits its task',
      },
    ],
  },
  'nist-800-53': {
    source: 'https://csrc.nist.gov/pubs/sp/800/53/r5/upd1/final',
    controls: [
      { id: 'AC-2', title: 'Account Management', limit: PROCESS },
      { id: 'AC-2(3)', title: 'Disable Accounts' },
      {
        id: 'AC-2(4)',
        title: 'Automated Audit Actions',
        limit: 'changes that were undone between two audits',
      },
      { id: 'AC-2(11)', title: 'Usage Conditions', limit: 'conditions other than source networks' },
      {
        id: 'AC-2(12)',
        title: 'Account Monitoring for Atypical Usage',
        limit: 'use that does not differ from before in time',
      },
      {
        id: 'AC-2(13)',
        title: 'Disable Accounts for High-risk Individuals',
        limit: 'ConductorOne does not record who is a risk',
      },
      { id: 'AC-6', title: 'Least Privilege', limit: 'whether a narrow role fits its task' },
      { id: 'AC-6(5)', title: 'Privileged Accounts' },
      { id: 'AC-6(7)', title: 'Review of User Privileges', limit: PROCESS },
      { id: 'IA-5', title: 'Authenticator Management', limit: 'how secrets are stored and handed over' },
      {
        id: 'IA-5(7)',
        title: 'No Embedded Unencrypted Static Authenticators',
        limit: 'c1-audit reads no code and no configuration of yours',
      },
      { id: 'IA-9', title: 'Service Identification and Authentication' },
      { id: 'PS-4', title: 'Personnel Termination', limit: 'how soon after the termination' },
    ],
  },
  'pci-dss-4.0.1': {
    source: 'https://www.pcisecuritystandards.org/document_library/',
    controls: [
      { id: '7.2.5', title: 'Application and system accounts have the least privileges they need' },
      { id: '7.2.5.1', title: 'Access of application and system accounts is reviewed', limit: PROCESS },
      { id: '8.2.4', title: 'Changes of accounts and credentials are authorized', limit: PROCESS },
      { id: '8.2.5', title: 'Access of terminated users is revoked immediately' },
      { id: '8.2.6', title: 'Inactive accounts are removed or disabled within 90 days' },
      {
        id: '8.6.1',
        title: 'Interactive use of system accounts is prevented or approved',
        limit: 'ConductorOne does not record whether a person or a program uses a credential',
      },
      {
        id: '8.6.2',
        title: 'Secrets are not hard-coded',
        limit: 'c1-audit reads no code and no configuration of yours',
      },
      {
        id: '8.6.3',
        title: 'Secrets of application and system accounts are changed periodically and protected',
        limit: 'the frequency that your own risk analysis defines, unless you set it as an option',
      },
    ],
  },
  'fedramp-20x': {
    source:
      'https://www.fedramp.gov/2026/providers/20x/key-security-indicators/identity-and-access-management/',
    controls: [
      { id: 'KSI-IAM-AAM', title: 'Automating Account Management', limit: 'how accounts are created' },
      { id: 'KSI-IAM-ELP', title: 'Ensuring Least Privilege', limit: 'whether a narrow role fits its task' },
      {
        id: 'KSI-IAM-JIT',
        title: 'Authorizing Just-in-Time',
        limit: 'requests and approvals are in ConductorOne, but not in the lists of credentials',
      },
      { id: 'KSI-IAM-SNU', title: 'Securing Non-User Authentication' },
      {
        id: 'KSI-IAM-SUS',
        title: 'Responding to Suspicious Activity',
        limit: 'the response: c1-audit reports',
      },
      {
        id: 'KSI-SVC-ASM',
        title: 'Automating Secret Management',
        limit: 'how secrets are stored and distributed',
      },
    ],
  },
};

export interface ControlCoverage {
  readonly id: string;
  /** Empty for a control that only a plug-in names. */
  readonly title: string;
  /** Ids of the rules that give evidence on it; empty: it is not judged. */
  readonly rules: readonly string[];
  /** What is not judged; null: c1-audit knows of nothing. */
  readonly notJudged: string | null;
}

export interface FrameworkCoverage {
  readonly framework: FrameworkName;
  readonly name: string;
  readonly source: string;
  readonly controls: readonly ControlCoverage[];
}

/** Which rules give evidence on which controls of a framework, and which controls no rule judges. */
export function coverageOf(framework: FrameworkName, rules: readonly DocumentedRule[]): FrameworkCoverage {
  const { source, controls } = CONTROL_LISTS[framework];
  const naming = (id: string) =>
    rules.filter((rule) => rule.controls?.[framework]?.includes(id)).map((rule) => rule.id);
  const listed = new Set(controls.map(({ id }) => id));
  const others = new Set(
    rules.flatMap((rule) => rule.controls?.[framework] ?? []).filter((id) => !listed.has(id)),
  );
  return {
    framework,
    name: FRAMEWORKS[framework].name,
    source,
    controls: [...controls, ...[...others].sort().map((id): Control => ({ id, title: '' }))].map(
      ({ id, title, limit }) => ({ id, title, rules: naming(id), notJudged: limit ?? null }),
    ),
  };
}

/** What is judged of a control, in words. */
export function judgedWords({ rules, notJudged }: ControlCoverage): string {
  if (rules.length === 0) return `not judged: ${notJudged}`;
  const part = notJudged === null ? '' : `; not judged: ${notJudged}`;
  return `${rules.join(', ')}${part}`;
}

/** The number of controls that rules give evidence on, and what that means. */
export function coverageSummary({ controls }: FrameworkCoverage): string {
  const judged = controls.filter(({ rules }) => rules.length > 0).length;
  return `${judged} of ${controls.length} controls on non-human credentials are judged, in full or in part. Findings are evidence: a report without findings does not prove compliance.`;
}

/** For a terminal. */
export function describeCoverage(coverage: FrameworkCoverage): string {
  const width = Math.max(...coverage.controls.map(({ id }) => id.length));
  const lines = coverage.controls.flatMap((control) => [
    `${control.id.padEnd(width)}  ${control.title}`.trimEnd(),
    `${' '.repeat(width)}  ${judgedWords(control)}`,
  ]);
  return [coverage.name, coverage.source, '', ...lines, '', coverageSummary(coverage), ''].join('\n');
}
