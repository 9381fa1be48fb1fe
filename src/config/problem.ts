import { distance } from 'fastest-levenshtein';
import { AuditError } from '../errors.js';

export interface Position {
  /** Both count from 1. */
  readonly line: number;
  readonly column: number;
}

export interface Problem {
  /** A file's name, an environment variable or a flag. */
  readonly where: string;
  readonly position?: Position | undefined;
  /** The key it is about, such as `rules.unused.days`; undefined if `where` is enough. */
  readonly key?: string | undefined;
  /** What is wrong, and what would be right. Never holds a secret. */
  readonly message: string;
}

function describeProblem({ where, position, key, message }: Problem): string {
  const place = position ? `${where}:${position.line}:${position.column}` : where;
  return key === undefined || key === '' ? `${place}: ${message}` : `${place}: ${key}: ${message}`;
}

/** Each place's problems together, from top to bottom. */
function inOrder(problems: readonly Problem[]): Problem[] {
  const places = [...new Set(problems.map(({ where }) => where))];
  return [...problems].sort(
    (a, b) =>
      places.indexOf(a.where) - places.indexOf(b.where) ||
      (a.position?.line ?? 0) - (b.position?.line ?? 0) ||
      (a.position?.column ?? 0) - (b.position?.column ?? 0),
  );
}

/** All mistakes as one error: `config`, or `usage` if only flags are wrong. */
export function problemsError(problems: readonly Problem[]): AuditError {
  const lines = inOrder(problems).map(describeProblem);
  const flagsOnly = problems.every(({ where }) => where.startsWith('--'));
  const count = lines.length === 1 ? '1 mistake' : `${lines.length} mistakes`;
  return new AuditError(
    flagsOnly ? 'usage' : 'config',
    `${count} in the configuration:\n${lines.map((line) => `  ${line}`).join('\n')}`,
    flagsOnly
      ? 'See c1-audit --help.'
      : 'Fix what is listed and run again. c1-audit --print-config prints the settings in use.',
  );
}

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

const bare = (word: string) => word.toLowerCase().replace(/[-_\s]/g, '');

/** The candidate a misspelt word most likely meant, or undefined if none is near. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const wanted = bare(word).slice(0, 100);
  let best: { candidate: string; steps: number } | undefined;
  for (const candidate of candidates) {
    const near = bare(candidate);
    const steps = distance(wanted, near);
    const longer = Math.max(wanted.length, near.length);
    if (steps > Math.max(2, Math.floor(longer / 3)) || steps >= longer - 1) continue;
    if (!best || steps < best.steps) best = { candidate, steps };
  }
  return best?.candidate;
}

/** `; did you mean "x"?`, or nothing. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const candidate = nearest(word, candidates);
  return candidate === undefined ? '' : `; did you mean "${candidate}"?`;
}
