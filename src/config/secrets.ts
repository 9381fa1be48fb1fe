/** What secrets look like. */
const SHAPES = [
  /secret-token:/i,
  /hooks\.slack(?:-gov)?\.com\//i,
  // A Microsoft Teams workflow.
  /\.(?:logic\.azure|powerplatform)\.com\S*[?&]sig=/i,
  /\bxox[a-z]-/i,
  /\bxapp-\d/i,
  // A JSON Web Token; a private key.
  /\beyJ[\w-]{10,}\.[\w-]{10,}/,
  /-----BEGIN [A-Z ]*PRIVATE KEY/,
  // A password inside a URL.
  /\b[a-z][a-z0-9+.-]*:\/\/[^\s/@:]*:[^\s/@]+@/i,
];

const NAMES =
  /webhook|token|secret|password|passwd|passphrase|apikey|privatekey|authorization|bearer|heartbeaturl/;

export function looksSecret(text: string): boolean {
  return SHAPES.some((shape) => shape.test(text));
}

/** Where in a text secrets begin, as offsets, one a line. */
export function secretOffsets(text: string): number[] {
  const offsets: number[] = [];
  let start = 0;
  for (const line of text.split('\n')) {
    const at = Math.min(...SHAPES.map((shape) => line.search(shape)).filter((index) => index >= 0));
    if (Number.isFinite(at)) offsets.push(start + at);
    start += line.length + 1;
  }
  return offsets;
}

/** True for a key under which people keep secrets: `webhookUrl`, `client_secret`, … */
export function namesSecret(key: string): boolean {
  return NAMES.test(key.toLowerCase().replace(/[^a-z]/g, ''));
}

/** Where a secret of that kind belongs; empty if that is not clear. */
function secretHome(keyOrValue: string): string {
  const text = keyOrValue.toLowerCase().replace(/[^a-z]/g, '');
  if (/auditwebhook|logicazure|powerplatform/.test(text)) return 'C1_AUDIT_WEBHOOK_URL';
  if (/webhook|hooksslack/.test(text)) return 'SLACK_WEBHOOK_URL';
  if (/heartbeat/.test(text)) return 'C1_AUDIT_HEARTBEAT_URL';
  if (/clientsecret|secrettokenconductorone/.test(text)) return 'CONDUCTORONE_CLIENT_SECRET';
  return '';
}

const SECRET = 'a secret does not belong in this file';

/** The message for a secret in a file; never holds the secret. */
export function secretMessage(keyOrValue: string): string {
  const home = secretHome(keyOrValue);
  return `${SECRET}: remove it (and replace it, if others could read it), and pass it through the environment${home ? ` as ${home}` : ''}`;
}

export function isSecretMessage(message: string): boolean {
  return message.startsWith(SECRET);
}

/** A value as an error may quote it: short, on one line, and never a secret. */
export function quote(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  if (typeof value === 'function') return 'a function';
  if (typeof value !== 'string') return String(value);
  if (looksSecret(value)) return 'a secret (not shown)';
  // The path of an address may be a secret, as a webhook's is.
  const [, origin, path = ''] = /^(https?:\/\/[^/?#]*)(.*)/is.exec(value) ?? [];
  if (origin !== undefined && path.length > 1) return JSON.stringify(`${origin}/…`);
  return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
}

/** What a module that cannot be loaded says, on one line and without secrets. */
export function quoteError(error: unknown): string {
  const said = error instanceof Error ? error.message : quote(error);
  return looksSecret(said) ? 'its error names a secret' : (said.split('\n', 1)[0] ?? '');
}
