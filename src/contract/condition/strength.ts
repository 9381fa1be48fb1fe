import type { Strength } from './admission.js';
import { loosest, strength, tightest } from './admission.js';
import type { ClaimKind } from './claims.js';
import { type Word, wordsOf } from './pattern.js';
import { prefixStrength } from './prefix.js';

const ANYONE = strength('anyone');

/** How far it narrows things down that a claim of this kind equals a constant. */
export function equalityStrength(kind: ClaimKind | undefined, constant: unknown): Strength {
  const names =
    typeof constant === 'string' ? constant !== '' : ['number', 'bigint'].includes(typeof constant);
  if (!names || kind === undefined) return ANYONE;
  switch (kind) {
    case 'workspace':
      return { rank: 'anyone', withinOrganization: 'named', organization: false };
    case 'organization':
      return strength('ownerWide', true);
    case 'owner':
    case 'namespace':
      return strength('ownerWide');
    default:
      return strength('named');
  }
}

/** Words of subjects that stand for no name, and those whose value is no name either. */
const STRUCTURE = new Set([
  'repo',
  'repository',
  'project_path',
  'organization',
  'workspace',
  'project',
  'pipeline',
]);
const CIRCUMSTANCES = new Set([
  'ref',
  'ref_type',
  'environment',
  'run_phase',
  'pull_request',
  'actor',
  'event_name',
]);

/** How far it narrows things down that a claim of this kind holds `text` anywhere. */
export function containsStrength(kind: ClaimKind, text: string): Strength {
  if (!holdsName(text)) return ANYONE;
  switch (kind) {
    case 'subject':
      // Inside the number of an account, or before it, the text says no more at the start than anywhere else.
      return text.startsWith('arn:') && prefixStrength(kind, text).rank === 'anyone'
        ? ANYONE
        : strength('loose');
    case 'repository':
    case 'project':
    case 'path':
      return strength('loose');
    case 'workspace':
      return { rank: 'anyone', withinOrganization: 'loose', organization: false };
    default:
      // A stranger's identifier or owner may hold it as well.
      return ANYONE;
  }
}

function holdsName(text: string): boolean {
  const parts = text.split(':');
  return parts.some((part, at) => {
    if (CIRCUMSTANCES.has(part) || CIRCUMSTANCES.has(parts[at - 1] ?? '')) return false;
    return !STRUCTURE.has(part) && !/^refs(\/|$)/.test(part) && /[\p{L}\p{N}]/u.test(part);
  });
}

/** How far an RE2 pattern narrows a claim of this kind down; undefined where the pattern cannot be read. */
export function patternStrength(kind: ClaimKind, pattern: string): Strength | undefined {
  return wordsOf(pattern)
    ?.map((word) => wordStrength(kind, word))
    .reduce(loosest);
}

function wordStrength(kind: ClaimKind, word: Word): Strength {
  const starts = word[0] === 'start';
  const ends = word.at(-1) === 'end';
  // `^.*` asks for no more than nothing, and so does `.*$`.
  const inner = word.slice(starts ? 1 : 0, ends ? -1 : undefined);
  const startOpen = !starts || inner[0] === 'anything';
  const endOpen = !ends || inner.at(-1) === 'anything';
  if (!startOpen) {
    const [head, ...rest] = inner;
    const whole = !endOpen && rest.length === 0 && (head === undefined || typeof head === 'object');
    return whole ? equalityStrength(kind, head?.text ?? '') : prefixStrength(kind, beginningOf(inner));
  }
  if (!endOpen) return ANYONE;
  return inner
    .map((piece) => (typeof piece === 'object' ? containsStrength(kind, piece.text) : ANYONE))
    .reduce(tightest, ANYONE);
}

/**
 * The text that a word begins with. GitHub may write an id behind the owner's and the repository's name
 * (`repo:acme@12/infra@34:…`): which one a pattern leaves open there changes nothing about the names.
 */
function beginningOf(word: Word): string {
  let text = '';
  for (const piece of word) {
    if (typeof piece === 'object') text += piece.text;
    else if (piece === 'segment' && text.endsWith('@')) text += '0';
    else break;
  }
  return text;
}
