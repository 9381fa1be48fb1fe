import { AuditError } from '../../errors.js';
import { isSafe } from '../../fetch.js';

/** How the run proves who it is. */
export type Login =
  | { readonly by: 'access-token'; readonly accessToken: string }
  | {
      readonly by: 'client-secret';
      readonly clientId: string;
      readonly clientSecret: string;
      readonly names: CredentialNames;
    }
  | { readonly by: 'oidc-token'; readonly clientId: string; readonly oidcToken: string }
  | {
      readonly by: 'github-oidc';
      readonly clientId: string;
      readonly requestUrl: string;
      readonly requestToken: string;
    };

/** What messages call a client id and its secret: the places where the reader finds the two. */
interface CredentialNames {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** The tenant to audit and the login to use there. */
export interface TenantAccess {
  /** `https://host[:port]`; http for loopback only. */
  readonly origin: string;
  /** Host in lower case, without port: the tenant's name in reports and the audience of assertions. */
  readonly tenant: string;
  /** The credential that runs the audit, where the login names it. */
  readonly clientId: string | null;
  readonly login: Login;
}

type Env = Readonly<Record<string, string | undefined>>;

const VARIABLES: CredentialNames = {
  clientId: 'CONDUCTORONE_CLIENT_ID',
  clientSecret: 'CONDUCTORONE_CLIENT_SECRET',
};

const HOW_TO_SET =
  'Set CONDUCTORONE_CLIENT_ID and CONDUCTORONE_CLIENT_SECRET (create a credential in ConductorOne under your profile, ' +
  '"API keys"), or CONDUCTORONE_ACCESS_TOKEN with CONDUCTORONE_TENANT_DOMAIN. To see the program work without a tenant: c1-audit demo.';

/** True where any variable names a credential, even if it is only half of one. */
export function holdsCredential(env: Env): boolean {
  return [
    'CONDUCTORONE_ACCESS_TOKEN',
    'CONDUCTORONE_OIDC_TOKEN',
    'CONDUCTORONE_CLIENT_ID',
    'CONDUCTORONE_CLIENT_SECRET',
  ].some((name) => setting(env, name) !== undefined);
}

/**
 * Reads tenant and login from the environment; an access token first, then OIDC, then a secret, as the official clients do.
 *
 * @throws AuditError `credentials` when nothing usable is set. No value is ever part of the message.
 */
export function readEnvironment(env: Env): TenantAccess {
  const login = readLogin(env);
  return accessWith(env, login, setting(env, 'CONDUCTORONE_CLIENT_ID'));
}

/**
 * A login, and the tenant that the environment or its client id names.
 *
 * @throws AuditError `credentials` where neither does.
 */
export function accessWith(env: Env, login: Login, clientId: string | undefined): TenantAccess {
  const name = login.by === 'client-secret' ? login.names.clientId : VARIABLES.clientId;
  const origin = readOrigin(env, clientId, name);
  return {
    origin: origin.origin,
    tenant: origin.hostname.toLowerCase(),
    clientId: login.by === 'access-token' ? null : login.clientId,
    login,
  };
}

/**
 * The tenant's host, in lower case and without port, where the environment names it apart from any client id.
 *
 * @throws AuditError `credentials` for one that is not a host.
 */
export function namedTenant(env: Env): string | undefined {
  const named = setting(env, 'CONDUCTORONE_SERVER_URL') ?? setting(env, 'CONDUCTORONE_TENANT_DOMAIN');
  return named === undefined ? undefined : readOrigin(env, undefined, '').hostname.toLowerCase();
}

function readLogin(env: Env): Login {
  const accessToken = setting(env, 'CONDUCTORONE_ACCESS_TOKEN');
  if (accessToken) return { by: 'access-token', accessToken: accessToken.replace(/^bearer\s+/i, '') };

  const clientId = setting(env, 'CONDUCTORONE_CLIENT_ID');
  const oidcToken = setting(env, 'CONDUCTORONE_OIDC_TOKEN');
  if (oidcToken) {
    if (!clientId)
      throw credentialsError('CONDUCTORONE_OIDC_TOKEN is set, but CONDUCTORONE_CLIENT_ID is not.');
    return { by: 'oidc-token', clientId, oidcToken };
  }

  const clientSecret = setting(env, 'CONDUCTORONE_CLIENT_SECRET');
  if (clientId && clientSecret) return { by: 'client-secret', clientId, clientSecret, names: VARIABLES };

  if (clientId?.endsWith('/wfe')) return readGitHubLogin(env, clientId);
  if (clientId)
    throw credentialsError('CONDUCTORONE_CLIENT_ID is set, but CONDUCTORONE_CLIENT_SECRET is not.');
  if (clientSecret)
    throw credentialsError('CONDUCTORONE_CLIENT_SECRET is set, but CONDUCTORONE_CLIENT_ID is not.');
  throw credentialsError('The environment holds no ConductorOne credential.');
}

/** A federation trust without an OIDC token: a job in GitHub Actions can get one. */
function readGitHubLogin(env: Env, clientId: string): Login {
  const requestUrl = setting(env, 'ACTIONS_ID_TOKEN_REQUEST_URL');
  const requestToken = setting(env, 'ACTIONS_ID_TOKEN_REQUEST_TOKEN');
  if (!requestUrl || !requestToken)
    throw credentialsError(
      'CONDUCTORONE_CLIENT_ID names a federation trust, but there is no OIDC token to exchange.',
      'In GitHub Actions give the job "permissions: id-token: write"; elsewhere set CONDUCTORONE_OIDC_TOKEN.',
    );
  if (isSafe(requestUrl)) return { by: 'github-oidc', clientId, requestUrl, requestToken };
  throw credentialsError(
    'ACTIONS_ID_TOKEN_REQUEST_URL is not an https:// URL.',
    'Leave it as GitHub Actions sets it.',
  );
}

/** The host in use: the server URL's, else the tenant domain's, else the client id's. */
function readOrigin(env: Env, clientId: string | undefined, name: string): URL {
  const hostOfClient = clientId === undefined ? undefined : originOfClientId(clientId, name);

  const serverUrl = setting(env, 'CONDUCTORONE_SERVER_URL');
  if (serverUrl) return readServerUrl(serverUrl);

  const domain = setting(env, 'CONDUCTORONE_TENANT_DOMAIN');
  if (domain) return readTenantDomain(domain);
  if (hostOfClient) return hostOfClient;
  throw credentialsError(
    'CONDUCTORONE_ACCESS_TOKEN is set, but nothing says which tenant it is for.',
    'Set CONDUCTORONE_TENANT_DOMAIN (for example "acme.conductor.one") or CONDUCTORONE_SERVER_URL.',
  );
}

function readTenantDomain(domain: string): URL {
  const isHost = /[.:[]/.test(domain) || domain === 'localhost';
  const origin = originOfHost(isHost ? domain : `${domain}.conductor.one`);
  if (origin) return origin;
  throw credentialsError(
    'CONDUCTORONE_TENANT_DOMAIN is not a host name.',
    'Set it to the tenant\'s name or host, for example "acme" or "acme.conductor.one".',
  );
}

function originOfClientId(clientId: string, name: string): URL {
  const match = /^[^@\s/]+@([^@\s/]+)\/[a-z]+$/.exec(clientId);
  const origin = match?.[1] === undefined ? undefined : originOfHost(match[1]);
  if (!origin) {
    throw credentialsError(
      `${name} is not a ConductorOne client id.`,
      'It looks like "strange-hydra-68836@acme.conductor.one/pcc": copy it again from ConductorOne.',
    );
  }
  return origin;
}

function readServerUrl(text: string): URL {
  const hint = 'Set it to the tenant\'s address, for example "https://acme.conductor.one".';
  if (!URL.canParse(text)) throw credentialsError('CONDUCTORONE_SERVER_URL is not a URL.', hint);
  const url = new URL(text);
  if (url.username || url.password)
    throw credentialsError('CONDUCTORONE_SERVER_URL holds a user name or password.', hint);
  if (isSafe(url.href)) return url;
  throw credentialsError(
    'CONDUCTORONE_SERVER_URL must start with https:// (plain http is for loopback only).',
    hint,
  );
}

function originOfHost(host: string): URL | undefined {
  const text = `https://${host}`;
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  return url.host !== '' && url.pathname === '/' && !url.username && !url.search && !url.hash
    ? url
    : undefined;
}

/** A variable's value; blank counts as unset, as an undefined secret is in GitHub Actions. */
export function setting(env: Env, name: string): string | undefined {
  const value = env[name]?.trim();
  return value === '' ? undefined : value;
}

export function credentialsError(message: string, hint: string = HOW_TO_SET): AuditError {
  return new AuditError('credentials', message, hint);
}
