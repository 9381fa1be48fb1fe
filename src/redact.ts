import { AuditError } from './errors.js';

/** What every client secret of ConductorOne begins with. */
export const CLIENT_SECRET_PREFIX = 'secret-token:conductorone.com:v1:';
/** Beginnings that everybody knows: they may be printed, the rest of the secret may not. */
const PUBLIC_PREFIXES = [CLIENT_SECRET_PREFIX, 'xoxb-'];

/** Secrets below this length are refused: hiding one by value would also hide words that are not secret. */
export const SHORTEST_SECRET = 8;
/** Shortest part of a secret that is worth hiding. */
const PART = 12;

const MASK = '[redacted]';

/**
 * Hides secrets by value in everything that leaves the program.
 *
 * A secret is known in its plain, percent-encoded, form-encoded, base64 and JSON-escaped forms, and so is every part of
 * it of 12 or more characters. Keys and places do not matter: a secret inside an error text of another server is hidden
 * too. Meant for values and prose: a finished document also holds words of its own, which a secret may equal.
 *
 * Time grows with the length of the text only, whatever the secrets.
 */
export class Redactor {
  /** Those whose forms are still to be worked out: that takes time, and a sign-in needs none of them. */
  readonly #added = new Set<string>();
  /** Forms too short to have parts. */
  readonly #short = new Set<string>();
  /** Every run of 12 characters in a form. */
  readonly #parts = new Set<string>();
  /** 1 for every probe that some form holds. */
  readonly #probes = new Uint8Array(PROBES);

  add(secret: string | undefined): void {
    const hidden = secretPart(secret?.trim() ?? '');
    if (hidden.length >= SHORTEST_SECRET) this.#added.add(hidden);
  }

  #learn(): void {
    for (const secret of this.#added)
      for (const form of formsOf(secret)) {
        if (form.length < PART) this.#short.add(form);
        for (let at = 0; at + PROBE <= form.length; at += 1) this.#probes[probeAt(form, at)] = 1;
        for (let at = 0; at + PART <= form.length; at += 1) this.#parts.add(form.slice(at, at + PART));
      }
    this.#added.clear();
  }

  /** The text with every known secret, or part of one, replaced. */
  redact(text: string): string {
    this.#learn();
    let clean = text;
    for (const form of this.#short) clean = clean.replaceAll(form, MASK);
    if (this.#parts.size === 0) return clean;
    let result = '';
    let done = 0;
    // Parts that overlap or touch are hidden as one, from start to end.
    let start = 0;
    let end = 0;
    for (let at = 0; at + PART <= clean.length; ) {
      const skip = this.#impossibleFrom(clean, at);
      if (skip === 0 && this.#parts.has(clean.slice(at, at + PART))) {
        if (at > end) {
          if (end > start) result += clean.slice(done, start) + MASK;
          done = end;
          start = at;
        }
        end = at + PART;
      }
      at += skip || 1;
    }
    return end > start ? result + clean.slice(done, start) + MASK + clean.slice(end) : clean;
  }

  /** How many of the next places no part can begin at, because all would hold a probe that no secret has. */
  #impossibleFrom(text: string, at: number): number {
    for (let last = PART - PROBE; last >= 0; last -= 1)
      if (this.#probes[probeAt(text, at + last)] === 0) return last + 1;
    return 0;
  }
}

/** Characters in a row that decide quickly whether a part of a secret can be near. */
const PROBE = 3;
const PROBES = 1 << 16;

/** One of 65,536 numbers for the three characters at a place. */
function probeAt(text: string, at: number): number {
  return (
    (text.charCodeAt(at) ^ (text.charCodeAt(at + 1) << 5) ^ (text.charCodeAt(at + 2) << 9)) & (PROBES - 1)
  );
}

function secretPart(value: string): string {
  const known = PUBLIC_PREFIXES.find((prefix) => value.startsWith(prefix)) ?? '';
  return value.slice(known.length);
}

function formsOf(value: string): Set<string> {
  // What cannot be encoded (a lone surrogate) cannot be sent either.
  const wellFormed = value.toWellFormed();
  const json = JSON.stringify(value).slice(1, -1);
  const asForm = new URLSearchParams({ v: wellFormed }).toString().slice(2);
  const encoded = [encodeURIComponent(wellFormed), asForm];
  const forms = new Set([value, json, json.replaceAll('/', '\\/'), ...encoded, ...encoded.map(lowerHex)]);
  // Inside a longer text (Basic credentials, say) a value's base64 depends on where it starts modulo 3; the first
  // and last characters then mix with their neighbours and are left out.
  for (const shift of [0, 1, 2]) {
    const base64 = Buffer.from('\0'.repeat(shift) + value)
      .toString('base64')
      .replace(/=+$/, '');
    const inner = base64.slice(shift === 0 ? 0 : 4, base64.length - (base64.length % 4 === 0 ? 0 : 1));
    const inUrl = encodeURIComponent(inner);
    for (const form of [inner, inner.replaceAll('+', '-').replaceAll('/', '_'), inUrl, lowerHex(inUrl)])
      forms.add(form);
  }
  return forms;
}

/** RFC 3986 lets a percent-encoding be written either way. */
function lowerHex(encoded: string): string {
  return encoded.replace(/%[0-9A-F]{2}/g, (byte) => byte.toLowerCase());
}

type Env = Readonly<Record<string, string | undefined>>;

const CLIENT_SECRETS = ['CONDUCTORONE_CLIENT_SECRET', 'CONE_CLIENT_SECRET'];
/** The other variables whose values must never be seen. */
const SECRETS = [
  'CONDUCTORONE_ACCESS_TOKEN',
  'CONDUCTORONE_OIDC_TOKEN',
  'ACTIONS_ID_TOKEN_REQUEST_TOKEN',
  'SLACK_BOT_TOKEN',
  'C1_AUDIT_STATE_KEY',
];
/** URLs whose path and query must never be seen. */
const SECRET_URLS = ['SLACK_WEBHOOK_URL', 'C1_AUDIT_WEBHOOK_URL', 'C1_AUDIT_HEARTBEAT_URL'];
/** Those whose URL may hold a user and a password. */
const PROXIES = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'];

/** Adds the secrets of an environment. Of a URL, the host stays visible: other addresses share it. */
export function hideSecrets(redactor: Pick<Redactor, 'add'>, env: Env): void {
  for (const secret of hiddenIn(env)) redactor.add(secret);
}

/** Everything that GitHub's runner has to hide, including URLs in full. */
export function secretsToMask(env: Env): string[] {
  const inFull = [...CLIENT_SECRETS, ...SECRETS, ...SECRET_URLS].flatMap(
    (name) => settingIn(env, name) || [],
  );
  return [...inFull, ...hiddenIn(env).filter((secret) => secret.length >= SHORTEST_SECRET)];
}

function hiddenIn(env: Env): string[] {
  return [
    ...[...CLIENT_SECRETS, ...SECRETS].map((name) => secretPart(settingIn(env, name))),
    ...SECRET_URLS.flatMap((name) => secretsInUrl(settingIn(env, name))),
    ...PROXIES.flatMap((name) => [...loginsIn(env[name]), ...passwordsIn(env[name])]),
  ].filter((secret) => secret !== '');
}

/**
 * Refuses secrets that cannot be hidden, because hiding them would hide other words too. A short path of a URL is allowed:
 * it does not keep anybody out. The form of a client secret is checked where it is used.
 *
 * @throws AuditError `config` that names the variables and never a value
 */
export function refuseShortSecrets(env: Env): void {
  const isShort = (text: string) => text.length > 0 && text.length < SHORTEST_SECRET;
  const short = [
    ...SECRETS.filter((name) => isShort(secretPart(settingIn(env, name)))),
    ...PROXIES.filter((name) => passwordsIn(env[name]).some(isShort)).map(
      (name) => `the password in ${name}`,
    ),
  ];
  if (short.length === 0) return;
  throw new AuditError(
    'config',
    `${short.join(' and ')} ${short.length === 1 ? 'is' : 'are'} shorter than ${SHORTEST_SECRET} characters: too short to be hidden in what c1-audit prints.`,
    'Check the value. If it is right, replace it with a longer secret; if it is not used, unset it.',
  );
}

function settingIn(env: Env, name: string): string {
  return env[name]?.trim().replace(/^bearer\s+/i, '') ?? '';
}

/**
 * What the paths of all Microsoft Teams workflows share. As a part of a secret it would also hide the `/workflows/c…` of a
 * GitHub workflow.
 */
const OF_EVERY_WORKFLOW = /\/(?:workflows|triggers\/manual\/paths\/invoke)\b\/?/;

/** Path and query, as written and as a URL, and a login; a text that is not a URL is hidden completely. */
function secretsInUrl(text: string): string[] {
  if (!URL.canParse(text)) return [text];
  const { pathname, search } = new URL(text);
  const written = /^[^:]*:\/\/[^/?#]*(.*)$/.exec(text)?.[1] ?? '';
  const parts = [written, pathname + search].flatMap((part) => part.split(OF_EVERY_WORKFLOW));
  return [...parts, ...loginsIn(text), ...passwordsIn(text)];
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
