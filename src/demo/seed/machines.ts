import {
  type Calendar,
  clientNameOf,
  credential,
  idOf,
  provider,
  ROLE,
  servicePrincipal,
  trust,
  user,
} from '../build.js';
import type {
  FederationProvider,
  FederationTrust,
  ServicePrincipal,
  ServicePrincipalCredential,
  User,
} from '../tenant/records.js';
import { PLANTED } from './decoys.js';
import { BASTION, CI_RUNNERS, OFFICE } from './networks.js';
import { LOST_ROLE, PERSON } from './people.js';

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

export function servicePrincipals(calendar: Calendar): ServicePrincipal[] {
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
export function machineUsers(calendar: Calendar): User[] {
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

export function credentials(calendar: Calendar): ServicePrincipalCredential[] {
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

export function providers(calendar: Calendar): FederationProvider[] {
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

export function trusts(calendar: Calendar): FederationTrust[] {
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
export const NIGHTLY_TRUST = idOfTrust(TRUSTS.indexOf(NIGHTLY));
