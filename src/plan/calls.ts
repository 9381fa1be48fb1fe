import type { Kind, ReportedCredential, Setting } from '../contract/index.js';

/*
 * API calls as curl commands. They follow ConductorOne's OpenAPI document and, for updating and revoking the credentials
 * of service principals, which it leaves out, its SDKs. The document calls the id in the path of a personal client its
 * "human-readable name"; ConductorOne's own c1i uses the record's id there, and so do these.
 *
 * Ids and hosts are text by others: only what is plain, or plain after percent-encoding, becomes part of a command.
 * Nothing in it can end a quotation or add a parameter.
 */

type Target = Pick<ReportedCredential, 'kind' | 'id' | 'owner' | 'scopedRoles' | 'allowedCidrs'>;

const HOST = /^(?=.{1,253}$)[a-z0-9]+(?:[.-]+[a-z0-9]+)*$/;

/** The tenant's address, where its name is one. */
export function hostOf(tenant: string): string | undefined {
  return HOST.test(tenant) && tenant.includes('.') ? tenant : undefined;
}

/** Revokes or deletes a credential. undefined where its id cannot be part of an address. */
export function revokeCall(tenant: string, credential: Target): string | undefined {
  return curl(tenant, 'DELETE', recordPath(credential), {});
}

/** The method and the field of the body that change a record. */
const UPDATE = {
  'personal-client': ['POST', 'client'],
  'service-principal-credential': ['PATCH', 'credential'],
  'federation-trust': ['PATCH', 'trust'],
} as const satisfies Record<Kind, readonly [Method, string]>;

/** Changes a credential without replacing it. */
export function updateCall(
  tenant: string,
  credential: Target,
  settings: readonly Setting[],
): string | undefined {
  const values = Object.fromEntries(settings.map((setting) => fieldOf(credential, setting)));
  const [method, field] = UPDATE[credential.kind];
  return curl(tenant, method, recordPath(credential), {
    [field]: values,
    updateMask: Object.keys(values).join(','),
  });
}

const NINETY_DAYS = `${90 * 86_400}s`;

/** Creates a successor with the limits of the old credential, or narrower ones where a finding asks for that. */
export function createCall(
  tenant: string,
  credential: Target,
  settings: ReadonlySet<Setting>,
): string | undefined {
  const { kind, scopedRoles, allowedCidrs } = credential;
  const networks = settings.has('networks') ? [] : plain(allowedCidrs, /^[0-9a-fA-F:./]{2,49}$/);
  const roles = settings.has('roles')
    ? []
    : plain(
        scopedRoles.map(({ id }) => id),
        /^[0-9A-Za-z_-]{1,64}$/,
      );
  const shared = {
    displayName: 'NAME_OF_WHAT_USES_IT',
    expires: NINETY_DAYS,
    scopedRoles: roles.length > 0 ? roles : ROLES,
  };
  const sources = networks.length > 0 ? networks : NETWORKS;
  if (kind === 'personal-client')
    return curl(tenant, 'POST', ['iam', 'personal_clients'], { ...shared, allowSourceCidr: sources });
  return curl(tenant, 'POST', [...principal(credential), 'credentials'], {
    ...shared,
    allowSourceCidrs: sources,
    ...(settings.has('dpop') ? { requireDpop: true } : {}),
  });
}

/** Reads `lastUsedAt` again. A trust has none. */
export function lookCall(tenant: string, credential: Target): string | undefined {
  if (credential.kind === 'federation-trust') return undefined;
  const path = recordPath(credential);
  // A service principal's credential is only in the list of all of them.
  return curl(tenant, 'GET', credential.kind === 'personal-client' ? path : path.slice(0, -1));
}

/** Evaluates a condition on the claims of a token. */
export function tryConditionCall(tenant: string): string | undefined {
  return curl(tenant, 'POST', ['workload_federation', 'test-cel'], {
    expression: 'CONDITION',
    claimsJson: 'CLAIMS_OF_A_TOKEN_AS_JSON',
  });
}

const NETWORKS = ['YOUR_NETWORK_CIDR'];
const ROLES = ['ROLE_ID'];

/** A setting's name in the API, and a value for the reader to fill in. */
function fieldOf({ kind }: Target, setting: Setting): readonly [string, unknown] {
  const personal = kind === 'personal-client';
  switch (setting) {
    case 'networks':
      return [personal ? 'allowSourceCidr' : 'allowSourceCidrs', NETWORKS];
    case 'roles':
      return [personal ? 'scopedRoles' : 'scopedRoleIds', ROLES];
    case 'name':
      return ['displayName', 'NAME_OF_WHAT_USES_IT'];
    case 'dpop':
      return ['requireDpop', true];
    case 'condition':
      return ['conditionExpression', 'CONDITION'];
  }
}

function plain(values: readonly string[], pattern: RegExp): readonly string[] {
  return values.every((value) => pattern.test(value)) ? values : [];
}

const PRINCIPAL = '$SERVICE_PRINCIPAL_ID';

function principal({ owner }: Target): string[] {
  return ['service_principals', owner?.id || PRINCIPAL];
}

function recordPath(credential: Target): string[] {
  switch (credential.kind) {
    case 'personal-client':
      return ['iam', 'personal_clients', credential.id];
    case 'service-principal-credential':
      return [...principal(credential), 'credentials', credential.id];
    case 'federation-trust':
      return [...principal(credential), 'trusts', credential.id];
  }
}

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

function curl(tenant: string, method: Method, path: readonly string[], body?: object): string | undefined {
  const parts = path.map((part) => (part === PRINCIPAL ? part : segment(part)));
  if (parts.includes(undefined)) return undefined;
  const json = body && ` -H 'Content-Type: application/json' -d ${quoted(JSON.stringify(body))}`;
  const url = `https://${hostOf(tenant) ?? '$C1_HOST'}/api/v1/${parts.join('/')}`;
  return `curl -sS -X ${method} -H "Authorization: Bearer $C1_TOKEN"${json ?? ''} "${url}"`;
}

/** One part of a path. undefined for text that would address something else, such as the collection or its parent. */
function segment(text: string): string | undefined {
  if (text === '' || text.length > 200 || /^\.+$/.test(text) || !text.isWellFormed()) return undefined;
  return encodeURIComponent(text).replace(
    /[!'()*~]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
