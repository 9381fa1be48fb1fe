import { DAY } from '../contract/index.js';
import {
  bridge,
  Calendar,
  clientNameOf,
  credential,
  decoy,
  type ExposureFinding,
  exposure,
  externalClient,
  type FederationTrust,
  gatewayKey,
  idOf,
  type LoggedUse,
  type PersonalClient,
  personalClient,
  provider,
  ROLE,
  type Role,
  role,
  type ServicePrincipalCredential,
  servicePrincipal,
  sessionSettings,
  systemRoles,
  type TenantFunction,
  type TenantRecords,
  tenantFunction,
  trust,
  tunnelCredential,
  type User,
  user,
} from './records.js';

const HOUR = 3_600_000;

/**
 * A company of a dozen people and seven service principals. Its credentials show every rule and every kind; some have no finding. The
 * same `now` (milliseconds since the epoch) gives the same records; ids do not depend on it.
 */
export function seed(now: number): TenantRecords {
  // Two demos within an hour see the same dates: what was idle in the first is not used since in the second.
  const at = new Calendar(now - (now % HOUR));
  const clients = personalClients(at);
  const secrets = credentials(at);
  const trusted = trusts(at);
  return {
    personalClients: clients,
    users: [...people(at), ...machineUsers(at)],
    roles: roles(at),
    servicePrincipals: servicePrincipals(at),
    credentials: secrets,
    trusts: trusted,
    providers: providers(at),
    decoys: decoys(clients, trusted),
    exposures: exposures(at, { clients, secrets, trusted }),
    externalClients: externalClients(at),
    bridges: bridges(at),
    tunnelCredentials: tunnelCredentials(at),
    gatewayKeys: gatewayKeys(at),
    functions: functions(at),
    uses: uses(at, { clients, secrets, trusted }),
    sessionSettings: {
      ...sessionSettings(),
      // Ordinary users may only call from the company's networks; administrators may call from anywhere.
      pccUserSource: { enabled: true, sourceCidr: [OFFICE, VPN] },
    },
    caller: clients.find(({ displayName }) => displayName === SELF)?.clientId ?? '',
    federatedCaller: trusted.find(({ displayName }) => displayName === NIGHTLY)?.clientId ?? '',
  };
}

/** The names of the personal client and the trust that the audit uses. */
const SELF = 'c1-audit nightly';
const NIGHTLY = 'c1-audit nightly job';

/** The names of a key and a trust that are decoys. */
const PLANTED = { key: 'vault-root-backup', trust: 'legacy release' } as const;

/** The company's networks. Documentation addresses would not do: a rule reports them as unreachable. */
const OFFICE = '62.176.96.0/24';
const CI_RUNNERS = '20.118.40.0/26';
const VPN = '2a04:4e40:1200::/48';
const BASTION = '62.176.97.14';

/** A role that was deleted while credentials still name it, and one that never existed. */
const LOST_ROLE = { deleted: idOf('role vendor-onboarding'), never: idOf('role never') } as const;

/** Its name promises little, but it can do everything. */
const PLATFORM_VIEWER = idOf('role platform-viewer');

const personId = (name: string) => idOf(`user ${name}`);

type Personal = Partial<User> & { readonly changed?: number; readonly deleted?: number };

/** Name, roles, and what differs from an engineer whose manager is Ben. `changed` and `deleted` are days ago. */
// biome-ignore format: a table
const PEOPLE = {
  ada:     ['Ada Okafor',    [ROLE.owner, ROLE.user], { department: 'Security' }],
  ben:     ['Ben Sørensen',  [ROLE.owner, ROLE.user], { department: 'IT', managerIds: [] }],
  chiara:  ['Chiara Russo',  [ROLE.applicationAdmin, ROLE.user]],
  dmitri:  ['Dmitri Petrov', [ROLE.viewer], { department: 'Internal Audit', employmentStatus: 'Leave of Absence' }],
  elif:    ['Elif Yılmaz',   [ROLE.user], { department: 'Data' }],
  farid:   ['Farid Haddad',  [ROLE.user], { department: 'Finance' }],
  grace:   ['Grace Njeri',   [ROLE.user], { status: 'DISABLED', changed: 12 }],
  hiro:    ['Hiro Tanaka',   [ROLE.campaignAdmin], { directoryStatus: 'DELETED', managerIds: [personId('ada'), personId('grace')] }],
  ines:    ['Inês Duarte',   [ROLE.user], { status: 'DELETED', changed: 21, deleted: 21 }],
  jonas:   ['Jonas Weber',   [ROLE.campaignAdmin, ROLE.user], { department: 'Compliance' }],
  keiko:   ['Keiko Mori',    [ROLE.user]],
  lucia:   ['Lucía Romero',  [ROLE.logsReader], { department: 'Security', employmentStatus: 'Notice Period' }],
  mallory: ['Mallory <img src=x onerror=alert(1)>', [ROLE.user], { email: 'mallory@acme.example', department: 'Contractors' }],
  agent:   ['Release Agent', [ROLE.applicationAdmin], { email: '', type: 'USER_TYPE_AGENT', origin: 'USER_ORIGIN_LOCAL', managerIds: [personId('chiara')] }],
} as const satisfies Record<string, readonly [string, readonly string[], Personal?]>;

function people(at: Calendar): User[] {
  return Object.entries<readonly [string, readonly string[], Personal?]>(PEOPLE).map(
    ([name, [displayName, roleIds, { changed = 30, deleted, ...over } = {}]]) =>
      user({
        id: personId(name),
        displayName,
        email: emailOf(displayName),
        roleIds: [...roleIds],
        managerIds: [personId('ben')],
        department: 'Engineering',
        createdAt: at.ago(900),
        updatedAt: at.ago(changed),
        deletedAt: at.ago(deleted),
        ...over,
      }),
  );
}

function emailOf(displayName: string): string {
  const plain = displayName.normalize('NFD').replace(/ø/g, 'o').replace(/ı/g, 'i');
  const letters = plain.replace(/[^A-Za-z ]/g, '').toLowerCase();
  return `${letters.replaceAll(' ', '.')}@acme.example`;
}

function roles(at: Calendar): Role[] {
  const own = (id: string, displayName: string, created: number, changed: number, over: Partial<Role> = {}) =>
    role({
      id,
      name: displayName.toLowerCase().replace(' ', '-'),
      displayName,
      systemBuiltin: false,
      createdAt: at.ago(created),
      updatedAt: at.ago(changed),
      ...over,
    });
  const all = systemRoles().flatMap(({ id, permissions }) => (id === ROLE.owner ? permissions : []));
  return [
    ...systemRoles(),
    own(idOf('role access-reviewer'), 'Access Reviewer', 400, 100),
    own(PLATFORM_VIEWER, 'Platform Viewer', 300, 8, { permissions: all }),
    own(LOST_ROLE.deleted, 'Vendor Onboarding', 700, 50, { deletedAt: at.ago(50) }),
  ];
}

/** The service principals: name, role, owner. */
// biome-ignore format: a table
const MACHINES = {
  audit:     ['c1-audit',          ROLE.owner,            'ada'],
  terraform: ['terraform-cloud',   ROLE.owner,            'ben'],
  deployer:  ['ci-deployer',       ROLE.applicationAdmin, 'chiara'],
  siem:      ['siem-export',       ROLE.logsReader,       'lucia'],
  warehouse: ['data-warehouse',    ROLE.viewer,           'elif'],
  helpdesk:  ['helpdesk-portal',   ROLE.user,             'jonas'],
  retired:   ['hr-sync (retired)', ROLE.user,             'grace'],
} as const;

type Machine = keyof typeof MACHINES;

const idOfMachine = (machine: Machine) => idOf(`service principal ${machine}`);

function servicePrincipals(at: Calendar) {
  return Object.entries(MACHINES).map(([machine, [displayName, , owner]]) =>
    servicePrincipal({
      id: idOfMachine(machine as Machine),
      displayName,
      ownerIds: [personId(owner)],
      createdAt: at.ago(700),
      updatedAt: at.ago(60),
    }),
  );
}

function machineUsers(at: Calendar): User[] {
  return Object.entries(MACHINES).map(([machine, [displayName, roleId, owner]]) =>
    user({
      id: idOfMachine(machine as Machine),
      displayName,
      roleIds: [roleId],
      managerIds: [personId(owner)],
      status: machine === 'retired' ? 'DISABLED' : 'ENABLED',
      directoryStatus: 'UNKNOWN',
      type: 'USER_TYPE_SERVICE',
      origin: 'USER_ORIGIN_LOCAL',
      createdAt: at.ago(700),
      updatedAt: at.ago(60),
    }),
  );
}

/** One or several. */
type Some = string | readonly string[];

const listOf = (some: Some): string[] => [some].flat();

/** Days since its creation, days until its end (negative: it has ended), days since its last use. `null` means never. */
type Dates = readonly [created: number, ends: number | null, used: number | null];

type Owner = keyof typeof PEOPLE | 'nobody';

/** Owner, name, dates, source networks, role scope, days since its deletion. */
type Key = readonly [of: Owner, name: string, ...Dates, from?: Some, roles?: Some, deleted?: number];

/** A Super Administrator with a key for everything. */
// biome-ignore format: a table
const ADA: readonly Key[] = [
  ['ada', SELF,                          84.6,  5.4,  0.01, CI_RUNNERS,                                                ROLE.owner],
  ['ada', 'terraform-state-sync',        402.3, null, 1.2],
  ['ada', 'break-glass (do not delete)', 211.5, 98.5, null, ['0.0.0.0/1', '128.0.0.0/1']],
  ['ada', 'Created by Cone',             61.2,  null, 60.9],
  ['ada', 'Created by Cone',             12.4,  null, 0.2],
  ['ada', 'quarterly-access-review',     169.7, 9.3,  95.1, OFFICE,                                                    ROLE.viewer],
  ['ada', 'okta-migration',              95.8,  -5.8, 31,   OFFICE,                                                    ROLE.viewer],
  ['ada', 'laptop',                      20.1,  69.9, 0.1,  [OFFICE, VPN],                                             ROLE.viewer],
  ['ada', 'deploy-bot',                  100.4, 60,   41.3, CI_RUNNERS,                                                ROLE.viewer],
  ['ada', 'Deploy-Bot ',                 30.2,  59.8, 0.4,  CI_RUNNERS,                                                ROLE.viewer],
  ['ada', 'splunk-export',               301.9, 118,  2.3,  ['10.20.0.0/16', '192.168.7.0/24'],                        ROLE.logsReader],
  ['ada', '',                            45.5,  44.5, 3,    OFFICE,                                                    ROLE.viewer],
  ['ada', 'vendor-poc',                  90,    90,   44,   OFFICE,                                                    [], 3.2],
  ['ada', 'postman',                     33.3,  56.7, 1.1,  '62.176.0.0/12',                                           LOST_ROLE.deleted],
  ['ada', 'grafana-datasource',          52.1,  37.9, 0.3,  [OFFICE, '62.176.096.010/32', '62.176.97.7/24', '62.176'], ROLE.viewer],
];

/** Administrators. */
// biome-ignore format: a table
const ADMINS: readonly Key[] = [
  ['ben',    'siem-forwarder',       21.8,  68.2, 0.05, '::/0',           ROLE.owner],
  ['ben',    'access-review-bot',    14.2,  75.8, 0.9,  BASTION,          ROLE.viewer],
  ['chiara', 'jira-sync',            50.5,  39.5, 0.2,  OFFICE],
  ['chiara', 'servicenow-connector', 27.7,  62.3, 0.6,  '2a04:4e00::/24', ROLE.applicationAdmin],
  ['chiara', 'catalog-reader',       8.9,   81.1, 0.3,  VPN,              ROLE.viewer],
  // Lasts a week: three days before its end it is not "expiring soon" yet.
  ['chiara', 'pairing session',      4,     3,    1,    OFFICE,           ROLE.applicationAdmin],
  ['dmitri', 'audit-evidence',       76.1,  13.9, 6.2,  OFFICE],
  ['lucia',  'incident-2291',        71.4,  6.2,  58.3, OFFICE,           ROLE.logsReader],
  ['agent',  'release-agent',        23.6,  66.4, 0.02, CI_RUNNERS,       ROLE.applicationAdmin],
];

/** Basic users: fewer rights, the same habits. */
// biome-ignore format: a table
const USERS: readonly Key[] = [
  ...[6, 5, 4, 3, 2, 1].map(
    (n): Key => ['elif', `notebook-${7 - n}`, n * 11.3, 90 - n * 11.3, n, n % 3 === 0 ? [] : OFFICE, n % 2 === 0 ? [] : ROLE.user],
  ),
  ['farid', 'backup',                      120.3, 40,   0.3,  BASTION, ROLE.user],
  ['farid', 'backup',                      40.1,  49.9, 0.2,  BASTION, ROLE.user],
  ['keiko', 'Created From Cone',           88.2,  null, 88.2],
  ['keiko', 'Created by Cone',             54.7,  null, 36.4],
  ['keiko', 'Created by c1i on keiko-mbp', 2.1,   null, 0.1],
];

/** Keys whose owners have left, in each possible way. `nobody` is in no directory any more. */
// biome-ignore format: a table
const LEFT_BEHIND: readonly Key[] = [
  ['grace',  'hr-feed',            140.2, 39.8, 0.8,  OFFICE, ROLE.user],
  ['hiro',   'campaign-dashboard', 66.9,  null, 1.4],
  ['ines',   'payroll-check',      155.5, 24.5, 22.1, OFFICE, ROLE.user],
  ['nobody', 'legacy-importer',    512.8, null, 180.6],
  ['nobody', 'migration 2023',     720.4, -355, 360],
];

/** Names that attack whoever opens, prints or posts a report. */
const HOSTILE = [
  '\u001b[2J\u001b[31mall clear\u001b[0m',
  '<script>alert(document.domain)</script>',
  "=cmd|' /C calc'!A0",
  '::error::nothing to see here',
  '@everyone <!channel> <https://evil.example|reset your password>',
  '\u202egnp.yek-terces ##[error]x',
  '[details](javascript:alert(1)) | x | **y**',
].map((name, n): Key => ['mallory', name, 15.5 + n, 74.5 - n, 0.5 + n, [], ROLE.user]);

/** A decoy that looks like the best key of all. */
const DECOY: Key = ['ben', PLANTED.key, 143.2, null, null];

/** Keys whose role scope says too little, or too much. */
// biome-ignore format: a table
const BEYOND: readonly Key[] = [
  ['ben',   'platform-metrics', 12.3, 77.7, 0.1, CI_RUNNERS, PLATFORM_VIEWER],
  ['jonas', 'app-inventory',    18.8, 71.2, 1.6, CI_RUNNERS, [ROLE.campaignAdmin, ROLE.applicationAdmin]],
];

function personalClients(at: Calendar): PersonalClient[] {
  return [...ADA, ...ADMINS, ...USERS, ...LEFT_BEHIND, ...HOSTILE, DECOY, ...BEYOND].map(
    ([owner, name, created, ends, used, from = [], roles = [], deleted = null], index) =>
      personalClient({
        id: clientNameOf(idOf(`personal client ${index} ${name}`)),
        displayName: name,
        userId: personId(owner),
        createdAt: at.ago(created),
        deletedAt: at.ago(deleted),
        expiresTime: at.ago(ends === null ? null : -ends),
        lastUsedAt: at.ago(used),
        allowSourceCidr: listOf(from),
        scopedRoles: listOf(roles),
      }),
  );
}

/** Service principal, then as for keys; `dpop` requires proof of possession. */
type Secret = readonly [of: Machine, name: string, ...Dates, from: Some, roles: Some, dpop?: 'dpop'];

// biome-ignore format: a table
const SECRETS: readonly Secret[] = [
  // Nothing to find.
  ['siem',      'collector-eu',   31.4,  148.6, 0.01, BASTION,                                     ROLE.logsReader,                  'dpop'],
  ['siem',      'collector-lab',  151.2, 4.8,   null, '10.8.0.0/14',                               ROLE.logsReader,                  'dpop'],
  // Need no stored secret: their principal has a trust.
  ['terraform', 'tfc-production', 122.6, 57.4,  0.2,  [],                                          []],
  ['terraform', 'tfc-staging',    118.1, 61.9,  93.5, '0.0.0.0/0',                                 ROLE.owner,                       'dpop'],
  ['deployer',  'deploy',         160.5, 19.5,  48.2, CI_RUNNERS,                                  ROLE.applicationAdmin,            'dpop'],
  ['deployer',  'deploy',         45.3,  134.7, 0.1,  CI_RUNNERS,                                  ROLE.applicationAdmin,            'dpop'],
  // Older than the tenant's limit on lifetimes.
  ['warehouse', 'nightly-load',   899.9, null,  0.6,  '62.160.0.0/11',                             ROLE.viewer],
  ['warehouse', 'backfill',       301.7, 98.3,  12.2, OFFICE,                                      [ROLE.viewer, LOST_ROLE.deleted], 'dpop'],
  ['warehouse', 'dbt',            180,   -12,   13,   OFFICE,                                      ROLE.viewer,                      'dpop'],
  ['helpdesk',  'portal',         64.8,  115.2, 0.3,  [OFFICE, '62.176.97.300', '62.176.97.5/24'], [ROLE.user, ROLE.viewer],         'dpop'],
  ['retired',   'hr-sync',        77.7,  102.3, 41,   OFFICE,                                      ROLE.user,                        'dpop'],
];

function credentials(at: Calendar): ServicePrincipalCredential[] {
  return SECRETS.map(([machine, name, created, ends, used, from, roles, dpop], index) =>
    credential({
      id: clientNameOf(`secret ${index}`),
      displayName: name,
      servicePrincipalId: idOfMachine(machine),
      createdAt: at.ago(created),
      expiresAt: at.ago(ends === null ? null : -ends),
      lastUsedAt: at.ago(used),
      requireDpop: dpop !== undefined,
      allowSourceCidrs: listOf(from),
      scopedRoleIds: listOf(roles),
    }),
  );
}

/** Name, issuer, type. */
// biome-ignore format: a table
const PROVIDERS = {
  github:    ['GitHub Actions',      'https://token.actions.githubusercontent.com', 'GITHUB_ACTIONS'],
  gitlab:    ['GitLab CI',           'https://gitlab.com',                          'GITLAB_CI'],
  terraform: ['HCP Terraform',       'https://app.terraform.io',                    'HCP_TERRAFORM'],
  aws:       ['AWS',                 'https://7f1c9a3e.tokens.sts.global.api.aws',  'AWS_IAM_OUTBOUND'],
  spiffe:    ['SPIRE',               'spiffe://prod.acme.example',                  'SPIFFE'],
  buildkite: ['Buildkite (retired)', 'https://agent.buildkite.com',                 'CUSTOM'],
} as const;

const idOfProvider = (name: keyof typeof PROVIDERS | 'removed') => idOf(`provider ${name}`);

function providers(at: Calendar) {
  return Object.entries(PROVIDERS).map(([name, [displayName, issuerUrl, type]]) =>
    provider({
      id: idOfProvider(name as keyof typeof PROVIDERS),
      displayName,
      issuerUrl,
      wellKnownProvider: `WELL_KNOWN_WORKLOAD_PROVIDER_${type}`,
      disabled: name === 'buildkite',
      oidc: name === 'spiffe' ? null : {},
      spiffe: name === 'spiffe' ? { bundleEndpointUrl: 'https://spire.acme.example/keys' } : null,
      createdAt: at.ago(420),
      updatedAt: at.ago(200),
    }),
  );
}

type Trusted = readonly [
  condition: string,
  of: Machine,
  by: keyof typeof PROVIDERS | 'removed',
  name: string,
  from: Some,
  roles: Some,
  disabled?: 'disabled',
];

// biome-ignore format: a table
const TRUSTS: readonly Trusted[] = [
  ['claims.repository == "acme/c1-audit" && claims.ref == "refs/heads/main"',
    'audit', 'github', NIGHTLY, CI_RUNNERS, ROLE.owner],
  // Each names a workload.
  ['claims["https://sts.amazonaws.com/"].aws_account == "104355912207"',
    'warehouse', 'aws', 'glue job', OFFICE, ROLE.viewer],
  // Each matches more than intended.
  ['',
    'terraform', 'terraform', 'any run', [], []],
  ['claims.sub != "" || true',
    'deployer', 'github', 'smoke test', CI_RUNNERS, [ROLE.applicationAdmin, ROLE.campaignAdmin]],
  ['claims.ref == "refs/heads/main" && claims.environment == "production"',
    'terraform', 'github', 'plan on main', '0.0.0.0/0', ROLE.viewer],
  ['claims.repository_owner == "acme"',
    'deployer', 'github', 'all our repositories', '62.160.0.0/11', ROLE.applicationAdmin],
  ['claims.repository.contains("infra") && claims.ref == "refs/heads/main"',
    'deployer', 'github', 'infra', '10.8.0.0/14', LOST_ROLE.deleted],
  ['claims.sub.split(":")[1] == "acme/dbt"',
    'warehouse', 'github', 'dbt', [OFFICE, '62.176.97.5/24'], ROLE.viewer],
  ['claims.project_path == "acme/etl" &&',
    'warehouse', 'gitlab', 'unfinished', OFFICE, ROLE.viewer],
  // Left over.
  ['claims.sub == "organization:acme:pipeline:shop"',
    'deployer', 'buildkite', 'old pipeline', CI_RUNNERS, ROLE.applicationAdmin],
  ['claims.sub == "org/9d2f/project/3c11"',
    'siem', 'removed', 'circle', BASTION, ROLE.logsReader],
  ['claims.repository == "acme/hr-sync"',
    'retired', 'github', 'hr-sync', CI_RUNNERS, ROLE.user],
  ['true',
    'helpdesk', 'github', 'paused', [], [], 'disabled'],
  // A decoy.
  ['',
    'deployer', 'github', PLANTED.trust, [], []],
];

function trusts(at: Calendar): FederationTrust[] {
  return TRUSTS.map(([conditionExpression, machine, by, displayName, from, roles, disabled], index) =>
    trust({
      clientId: clientNameOf(`trust ${index}`),
      displayName,
      conditionExpression,
      disabled: disabled !== undefined,
      providerId: idOfProvider(by),
      servicePrincipalId: idOfMachine(machine),
      allowSourceCidrs: listOf(from),
      scopedRoleIds: listOf(roles),
      createdAt: at.ago(30 + index * 9),
      updatedAt: at.ago(20 + index * 5),
    }),
  );
}

/** The credentials that the log and the scanners name. */
interface Named {
  readonly clients: readonly PersonalClient[];
  readonly secrets: readonly ServicePrincipalCredential[];
  readonly trusted: readonly FederationTrust[];
}

/**
 * What ConductorOne's scanners found in public. Which of its names a finding uses for a credential is not documented, so
 * each uses another one.
 */
function exposures(at: Calendar, { clients, secrets, trusted }: Named): ExposureFinding[] {
  const found = (
    records: readonly { readonly displayName: string; readonly clientId: string }[],
    name: string,
    sourceUrl: string,
    over: Partial<ExposureFinding> = {},
  ) => {
    const made = exposure({ id: idOf(`exposure of ${name}`), createdAt: at.ago(0.6), ...over });
    made.credentialPubliclyExposed = {
      userClientId: records.find(({ displayName }) => displayName === name)?.clientId ?? '',
      credentialDisplayName: name,
    };
    made.credentialPubliclyExposedEvidence.sourceUrl = sourceUrl;
    return made;
  };
  return [
    found(clients, 'postman', 'https://github.example/ada/collections'),
    found(secrets, 'backfill', ''),
    found(trusted, 'smoke test', 'https://paste.example/x8f2', { state: 'FINDING_STATE_IN_PROGRESS' }),
    found(clients, 'laptop', 'https://github.example/ada/notes', {
      state: 'FINDING_STATE_RESOLVED',
      resolvedAt: at.ago(0.1),
    }),
  ];
}

/**
 * Who approved it, the client's name, how it is registered, days since, days since its last use, roles. A verified domain
 * stands for a client that ConductorOne recognizes.
 */
type Grant = readonly [
  user: keyof typeof PEOPLE,
  name: string,
  verifiedDomain: string,
  approved: number,
  used: number | null,
  roles: Some,
];

// biome-ignore format: a table
const GRANTS: readonly Grant[] = [
  // Nothing to find.
  ['ada',    'Claude Code',    'claude.ai',    41.7,  0.2,   ROLE.viewer],
  // Registered themselves, under any name.
  ['ben',    'Meeting Notes',  '',             18.2,  1.3,   []],
  ['grace',  'tickets-agent',  '',             131.5, null,  LOST_ROLE.never],
  ['chiara', 'Cursor',         'cursor.com',   202.1, 118.4, ROLE.owner],
  ['lucia',  'Windsurf',       'windsurf.com', 23.9,  2.1,   ROLE.logsReader],
];

function externalClients(at: Calendar) {
  return GRANTS.map(([name, displayName, verifiedDomain, approved, used, roles]) => {
    const isVerified = verifiedDomain !== '';
    return externalClient({
      clientId: isVerified
        ? `https://${verifiedDomain}/.well-known/oauth-client`
        : idOf(`external client ${displayName}`),
      clientIdType: isVerified ? 'CLIENT_ID_TYPE_METADATA_URL' : 'CLIENT_ID_TYPE_DCR',
      displayName,
      userId: personId(name),
      roleIds: listOf(roles),
      createdAt: at.ago(approved),
      lastUsedAt: at.ago(used),
      verifiedDomain,
      wellKnownClient: isVerified
        ? `WELL_KNOWN_CLIENT_${displayName.toUpperCase().replace(' ', '_')}`
        : 'WELL_KNOWN_CLIENT_UNKNOWN',
    });
  });
}

/** Name, status, days since it was seen, days since its deletion (its credential still works). */
const BRIDGES = {
  frankfurt: ['frankfurt-dc', 'CONNECTED', 0, null],
  oslo: ['oslo-lab', 'DISCONNECTED', 130.6, null],
  office: ['old office', 'NEVER_CONNECTED', null, 70],
} as const;

const idOfBridge = (name: string) => idOf(`bridge ${name}`);

function bridges(at: Calendar) {
  return Object.entries(BRIDGES).map(([name, [displayName, status, seen, deleted]]) =>
    bridge({
      id: idOfBridge(name),
      displayName,
      appliance: {
        status: `TUNNEL_APPLIANCE_STATUS_${status}`,
        lastSeenAt: at.ago(seen),
        announcedServiceCount: status === 'CONNECTED' ? 4 : 0,
        links: [],
      },
      createdAt: at.ago(640),
      deletedAt: at.ago(deleted),
    }),
  );
}

/** Bridge, dates, status if not active. */
type Tunnel = readonly [of: keyof typeof BRIDGES, ...Dates, status?: 'ACTIVE' | 'REVOKED' | 'EXPIRED'];

// biome-ignore format: a table
const TUNNELS: readonly Tunnel[] = [
  // Nothing to find: last used long ago, but connected now.
  ['frankfurt', 148.3, 121.7, 94.2],
  ['frankfurt', 300.6, 100,   148.5, 'REVOKED'],
  ['frankfurt', 400.2, -30.4, 300.8, 'EXPIRED'],
  ['oslo',      260.9, null,  130.6],
  ['office',    388.1, 11.5,  null],
];

function tunnelCredentials(at: Calendar) {
  return TUNNELS.map(([of, created, ends, used, status = 'ACTIVE'], index) =>
    tunnelCredential({
      id: clientNameOf(`tunnel ${index}`),
      bridgeId: idOfBridge(of),
      credentialStatus: `TUNNEL_CREDENTIAL_STATUS_${status}`,
      createdAt: at.ago(created),
      expiresTime: at.ago(ends === null ? null : -ends),
      lastUsedAt: at.ago(used),
      revokedAt: status === 'REVOKED' ? at.ago(148.4) : null,
    }),
  );
}

function gatewayKeys(at: Calendar) {
  const key = (displayName: string, created: number, revoked?: number) =>
    gatewayKey({
      id: idOf(`gateway key ${displayName}`),
      displayName,
      createdAt: at.ago(created),
      revokedAt: at.ago(revoked),
    });
  return [key('support-bot', 421.3), key('docs-assistant', 36.8), key('hackathon', 210.4, 180.2)];
}

function functions(at: Calendar): TenantFunction[] {
  const made = (displayName: string, created: number, over: Partial<TenantFunction> = {}) =>
    tenantFunction({
      id: idOf(`function ${displayName}`),
      displayName,
      scopedRoleIds: [ROLE.viewer],
      createdAt: at.ago(created),
      ...over,
    });
  return [
    made('offboarding-hook', 152.6, { scopedRoleIds: [ROLE.owner] }),
    made('ticket-sync', 77.2),
    made('payroll-check', 3.5, { isDraft: true, scopedRoleIds: [ROLE.owner] }),
    made('old-approver', 480.9, { deletedAt: at.ago(12.3) }),
  ];
}

/** The decoys behind the planted records, and one of a kind that is in no list of credentials. */
function decoys(clients: readonly PersonalClient[], trusts: readonly FederationTrust[]) {
  const planted = (records: readonly (PersonalClient | FederationTrust)[], displayName: string) => ({
    displayName,
    createdAt: records.find((record) => record.displayName === displayName)?.createdAt ?? null,
  });
  return [
    decoy({ id: idOf('decoy key'), annotations: { team: 'security' }, ...planted(clients, PLANTED.key) }),
    decoy({
      id: idOf('decoy trust'),
      kind: 'DECOY_KIND_WORKLOAD_FEDERATION',
      ...planted(trusts, PLANTED.trust),
    }),
    decoy({
      id: idOf('decoy connector'),
      kind: 'DECOY_KIND_CONNECTOR_CLIENT',
      displayName: 'workday-connector',
      disabled: true,
    }),
  ];
}

/**
 * What the system log has of a credential: its name, how many days ago the last use was,
 * how many addresses it was used from, and the first of them. Those that are missing here were not used.
 */
// biome-ignore format: a table
const USES: readonly (readonly [name: string, last: number, addresses: number, from: string])[] = [
  ['collector-eu',     0.01, 1,  '62.176.97.14'],
  ['collector-us',     0.01, 1,  '62.176.97.14'],
  // Used from few of the addresses that may use it.
  ['tfc-production',   0.2,  3,  '20.118.40.9'],
  ['deploy',           0.1,  5,  '20.118.40.20'],
  ['nightly-load',     0.6,  2,  '62.176.96.40'],
  ['backfill',         12.2, 16, '62.176.96.64'],
  ['portal',           0.3,  16, '62.176.96.80'],
  [NIGHTLY,            0.9,  5,  '20.118.40.2'],
  ['deploy from main', 0.1,  6,  '20.118.40.16'],
  ['mirror',           2.1,  3,  '20.118.40.5'],
  ['glue job',         0.4,  16, '62.176.96.96'],
  ['canary pod',       0.3,  5,  '20.118.40.32'],
  ['jira-sync',        0.2,  2,  '62.176.96.12'],
  ['any run',          1.3,  4,  '20.118.40.9'],
  ['smoke test',       3.2,  4,  '20.118.40.52'],
  ['dbt',              0.2,  16, '62.176.96.128'],
];

/** Logins that were refused: name, how many, why, from where. */
// biome-ignore format: a table
const REFUSED: readonly (readonly [name: string, times: number, why: string, from: string])[] = [
  ['hr-sync',    14, 'sp_disabled',           '62.176.96.30'],
  ['hr-feed',    4,  'expired',               '62.176.96.31'],
  ['unfinished', 3,  'cel_condition_not_met', '20.118.40.11'],
];

const LOGGED_DAYS = 90;

function uses(calendar: Calendar, { clients, secrets, trusted }: Named): LoggedUse[] {
  const credentials = [
    ...clients.map((client) => ({
      ...client,
      kind: 'personal-client' as const,
      servicePrincipalId: client.userId,
    })),
    ...secrets.map((secret) => ({ ...secret, kind: 'service-principal-credential' as const })),
    ...trusted.map((trust) => ({ ...trust, kind: 'federation-trust' as const })),
  ].map((one) => ({ ...one, created: Date.parse(one.createdAt ?? '') }));
  const log: Omit<LoggedUse, 'uid'>[] = [];
  const named = (name: string) => credentials.filter(({ displayName }) => displayName === name);
  const add = (used: typeof credentials, days: number, address: string, refused = '') => {
    const at = calendar.now - Math.round(days * DAY);
    for (const { created, kind, clientId, servicePrincipalId } of used) {
      if (at < created) continue;
      const grant = kind === 'federation-trust' ? 'token_exchange' : 'client_credentials';
      log.push({ at, kind, clientId, principalId: servicePrincipalId, address, grant, refused });
    }
  };
  for (const [name, last, addresses, from] of USES) {
    const step = Math.min(1.5, (29 - last) / addresses);
    const used = named(name);
    for (let n = 0; last + n * step <= LOGGED_DAYS; n += 1)
      add(used, last + n * step, hostAfter(from, n % addresses));
  }
  // The nights of docs/state.md are ahead.
  for (let n = 1; n <= 8; n += 1) add(named('collector-eu'), -n + 0.5, '62.176.97.14');
  for (const [name, times, why, from] of REFUSED)
    for (let n = 0; n < times; n += 1) add(named(name), 0.4 + n, from, why);
  const id = idOf('event').slice(0, -6);
  return log
    .sort((a, b) => a.at - b.at)
    .map((use, index) => ({ uid: `${id}${String(index).padStart(6, '0')}`, ...use }));
}

function hostAfter(address: string, n: number): string {
  return address.replace(/\d+$/, (last) => String(Number(last) + n));
}
