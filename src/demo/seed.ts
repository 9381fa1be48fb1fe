import {
  Calendar,
  clientNameOf,
  credential,
  idOf,
  personalClient,
  provider,
  ROLE,
  role,
  servicePrincipal,
  sessionSettings,
  systemRoles,
  trust,
  user,
} from './build.js';
import type {
  FederationProvider,
  FederationTrust,
  PersonalClient,
  Role,
  ServicePrincipal,
  ServicePrincipalCredential,
  TenantRecords,
  User,
} from './records.js';
import { decoys, PLANTED } from './seed/decoys.js';

/**
 * The networks of the seed's company. Addresses set aside for documentation would not do: no call over the
 * internet comes from them, and a rule says so.
 */
const OFFICE = '62.176.96.0/24';
const CI_RUNNERS = '20.118.40.0/26';
const VPN = '2a04:4e40:1200::/48';
const BASTION = '62.176.97.14';

/** The people of the seed, by a short name. `nobody` is in no directory any more. */
const PERSON = {
  ada: idOf('user ada'),
  ben: idOf('user ben'),
  chiara: idOf('user chiara'),
  dmitri: idOf('user dmitri'),
  elif: idOf('user elif'),
  farid: idOf('user farid'),
  grace: idOf('user grace'),
  hiro: idOf('user hiro'),
  ines: idOf('user ines'),
  jonas: idOf('user jonas'),
  keiko: idOf('user keiko'),
  lucia: idOf('user lucia'),
  mallory: idOf('user mallory'),
  agent: idOf('user agent'),
  nobody: idOf('user nobody'),
} as const;

/** A role that was deleted while credentials still name it, and one that never was. */
const LOST_ROLE = { deleted: idOf('role vendor-onboarding'), never: idOf('role never') } as const;

function people(calendar: Calendar): User[] {
  const person = (id: string, displayName: string, roleIds: string[], over: Partial<User> = {}): User => {
    const email = `${displayName
      .normalize('NFD')
      .replace(/ø/g, 'o')
      .replace(/ı/g, 'i')
      .replace(/[^A-Za-z ]/g, '')
      .toLowerCase()
      .replaceAll(' ', '.')}@acme.example`;
    return user({
      id,
      displayName,
      email,
      roleIds,
      managerIds: [PERSON.ben],
      department: 'Engineering',
      createdAt: calendar.ago(900),
      updatedAt: calendar.ago(30),
      ...over,
    });
  };
  return [
    person(PERSON.ada, 'Ada Okafor', [ROLE.owner, ROLE.user], { department: 'Security' }),
    person(PERSON.ben, 'Ben Sørensen', [ROLE.owner, ROLE.user], { department: 'IT', managerIds: [] }),
    person(PERSON.chiara, 'Chiara Russo', [ROLE.applicationAdmin, ROLE.user]),
    person(PERSON.dmitri, 'Dmitri Petrov', [ROLE.viewer], { department: 'Internal Audit' }),
    person(PERSON.elif, 'Elif Yılmaz', [ROLE.user], { department: 'Data' }),
    person(PERSON.farid, 'Farid Haddad', [ROLE.user], { department: 'Finance' }),
    person(PERSON.grace, 'Grace Njeri', [ROLE.user], { status: 'DISABLED', updatedAt: calendar.ago(12) }),
    person(PERSON.hiro, 'Hiro Tanaka', [ROLE.campaignAdmin], {
      directoryStatus: 'DELETED',
      managerIds: [PERSON.ada, PERSON.grace],
    }),
    person(PERSON.ines, 'Inês Duarte', [ROLE.user], {
      status: 'DELETED',
      deletedAt: calendar.ago(21),
      updatedAt: calendar.ago(21),
    }),
    person(PERSON.jonas, 'Jonas Weber', [ROLE.campaignAdmin, ROLE.user], { department: 'Compliance' }),
    person(PERSON.keiko, 'Keiko Mori', [ROLE.user]),
    person(PERSON.lucia, 'Lucía Romero', [ROLE.logsReader], { department: 'Security' }),
    person(PERSON.mallory, 'Mallory <img src=x onerror=alert(1)>', [ROLE.user], {
      email: 'mallory@acme.example',
      department: 'Contractors',
    }),
    person(PERSON.agent, 'Release Agent', [ROLE.applicationAdmin], {
      email: '',
      type: 'USER_TYPE_AGENT',
      origin: 'USER_ORIGIN_LOCAL',
      managerIds: [PERSON.chiara],
    }),
  ];
}

function roles(calendar: Calendar): Role[] {
  return [
    ...systemRoles(),
    role({
      id: idOf('role access-reviewer'),
      name: 'access-reviewer',
      displayName: 'Access Reviewer',
      systemBuiltin: false,
      createdAt: calendar.ago(400),
      updatedAt: calendar.ago(100),
    }),
    role({
      id: LOST_ROLE.deleted,
      name: 'vendor-onboarding',
      displayName: 'Vendor Onboarding',
      systemBuiltin: false,
      createdAt: calendar.ago(700),
      updatedAt: calendar.ago(50),
      deletedAt: calendar.ago(50),
    }),
  ];
}

/** The service principals of the seed: name, roles, who looks after them. */
const MACHINES = {
  audit: { name: 'c1-audit', roles: [ROLE.owner], owners: [PERSON.ada] },
  terraform: { name: 'terraform-cloud', roles: [ROLE.owner], owners: [PERSON.ben] },
  deployer: { name: 'ci-deployer', roles: [ROLE.applicationAdmin], owners: [PERSON.chiara] },
  siem: { name: 'siem-export', roles: [ROLE.logsReader], owners: [PERSON.lucia] },
  warehouse: { name: 'data-warehouse', roles: [ROLE.viewer], owners: [PERSON.elif] },
  helpdesk: { name: 'helpdesk-portal', roles: [ROLE.user], owners: [PERSON.jonas] },
  retired: { name: 'hr-sync (retired)', roles: [ROLE.user], owners: [PERSON.grace] },
} as const;

type Machine = keyof typeof MACHINES;

const idOfMachine = (machine: Machine) => idOf(`service principal ${machine}`);

function servicePrincipals(calendar: Calendar): ServicePrincipal[] {
  return (Object.keys(MACHINES) as Machine[]).map((machine) =>
    servicePrincipal({
      id: idOfMachine(machine),
      displayName: MACHINES[machine].name,
      ownerIds: [...MACHINES[machine].owners],
      createdAt: calendar.ago(700),
      updatedAt: calendar.ago(60),
    }),
  );
}

/** The users behind the service principals. */
function machineUsers(calendar: Calendar): User[] {
  return (Object.keys(MACHINES) as Machine[]).map((machine) => {
    const { name, roles, owners } = MACHINES[machine];
    return user({
      id: idOfMachine(machine),
      displayName: name,
      roleIds: [...roles],
      managerIds: [...owners],
      status: machine === 'retired' ? 'DISABLED' : 'ENABLED',
      directoryStatus: 'UNKNOWN',
      type: 'USER_TYPE_SERVICE',
      origin: 'USER_ORIGIN_LOCAL',
      createdAt: calendar.ago(700),
      updatedAt: calendar.ago(60),
    });
  });
}

/** Days as for personal clients. */
interface Secret {
  readonly of: Machine;
  readonly name: string;
  readonly created: number;
  readonly ends: number | null;
  readonly used: number | null;
  readonly from?: readonly string[];
  readonly roles?: readonly string[];
  readonly dpop?: boolean;
}

const SECRETS: readonly Secret[] = [
  // Sound in every respect.
  {
    of: 'siem',
    name: 'collector-eu',
    created: 31.4,
    ends: 148.6,
    used: 0.01,
    from: [BASTION],
    roles: [ROLE.logsReader],
    dpop: true,
  },
  {
    of: 'siem',
    name: 'collector-us',
    created: 19.9,
    ends: 160.1,
    used: 0.01,
    from: [BASTION],
    roles: [ROLE.logsReader],
    dpop: true,
  },
  {
    of: 'siem',
    name: 'collector-lab',
    created: 151.2,
    ends: 4.8,
    used: null,
    from: ['10.8.0.0/14'],
    roles: [ROLE.logsReader],
    dpop: true,
  },
  // A pipeline that could do without a stored secret: its principal has a trust.
  { of: 'terraform', name: 'tfc-production', created: 122.6, ends: 57.4, used: 0.2 },
  {
    of: 'terraform',
    name: 'tfc-staging',
    created: 118.1,
    ends: 61.9,
    used: 93.5,
    from: ['0.0.0.0/0'],
    roles: [ROLE.owner],
    dpop: true,
  },
  {
    of: 'deployer',
    name: 'deploy',
    created: 160.5,
    ends: 19.5,
    used: 48.2,
    from: [CI_RUNNERS],
    roles: [ROLE.applicationAdmin],
    dpop: true,
  },
  {
    of: 'deployer',
    name: 'deploy',
    created: 45.3,
    ends: 134.7,
    used: 0.1,
    from: [CI_RUNNERS],
    roles: [ROLE.applicationAdmin],
    dpop: true,
  },
  // From before secrets had to end.
  {
    of: 'warehouse',
    name: 'nightly-load',
    created: 899.9,
    ends: null,
    used: 0.6,
    from: ['62.160.0.0/11'],
    roles: [ROLE.viewer],
  },
  {
    of: 'warehouse',
    name: 'backfill',
    created: 301.7,
    ends: 98.3,
    used: 12.2,
    from: [OFFICE],
    roles: [ROLE.viewer, LOST_ROLE.deleted],
    dpop: true,
  },
  {
    of: 'warehouse',
    name: 'dbt',
    created: 180,
    ends: -12,
    used: 13,
    from: [OFFICE],
    roles: [ROLE.viewer],
    dpop: true,
  },
  {
    of: 'helpdesk',
    name: 'portal',
    created: 64.8,
    ends: 115.2,
    used: 0.3,
    from: [OFFICE, '62.176.97.300', '62.176.97.5/24'],
    roles: [ROLE.user],
    dpop: true,
  },
  {
    of: 'helpdesk',
    name: 'portal-canary',
    created: 9.2,
    ends: 170.8,
    used: null,
    from: [OFFICE],
    dpop: true,
  },
  {
    of: 'retired',
    name: 'hr-sync',
    created: 77.7,
    ends: 102.3,
    used: 41,
    from: [OFFICE],
    roles: [ROLE.user],
    dpop: true,
  },
];

function credentials(calendar: Calendar): ServicePrincipalCredential[] {
  return SECRETS.map((secret, index) =>
    credential({
      id: clientNameOf(`secret ${index}`),
      displayName: secret.name,
      servicePrincipalId: idOfMachine(secret.of),
      createdAt: calendar.ago(secret.created),
      expiresAt: secret.ends === null ? null : calendar.ahead(secret.ends),
      lastUsedAt: secret.used === null ? null : calendar.ago(secret.used),
      requireDpop: secret.dpop ?? false,
      allowSourceCidrs: [...(secret.from ?? [])],
      scopedRoleIds: [...(secret.roles ?? [])],
    }),
  );
}

const PROVIDERS = {
  github: {
    name: 'GitHub Actions',
    url: 'https://token.actions.githubusercontent.com',
    type: 'GITHUB_ACTIONS',
  },
  gitlab: { name: 'GitLab CI', url: 'https://gitlab.com', type: 'GITLAB_CI' },
  terraform: { name: 'HCP Terraform', url: 'https://app.terraform.io', type: 'HCP_TERRAFORM' },
  aws: { name: 'AWS', url: 'https://7f1c9a3e.tokens.sts.global.api.aws', type: 'AWS_IAM_OUTBOUND' },
  spiffe: { name: 'SPIRE', url: 'spiffe://prod.acme.example', type: 'SPIFFE' },
  buildkite: { name: 'Buildkite (retired)', url: 'https://agent.buildkite.com', type: 'CUSTOM' },
} as const;

type ProviderName = keyof typeof PROVIDERS;

const idOfProvider = (name: ProviderName | 'removed') => idOf(`provider ${name}`);

function providers(calendar: Calendar): FederationProvider[] {
  return (Object.keys(PROVIDERS) as ProviderName[]).map((name) =>
    provider({
      id: idOfProvider(name),
      displayName: PROVIDERS[name].name,
      issuerUrl: PROVIDERS[name].url,
      wellKnownProvider: `WELL_KNOWN_WORKLOAD_PROVIDER_${PROVIDERS[name].type}`,
      disabled: name === 'buildkite',
      oidc: name === 'spiffe' ? null : {},
      spiffe: name === 'spiffe' ? { bundleEndpointUrl: 'https://spire.acme.example/keys' } : null,
      createdAt: calendar.ago(420),
      updatedAt: calendar.ago(200),
    }),
  );
}

interface Trusted {
  readonly of: Machine;
  readonly by: ProviderName | 'removed';
  readonly name: string;
  readonly when: string;
  readonly from?: readonly string[];
  readonly roles?: readonly string[];
  readonly disabled?: boolean;
}

/** The trust of the nightly audit's own job. */
const NIGHTLY: Trusted = {
  of: 'audit',
  by: 'github',
  name: 'c1-audit nightly job',
  when: 'claims.repository == "acme/c1-audit" && claims.ref == "refs/heads/main"',
  from: [CI_RUNNERS],
  roles: [ROLE.owner],
};

const TRUSTS: readonly Trusted[] = [
  NIGHTLY,
  // Each names a workload.
  {
    of: 'deployer',
    by: 'github',
    name: 'deploy from main',
    when: 'claims.sub == "repo:acme/shop:ref:refs/heads/main"',
    from: [CI_RUNNERS],
    roles: [ROLE.applicationAdmin],
  },
  {
    of: 'deployer',
    by: 'gitlab',
    name: 'mirror',
    when: 'claims.project_path == "acme/shop" && claims.ref_protected == "true"',
    from: [CI_RUNNERS],
    roles: [ROLE.applicationAdmin],
  },
  {
    of: 'warehouse',
    by: 'aws',
    name: 'glue job',
    when: 'claims["https://sts.amazonaws.com/"].aws_account == "104355912207"',
    from: [OFFICE],
    roles: [ROLE.viewer],
  },
  {
    of: 'deployer',
    by: 'spiffe',
    name: 'canary pod',
    when: 'claims.sub == "spiffe://prod.acme.example/ns/shop/sa/canary"',
    from: [CI_RUNNERS],
    roles: [ROLE.applicationAdmin],
  },
  // Each lets in more than it was meant to.
  { of: 'terraform', by: 'terraform', name: 'any run', when: '' },
  {
    of: 'deployer',
    by: 'github',
    name: 'smoke test',
    when: 'claims.sub != "" || true',
    from: [CI_RUNNERS],
    roles: [ROLE.applicationAdmin],
  },
  {
    of: 'terraform',
    by: 'github',
    name: 'plan on main',
    when: 'claims.ref == "refs/heads/main" && claims.environment == "production"',
    from: ['0.0.0.0/0'],
    roles: [ROLE.viewer],
  },
  {
    of: 'deployer',
    by: 'github',
    name: 'all our repositories',
    when: 'claims.repository_owner == "acme"',
    from: ['62.160.0.0/11'],
    roles: [ROLE.applicationAdmin],
  },
  {
    of: 'deployer',
    by: 'github',
    name: 'infra',
    when: 'claims.repository.contains("infra") && claims.ref == "refs/heads/main"',
    from: ['10.8.0.0/14'],
    roles: [LOST_ROLE.deleted],
  },
  {
    of: 'warehouse',
    by: 'github',
    name: 'dbt',
    when: 'claims.sub.split(":")[1] == "acme/dbt"',
    from: [OFFICE, '62.176.97.5/24'],
    roles: [ROLE.viewer],
  },
  {
    of: 'warehouse',
    by: 'gitlab',
    name: 'unfinished',
    when: 'claims.project_path == "acme/etl" &&',
    from: [OFFICE],
    roles: [ROLE.viewer],
  },
  // Left over from somewhere else.
  {
    of: 'deployer',
    by: 'buildkite',
    name: 'old pipeline',
    when: 'claims.sub == "organization:acme:pipeline:shop"',
    from: [CI_RUNNERS],
    roles: [ROLE.applicationAdmin],
  },
  {
    of: 'siem',
    by: 'removed',
    name: 'circle',
    when: 'claims.sub == "org/9d2f/project/3c11"',
    from: [BASTION],
    roles: [ROLE.logsReader],
  },
  {
    of: 'retired',
    by: 'github',
    name: 'hr-sync',
    when: 'claims.repository == "acme/hr-sync"',
    from: [CI_RUNNERS],
    roles: [ROLE.user],
  },
  { of: 'helpdesk', by: 'github', name: 'paused', when: 'true', disabled: true },
  // Not a way in at all, but a decoy.
  { of: 'deployer', by: 'github', name: PLANTED.trust, when: '' },
];

const idOfTrust = (index: number) => clientNameOf(`trust ${index}`);

function trusts(calendar: Calendar): FederationTrust[] {
  return TRUSTS.map((each, index) =>
    trust({
      clientId: idOfTrust(index),
      displayName: each.name,
      description: '',
      conditionExpression: each.when,
      disabled: each.disabled ?? false,
      providerId: idOfProvider(each.by),
      servicePrincipalId: idOfMachine(each.of),
      allowSourceCidrs: [...(each.from ?? [])],
      scopedRoleIds: [...(each.roles ?? [])],
      createdAt: calendar.ago(30 + index * 9),
      updatedAt: calendar.ago(20 + index * 5),
    }),
  );
}

/** The bare client id of the nightly audit's own trust. */
const NIGHTLY_TRUST = idOfTrust(TRUSTS.indexOf(NIGHTLY));

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

function personalClients(calendar: Calendar): PersonalClient[] {
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
function isSelf(client: PersonalClient): boolean {
  return client.displayName === SELF.name;
}

/**
 * A company of a dozen people and seven service principals whose credentials show every rule, and some that are
 * sound. The same `now` (milliseconds since the epoch) gives the same records; ids do not depend on it.
 */
export function seed(now: number): TenantRecords {
  const calendar = new Calendar(now);
  const clients = personalClients(calendar);
  const trusted = trusts(calendar);
  return {
    personalClients: clients,
    users: [...people(calendar), ...machineUsers(calendar)],
    roles: roles(calendar),
    servicePrincipals: servicePrincipals(calendar),
    credentials: credentials(calendar),
    trusts: trusted,
    providers: providers(calendar),
    decoys: decoys(clients, trusted),
    sessionSettings: {
      ...sessionSettings(),
      // Ordinary users are held to the company's networks, administrators are not.
      pccUserSource: { enabled: true, sourceCidr: [OFFICE, VPN] },
    },
    caller: clients.find(isSelf)?.clientId ?? '',
    federatedCaller: NIGHTLY_TRUST,
  };
}
