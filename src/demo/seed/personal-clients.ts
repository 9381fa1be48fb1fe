import { type Calendar, clientNameOf, idOf, personalClient, ROLE } from '../build.js';
import type { PersonalClient } from '../tenant/records.js';
import { PLANTED } from './decoys.js';
import { BASTION, CI_RUNNERS, OFFICE, VPN } from './networks.js';
import { LOST_ROLE, PERSON } from './people.js';

/** One key of the seed. Days are counted from now: `created` and `used` ago, `ends` ahead (below 0: ended). */
interface Key {
  readonly owner: keyof typeof PERSON;
  readonly name: string;
  readonly created: number;
  /** null: never. */
  readonly ends: number | null;
  /** null: never. */
  readonly used: number | null;
  readonly from?: readonly string[];
  readonly roles?: readonly string[];
  readonly deleted?: number;
}

/** The key that the demo audits with. */
const SELF: Key = {
  owner: 'ada',
  name: 'c1-audit nightly',
  created: 84.6,
  ends: 5.4,
  used: 0.01,
  from: [CI_RUNNERS],
  roles: [ROLE.owner],
};

/** A Super Administrator with a key for everything. */
const ADA: readonly Key[] = [
  SELF,
  { owner: 'ada', name: 'terraform-state-sync', created: 402.3, ends: null, used: 1.2 },
  {
    owner: 'ada',
    name: 'break-glass (do not delete)',
    created: 211.5,
    ends: 98.5,
    used: null,
    from: ['0.0.0.0/1', '128.0.0.0/1'],
  },
  { owner: 'ada', name: 'Created by Cone', created: 61.2, ends: null, used: 60.9 },
  { owner: 'ada', name: 'Created by Cone', created: 12.4, ends: null, used: 0.2 },
  {
    owner: 'ada',
    name: 'quarterly-access-review',
    created: 169.7,
    ends: 9.3,
    used: 95.1,
    from: [OFFICE],
    roles: [ROLE.viewer],
  },
  {
    owner: 'ada',
    name: 'okta-migration',
    created: 95.8,
    ends: -5.8,
    used: 31,
    from: [OFFICE],
    roles: [ROLE.viewer],
  },
  {
    owner: 'ada',
    name: 'laptop',
    created: 20.1,
    ends: 69.9,
    used: 0.1,
    from: [OFFICE, VPN],
    roles: [ROLE.viewer],
  },
  {
    owner: 'ada',
    name: 'deploy-bot',
    created: 100.4,
    ends: 60,
    used: 41.3,
    from: [CI_RUNNERS],
    roles: [ROLE.viewer],
  },
  {
    owner: 'ada',
    name: 'Deploy-Bot ',
    created: 30.2,
    ends: 59.8,
    used: 0.4,
    from: [CI_RUNNERS],
    roles: [ROLE.viewer],
  },
  {
    owner: 'ada',
    name: 'splunk-export',
    created: 301.9,
    ends: 118,
    used: 2.3,
    from: ['10.20.0.0/16', '192.168.7.0/24'],
    roles: [ROLE.logsReader],
  },
  { owner: 'ada', name: '', created: 45.5, ends: 44.5, used: 3, from: [OFFICE], roles: [ROLE.viewer] },
  { owner: 'ada', name: 'vendor-poc', created: 90, ends: 90, used: 44, from: [OFFICE], deleted: 3.2 },
  {
    owner: 'ada',
    name: 'postman',
    created: 33.3,
    ends: 56.7,
    used: 1.1,
    from: ['62.176.0.0/12'],
    roles: [LOST_ROLE.deleted],
  },
  {
    owner: 'ada',
    name: 'grafana-datasource',
    created: 52.1,
    ends: 37.9,
    used: 0.3,
    from: [OFFICE, '62.176.096.010/32', '62.176.97.7/24', '62.176'],
    roles: [ROLE.viewer],
  },
];

/** Administrators. */
const ADMINS: readonly Key[] = [
  { owner: 'ben', name: 'emergency access', created: 3.4, ends: null, used: null },
  {
    owner: 'ben',
    name: 'siem-forwarder',
    created: 21.8,
    ends: 68.2,
    used: 0.05,
    from: ['::/0'],
    roles: [ROLE.owner],
  },
  {
    owner: 'ben',
    name: 'access-review-bot',
    created: 14.2,
    ends: 75.8,
    used: 0.9,
    from: [BASTION],
    roles: [ROLE.viewer],
  },
  { owner: 'chiara', name: 'jira-sync', created: 50.5, ends: 39.5, used: 0.2, from: [OFFICE] },
  {
    owner: 'chiara',
    name: 'servicenow-connector',
    created: 27.7,
    ends: 62.3,
    used: 0.6,
    from: ['2a04:4e00::/24'],
    roles: [ROLE.applicationAdmin],
  },
  {
    owner: 'chiara',
    name: 'catalog-reader',
    created: 8.9,
    ends: 81.1,
    used: 0.3,
    from: [VPN],
    roles: [ROLE.viewer],
  },
  // Lives for a week: three days before its end it is not "expiring soon" yet.
  {
    owner: 'chiara',
    name: 'pairing session',
    created: 4,
    ends: 3,
    used: 1,
    from: [OFFICE],
    roles: [ROLE.applicationAdmin],
  },
  { owner: 'dmitri', name: 'audit-evidence', created: 76.1, ends: 13.9, used: 6.2, from: [OFFICE] },
  {
    owner: 'jonas',
    name: 'campaign-reminders',
    created: 200.7,
    ends: 164,
    used: 5,
    from: [CI_RUNNERS],
    roles: [ROLE.campaignAdmin],
  },
  {
    owner: 'jonas',
    name: 'sox-export',
    created: 17.3,
    ends: 72.7,
    used: 2.4,
    from: [OFFICE],
    roles: [ROLE.viewer],
  },
  {
    owner: 'lucia',
    name: 'log-shipper',
    created: 39.9,
    ends: 50.1,
    used: 0.01,
    from: [CI_RUNNERS],
    roles: [ROLE.logsReader],
  },
  {
    owner: 'lucia',
    name: 'incident-2291',
    created: 71.4,
    ends: 6.2,
    used: 58.3,
    from: [OFFICE],
    roles: [ROLE.logsReader],
  },
  {
    owner: 'agent',
    name: 'release-agent',
    created: 23.6,
    ends: 66.4,
    used: 0.02,
    from: [CI_RUNNERS],
    roles: [ROLE.applicationAdmin],
  },
];

/** Basic users: less power, the same habits. */
const USERS: readonly Key[] = [
  ...[7, 6, 5, 4, 3, 2, 1].map(
    (n): Key => ({
      owner: 'elif',
      name: `notebook-${8 - n}`,
      created: n * 11.3,
      ends: 90 - n * 11.3,
      used: n,
      ...(n % 3 === 0 ? {} : { from: [OFFICE] }),
      ...(n % 2 === 0 ? {} : { roles: [ROLE.user] }),
    }),
  ),
  {
    owner: 'farid',
    name: 'expense-report',
    created: 365.2,
    ends: null,
    used: 7.7,
    from: [OFFICE],
    roles: [ROLE.user],
  },
  // Either side of each profile's limit of unused days: 35, 45 and 90.
  {
    owner: 'farid',
    name: 'month-end close',
    created: 130,
    ends: 49,
    used: 89.5,
    from: [OFFICE],
    roles: [ROLE.user],
  },
  {
    owner: 'farid',
    name: 'invoice-import',
    created: 85.7,
    ends: 60,
    used: 47.2,
    from: [OFFICE],
    roles: [ROLE.user],
  },
  {
    owner: 'farid',
    name: 'backup',
    created: 120.3,
    ends: 40,
    used: 0.3,
    from: [BASTION],
    roles: [ROLE.user],
  },
  {
    owner: 'farid',
    name: 'backup',
    created: 40.1,
    ends: 49.9,
    used: 0.2,
    from: [BASTION],
    roles: [ROLE.user],
  },
  { owner: 'keiko', name: 'Created From Cone', created: 88.2, ends: null, used: 88.2 },
  { owner: 'keiko', name: 'Created by Cone', created: 54.7, ends: null, used: 36.4 },
  { owner: 'keiko', name: 'Created by c1i on keiko-mbp', created: 2.1, ends: null, used: 0.1 },
  {
    owner: 'keiko',
    name: 'vscode-extension',
    created: 26.6,
    ends: 63.4,
    used: 0.4,
    from: [OFFICE],
    roles: [LOST_ROLE.never],
  },
];

/** Keys whose owners have left, in each of the ways there are. */
const LEFT_BEHIND: readonly Key[] = [
  {
    owner: 'grace',
    name: 'hr-feed',
    created: 140.2,
    ends: 39.8,
    used: 0.8,
    from: [OFFICE],
    roles: [ROLE.user],
  },
  {
    owner: 'grace',
    name: 'grace laptop',
    created: 97.3,
    ends: 22.7,
    used: 13,
    from: [OFFICE],
    roles: [ROLE.user],
  },
  { owner: 'hiro', name: 'campaign-dashboard', created: 66.9, ends: null, used: 1.4 },
  {
    owner: 'ines',
    name: 'payroll-check',
    created: 155.5,
    ends: 24.5,
    used: 22.1,
    from: [OFFICE],
    roles: [ROLE.user],
  },
  { owner: 'nobody', name: 'legacy-importer', created: 512.8, ends: null, used: 180.6 },
  { owner: 'nobody', name: 'migration 2023', created: 720.4, ends: -355, used: 360 },
];

/** Names by somebody who hopes that a report is opened, printed or posted somewhere. */
const HOSTILE: readonly Key[] = [
  '\u001b[2J\u001b[31mall clear\u001b[0m',
  '<script>alert(document.domain)</script>',
  "=cmd|' /C calc'!A0",
  '::error::nothing to see here',
  '@everyone <!channel> <https://evil.example|reset your password>',
  '\u202egnp.yek-terces ##[error]x',
  '[details](javascript:alert(1)) | x | **y**',
].map((name, index) => ({
  owner: 'mallory',
  name,
  created: 15.5 + index,
  ends: 74.5 - index,
  used: 0.5 + index,
  roles: [ROLE.user],
}));

/** Not a key at all, but a decoy that looks like the best of them. */
const DECOY: Key = { owner: 'ben', name: PLANTED.key, created: 143.2, ends: null, used: null };

const KEYS = [...ADA, ...ADMINS, ...USERS, ...LEFT_BEHIND, ...HOSTILE, DECOY];

export function personalClients(calendar: Calendar): PersonalClient[] {
  return KEYS.map((key, index) => {
    const createdAt = calendar.ago(key.created);
    return personalClient({
      id: clientNameOf(idOf(`personal client ${index} ${key.name}`)),
      displayName: key.name,
      userId: PERSON[key.owner],
      createdAt,
      updatedAt: createdAt,
      deletedAt: key.deleted === undefined ? null : calendar.ago(key.deleted),
      expiresTime: key.ends === null ? null : calendar.ahead(key.ends),
      lastUsedAt: key.used === null ? null : calendar.ago(key.used),
      allowSourceCidr: [...(key.from ?? [])],
      scopedRoles: [...(key.roles ?? [])],
    });
  });
}

/** The record of the key that the demo audits with. */
export function isSelf(client: PersonalClient): boolean {
  return client.displayName === SELF.name;
}
