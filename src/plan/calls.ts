import { hasFact, type Kind, type ReportedCredential, type Setting } from '../contract/index.js';

/*
 * API calls as curl commands. They follow ConductorOne's OpenAPI document and, for updating and revoking the credentials
 * of service principals, which it leaves out, its SDKs. No call is published that revokes what a user approved (an
 * external client). The document calls the id in the path of a personal client its
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

/** Revokes or deletes a credential. undefined where its id cannot be part of an address, or no call is published. */
export function revokeCall(tenant: string, credential: Target): string | undefined {
  const path = recordPath(credential);
  return path && curl(tenant, 'DELETE', path, {});
}

/** The method and the field of the body that change a record. */
const UPDATE: { readonly [K in Kind]?: readonly [Method, string] } = {
  'personal-client': ['POST', 'client'],
  'service-principal-credential': ['PATCH', 'credential'],
  'federation-trust': ['PATCH', 'trust'],
  function: ['POST', 'function'],
};

/** Changes a credential without replacing it. */
export function updateCall(
  tenant: string,
  credential: Target,
  settings: readonly Setting[],
): string | undefined {
  const { kind, id } = credential;
  const path = kind === 'function' ? ['functions', 'update'] : recordPath(credential);
  const [method, field] = UPDATE[kind] ?? [];
  if (path === undefined || method === undefined || field === undefined) return undefined;
  const values = Object.fromEntries(settings.map((setting) => fieldOf(credential, setting)));
  if (kind === 'function' && !PLAIN_ID.test(id)) return undefined;
  // The path does not name the function.
  const record = kind === 'function' ? { id, ...values } : values;
  return curl(tenant, method, path, { [field]: record, updateMask: Object.keys(values).join(',') });
}

const NEW_NAME = 'NAME_OF_WHAT_USES_IT';
const NINETY_DAYS = `${90 * 86_400}s`;

/** Creates a successor with the limits of the old credential, or narrower ones where a finding asks for that. */
export function createCall(
  tenant: string,
  credential: Target,
  settings: ReadonlySet<Setting>,
): string | undefined {
  const { kind, scopedRoles, allowedCidrs } = credential;
  if (kind === 'tunnel-credential') return curl(tenant, 'POST', BRIDGE_CREDENTIALS, {});
  if (kind === 'llm-gateway-key')
    return curl(tenant, 'POST', ['llm-gateway', 'keys'], { displayName: NEW_NAME });
  if (kind !== 'personal-client' && kind !== 'service-principal-credential') return undefined;
  const networks = settings.has('networks') ? [] : plain(allowedCidrs, /^[0-9a-fA-F:./]{2,49}$/);
  const ids = scopedRoles.map(({ id }) => id);
  const roles = settings.has('roles') ? [] : plain(ids, PLAIN_ID);
  const shared = {
    displayName: NEW_NAME,
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

/** Reads `lastUsedAt` again. Only a personal client can be read by itself. undefined for kinds without a last use. */
export function lookCall(tenant: string, credential: Target): string | undefined {
  const { kind, owner } = credential;
  if (!hasFact(kind, 'lastUsedAt')) return undefined;
  if (kind === 'external-client')
    return owner && PLAIN_ID.test(owner.id)
      ? curl(tenant, 'POST', ['search', 'iam', 'external_clients'], { users: [{ id: owner.id }] })
      : undefined;
  if (kind === 'tunnel-credential') return curl(tenant, 'GET', BRIDGE_CREDENTIALS);
  const path = recordPath(credential);
  return path && curl(tenant, 'GET', kind === 'personal-client' ? path : path.slice(0, -1));
}

/** Evaluates a condition on the claims of a token. */
export function tryConditionCall(tenant: string): string | undefined {
  return curl(tenant, 'POST', ['workload_federation', 'test-cel'], {
    expression: 'CONDITION',
    claimsJson: 'CLAIMS_OF_A_TOKEN_AS_JSON',
  });
}

const PLAIN_ID = /^[0-9A-Za-z_-]{1,64}$/;
const NETWORKS = ['YOUR_NETWORK_CIDR'];
const ROLES = ['ROLE_ID'];

/** A setting's name in the API, for personal clients too where that differs, and a value for the reader to fill in. */
const FIELDS: Readonly<Record<Setting, readonly [name: string, value: unknown, ofPersonalClients?: string]>> =
  {
    networks: ['allowSourceCidrs', NETWORKS, 'allowSourceCidr'],
    roles: ['scopedRoleIds', ROLES, 'scopedRoles'],
    name: ['displayName', NEW_NAME],
    dpop: ['requireDpop', true],
    condition: ['conditionExpression', 'CONDITION'],
  };

function fieldOf({ kind }: Target, setting: Setting): readonly [string, unknown] {
  const [name, value, ofPersonalClients = name] = FIELDS[setting];
  return [kind === 'personal-client' ? ofPersonalClients : name, value];
}

function plain(values: readonly string[], pattern: RegExp): readonly string[] {
  return values.every((value) => pattern.test(value)) ? values : [];
}

const PRINCIPAL = '$SERVICE_PRINCIPAL_ID';
const BRIDGE = '$BRIDGE_ID';
/** A report does not name the bridge. */
const BRIDGE_CREDENTIALS = ['iam', 'tunnel', 'bridges', BRIDGE, 'credentials'];

function principal({ owner }: Target): string[] {
  return ['service_principals', owner?.id || PRINCIPAL];
}

const PATHS: Readonly<Record<Kind, (credential: Target) => string[] | undefined>> = {
  'personal-client': ({ id }) => ['iam', 'personal_clients', id],
  'service-principal-credential': (one) => [...principal(one), 'credentials', one.id],
  'federation-trust': (one) => [...principal(one), 'trusts', one.id],
  'external-client': () => undefined,
  'tunnel-credential': ({ id }) => ['iam', 'tunnel', 'credentials', id],
  'llm-gateway-key': ({ id }) => ['llm-gateway', 'keys', id],
  function: ({ id }) => ['functions', id],
};

const recordPath = (credential: Target) => PATHS[credential.kind](credential);

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

function curl(tenant: string, method: Method, path: readonly string[], body?: object): string | undefined {
  const parts = path.map((part) => (part === PRINCIPAL || part === BRIDGE ? part : segment(part)));
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
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
