import {
  hasFact,
  type Kind,
  kindName,
  type ReportedCredential,
  type Severity,
  severityRank,
} from '../../contract/index.js';
import type { Report } from '../../engine/report.js';
import { type ReporterContext, rulePageAddress } from '../reporter.js';
import { type FindingGroup, newsKind } from '../view.js';
import { credentialName, fromNow, PLACES, roleWord } from '../words.js';
import { readable } from './markup.js';

/** All that the cards show, each text once, as plain text that is not yet escaped. The script reads it as JSON. */
export interface PageData {
  readonly rules: readonly RuleData[];
  readonly owners: readonly string[];
  readonly kinds: readonly KindData[];
  readonly fixes: readonly string[];
  /** Those with an open finding, the worst first, and waivers with one. */
  readonly credentials: readonly CredentialData[];
}

interface KindData {
  readonly name: string;
  /** Where the web app shows it; empty for a kind that is not known here. */
  readonly place: string;
}

interface RuleData {
  readonly id: string;
  readonly title: string;
  /** The address of its page. */
  readonly page: string;
}

export interface CredentialData {
  readonly name: string;
  /** Index of its kind. */
  readonly kind: number;
  /** Index of its owner. */
  readonly owner: number;
  readonly self: boolean;
  /** To sort by: when it was used last, or created if it never was; empty where use is not recorded. */
  readonly used: string;
  /** To sort by: when it expires; empty for never. */
  readonly expires: string;
  /** Names and values, see {@link credentialFacts}. */
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly findings: readonly FindingData[];
}

export interface FindingData {
  readonly fingerprint: string;
  readonly severity: Severity;
  readonly rank: number;
  /** Why it is news; empty for a finding that is not. */
  readonly news: string;
  /** `first seen 2026-08-20`; empty for a new finding, and without a memory. */
  readonly since: string;
  readonly message: string;
  /** Index of its rule. */
  readonly rule: number;
  /** Index of its fix. */
  readonly fix: number;
}

/** Nobody knows the owner of these, so that a filter by owner must not name one. */
const NO_OWNER = 'no owner known';

/** The data of the page, and a function that gives the card of any group of findings. */
export function pageData(
  { run }: Report,
  open: readonly FindingGroup[],
  context: ReporterContext,
): { readonly data: PageData; readonly cardOf: (group: FindingGroup) => CredentialData } {
  const rules = new Shelf((id) => ruleData(id, context));
  const owners = new Shelf((label) => label);
  const fixes = new Shelf((fix) => readable(fix, 1000));
  const kinds = new Shelf((kind) => ({
    name: readable(kindName(kind), 100),
    place: Object.hasOwn(PLACES, kind) ? PLACES[kind as Kind] : '',
  }));
  const now = Date.parse(run.asOf);
  const cardOf = ({ credential, findings }: FindingGroup): CredentialData => ({
    name: readable(credentialName(credential), 300),
    kind: kinds.place(credential?.kind ?? ''),
    owner: owners.place(credential ? ownerLabel(credential) : ''),
    self: credential?.self ?? false,
    used:
      credential && hasFact(credential.kind, 'lastUsedAt')
        ? (credential.lastUsedAt ?? credential.createdAt ?? '')
        : '',
    expires: credential?.expiresAt ?? '',
    facts: credential ? credentialFacts(credential, now) : [],
    findings: findings.map((finding) => ({
      fingerprint: finding.fingerprint,
      severity: finding.severity,
      rank: severityRank(finding.severity),
      news: newsKind(finding, context) ?? '',
      since:
        finding.firstSeen === null || finding.status === 'new'
          ? ''
          : `first seen ${readable(finding.firstSeen.slice(0, 10), 40)}`,
      message: readable(finding.message, 1000),
      rule: rules.place(finding.rule),
      fix: fixes.place(finding.fix),
    })),
  });
  const credentials = open.map(cardOf);
  return {
    data: { rules: rules.items, owners: owners.items, kinds: kinds.items, fixes: fixes.items, credentials },
    cardOf,
  };
}

/** Hands out one index for each distinct key. */
class Shelf<T> {
  readonly items: T[] = [];
  readonly #places = new Map<string, number>();
  readonly #make: (key: string) => T;

  constructor(make: (key: string) => T) {
    this.#make = make;
  }

  place(key: string): number {
    let place = this.#places.get(key);
    if (place === undefined) {
      place = this.items.push(this.#make(key)) - 1;
      this.#places.set(key, place);
    }
    return place;
  }
}

function ruleData(id: string, context: ReporterContext): RuleData {
  return {
    id: readable(id, 100),
    title: readable(context.rules.get(id)?.title ?? '', 200),
    page: rulePageAddress(id, context),
  };
}

/** `Ann Lee (ann@acme.example)`: unlike any other owner's. */
export function ownerLabel({ owner }: Pick<ReportedCredential, 'owner'>): string {
  if (owner === null) return NO_OWNER;
  const detail = readable(owner.email.trim() || owner.id.trim() || '(no name)', 200);
  const name = readable(owner.name.trim(), 120) || detail;
  return name === detail ? name : `${name} (${detail})`;
}

/** In a report, null is "never" or "not known": the words must be true of both. */
function credentialFacts(credential: ReportedCredential, now: number): CredentialData['facts'] {
  const { kind, id, clientId, owner, createdAt, lastUsedAt, expiresAt, allowedCidrs, scopedRoles } =
    credential;
  const date = (instant: string | null, none: string) =>
    instant === null ? none : `${readable(instant.slice(0, 10), 40)} (${fromNow(Date.parse(instant), now)})`;
  const facts = [
    ['lastUsedAt', 'Last used', date(lastUsedAt, 'no use on record')],
    ['expiresAt', 'Expires', date(expiresAt, 'no end date on record')],
    ['createdAt', 'Created', date(createdAt, 'not on record')],
    ['allowedCidrs', 'Allowed networks', list(allowedCidrs, 'any: no source restriction')],
    [
      'scopedRoles',
      'Role scope',
      // A function has no rights of anybody else.
      list(scopedRoles.map(roleWord), hasFact(kind, 'owner') ? 'none: every right of its owner' : 'none'),
    ],
  ] as const;
  return [
    ...facts.filter(([fact]) => hasFact(kind, fact)).map(([, name, value]) => [name, value] as const),
    ['Id', readable(id, 300)],
    ['Client id', readable(clientId, 300)],
    ...(owner?.id ? [['Owner id', readable(owner.id, 300)] as const] : []),
  ];
}

/** How many entries of a list are named. */
const LISTED = 40;

function list(items: readonly string[], none: string): string {
  if (items.length === 0) return none;
  const named = items.slice(0, LISTED).map((item) => readable(item, 200));
  return items.length > LISTED ? `${named.join(', ')} and ${items.length - LISTED} more` : named.join(', ');
}
