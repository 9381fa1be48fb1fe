import { hash } from 'node:crypto';
import { type Finding, kindName, type Owner } from '../../contract/index.js';
import type { Report } from '../../engine/report.js';
import { cutTo, forTerminal, safeMarkdown } from '../../reporters/escape.js';
import type { RuleInfo } from '../../reporters/reporter.js';
import { credentialName, datesOf, ownerWords, roleWord } from '../../reporters/words.js';
import type { PushedFinding, StateAction } from './client.js';

/** The first part of the key of every finding of ours. */
export const KEY = 'c1-audit';

/** The annotations' names. By them the next audit recognizes a finding of ours, and knows if it covers it. */
export const NOTE = {
  rule: 'c1-audit/rule',
  kind: 'c1-audit/kind',
  credential: 'c1-audit/credential',
  fingerprint: 'c1-audit/fingerprint',
  version: 'c1-audit/version',
  /** Which part of the tenant the audit covered. */
  reach: 'c1-audit/reach',
  /** A hash of everything that is sent again when it changes. */
  content: 'c1-audit/content',
} as const;

/** How the justification of a risk begins that a waiver accepted. */
export const WAIVED = 'Waived in c1-audit: ';

const LINE = 1000;
const LISTED = 10;

/** What a finding's text is made with. */
export interface Wording {
  readonly report: Pick<Report, 'tool' | 'run'>;
  /** By id, for their titles. A rule that is not here is called by its id. */
  readonly rules: ReadonlyMap<string, RuleInfo>;
  /** By id, for their state. An owner that is not here is assumed to exist. */
  readonly owners: ReadonlyMap<string, Owner>;
  /** See `Sight`. */
  readonly reachOf: (finding: Finding) => string;
}

/** An open finding in ConductorOne's form. */
export function toPushed(finding: Finding, wording: Wording): PushedFinding {
  const { report, rules, owners } = wording;
  const { fingerprint, rule, severity, credential, fix } = finding;
  const reach = wording.reachOf(finding);
  const ownerId = credential?.owner?.id || undefined;
  const status = owners.get(ownerId ?? '')?.status;
  // A finding cannot target a user who does not exist any more, and ConductorOne may send it to the user it targets.
  const untargeted = status === 'gone' || status === 'deleted' || credential?.adviceWithheld;
  const target = untargeted ? undefined : ownerId;
  return {
    dedupKeyParts: [KEY, fingerprint],
    customSubType: rule,
    severity: `FINDING_SEVERITY_${severity.toUpperCase()}`,
    description: describe(finding, rules.get(rule)?.title, wording),
    remediationDescription: safeMarkdown(fix),
    annotations: {
      [NOTE.rule]: noteOf(rule),
      [NOTE.kind]: credential?.kind ?? 'waiver',
      [NOTE.credential]: noteOf(credential?.id ?? ''),
      [NOTE.fingerprint]: fingerprint,
      [NOTE.version]: report.tool.version,
      [NOTE.reach]: noteOf(reach),
      [NOTE.content]: contentOf(finding, target, reach),
    },
    ...(target === undefined ? { tenantTarget: {} } : { identityUserTarget: { identityUserId: target } }),
  };
}

/** Accepts the risk until the waiver's end (milliseconds since the epoch). */
export function toAcceptance(
  { reason, approvedBy, expires }: NonNullable<Finding['waiver']>,
  end: number,
): StateAction {
  const said = `${cutTo(reason, LINE)} (approved by ${approvedBy}, until ${expires})`;
  return {
    acceptRisk: { justification: WAIVED + noteOf(said, LINE), expiresAt: new Date(end).toISOString() },
  };
}

function describe(
  finding: Finding,
  title: string | undefined,
  { report: { run } }: Pick<Wording, 'report'>,
): string {
  const { credential, rule, message } = finding;
  const about = credential
    ? `${safeMarkdown(kindName(credential.kind))} **${safeMarkdown(credentialName(credential))}** (${safeMarkdown(credential.id)}): `
    : '';
  const facts: [string, string][] = credential
    ? [
        ['Owner', ownerWords(credential.owner)],
        ['Dates', datesOf(credential, run.asOf)],
        ['Allowed sources', list(credential.allowedCidrs)],
        ['Scoped roles', list(credential.scopedRoles.map(roleWord))],
      ]
    : [];
  return [
    `**${safeMarkdown(title ?? rule)}**`,
    `${about}${safeMarkdown(message)}`,
    facts
      .filter(([, value]) => value !== '')
      .map(([name, value]) => `- ${safeMarkdown(`${name}: ${value}`)}`)
      .join('\n'),
    // It is not sent again just because a day has passed, so ages are as of that day.
    `Found by c1-audit, rule ${safeMarkdown(rule)}; as of ${run.asOf.slice(0, 10)}.`,
  ]
    .filter((block) => block !== '')
    .join('\n\n');
}

function list(items: readonly string[]): string {
  const more = items.length > LISTED ? `, and ${items.length - LISTED} more` : '';
  return `${items.slice(0, LISTED).join(', ')}${more}`;
}

/** An annotation's value: ConductorOne takes 256 characters. */
function noteOf(text: string, length = 256): string {
  return cutTo(forTerminal(cutTo(text, length)), length);
}

/**
 * Without ages and last use: they change every night although the finding stays the same.
 *
 * The reach is part of a waiver's finding: it must name the reach that it was last found in, or no later audit could
 * resolve it. It is not part of a credential's, as an audit of the tenant covers what any other audit covers.
 */
function contentOf(finding: Finding, target: string | undefined, reach: string): string {
  const { severity, messageId, message, fix, credential } = finding;
  const parts = [severity, messageId, message.replace(/\d+/g, '#'), fix, target ?? null];
  const of = credential && [
    credential.name,
    credential.expiresAt,
    credential.allowedCidrs,
    credential.scopedRoles.map(({ id }) => id),
  ];
  return hash('sha256', JSON.stringify([parts, of ?? reach]), 'hex').slice(0, 16);
}
