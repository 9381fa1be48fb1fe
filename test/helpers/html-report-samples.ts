import type { Finding, Kind, ReportedCredential, Severity } from '../../src/contract/index.js';
import type { Report } from '../../src/engine/report.js';
import {
  daysAgo,
  ruleInfo,
  sampleContext,
  sampleCredential,
  sampleFinding,
  sampleReport,
} from './sample-report.js';

const KINDS: readonly Kind[] = [
  'personal-client',
  'personal-client',
  'personal-client',
  'service-principal-credential',
  'federation-trust',
];
const JOBS = [
  'nightly export',
  'terraform',
  'okta sync',
  'Created by Cone',
  'jira bridge',
  'access review',
  'ci deploy',
];
const PEOPLE = [
  'Ada Novak',
  'Ben Osei',
  'Chen Wei',
  'Dana Ruiz',
  'Emil Falk',
  'Fatima Noor',
  'Gil Peretz',
  'Hana Sato',
];

interface Judgement {
  readonly rule: string;
  readonly severity: Severity;
  readonly message: string;
  readonly fix: string;
}

const JUDGEMENTS: readonly Judgement[] = [
  {
    rule: 'unused',
    severity: 'medium',
    message: 'last used 214 days ago (limit 90): revoke it, or use it',
    fix: 'Ask the owner whether it is still needed; if not, revoke it.',
  },
  {
    rule: 'no-expiry',
    severity: 'high',
    message: 'never expires: give it an end date of at most 180 days',
    fix: 'Make a new one with an end date, move its users over, revoke this one.',
  },
  {
    rule: 'no-scoped-roles',
    severity: 'critical',
    message: 'holds every right of its owner, a Super Administrator: cut it down to the roles it needs',
    fix: 'Set scoped roles on the credential.',
  },
  {
    rule: 'open-cidr',
    severity: 'medium',
    message: 'any network may use it: list the networks it is used from',
    fix: 'Set its allowed source networks.',
  },
  {
    rule: 'default-name',
    severity: 'low',
    message: "named 'Created by Cone', as CLI logins name theirs",
    fix: 'Rename it, or revoke it.',
  },
  {
    rule: 'unreachable-cidr',
    severity: 'info',
    message: 'all its networks are private: no call over the internet can match',
    fix: 'List public addresses.',
  },
  {
    rule: 'expiring-soon',
    severity: 'high',
    message: 'expires in 5 days (window 30): rotate it now',
    fix: 'Make a new one and revoke this one.',
  },
];

/** What the sample rules are about, for reporters that say more than their findings do. */
export const HTML_CONTEXT = sampleContext({
  rules: new Map(
    JUDGEMENTS.map(({ rule, severity, fix }) => [
      rule,
      ruleInfo({
        id: rule,
        title: `The title of ${rule} states the fact`,
        severity,
        docs: {
          why: 'Nobody would miss an unused credential, and nobody would notice if someone else used it.',
          fix,
          references: [
            { title: 'CIS Controls 8.1, safeguard 5.3', url: 'https://www.cisecurity.org/controls' },
            { title: 'PCI DSS 4.0.1, requirement 8.2.6' },
          ],
        },
      }),
    ]),
  ),
});

/** Spread like noise, and the same on every run. */
function noise(seed: number): number {
  const mixed = Math.imul(seed ^ (seed >>> 15), 0x2c1b3c6d) ^ 0x5bd1e995;
  return ((Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39) ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
}

export function credentialAt(i: number): ReportedCredential {
  const kind = KINDS[i % KINDS.length] ?? 'personal-client';
  const person = PEOPLE[Math.floor(noise(i + 7) * PEOPLE.length)] ?? 'Ada Novak';
  const team = Math.floor(noise(i + 11) ** 2 * 40);
  const age = Math.floor(noise(i + 1) * 900);
  const trust = kind === 'federation-trust';
  const ends = noise(i + 3);
  return sampleCredential({
    kind,
    id: `id-${i}`,
    clientId: `strange-hydra-${i}@acme.conductor.one/pcc`,
    name: `${JOBS[Math.floor(noise(i + 5) * JOBS.length)]} ${i}`,
    self: i === 3,
    owner: {
      id: `user-${person}-${team}`,
      name: `${person}${team || ''}`,
      email: `${person.toLowerCase().replace(' ', '.')}${team || ''}@acme.example`,
    },
    createdAt: daysAgo(age),
    lastUsedAt: trust || noise(i + 2) < 0.15 ? null : daysAgo(Math.floor(age * noise(i + 4) ** 2)),
    expiresAt: trust || ends < 0.3 ? null : daysAgo(-Math.ceil(ends * 300 - 88)),
    allowedCidrs: noise(i + 6) < 0.4 ? [] : ['198.51.100.0/24', '2001:db8:7::/48'],
    scopedRoles: noise(i + 8) < 0.5 ? [] : [{ id: 'role-viewer', name: 'system:viewer' }],
  });
}

/**
 * A report like a tenant's own: `findings` over two fifths as many credentials, and `credentials` in all. Every ninth
 * finding could not be told, every eleventh is waived.
 */
export function tenantReport(
  findings: number,
  credentials = Math.ceil(findings * 0.7),
  options: Partial<Parameters<typeof sampleReport>[0]> = {},
): Report {
  const all = Array.from({ length: credentials }, (_, i) => credentialAt(i));
  const found = Array.from({ length: findings }, (_, i) =>
    findingAt(i, all[Math.floor(i / 2) % Math.max(1, credentials)] ?? null),
  );
  return sampleReport({ findings: found, credentials: all, ...options });
}

const WAIVED = {
  status: 'waived',
  waiver: { reason: 'quarterly job', approvedBy: 'security@acme.example', expires: '2026-12-31' },
} as const;
const UNKNOWN = {
  outcome: 'unknown',
  message: 'could not tell: the owner could not be read. Grant the audit the right to read users',
} as const;

function findingAt(i: number, credential: Finding['credential']): Finding {
  const judgement = JUDGEMENTS[i % JUDGEMENTS.length] as Judgement;
  const waived = i % 11 === 10;
  const isNew = i % 6 === 0;
  return sampleFinding({
    ...judgement,
    outcome: 'violation',
    status: isNew ? 'new' : 'known',
    credential,
    data: { days: 214, limit: 90 },
    waiver: null,
    firstSeen: daysAgo(isNew ? 0 : 12),
    ...(waived ? WAIVED : {}),
    ...(!waived && i % 9 === 8 ? UNKNOWN : {}),
  });
}
