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
};

export function environmentSecrets(env: Env): { readonly value: string; readonly publicPrefix: string }[] {
  return Object.entries(SECRET_VARIABLES).flatMap(([name, publicPrefix]) => {
    const value = env[name]?.trim().replace(/^bearer\s+/i, '');
    return value ? [{ value, publicPrefix }] : [];
  });
}
