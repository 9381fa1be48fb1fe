import { type Finding, type ReportedCredential, type Severity, severityRank } from '../../contract/index.js';
import type { Report } from '../../engine/report.js';
import { webAddress } from '../escape.js';
import { type ReporterContext, rulePageAddress } from '../reporter.js';
import { credentialName, kindWord } from '../words.js';
import { readable } from './readable.js';
import { day, fromNow, minute } from './wording.js';

/** What a row's first column and the severity filter go by: an outcome that is not known has no severity to show. */
export type Level = Severity | 'unknown';

export interface RuleView {
  readonly id: string;
  readonly title: string;
  /** What it states and why that matters; empty for a rule that is not known here. */
  readonly about: string;
  readonly references: readonly { readonly title: string; readonly url: string | null }[];
}

export interface OwnerView {
  /** Unlike any other owner's: `Ann Lee (ann@acme.example)`. */
  readonly label: string;
  readonly name: string;
  readonly detail: string;
}

export interface CredentialView {
  readonly name: string;
  readonly kind: string;
  readonly owner: number;
  readonly self: boolean;
  readonly used: string;
  readonly usedDay: string;
  /** Sorts by last use: 0 is never, null not known. */
  readonly usedAt: number | null;
  readonly ends: string;
  readonly endsDay: string;
  /** Sorts by end; null (never, not known) comes last. */
  readonly endsAt: number | null;
  /** In the order of FACTS; null where there is nothing to say. */
  readonly facts: readonly (string | null)[];
}

export interface FindingView {
  readonly fingerprint: string;
  readonly level: Level;
  readonly rank: number;
  readonly rule: number;
  readonly status: string;
  readonly message: string;
  readonly fix: number;
  /** -1: a finding on a waiver. */
  readonly credential: number;
  readonly waiver: string;
  readonly firstSeen: string;
  readonly evidence: readonly (readonly [string, string])[];
}

/** The report in words: all that the page shows in its tables, each text once. Plain text, not yet escaped. */
export interface View {
  readonly facts: readonly string[];
  readonly rules: readonly RuleView[];
  readonly owners: readonly OwnerView[];
  readonly credentials: readonly CredentialView[];
  readonly fixes: readonly string[];
  readonly findings: readonly FindingView[];
  readonly waived: readonly FindingView[];
}

const FACTS = [
  'Kind',
  'Name',
  'Id',
  'Client id',
  'Owner',
  'Created',
  'Last used',
  'Ends',
  'Allowed networks',
  'Scoped roles',
] as const;

/** So many entries of a list are named; a rule that minds the rest says so in its message. */
const LISTED = 40;

/** Hands out one index a distinct key. */
class Shelf<T> {
  readonly items: T[] = [];
  readonly #places = new Map<string, number>();

  place(key: string, make: () => T): number {
    let place = this.#places.get(key);
    if (place === undefined) {
      place = this.items.length;
      this.#places.set(key, place);
      this.items.push(make());
    }
    return place;
  }
}

export function viewOf(report: Report, context: ReporterContext): View {
  const now = Date.parse(report.run.asOf);
  const rules = new Shelf<RuleView>();
  const owners = new Shelf<OwnerView>();
  const credentials = new Shelf<CredentialView>();
  const fixes = new Shelf<string>();

  const view = (finding: Finding): FindingView => {
    const { credential } = finding;
    return {
      fingerprint: finding.fingerprint,
      level: finding.outcome === 'unknown' ? 'unknown' : finding.severity,
      rank: severityRank(finding.severity),
      rule: rules.place(finding.rule, () => ruleView(finding.rule, context)),
      status: finding.status === 'waived' ? '' : (finding.status ?? ''),
      message: readable(finding.message, 1000),
      fix: fixes.place(finding.fix, () => readable(finding.fix, 1000)),
      credential:
        credential === null
          ? -1
          : credentials.place(credentialKey(credential), () => {
              const owner = ownerView(credential);
              return credentialView(
                credential,
                owners.place(owner.label, () => owner),
                owner.label,
                now,
              );
            }),
      waiver:
        finding.waiver === null
          ? ''
          : `Waived until ${readable(finding.waiver.expires, 40)} by ${readable(finding.waiver.approvedBy, 200)}: ${readable(finding.waiver.reason, 500)}`,
      firstSeen: finding.firstSeen === null ? '' : readable(minute(finding.firstSeen), 60),
      evidence: Object.entries(finding.data).map(
        ([name, value]) =>
          [
            readable(name, 60),
            readable(typeof value === 'string' ? value : String(JSON.stringify(value)), 500),
          ] as const,
      ),
    };
  };

  const open: FindingView[] = [];
  const waived: FindingView[] = [];
  for (const finding of report.findings)
    (finding.status === 'waived' || finding.waiver !== null ? waived : open).push(view(finding));
  return {
    facts: FACTS,
    rules: rules.items,
    owners: owners.items,
    credentials: credentials.items,
    fixes: fixes.items,
    findings: open,
    waived,
  };
}

/** The same for the same credential, in whatever list it stands. */
export function credentialKey(credential: Pick<ReportedCredential, 'kind' | 'id'>): string {
  return `${credential.kind} ${credential.id}`;
}

export function ruleView(id: string, context: ReporterContext): RuleView {
  const rule = context.rules.get(id);
  return {
    id: readable(id, 100),
    title: readable(rule?.title ?? id, 200),
    about: rule === undefined ? '' : readable(`${rule.title}. ${rule.docs.why}`, 2000),
    references: [
      { title: `About ${readable(id, 100)}`, url: rulePageAddress(id, context) },
      ...(rule?.docs.references ?? []).map(({ title, url }) => ({
        title: readable(title, 200),
        url: (url && webAddress(url)) || null,
      })),
    ],
  };
}

export function ownerView({ owner }: Pick<ReportedCredential, 'owner'>): OwnerView {
  if (owner === null) return { label: 'no owner known', name: 'no owner known', detail: '' };
  const name = readable(owner.name || owner.email || owner.id, 120);
  const detail = readable(owner.email || owner.id, 200);
  return {
    label: name === detail ? name : `${name} (${detail})`,
    name,
    detail: name === detail ? '' : detail,
  };
}

function credentialView(
  credential: ReportedCredential,
  owner: number,
  ownerLabel: string,
  now: number,
): CredentialView {
  const trust = credential.kind === 'federation-trust';
  const used = moment(credential.lastUsedAt, now, trust ? 'not recorded' : 'never used');
  const ends = moment(credential.expiresAt, now, trust ? 'no end date' : 'never');
  const ownerId = credential.owner?.id;
  return {
    name: readable(credentialName(credential), 300),
    kind: readable(kindWord(credential.kind), 100),
    owner,
    self: credential.self,
    used: used.relative,
    usedDay: used.day,
    usedAt: credential.lastUsedAt === null && !trust ? 0 : used.at,
    ends: ends.relative,
    endsDay: ends.day,
    endsAt: ends.at,
    facts: [
      readable(kindWord(credential.kind), 100),
      readable(credential.name, 2000) || '(blank)',
      readable(credential.id, 300),
      readable(credential.clientId, 300),
      ownerId ? `${ownerLabel}, id ${readable(ownerId, 200)}` : ownerLabel,
      exactly(credential.createdAt, now, 'not known'),
      exactly(credential.lastUsedAt, now, used.relative),
      exactly(credential.expiresAt, now, ends.relative),
      list(credential.allowedCidrs, 'any: no source restriction'),
      list(
        credential.scopedRoles?.map(({ id, name }) => (name === null ? id : `${name} (${id})`)),
        'none: every right of its owner',
      ),
    ],
  };
}

interface Moment {
  readonly relative: string;
  readonly day: string;
  readonly at: number | null;
}

/** Reports leave an instant out where it is not known; null is an answer. */
function moment(instant: string | null | undefined, now: number, never: string): Moment {
  if (instant === undefined) return { relative: 'not known', day: '', at: null };
  if (instant === null) return { relative: never, day: '', at: null };
  const at = Date.parse(instant);
  if (Number.isNaN(at)) return { relative: readable(instant, 60), day: '', at: null };
  return { relative: fromNow(at, now), day: day(at), at };
}

function exactly(instant: string | null | undefined, now: number, never: string): string {
  const { relative, at } = moment(instant, now, never);
  return at === null || typeof instant !== 'string' ? relative : `${readable(instant, 60)} (${relative})`;
}

function list(items: readonly string[] | undefined, none: string): string {
  if (items === undefined) return 'not known';
  if (items.length === 0) return none;
  const named = items.slice(0, LISTED).map((item) => readable(item, 200));
  return items.length > LISTED ? `${named.join(', ')} and ${items.length - LISTED} more` : named.join(', ');
}
