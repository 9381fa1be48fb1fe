import { AuditError } from '../errors.js';
import { type Redactor, SHORTEST_SECRET } from '../redact.js';
import { CLIENT_SECRET_PREFIX } from '../sources/c1/auth/client-secret.js';

type Env = Readonly<Record<string, string | undefined>>;

/** Variables whose values must never be seen, each with the beginning that everybody knows. */
const SECRET_VARIABLES: Readonly<Record<string, string>> = {
  CONDUCTORONE_CLIENT_SECRET: CLIENT_SECRET_PREFIX,
  CONDUCTORONE_ACCESS_TOKEN: '',
  CONDUCTORONE_OIDC_TOKEN: '',
  ACTIONS_ID_TOKEN_REQUEST_TOKEN: '',
  CONE_CLIENT_SECRET: CLIENT_SECRET_PREFIX,
  SLACK_BOT_TOKEN: 'xoxb-',
  C1_AUDIT_STATE_KEY: '',
};

/** URLs whose path and query must never be seen. */
const SECRET_URLS = ['SLACK_WEBHOOK_URL', 'C1_AUDIT_HEARTBEAT_URL'];

/** Those whose URL may hold a user and a password. */
const PROXY_VARIABLES = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'];

/** Tells a redactor the secrets that an environment holds. Of a URL, the host stays: other addresses share it. */
export function hideSecrets(redactor: Pick<Redactor, 'add'>, env: Env): void {
  for (const secret of hiddenIn(env)) redactor.add(secret);
}

/** Everything that GitHub's runner is to hide, URLs as a whole as well. */
export function secretsToMask(env: Env): string[] {
  const whole = [...Object.keys(SECRET_VARIABLES), ...SECRET_URLS].flatMap(
    (name) => settingOf(env, name) ?? [],
  );
  return [...whole, ...hiddenIn(env).filter((secret) => secret.length >= SHORTEST_SECRET)];
}

/**
 * Refuses secrets that cannot be hidden: whoever hides a short text wherever it appears hides other words as well. A short
 * path of a URL is not one: it keeps nobody out.
 *
 * @throws AuditError `config` that names the variables and never a value
 */
export function refuseShortSecrets(env: Env): void {
  const isShort = (text: string) => text.length > 0 && text.length < SHORTEST_SECRET;
  const short = [
    // The form of a client secret is checked where it is used.
    ...Object.entries(SECRET_VARIABLES)
      .filter(([, prefix]) => prefix !== CLIENT_SECRET_PREFIX)
      .filter(([name, prefix]) => isShort(withoutPrefix(settingOf(env, name) ?? '', prefix)))
      .map(([name]) => name),
    ...PROXY_VARIABLES.filter((name) => passwordsIn(env[name]).some(isShort)).map(
      (name) => `the password in ${name}`,
    ),
  ];
  if (short.length === 0) return;
  const [one] = short;
  throw new AuditError(
    'config',
    `${short.length === 1 ? `${one} is` : `${short.join(' and ')} are`} shorter than ${SHORTEST_SECRET} characters: too short to be hidden in what c1-audit prints.`,
    'Check the value. If it is right, replace it with a longer secret; if it is not used, unset it.',
  );
}

function hiddenIn(env: Env): string[] {
  return [
    ...Object.entries(SECRET_VARIABLES).map(([name, prefix]) =>
      withoutPrefix(settingOf(env, name) ?? '', prefix),
    ),
    ...SECRET_URLS.flatMap((name) => partsOfUrl(settingOf(env, name))),
    ...PROXY_VARIABLES.flatMap((name) => [...loginsIn(env[name]), ...passwordsIn(env[name])]),
  ].filter((secret) => secret !== '');
}

function settingOf(env: Env, name: string): string | undefined {
  return env[name]?.trim().replace(/^bearer\s+/i, '') || undefined;
}

function withoutPrefix(value: string, prefix: string): string {
  return value.startsWith(prefix) ? value.slice(prefix.length) : value;
}

/** Path and query, as written and as a URL, and a login; a text that is not a URL is hidden as a whole. */
function partsOfUrl(text: string | undefined): string[] {
  if (text === undefined) return [];
  if (!URL.canParse(text)) return [text];
  const { pathname, search } = new URL(text);
  const written = /^[^:]*:\/\/[^/?#]*(.*)$/.exec(text)?.[1] ?? '';
  return [written, pathname + search, ...loginsIn(text), ...passwordsIn(text)];
}

/** User and password of a URL together (as they go over the wire in base64) and the user alone, as written and decoded. */
function loginsIn(url: string | undefined): string[] {
  const login = loginOf(url);
  const user = login.includes(':') ? login.slice(0, login.indexOf(':')) : '';
  return [login, user].flatMap(bothWays);
}

/** A URL's password, as written and decoded. Without a colon the user is a token. */
function passwordsIn(url: string | undefined): string[] {
  const login = loginOf(url);
  return bothWays(login.slice(login.indexOf(':') + 1));
}

function loginOf(url: string | undefined): string {
  return /^(?:[a-z][a-z\d+.-]*:\/\/)?([^/?#]*)@/i.exec(url?.trim() ?? '')?.[1] ?? '';
}

function bothWays(text: string): string[] {
  try {
    return [...new Set([text, decodeURIComponent(text)])];
  } catch {
    return [text];
  }
}
