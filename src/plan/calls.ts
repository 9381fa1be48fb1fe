import type { ReportedCredential, Setting } from '../contract/index.js';

/*
 * Calls of the API as curl lines, of ConductorOne's OpenAPI document and, where that leaves out updating and revoking
 * what belongs to a service principal, of its SDKs. That document calls the id of a personal client to be read or deleted
 * its "human-readable name"; ConductorOne's own c1i deletes by the record's id, as every other call asks for.
 *
 * Ids and hosts come from others: only what is plain, or plain once it is percent-encoded, is put into a line; nothing in
 * it can end a quotation or add a parameter.
 */

type Target = Pick<ReportedCredential, 'kind' | 'id' | 'owner' | 'scopedRoles' | 'allowedCidrs'>;

const HOST = /^(?=.{1,253}$)[a-z0-9]+(?:[.-]+[a-z0-9]+)*$/;

/** The tenant's address, where its name is one. */
export function hostOf(tenant: string): string | undefined {
  return HOST.test(tenant) && tenant.includes('.') ? tenant : undefined;
}

/** Ends a credential. undefined where its id cannot stand in an address. */
export function revokeCall(tenant: string, credential: Target): string | undefined {
  switch (credential.kind) {
    case 'personal-client':
      return curl(tenant, 'DELETE', ['iam', 'personal_clients', credential.id], {});
    case 'service-principal-credential':
      return curl(tenant, 'DELETE', [...principal(credential), 'credentials', credential.id], {});
    case 'federation-trust':
      return curl(tenant, 'DELETE', [...principal(credential), 'trusts', credential.id], {});
  }
}

/** Changes a credential where it stands. */
export function updateCall(
  tenant: string,
  credential: Target,
  settings: readonly Setting[],
): string | undefined {
  const values = Object.fromEntries(settings.map((setting) => fieldOf(credential, setting)));
  const updateMask = Object.keys(values).join(',');
  switch (credential.kind) {
    case 'personal-client':
      return curl(tenant, 'POST', ['iam', 'personal_clients', credential.id], {
        client: values,
        updateMask,
      });
    case 'service-principal-credential':
      return curl(tenant, 'PATCH', [...principal(credential), 'credentials', credential.id], {
        credential: values,
        updateMask,
      });
    case 'federation-trust':
      return curl(tenant, 'PATCH', [...principal(credential), 'trusts', credential.id], {
        trust: values,
        updateMask,
      });
  }
}

const NINETY_DAYS = `${90 * 86_400}s`;

/** Creates a successor that is as narrow as the old one, or narrower where a finding asks for that. */
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
  switch (credential.kind) {
    case 'personal-client':
      return curl(tenant, 'GET', ['iam', 'personal_clients', credential.id]);
    case 'service-principal-credential':
      return curl(tenant, 'GET', [...principal(credential), 'credentials']);
    case 'federation-trust':
      return undefined;
  }
}

/** Tries a condition on the claims of a token before it is put in force. */
export function tryConditionCall(tenant: string): string | undefined {
  return curl(tenant, 'POST', ['workload_federation', 'test-cel'], {
    expression: 'CONDITION',
    claimsJson: 'CLAIMS_OF_A_TOKEN_AS_JSON',
  });
}

const NETWORKS = ['YOUR_NETWORK_CIDR'];
const ROLES = ['ROLE_ID'];

/** What a setting is called on the wire, and a value for the reader to fill in. */
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

function curl(
  tenant: string,
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
  path: readonly string[],
  body?: object,
): string | undefined {
  const parts = path.map((part) => (part === PRINCIPAL ? part : segment(part)));
  if (parts.includes(undefined)) return undefined;
  const json = body && ` -H 'Content-Type: application/json' -d ${quoted(JSON.stringify(body))}`;
  const url = `https://${hostOf(tenant) ?? '$C1_HOST'}/api/v1/${parts.join('/')}`;
  return `curl -sS -X ${method} -H "Authorization: Bearer $C1_TOKEN"${json ?? ''} "${url}"`;
}

/**
 * One part of a path. undefined for what would name something else: nothing names the whole collection, dots its parent.
 */
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
