import {
  type FactName,
  type Finding,
  hasFact,
  kindName,
  type ReportedCredential,
  type Severity,
  severityRank,
} from '../../contract/index.js';
import { isWaived, type Report } from '../../engine/report.js';
import { credentialKey } from '../../engine/state.js';
import { webAddress } from '../escape.js';
import { type ReporterContext, rulePageAddress } from '../reporter.js';
import { credentialName, fromNow, minute } from '../words.js';
import { day, readable } from './markup.js';

/** All that the page's tables show, each text once, as plain text that is not yet escaped. The script reads it as JSON. */
export interface PageData {
  /** Names of the facts of a credential. */
  readonly facts: readonly string[];
  /** Where each slot of a row gets its text. */
  readonly slots: typeof SLOTS;
  readonly rules: readonly RuleData[];
  readonly owners: readonly OwnerData[];
  readonly credentials: readonly CredentialData[];
  readonly fixes: readonly { readonly text: string }[];
  readonly findings: readonly FindingData[];
  readonly waived: readonly FindingData[];
  /** Fingerprints of resolved findings. */
  readonly resolved: readonly string[];
}

export interface FindingData {
  readonly fingerprint: string;
  /** What the first column shows and the severity filter goes by: an unknown outcome has no severity to show. */
  readonly level: Severity | 'unknown';
  readonly rank: number;
  readonly status: string;
  readonly message: string;
  readonly waiver: string;
  /** Index of its rule, and so on. */
  readonly rule: number;
  readonly fix: number;
  readonly credential: number;
  /** Names and values: when it was first seen, and the finding's data. */
  readonly evidence: readonly (readonly [string, string])[];
}

interface RuleData {
  readonly id: string;
  readonly title: string;
  /** What it states and why that matters; empty for a rule that is not known here. */
  readonly about: string;
  readonly references: readonly { readonly title: string; readonly url: string | null }[];
}

interface OwnerData {
  /** Unlike any other owner's: `Ann Lee (ann@acme.example)`. */
  readonly label: string;
  readonly name: string;
  readonly detail: string;
}

interface CredentialData {
  readonly name: string;
  readonly kind: string;
  readonly owner: number;
  readonly self: string;
  readonly used: string;
  readonly usedDay: string;
  /** Sorts by last use: 0 for no use on record, null (a kind without one) comes last. */
  readonly usedAt: number | null;
  readonly ends: string;
  readonly endsDay: string;
  /** Sorts by end date; null (none on record) comes last. */
  readonly endsAt: number | null;
  /** In the order of FACTS. */
  readonly facts: readonly string[];
}

const FACTS = [
  'Kind',
  'Name',
  'Id',
  'Client id',
  'Owner',
  'Created',
  'Last used',
  'Expires',
  'Allowed networks',
  'Scoped roles',
] as const;

/** The texts of a row: the part of the data they come from, and their name in it. */
const SLOTS = {
  severity: ['finding', 'level'],
  status: ['finding', 'status'],
  rule: ['rule', 'id'],
  message: ['finding', 'message'],
  fix: ['fix', 'text'],
  about: ['rule', 'about'],
  fingerprint: ['finding', 'fingerprint'],
  waiver: ['finding', 'waiver'],
  name: ['credential', 'name'],
  kind: ['credential', 'kind'],
  self: ['credential', 'self'],
  owner: ['owner', 'name'],
  ownerDetail: ['owner', 'detail'],
  used: ['credential', 'used'],
  usedDay: ['credential', 'usedDay'],
  ends: ['credential', 'ends'],
  endsDay: ['credential', 'endsDay'],
} as const;

export type Slot = keyof typeof SLOTS;

export function pageData(report: Report, context: ReporterContext): PageData {
  const now = Date.parse(report.run.asOf);
  const rules = new Shelf<RuleData>();
  const owners = new Shelf<OwnerData>();
  const credentials = new Shelf<CredentialData>();
  const fixes = new Shelf<{ text: string }>();

  const place = (credential: ReportedCredential | null): number => {
    const owner = credential ? ownerData(credential) : WAIVER_OWNER;
    return credentials.place(credential ? credentialKey(credential.kind, credential.id) : '', () => {
      const index = owners.place(owner.label, () => owner);
      return credential ? credentialData(credential, index, owner.label, now) : waiverData(index);
    });
  };
  const data = (finding: Finding): FindingData => ({
    fingerprint: finding.fingerprint,
    level: finding.outcome === 'unknown' ? 'unknown' : finding.severity,
    rank: severityRank(finding.severity),
    status: finding.status === 'waived' ? '' : (finding.status ?? ''),
    message: readable(finding.message, 1000),
    waiver: waiverText(finding),
    rule: rules.place(finding.rule, () => ruleData(finding.rule, context)),
    fix: fixes.place(finding.fix, () => ({ text: readable(finding.fix, 1000) })),
    credential: place(finding.credential),
    evidence: evidence(finding),
  });

  const findings: FindingData[] = [];
  const waived: FindingData[] = [];
  for (const finding of report.findings) (isWaived(finding) ? waived : findings).push(data(finding));
  return {
    facts: FACTS,
    slots: SLOTS,
    rules: rules.items,
    owners: owners.items,
    credentials: credentials.items,
    fixes: fixes.items,
    findings,
    waived,
    resolved: report.resolved.map(({ fingerprint }) => fingerprint),
  };
}

/** Hands out one index for each distinct key. */
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

/** The parts of the data that a row shows. */
export function rowParts(finding: FindingData, data: PageData) {
  const credential = data.credentials[finding.credential];
  return {
    finding,
    credential,
    rule: data.rules[finding.rule],
    fix: data.fixes[finding.fix],
    owner: credential && data.owners[credential.owner],
  };
}

/** The text of each slot of a finding's row. */
export function slotTexts(finding: FindingData, data: PageData): Record<Slot, string> {
  const parts: Record<string, object | undefined> = rowParts(finding, data);
  return Object.fromEntries(
    Object.entries(SLOTS).map(([slot, [part, key]]) => [
      slot,
      (parts[part] as Readonly<Record<string, string>> | undefined)?.[key] ?? '',
    ]),
  ) as Record<Slot, string>;
}

function waiverText({ waiver }: Finding): string {
  if (waiver === null) return '';
  const { expires, approvedBy, reason } = waiver;
  return `Waived until ${readable(expires, 40)} by ${readable(approvedBy, 200)}: ${readable(reason, 500)}`;
}

function evidence({ firstSeen, data }: Finding): [string, string][] {
  return [
    ...(firstSeen === null ? [] : [['First seen', readable(minute(firstSeen), 60)] as [string, string]]),
    ...Object.entries(data).map(([name, value]): [string, string] => [
      readable(name, 60),
      readable(typeof value === 'string' ? value : String(JSON.stringify(value)), 500),
    ]),
  ];
}

function ruleData(id: string, context: ReporterContext): RuleData {
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

export function ownerData({ owner }: Pick<ReportedCredential, 'owner'>): OwnerData {
  if (owner === null) return { label: 'no owner known', name: 'no owner known', detail: '' };
  const name = readable(owner.name || owner.email || owner.id, 120);
  const detail = readable(owner.email || owner.id, 200);
  if (name === detail) return { label: name, name, detail: '' };
  return { label: `${name} (${detail})`, name, detail };
}

/** The credential and the owner of a finding on a waiver. */
const WAIVER_OWNER: OwnerData = { label: 'a waiver', name: '', detail: '' };

function waiverData(owner: number): CredentialData {
  return {
    name: WAIVER_OWNER.label,
    kind: '',
    owner,
    self: '',
    used: '',
    usedDay: '',
    usedAt: null,
    ends: '',
    endsDay: '',
    endsAt: null,
    facts: [],
  };
}

/** A fact that credentials of this kind do not have. */
const NOT_OF_KIND = 'does not apply';

function credentialData(
  credential: ReportedCredential,
  owner: number,
  ownerLabel: string,
  now: number,
): CredentialData {
  const has = (fact: FactName) => hasFact(credential.kind, fact);
  // null is "never" or "not known": the words must be true of both.
  const created = moment(credential.createdAt, now, 'not on record');
  const used = moment(credential.lastUsedAt, now, has('lastUsedAt') ? 'no use on record' : 'not recorded');
  const ends = moment(credential.expiresAt, now, has('expiresAt') ? 'no end date on record' : 'no end date');
  const ownerId = credential.owner?.id;
  return {
    name: readable(credentialName(credential), 300),
    kind: readable(kindName(credential.kind), 100),
    owner,
    self: credential.self ? 'runs this audit' : '',
    used: used.relative,
    usedDay: used.day,
    usedAt: credential.lastUsedAt === null && has('lastUsedAt') ? 0 : used.at,
    ends: ends.relative,
    endsDay: ends.day,
    endsAt: ends.at,
    facts: [
      readable(kindName(credential.kind), 100),
      readable(credential.name, 2000) || '(blank)',
      readable(credential.id, 300),
      readable(credential.clientId, 300),
      ownerId ? `${ownerLabel}, id ${readable(ownerId, 200)}` : ownerLabel,
      created.exact,
      used.exact,
      ends.exact,
      has('allowedCidrs') ? list(credential.allowedCidrs, 'any: no source restriction') : NOT_OF_KIND,
      has('scopedRoles')
        ? list(
            credential.scopedRoles.map(({ id, name }) => (name === null ? id : `${name} (${id})`)),
            // A function has no rights of anybody else.
            has('owner') ? 'none: every right of its owner' : 'none',
          )
        : NOT_OF_KIND,
    ],
  };
}

interface Moment {
  readonly relative: string;
  readonly day: string;
  readonly exact: string;
  readonly at: number | null;
}

function moment(instant: string | null, now: number, none: string): Moment {
  if (instant === null) return { relative: none, day: '', exact: none, at: null };
  const at = Date.parse(instant);
  const relative = fromNow(at, now);
  return { relative, day: day(at), exact: `${readable(instant, 60)} (${relative})`, at };
}

/** How many entries of a list are named. */
const LISTED = 40;

function list(items: readonly string[], none: string): string {
  if (items.length === 0) return none;
  const named = items.slice(0, LISTED).map((item) => readable(item, 200));
  return items.length > LISTED ? `${named.join(', ')} and ${items.length - LISTED} more` : named.join(', ');
}
