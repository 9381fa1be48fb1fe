import { hash } from 'node:crypto';
import { type Finding, kindName, type Owner } from '../../contract/index.js';
import type { Report } from '../../engine/report.js';
import { cutTo, forMarkdown, forTerminal } from '../../reporters/escape.js';
import type { RuleInfo } from '../../reporters/reporter.js';
import { credentialName, datesOf, ownerWords, roleWord } from '../../reporters/words.js';
import type { PushedFinding, StateAction } from './client.js';

/** The first part of the key of every finding of ours. */
export const KEY = 'c1-audit';

/** Annotations by what they hold: what tells, the next night, that a finding is ours and whether it would be seen. */
export const NOTE = {
  rule: 'c1-audit/rule',
  kind: 'c1-audit/kind',
  credential: 'c1-audit/credential',
  fingerprint: 'c1-audit/fingerprint',
  version: 'c1-audit/version',
  /** Which part of the tenant the audit could see. */
  reach: 'c1-audit/reach',
  /** A hash of all that is worth sending again when it changes. */
  content: 'c1-audit/content',
} as const;

/** What an accepted risk's justification begins with where it comes from a waiver. */
export const WAIVED = 'Waived in c1-audit: ';

const LINE = 1000;
const LISTED = 10;

/** What a finding is put into words with. */
export interface Wording {
  readonly report: Pick<Report, 'tool' | 'run'>;
  /** By id: their titles. One that is not here is called by its id. */
  readonly rules: ReadonlyMap<string, RuleInfo>;
  /** By id: who is still there. One that is not known is taken for there. */
  readonly owners: ReadonlyMap<string, Owner>;
  /** See `Sight`. */
  readonly reachOf: (finding: Finding) => string;
}

/** An open finding as ConductorOne takes it. */
export function toPushed(finding: Finding, wording: Wording): PushedFinding {
  const { report, rules, owners } = wording;
  const { fingerprint, rule, severity, credential, fix } = finding;
  const reach = wording.reachOf(finding);
  const ownerId = credential?.owner?.id || undefined;
  const status = owners.get(ownerId ?? '')?.status;
  // Nothing can be hung on a user whom the tenant does not have any more. What targets a user may be sent to that user.
  const untargeted = status === 'gone' || status === 'deleted' || credential?.adviceWithheld;
  const target = untargeted ? undefined : ownerId;
  return {
    dedupKeyParts: [KEY, fingerprint],
    customSubType: rule,
    severity: `FINDING_SEVERITY_${severity.toUpperCase()}`,
    description: describe(finding, rules.get(rule)?.title, wording),
    remediationDescription: markdownOf(fix),
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

/** A waiver's decision, as the acceptance of a risk that ends with it, at `end` (ms since the epoch). */
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
    ? `${markdownOf(kindName(credential.kind))} **${markdownOf(credentialName(credential))}** (${markdownOf(credential.id)}): `
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
    `**${markdownOf(title ?? rule)}**`,
    `${about}${markdownOf(message)}`,
    facts
      .filter(([, value]) => value !== '')
      .map(([name, value]) => `- ${markdownOf(`${name}: ${value}`)}`)
      .join('\n'),
    // It is not sent again just because a day has passed: ages are those of that day.
    `Found by c1-audit, rule ${markdownOf(rule)}; as of ${run.asOf.slice(0, 10)}.`,
  ]
    .filter((block) => block !== '')
    .join('\n\n');
}

function list(items: readonly string[]): string {
  const more = items.length > LISTED ? `, and ${items.length - LISTED} more` : '';
  return `${items.slice(0, LISTED).join(', ')}${more}`;
}

/** Other people's text in Markdown. */
function markdownOf(text: string): string {
  return forMarkdown(cutTo(text, LINE));
}

/** An annotation's value: ConductorOne takes 256 characters. */
function noteOf(text: string, length = 256): string {
  return cutTo(forTerminal(cutTo(text, length)), length);
}

/**
 * Not the ages in the message, nor the last use: they change every night, and the finding stays what it is.
 *
 * On a waiver the reach counts: what stands there must name the one that it was last found in, or no later audit could tell
 * that it is gone. On a credential it does not, as the audit of a whole tenant sees what any other saw.
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
