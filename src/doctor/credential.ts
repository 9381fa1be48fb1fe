import { didYouMean, nearest } from '../config/nearest.js';
import { AuditError } from '../errors.js';
import { readAccess } from '../sources/c1/access.js';
import { CLIENT_SECRET_PREFIX } from '../sources/c1/auth/client-secret.js';
import { type Login, setting, type TenantAccess } from '../sources/c1/environment.js';
import { defineCheck, type Exam, obstacle, ok, warning } from './check.js';

type Env = Exam['io']['env'];

/** All that are read to find tenant and login. */
const VARIABLES = [
  'CONDUCTORONE_ACCESS_TOKEN',
  'CONDUCTORONE_OIDC_TOKEN',
  'CONDUCTORONE_CLIENT_ID',
  'CONDUCTORONE_CLIENT_SECRET',
  'CONDUCTORONE_SERVER_URL',
  'CONDUCTORONE_TENANT_DOMAIN',
  'CONE_CLIENT_ID',
  'CONE_CLIENT_SECRET',
  'CONE_PROFILE',
  'CONE_CONFIG_PATH',
];

const WAYS: Readonly<Record<Login['by'], string>> = {
  'access-token': 'a ready access token',
  'client-secret': 'a client secret',
  'oidc-token': 'an OIDC token, to be exchanged',
  'github-oidc': "this job's OIDC tokens of GitHub, to be exchanged",
};

const HOLDERS: Readonly<Record<string, string>> = {
  pcc: 'a personal client',
  spc: 'a service principal',
  wfe: 'a federation trust',
};

export const credential = defineCheck({
  id: 'credential',
  title: 'Credential',
  needs: [],
  async run({ io, hide }) {
    const { env } = io;
    const misspelt = misspeltVariables(env);
    try {
      const { access, warnings } = await readAccess(io);
      const { login } = access;
      if (login.by === 'client-secret') hide(login.clientSecret, CLIENT_SECRET_PREFIX);
      const detail = describe(env, access);
      const trouble = [...warnings, ...misspelt, ...unused(env, login), ...otherTenant(env, access)];
      if (trouble.length === 0) return ok(detail, { access });
      return warning([detail, ...trouble], 'Unset or correct what is not meant.', { access });
    } catch (error) {
      if (!(error instanceof AuditError)) throw error;
      return obstacle([error.message, ...misspelt], error.hint);
    }
  },
});

function describe(env: Env, { login, tenant, clientId }: TenantAccess): string {
  const set = VARIABLES.filter((name) => setting(env, name) !== undefined);
  const holder = HOLDERS[/\/([a-z]+)$/.exec(clientId ?? '')?.[1] ?? ''];
  const whose = holder === undefined ? '' : ` of ${holder}`;
  const from = set.length === 0 ? "from cone's profile" : `set: ${set.join(', ')}`;
  return `${WAYS[login.by]}${whose} for ${tenant} (${from})`;
}

/** A variable that nobody reads, where it looks like one that is. */
function misspeltVariables(env: Env): string[] {
  return Object.keys(env)
    .sort()
    .filter((name) => /^(CONDUCTOR_?ONE|CONE)_/.test(name) && !VARIABLES.includes(name))
    .filter((name) => nearest(name, VARIABLES) !== undefined)
    .map((name) => `${name} is not read${didYouMean(name, VARIABLES)}`);
}

/** Secrets that another one takes the place of: the wrong one is easily mended in vain. */
function unused(env: Env, { by }: Login): string[] {
  const first: Partial<Record<Login['by'], string>> = {
    'access-token': 'CONDUCTORONE_ACCESS_TOKEN',
    'oidc-token': 'CONDUCTORONE_OIDC_TOKEN',
  };
  const winner = first[by];
  if (winner === undefined) return [];
  return ['CONDUCTORONE_OIDC_TOKEN', 'CONDUCTORONE_CLIENT_SECRET']
    .filter((name) => name !== winner && setting(env, name) !== undefined)
    .map((name) => `${name} is not used, as ${winner} is set`);
}

function otherTenant(env: Env, { tenant, clientId }: TenantAccess): string[] {
  const text = `https://${/@([^/]+)/.exec(clientId ?? '')?.[1] ?? ''}`;
  const home = URL.canParse(text) ? new URL(text).hostname : tenant;
  if (home === tenant) return [];
  const name = setting(env, 'CONDUCTORONE_SERVER_URL')
    ? 'CONDUCTORONE_SERVER_URL'
    : 'CONDUCTORONE_TENANT_DOMAIN';
  return [`the client id belongs to ${home}, but ${name} names ${tenant}`];
}
