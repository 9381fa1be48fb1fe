import {
  count,
  countDays,
  DAY,
  type Finding,
  hasFact,
  type Kind,
  type Remedy,
  type ReportedCredential,
  type Setting,
  type Severity,
  severityRank,
  type Way,
  wholeDays,
} from '../contract/index.js';
import { compareText, groupBy, partsOf, type Report } from '../engine/report.js';
import type { RuleInfo } from '../reporters/reporter.js';
import { byCredential } from '../reporters/view.js';
import { capital, PLACES } from '../reporters/words.js';
import { createCall, lookCall, revokeCall, tryConditionCall, updateCall } from './calls.js';

/** `a, b and c` */
const AND = new Intl.ListFormat('en-GB');

/** What people have to do about a report. c1-audit does none of it. */
export interface Plan {
  readonly report: Report;
  /** Set in a plan for one owner alone. */
  readonly only: OwnerPlan['owner'];
  readonly owners: readonly OwnerPlan[];
  readonly unknown: readonly Finding[];
  /** Findings on waivers: for whoever maintains the configuration. */
  readonly waivers: readonly Finding[];
  /** Rules by id, for their reasons; those of plug-ins may be missing. */
  readonly rules: Rules;
}

type Rules = ReadonlyMap<string, RuleInfo>;

/** What one owner has to do. */
export interface OwnerPlan {
  /** null: credentials whose owner is not known. */
  readonly owner: ReportedCredential['owner'];
  readonly credentials: readonly PlannedCredential[];
}

/** One credential, its open findings by severity, and the steps that fix all of them together. */
export interface PlannedCredential {
  readonly credential: ReportedCredential;
  readonly severity: Severity;
  /** `YYYY-MM-DD`; null: when there is time. */
  readonly due: string | null;
  readonly findings: readonly Finding[];
  readonly steps: readonly Step[];
}

/** One thing for a person to do. */
interface Step {
  /** May hold text by others: to be escaped. */
  readonly text: string;
  /** An API call that does the same, made of plain characters only. */
  readonly command?: string | undefined;
}

/**
 * Groups a report's open findings by owner and credential, the worst first, and credentials without a known owner last.
 *
 * @param owner an id or email: only that owner's part. undefined is returned if the report knows no such owner.
 */
export function makePlan(report: Report, rules: Rules, owner?: string): Plan | undefined {
  const wanted = owner === undefined ? undefined : ownerMatcher(owner);
  const known = wanted && report.credentials.find((credential) => wanted(credential.owner))?.owner;
  if (wanted && !known) return undefined;
  const { open, unknown } = partsOf(report);
  const mine = ({ credential }: Finding) =>
    // An owner's part is made to be sent to the owner.
    !wanted || (credential !== null && !credential.adviceWithheld && wanted(credential.owner));
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

function byOwner({ run }: Report, rules: Rules, findings: readonly Finding[]): OwnerPlan[] {
  const credentials = byCredential(findings).map(
    (group): PlannedCredential => ({
      ...group,
      due: dueDate(group.severity, group.credential, Date.parse(run.asOf)),
      steps: stepsFor(run, group.credential, group.findings, rules),
    }),
  );
  const keyOf = (owner: OwnerPlan['owner']) =>
    owner ? JSON.stringify([owner.id, owner.id === '' ? owner.email : '']) : '';
  return [...groupBy(credentials, ({ credential }) => keyOf(credential.owner)).values()]
    .map((group) => ({
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
        compareText(keyOf(a.owner), keyOf(b.owner)),
    );
}

function bySeverity(a: PlannedCredential | undefined, b: PlannedCredential | undefined): number {
  return (b ? severityRank(b.severity) : -1) - (a ? severityRank(a.severity) : -1);
}

/** Days to fix a finding, counted from the audit. */
const DUE_DAYS = { critical: 2, high: 7, medium: 30, low: 90, info: null } satisfies Record<
  Severity,
  number | null
>;

/** No later than the day the credential expires: its jobs stop then. */
function dueDate(severity: Severity, { expiresAt }: ReportedCredential, now: number): string | null {
  const days = DUE_DAYS[severity];
  if (days === null) return null;
  const due = now + days * DAY;
  const end = expiresAt === null ? due : Date.parse(expiresAt);
  return new Date(end > now && end < due ? end : due).toISOString().slice(0, 10);
}

/** The steps that fix all findings of one credential: three rules that ask for a rotation lead to one. */
export function stepsFor(
  { tenant, asOf }: Pick<Report['run'], 'tenant' | 'asOf'>,
  credential: ReportedCredential,
  findings: readonly Finding[],
  rules: Rules,
): readonly Step[] {
  // All of them have the same fix: whom to ask.
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
  const about: About = { tenant, asOf, credential, settings, findings, advice, rules };
  return [...[...first].map((text) => ({ text })), ...planned(ways, about)];
}

/** undefined for a rule without a plan. */
function remedyFor(rule: RuleInfo | undefined, messageId: string): Remedy | undefined {
  const { plan } = rule ?? {};
  const { messages = {} } = plan ?? {};
  return Object.hasOwn(messages, messageId) ? messages[messageId] : plan;
}

interface About {
  readonly tenant: string;
  readonly asOf: string;
  readonly credential: ReportedCredential;
  readonly settings: ReadonlySet<Setting>;
  readonly findings: readonly Finding[];
  /** The fixes of rules without a plan, each with the first rule that has it. */
  readonly advice: ReadonlyMap<string, string>;
  readonly rules: Rules;
}

function planned(ways: ReadonlySet<Way>, about: About): Step[] {
  if (ways.has('end')) return [stillUsed(about), revoke(about, 'Then')];
  if (ways.has('finish')) return [switchOver(about), moved(about), revoke(about, 'Then')];
  const unused = unusedWords(about.credential, about.asOf);
  if (ways.has('ask') && unused && !about.credential.self) return [{ text: unused }, revoke(about, 'Then')];
  // The credential that runs the audit is in use.
  const asks = ways.has('ask') && !about.credential.self ? [ask(about)] : [];
  if (ways.has('replace')) return [...asks, ...replace(about, asks.length > 0, ways.has('federate'))];
  // A credential that is deleted in the end need not be fixed first.
  const advice = [...about.advice.keys()].map((fix) => ({
    text: asks.length > 0 ? `If something does: ${fix}` : fix,
  }));
  if (about.settings.size > 0) {
    const adjusted = adjust(about, asks.length > 0);
    const otherwise = asks.length > 0 ? [revoke(about, 'If not:')] : [];
    const instead = ways.has('federate') ? [alternative(about)] : [];
    return [...asks, ...advice, ...adjusted, ...otherwise, ...instead];
  }
  if (ways.has('federate')) {
    const text = `Let its workloads sign in through ${trust(about)}.`;
    return [...asks, { text }, moved(about), revoke(about, 'Then')];
  }
  if (asks.length > 0)
    return [
      ...asks,
      revoke(about, 'If nothing does,'),
      ...advice,
      { text: 'If something does, waive the finding, with the reason and an end date.' },
    ];
  return [...advice, ...(ways.has('ask') ? [keepOrMove(about)] : [])];
}

function ask({ tenant, asOf, credential }: About): Step {
  const none = hasFact(credential.kind, 'lastUsedAt')
    ? 'no use of it is on record'
    : 'ConductorOne does not show its use';
  const last = credential.lastUsedAt && `it was last used on ${credential.lastUsedAt.slice(0, 10)}`;
  const used = useWords(credential, asOf) ?? last ?? none;
  return {
    text: `Find out whether anything still needs it (${used}).`,
    command: lookCall(tenant, credential),
  };
}

/** As the system log shows it; undefined if that shows no use. */
function useWords({ use }: ReportedCredential, asOf: string): string | undefined {
  if (!use?.lastAt) return undefined;
  const days = wholeDays(Date.parse(asOf) - Date.parse(use.lastAt));
  const last = days < 1 ? 'in the last day' : `last ${countDays(days)} ago`;
  return `it was used from ${count(use.addresses, 'address', 'addresses')}, ${last}`;
}

/** Days that the log must cover at least to show that nothing uses a credential. */
const ENOUGH = 30;

/** That nothing uses it, where the system log covers enough time to show that. */
function unusedWords({ use, lastUsedAt }: ReportedCredential, asOf: string): string | undefined {
  if (use?.lastAt !== null || (lastUsedAt !== null && lastUsedAt >= use.since)) return undefined;
  const covered = Date.parse(asOf) - Date.parse(use.since);
  return covered < ENOUGH * DAY
    ? undefined
    : `No use in the ${countDays(wholeDays(covered))} the log covers: safe to revoke.`;
}

function keepOrMove({ credential: { kind } }: About): Step {
  return {
    text: `This credential runs the audit. Keep it and waive the finding, with the reason and an end date; or switch the audit to another one first (CONDUCTORONE_CLIENT_ID and CONDUCTORONE_CLIENT_SECRET of its job), then ${REVOKE[kind]}.`,
  };
}

function stillUsed({ tenant, asOf, credential }: About): Step {
  const used = useWords(credential, asOf);
  if (!used && !hasFact(credential.kind, 'lastUsedAt'))
    return { text: 'Make sure that no workload depends on it.' };
  const text = `Make sure that nothing depends on it: ${used ?? 'check its last use'}.`;
  return { text, command: lookCall(tenant, credential) };
}

const REVOKE: Readonly<Record<Kind, string>> = {
  'personal-client': 'delete it',
  'service-principal-credential': 'revoke it',
  'federation-trust': 'delete it',
  'external-client': 'revoke it',
  'tunnel-credential': 'revoke it',
  'llm-gateway-key': 'revoke it',
  function: 'delete it',
};

function revoke({ tenant, credential }: About, when: string): Step {
  const { kind } = credential;
  return { text: `${when} ${REVOKE[kind]}: ${PLACES[kind]}.`, command: revokeCall(tenant, credential) };
}

/** Without an outage: the old credential works until the new one is known to. */
function replace(about: About, asked: boolean, federates: boolean): Step[] {
  const { tenant, credential, settings, advice, rules } = about;
  const { kind, self } = credential;
  const create = NEW[kind];
  const needs = [...rules.values()].flatMap(({ kinds, successor: need }) =>
    need !== undefined && kinds?.includes(kind) ? [need] : [],
  );
  const end = create.endsOld ? 'If nothing needs it,' : asked ? 'Then, or if nothing needs it,' : 'Then';
  const give = needs.length > 0 && !create.endsOld ? ` Give it ${AND.format([...new Set(needs)])}.` : '';
  return [
    {
      text: `${asked ? `If something does, ${create.what}` : capital(create.what)}: ${create.where}.${give}${create.also}`,
      command: createCall(tenant, credential, settings),
    },
    ...[...advice]
      .filter(([, rule]) => rules.get(rule)?.successor === undefined)
      .map(([fix, rule]) => ({ text: `So that ${rule} does not report the successor as well: ${fix}` })),
    ...(federates ? [alternative(about)] : []),
    {
      text: self
        ? 'Replace it with the new client id and secret: this credential runs the audit, as CONDUCTORONE_CLIENT_ID and CONDUCTORONE_CLIENT_SECRET of its job.'
        : `Replace it with ${create.given} everywhere it is used.`,
    },
    moved(about),
    ...(create.endsOld && !asked ? [] : [revoke(about, end)]),
  ];
}

/** How a successor comes about. */
interface New {
  readonly what: string;
  readonly where: string;
  readonly also: string;
  readonly given: string;
  /** Creating it revokes the old one, and takes no settings. */
  readonly endsOld?: true;
}

const SUCCESSOR = 'create its successor and keep the old one for now';
const ONCE = ' The secret is shown only once: store it in the secret manager at once.';
const OF_PRINCIPAL: New = {
  what: SUCCESSOR,
  where: 'Settings > Developers > Service principals > the principal > Credentials > Create credential',
  also: ONCE,
  given: 'the new client id and secret',
};

const NEW: Readonly<Record<Kind, New>> = {
  'personal-client': {
    ...OF_PRINCIPAL,
    where: 'your name at the bottom > AI & API > Create credential',
    also: ` Its owner has to do this: a personal client belongs to whoever creates it.${ONCE}`,
  },
  'service-principal-credential': OF_PRINCIPAL,
  'federation-trust': OF_PRINCIPAL,
  'external-client': {
    what: 'connect the client again and approve it with the roles it needs',
    where: 'in the client itself',
    also: ' Only the user who approved it can do this.',
    given: 'the new connection',
  },
  'tunnel-credential': {
    what: 'create its successor when the tunnel may be down for a moment, as this revokes the old one at once',
    where: PLACES['tunnel-credential'],
    also: ` Set an end date if the page offers one.${ONCE}`,
    given: 'the new client id and secret',
    endsOld: true,
  },
  'llm-gateway-key': {
    what: SUCCESSOR,
    where: 'the LLM gateway > API keys',
    also: ONCE,
    given: 'the new key',
  },
  function: { what: SUCCESSOR, where: 'Functions', also: '', given: 'the new function' },
};

function moved({ tenant, credential }: About): Step {
  return {
    text: hasFact(credential.kind, 'lastUsedAt')
      ? 'Wait until its least frequent job has run. Then check that the new one was used and the old one was not.'
      : 'Wait until its least frequent job has run with the new one. ConductorOne does not show the use of this kind.',
    command: lookCall(tenant, credential),
  };
}

function alternative(about: About): Step {
  const end = REVOKE[about.credential.kind];
  return { text: `Or use no secret: let its workloads sign in through ${trust(about)}, then ${end}.` };
}

const ADJUST: Readonly<Record<Setting, string>> = {
  networks: 'limit it to the networks it is used from',
  roles: 'limit it to the roles its job needs',
  name: 'name it after what uses it',
  dpop: 'require DPoP if its clients support it',
  condition: 'let its condition name exactly one workload',
};

function adjust(about: About, asked: boolean): Step[] {
  const { tenant, credential, settings } = about;
  const networks = networksUsed(about);
  const what = AND.format(
    [...settings].map((setting) =>
      setting === 'networks' && networks
        ? `limit it to ${networks}, which hold every address that the system log shows`
        : ADJUST[setting],
    ),
  );
  const trial = {
    text: 'Write the condition, and test it on the claims of a token that must be accepted and of one that must not.',
    command: tryConditionCall(tenant),
  };
  return [
    ...(settings.has('condition') ? [trial] : []),
    {
      text: `${asked ? 'If something does, ' : ''}${asked ? what : capital(what)}: ${PLACES[credential.kind]}. If the page does not offer this, ${credential.kind === 'external-client' ? NEW[credential.kind].what : 'replace the credential with one created this way'}.`,
      command: updateCall(tenant, credential, [...settings]),
    },
    { text: 'Check that its jobs still run.' },
  ];
}

/** The networks that a finding proposes. */
function networksUsed({ findings }: About): string | undefined {
  const networks = findings.find(({ rule }) => rule === 'network-wider-than-use')?.data.networks;
  return Array.isArray(networks) && networks.length > 0 ? networks.join(', ') : undefined;
}

/** The id in the data of a rule's finding; empty for none. */
function idIn({ findings }: About, wanted: string, field: string): string {
  const id = findings.find(({ rule }) => rule === wanted)?.data[field];
  return typeof id === 'string' ? id : '';
}

function switchOver(about: About): Step {
  const newer = idIn(about, 'rotation-unfinished', 'newerId');
  return { text: `Switch everything that still uses it to its successor${newer && ` (${newer})`}.` };
}

function trust(about: About): string {
  const id = idIn(about, 'static-beside-federation', 'trust');
  return id === '' ? 'its federation trust' : `the federation trust ${id}`;
}
