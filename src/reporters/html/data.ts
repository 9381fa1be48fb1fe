import { hasFact, type Kind, kindName, type ReportedCredential, severityRank } from '../../contract/index.js';
import type { Report } from '../../engine/report.js';
import { type ReporterContext, rulePageAddress } from '../reporter.js';
import { type FindingGroup, newsKind } from '../view.js';
import { credentialName, fromNow, PLACES, roleWord } from '../words.js';
import { readable } from './markup.js';

/** All that the cards show, each text once, as plain text that is not yet escaped. The script reads it as JSON. */
export type PageData = ReturnType<typeof pageData>['data'];

export type CredentialData = PageData['credentials'][number];

export type FindingData = CredentialData['findings'][number];

/** Nobody knows the owner of these, so that a filter by owner must not name one. */
const NO_OWNER = 'no owner known';

/** The data of the page, and a function that gives the card of any group of findings. */
export function pageData({ run }: Report, open: readonly FindingGroup[], context: ReporterContext) {
  const rules = shelf((id) => ({
    id: readable(id, 100),
    title: readable(context.rules.get(id)?.title ?? '', 200),
    page: rulePageAddress(id, context),
  }));
  const owners = shelf((label) => label);
  const fixes = shelf((fix) => readable(fix, 1000));
  const kinds = shelf((kind) => ({
    name: readable(kindName(kind), 100),
    // Where the web app shows it; empty for a kind that is not known here.
    place: Object.hasOwn(PLACES, kind) ? PLACES[kind as Kind] : '',
  }));
  const now = Date.parse(run.asOf);
  // Rules, owners, fixes and kinds are indices.
  const cardOf = ({ credential, findings }: FindingGroup) => ({
    name: readable(credentialName(credential), 300),
    kind: kinds.place(credential?.kind ?? ''),
    owner: owners.place(credential ? ownerLabel(credential) : ''),
    self: credential?.self ?? false,
    // To sort by: when it was used last, or created if it never was; empty where use is not recorded.
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
  // Those with an open finding, the worst first, and waivers with one.
  const credentials = open.map(cardOf);
  return {
    data: { rules: rules.items, owners: owners.items, kinds: kinds.items, fixes: fixes.items, credentials },
    cardOf,
  };
}

/** Hands out one index for each distinct key. */
function shelf<T>(make: (key: string) => T) {
  const items: T[] = [];
  const places = new Map<string, number>();
  const place = (key: string): number => {
    const known = places.get(key) ?? items.push(make(key)) - 1;
    places.set(key, known);
    return known;
  };
  return { items, place };
}

/** `Ann Lee (ann@acme.example)`: unlike any other owner's. */
export function ownerLabel({ owner }: Pick<ReportedCredential, 'owner'>): string {
  if (owner === null) return NO_OWNER;
  const detail = readable(owner.email.trim() || owner.id.trim() || '(no name)', 200);
  const name = readable(owner.name.trim(), 120) || detail;
  return name === detail ? name : `${name} (${detail})`;
}

/** In a report, null is "never" or "not known": the words must be true of both. */
function credentialFacts(
  credential: ReportedCredential,
  now: number,
): readonly (readonly [name: string, value: string])[] {
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
