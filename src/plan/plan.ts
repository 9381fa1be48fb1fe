import {
  DAY,
  type Finding,
  type Kind,
  type Remedy,
  type ReportedCredential,
  type Setting,
  type Severity,
  severityRank,
  type Way,
} from '../contract/index.js';
import { partsOf, type Report } from '../engine/report.js';
import { compareText, groupBy } from '../engine/world.js';
import type { RuleInfo } from '../reporters/reporter.js';
import { createCall, lookCall, revokeCall, tryConditionCall, updateCall } from './calls.js';

/** One thing for a person to do. */
interface Step {
  /** May hold text of others: to be escaped. */
  readonly text: string;
  /** A call that does the same, made of plain characters only. */
  readonly command?: string;
}

/** Where the web pages of a kind are; no address of a single credential's page is documented. */
const PLACES: Readonly<Record<Kind, string>> = {
  'personal-client':
    "your name at the bottom > AI & API > API credentials (earlier: profile menu > API keys; everyone's, for a Super Administrator: Admin > Settings > API keys)",
  'service-principal-credential':
    'Settings > Developers > Service principals > the principal > Credentials > the credential',
  'federation-trust': 'Settings > Developers > Service principals > the principal > Federation > the trust',
};

/** What fixes all findings of one credential, as one list: three rules that ask for a rotation ask once. */
export function stepsFor(
  tenant: string,
  credential: ReportedCredential,
  findings: readonly Finding[],
  rules: ReadonlyMap<string, RuleInfo>,
): readonly Step[] {
  // The fix is the same for all of them: whom to ask.
  if (credential.adviceWithheld) return findings.slice(0, 1).map(({ fix }) => ({ text: fix }));
  const ways = new Set<Way>();
  const settings = new Set<Setting>();
  const first = new Set<string>();
  const advice = new Map<string, string>();
  for (const { rule, messageId, fix } of findings) {
    const remedy = remedyFor(rules.get(rule), messageId);
    if (remedy === undefined) {
      if (!advice.has(fix)) advice.set(fix, rule);
      continue;
    }
    ways.add(remedy.way);
    if (remedy.sets) settings.add(remedy.sets);
    if (remedy.first) first.add(remedy.first);
  }
  const about: About = { tenant, credential, settings, findings, advice, rules };
  return [...[...first].map((text) => ({ text })), ...planned(ways, about)];
}

/** undefined for a rule that brings its own words. */
function remedyFor(rule: RuleInfo | undefined, messageId: string): Remedy | undefined {
  const { plan } = rule ?? {};
  const { messages = {} } = plan ?? {};
  return Object.hasOwn(messages, messageId) ? messages[messageId] : plan;
}

interface About {
  readonly tenant: string;
  readonly credential: ReportedCredential;
  readonly settings: ReadonlySet<Setting>;
  readonly findings: readonly Finding[];
  /** What rules without a plan say in their own words, and the first rule that says it. */
  readonly advice: ReadonlyMap<string, string>;
  readonly rules: ReadonlyMap<string, RuleInfo>;
}

function planned(ways: ReadonlySet<Way>, about: About): Step[] {
  if (ways.has('end')) return [stillUsed(about), revoke(about, 'Then')];
  if (ways.has('finish'))
    return [
      { text: `Move what still uses it over to its successor${successor(about)}.` },
      moved(about),
      revoke(about, 'Then'),
    ];
  // What runs the audit is in use.
  const asks = ways.has('ask') && !about.credential.self ? [ask(about)] : [];
  if (ways.has('replace')) return [...asks, ...replace(about, asks.length > 0, ways.has('federate'))];
  // What is deleted in the end need not be fixed first.
  const advice = [...about.advice.keys()].map((fix) => ({
    text: asks.length > 0 ? `If something does: ${fix}` : fix,
  }));
  if (about.settings.size > 0) {
    const adjusted = adjust(about, asks.length > 0);
    const otherwise = asks.length > 0 ? [revoke(about, 'If not:')] : [];
    const instead = ways.has('federate') ? [alternative(about)] : [];
    return [...asks, ...advice, ...adjusted, ...otherwise, ...instead];
  }
  if (ways.has('federate'))
    return [
      ...asks,
      { text: `Let its workloads sign in through ${trust(about)}.` },
      moved(about),
      revoke(about, 'Then'),
    ];
  if (asks.length > 0)
    return [
      ...asks,
      revoke(about, 'If nothing does,'),
      ...advice,
      { text: 'If something does, have the finding waived, with the reason and an end date.' },
    ];
  return [...advice, ...(ways.has('ask') ? [keepOrMove(about)] : [])];
}

function ask({ tenant, credential }: About): Step {
  const used = credential.lastUsedAt
    ? `it was last used on ${credential.lastUsedAt.slice(0, 10)}`
    : 'no use of it is on record';
  return withCommand(`Find out whether anything still needs it (${used}).`, lookCall(tenant, credential));
}

function keepOrMove({ credential: { kind } }: About): Step {
  return {
    text: `This credential runs the audit: keep it, and have the finding waived with the reason and an end date; or move the audit to another one first (CONDUCTORONE_CLIENT_ID and CONDUCTORONE_CLIENT_SECRET of its job), then ${REVOKE[kind]}.`,
  };
}

function stillUsed({ tenant, credential }: About): Step {
  if (credential.kind === 'federation-trust') return { text: 'Make sure that no workload depends on it.' };
  return withCommand('Make sure that nothing depends on it, by its last use.', lookCall(tenant, credential));
}

const REVOKE: Readonly<Record<Kind, string>> = {
  'personal-client': 'delete it',
  'service-principal-credential': 'revoke it',
  'federation-trust': 'delete it',
};

function revoke({ tenant, credential }: About, when: string): Step {
  const { kind } = credential;
  return withCommand(`${when} ${REVOKE[kind]}: ${PLACES[kind]}.`, revokeCall(tenant, credential));
}

/** The order without an outage: the old one works until the new one is seen at work. */
function replace(about: About, asked: boolean, federates: boolean): Step[] {
  const { tenant, credential, settings, advice, rules } = about;
  const { kind, self } = credential;
  const personal = kind === 'personal-client';
  const needs = [...rules.values()].flatMap(({ kinds, successor: need }) =>
    need !== undefined && kinds?.includes(kind) ? [need] : [],
  );
  const give = needs.length > 0 ? ` Give it ${list([...new Set(needs)])}.` : '';
  const who = personal ? ' Its owner has to do this: a personal key belongs to whoever makes it.' : '';
  return [
    withCommand(
      `${asked ? 'If something does, create' : 'Create'} its successor, beside it: ${placeOfNew(kind)}.${give}${who} The secret is shown once: put it straight into the secret store.`,
      createCall(tenant, credential, settings),
    ),
    ...[...advice]
      .filter(([, rule]) => rules.get(rule)?.successor === undefined)
      .map(([fix, rule]) => ({ text: `So that ${rule} does not report the successor as well: ${fix}` })),
    ...(federates ? [alternative(about)] : []),
    {
      text: self
        ? 'Put the new client id and secret in its place: this credential runs the audit, as CONDUCTORONE_CLIENT_ID and CONDUCTORONE_CLIENT_SECRET of its job.'
        : 'Put the new client id and secret in its place, everywhere it is used.',
    },
    moved(about),
    revoke(about, asked ? 'Then, or if nothing needs it,' : 'Then'),
  ];
}

function placeOfNew(kind: Kind): string {
  return kind === 'personal-client'
    ? 'your name at the bottom > AI & API > Create credential'
    : 'Settings > Developers > Service principals > the principal > Credentials > Create credential';
}

function moved({ tenant, credential }: About): Step {
  return withCommand(
    'Check that the last use has moved: the new one has been used, and the old one not since, for as long as its slowest job takes to come round.',
    lookCall(tenant, credential),
  );
}

function alternative(about: About): Step {
  return {
    text: `Or do without a secret: let its workloads sign in through ${trust(about)}, then ${REVOKE[about.credential.kind]}.`,
  };
}

const ADJUST: Readonly<Record<Setting, string>> = {
  networks: 'limit it to the networks it is used from',
  roles: 'limit it to the roles its job needs',
  name: 'name it after what uses it',
  dpop: 'require DPoP, where its clients can',
  condition: 'let its condition name one workload, as a whole',
};

function adjust({ tenant, credential, settings }: About, asked: boolean): Step[] {
  const what = list([...settings].map((setting) => ADJUST[setting]));
  const trial = settings.has('condition')
    ? [
        withCommand(
          'Write the condition, and try it on the claims of a token that must get in, and of one that must not.',
          tryConditionCall(tenant),
        ),
      ]
    : [];
  return [
    ...trial,
    withCommand(
      `${asked ? 'If something does, ' : ''}${asked ? what : capital(what)}: ${PLACES[credential.kind]}. If the page does not offer that, replace it with one that is created that way.`,
      updateCall(tenant, credential, [...settings]),
    ),
    { text: 'Check that its jobs still run.' },
  ];
}

/** The id of what a finding names as the successor. */
function successor({ findings }: About): string {
  const id = findings.find(({ rule }) => rule === 'rotation-unfinished')?.data.newerId;
  return typeof id === 'string' && id !== '' ? ` (${id})` : '';
}

function trust({ findings }: About): string {
  const id = findings.find(({ rule }) => rule === 'static-beside-federation')?.data.trust;
  return typeof id === 'string' && id !== '' ? `the federation trust ${id}` : 'its federation trust';
}

function withCommand(text: string, command: string | undefined): Step {
  return command === undefined ? { text } : { text, command };
}

function list(items: readonly string[]): string {
  const [last = '', ...others] = [...items].reverse();
  return others.length > 0 ? `${others.reverse().join(', ')} and ${last}` : last;
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** One credential, its open findings by severity, and what to do about all of them together. */
export interface PlannedCredential {
  readonly credential: ReportedCredential;
  readonly severity: Severity;
  /** `YYYY-MM-DD`; null: when there is time. */
  readonly due: string | null;
  readonly findings: readonly Finding[];
  readonly steps: readonly Step[];
}

/** What one owner has to do. */
export interface OwnerPlan {
  /** null: credentials whose owner is not known. */
  readonly owner: ReportedCredential['owner'];
  readonly credentials: readonly PlannedCredential[];
}

/** What people have to do about a report. Nothing in it is done by itself. */
export interface Plan {
  readonly report: Report;
  /** Set where the plan is for one owner alone. */
  readonly only: OwnerPlan['owner'];
  readonly owners: readonly OwnerPlan[];
  /** Checks that could not be made. */
  readonly unknown: readonly Finding[];
  /** Findings on waivers: for whoever keeps the configuration. */
  readonly waivers: readonly Finding[];
  /** Rules by id, for their reasons; those of plug-ins may be missing. */
  readonly rules: ReadonlyMap<string, RuleInfo>;
}

/** Days to put a finding right, from the audit on. */
const DUE_DAYS: Readonly<Record<Severity, number | null>> = {
  critical: 2,
  high: 7,
  medium: 30,
  low: 90,
  info: null,
};

/**
 * Groups a report's open findings by owner and credential, the worst first, and owners nobody knows last.
 *
 * @param owner an id or email: only that owner's part. undefined is returned where the report knows no such owner.
 */
export function makePlan(
  report: Report,
  rules: ReadonlyMap<string, RuleInfo>,
  owner?: string,
): Plan | undefined {
  const wanted = owner === undefined ? undefined : ownerMatcher(owner);
  const known = wanted && report.credentials.find((credential) => wanted(credential.owner))?.owner;
  if (wanted && !known) return undefined;
  const { open, unknown } = partsOf(report);
  const mine = (finding: Finding) =>
    !wanted ||
    // An owner's part is made to be sent to the owner.
    (finding.credential !== null && !finding.credential.adviceWithheld && wanted(finding.credential.owner));
  return {
    report,
    only: known ?? null,
    owners: byOwner(report, rules, open.filter(mine)),
    unknown: unknown.filter(mine),
    waivers: wanted ? [] : open.filter(({ credential }) => credential === null),
    rules,
  };
}

function ownerMatcher(wanted: string): (owner: ReportedCredential['owner']) => boolean {
  const email = wanted.toLowerCase();
  return (owner) =>
    owner !== null && (owner.id === wanted || (owner.email !== '' && owner.email.toLowerCase() === email));
}

function byOwner(report: Report, rules: Plan['rules'], findings: readonly Finding[]): OwnerPlan[] {
  const byCredential = groupBy(findings, ({ credential }) =>
    credential ? JSON.stringify([credential.kind, credential.id]) : undefined,
  );
  const credentials = [...byCredential.values()].flatMap((group) => planCredential(report, rules, group));
  const byId = groupBy(credentials, ({ credential: { owner } }) =>
    owner ? JSON.stringify([owner.id, owner.id === '' ? owner.email : '']) : '',
  );
  return [...byId]
    .map(([key, group]) => ({
      key,
      owner: group[0]?.credential.owner ?? null,
      credentials: group.sort(
        (a, b) =>
          bySeverity(a, b) ||
          compareText(a.credential.kind, b.credential.kind) ||
          compareText(a.credential.id, b.credential.id),
      ),
    }))
    .sort(
      (a, b) =>
        Number(a.owner === null) - Number(b.owner === null) ||
        bySeverity(a.credentials[0], b.credentials[0]) ||
        compareText(a.owner?.name ?? '', b.owner?.name ?? '') ||
        compareText(a.key, b.key),
    )
    .map(({ owner, credentials: theirs }) => ({ owner, credentials: theirs }));
}

function planCredential(
  { run }: Report,
  rules: Plan['rules'],
  findings: readonly Finding[],
): PlannedCredential[] {
  const sorted = [...findings].sort((a, b) => bySeverity(a, b) || compareText(a.rule, b.rule));
  const [worst] = sorted;
  if (!worst?.credential) return [];
  const { credential, severity } = worst;
  return [
    {
      credential,
      severity,
      due: dueDate(severity, credential, Date.parse(run.asOf)),
      findings: sorted,
      steps: stepsFor(run.tenant, credential, sorted, rules),
    },
  ];
}

/** No later than the day on which the credential ends by itself: from then on what uses it stands still. */
function dueDate(severity: Severity, { expiresAt }: ReportedCredential, now: number): string | null {
  const days = DUE_DAYS[severity];
  if (days === null) return null;
  const due = now + days * DAY;
  const end = expiresAt === null ? due : Date.parse(expiresAt);
  return new Date(end > now && end < due ? end : due).toISOString().slice(0, 10);
}

interface Severe {
  readonly severity: Severity;
}

function bySeverity(a: Severe | undefined, b: Severe | undefined): number {
  return (b ? severityRank(b.severity) : -1) - (a ? severityRank(a.severity) : -1);
}
