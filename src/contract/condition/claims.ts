import { constantOf } from './constant.js';
import type { Expression } from './expression.js';

/** What kind of name a claim holds, which decides how much a test on it narrows things down. */
export type ClaimKind =
  /** An issuer's own composite: `repo:acme/infra:ref:…`, `spiffe://…`, an ARN. */
  | 'subject'
  /** `owner/name`. */
  | 'repository'
  /** `group/subgroup/name`. */
  | 'project'
  /** An identifier without inner structure, unique at its issuer. */
  | 'id'
  /** The path of a SPIFFE id, whose trust domain the issuer stands for. */
  | 'path'
  /** A name that many organizations may use: it names a workload beside its organization only. */
  | 'workspace'
  /** Owner of many workloads. */
  | 'owner'
  /** `group/subgroup`. */
  | 'namespace'
  /** Owner of Terraform workspaces. */
  | 'organization';

const AWS = 'https://sts.amazonaws.com/';

/** In a claim's address, the step from a SPIFFE id to one of its parts. */
const URL_OF = 'url()';

const address = (...keys: readonly string[]) => JSON.stringify(keys);

/**
 * The claims that name a workload or its owner. All others (`actor`, `ref`, `environment`, `aud`, `iss`,
 * `job_workflow_ref`, …) say when and how a workload runs, or hold what a stranger can choose.
 *
 * Sources: GitHub, "OpenID Connect reference"; GitLab, "ID token authentication"; HCP Terraform, "Workload identity
 * tokens"; AWS IAM, "Understanding token claims"; SPIFFE-ID specification, section 2.
 */
const CLAIMS: ReadonlyMap<string, ClaimKind> = new Map<string, ClaimKind>([
  [address('sub'), 'subject'],
  [address('sub', URL_OF, 'path'), 'path'],
  [address('sub', URL_OF, 'host'), 'owner'],
  // GitHub Actions
  [address('repository'), 'repository'],
  [address('repository_id'), 'id'],
  [address('repository_owner'), 'owner'],
  [address('repository_owner_id'), 'owner'],
  [address('enterprise'), 'owner'],
  [address('enterprise_id'), 'owner'],
  // GitLab
  [address('project_path'), 'project'],
  [address('project_id'), 'id'],
  [address('namespace_path'), 'namespace'],
  [address('namespace_id'), 'owner'],
  // HCP Terraform; ConductorOne's own examples leave `_name` out of the organization's claim.
  [address('terraform_workspace_id'), 'id'],
  [address('terraform_workspace_name'), 'workspace'],
  [address('terraform_organization'), 'organization'],
  [address('terraform_organization_name'), 'organization'],
  [address('terraform_organization_id'), 'organization'],
  [address('terraform_project_id'), 'organization'],
  // AWS
  [address(AWS, 'aws_account'), 'id'],
  [address(AWS, 'principal_id'), 'subject'],
  [address(AWS, 'org_id'), 'owner'],
]);

/** A claim that a condition looks at. */
export interface Claim {
  /** Undefined for a claim that names neither a workload nor an owner. */
  readonly kind: ClaimKind | undefined;
}

/** Functions whose result is their operand in another spelling. */
const SPELLINGS = new Set(['lowerAscii', 'upperAscii', 'trim', 'string', 'int', 'uint', 'double', 'dyn']);

/** The claim that an expression reads, whole and unchanged but for its spelling; undefined for anything else. */
export function claimOf(expression: Expression): Claim | undefined {
  const keys = keysOf(expression);
  return keys && keys.length > 0 ? { kind: CLAIMS.get(address(...keys)) } : undefined;
}

function keysOf(expression: Expression): string[] | undefined {
  if (expression.op === 'id') return expression.name === 'claims' ? [] : undefined;
  // An element of a list names what the list does not: nothing.
  if (expression.op === 'element') return keysOf(expression.of)?.concat('[]');
  if (expression.op === 'select') {
    const key = constantOf(expression.key);
    return typeof key === 'string' ? keysOf(expression.of)?.concat(key) : undefined;
  }
  if (expression.op !== 'call') return undefined;
  const [argument] = expression.args;
  if (expression.target) {
    return SPELLINGS.has(expression.name) && !argument ? nonEmpty(keysOf(expression.target)) : undefined;
  }
  if (!argument || expression.args.length > 1) return undefined;
  if (expression.name === 'url') return nonEmpty(keysOf(argument))?.concat(URL_OF);
  return SPELLINGS.has(expression.name) ? nonEmpty(keysOf(argument)) : undefined;
}

function nonEmpty(keys: string[] | undefined): string[] | undefined {
  return keys && keys.length > 0 ? keys : undefined;
}
