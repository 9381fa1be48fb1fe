import type { Redactor } from '../redact.js';
import { CLIENT_SECRET_PREFIX } from '../sources/c1/auth/client-secret.js';

type Env = Readonly<Record<string, string | undefined>>;

/** Variables whose values must never be seen, each with the beginning that everybody knows. */
const SECRET_VARIABLES: Readonly<Record<string, string>> = {
  CONDUCTORONE_CLIENT_SECRET: CLIENT_SECRET_PREFIX,
  CONDUCTORONE_ACCESS_TOKEN: '',
  CONDUCTORONE_OIDC_TOKEN: '',
  ACTIONS_ID_TOKEN_REQUEST_TOKEN: '',
  CONE_CLIENT_SECRET: CLIENT_SECRET_PREFIX,
  SLACK_WEBHOOK_URL: 'https://hooks.slack.com/services/',
  SLACK_BOT_TOKEN: 'xoxb-',
  C1_AUDIT_HEARTBEAT_URL: 'https://',
  C1_AUDIT_STATE_KEY: '',
};

/** Those whose URL may hold a user and a password. */
const PROXY_VARIABLES = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'];

export interface Secret {
  readonly value: string;
  readonly publicPrefix: string;
}

/** The secrets that an environment holds. */
export function environmentSecrets(env: Env): Secret[] {
  const named = Object.entries(SECRET_VARIABLES).flatMap(([name, publicPrefix]) => {
    const value = env[name]?.trim().replace(/^bearer\s+/i, '');
    return value ? [{ value, publicPrefix }] : [];
  });
  return [...named, ...PROXY_VARIABLES.flatMap((name) => proxyCredentials(env[name]))];
}

/** Tells a redactor the secrets that an environment holds. */
export function hideSecrets(redactor: Pick<Redactor, 'add'>, env: Env): void {
  for (const { value, publicPrefix } of environmentSecrets(env)) redactor.add(value, publicPrefix);
}

/** A proxy's password, alone and with its user (as it goes over the wire in base64), as written and decoded. */
function proxyCredentials(url: string | undefined): Secret[] {
  const [, userinfo] = /^(?:[a-z][a-z\d+.-]*:\/\/)?([^/?#]*)@/i.exec(url?.trim() ?? '') ?? [];
  if (userinfo === undefined) return [];
  const password = userinfo.slice(userinfo.indexOf(':') + 1);
  const values = new Set([userinfo, password].flatMap((text) => [text, decoded(text)]));
  return [...values].filter((value) => value !== '').map((value) => ({ value, publicPrefix: '' }));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
