import type { Strength } from './admission.js';
import { strength } from './admission.js';
import type { ClaimKind } from './claims.js';

const ANYONE = strength('anyone');
const LOOSE = strength('loose');
const OWNER = strength('ownerWide');
const ORGANIZATION = strength('ownerWide', true);
const NAMED = strength('named');

/** How far it narrows things down that a claim of this kind begins with `prefix`. */
export function prefixStrength(kind: ClaimKind, prefix: string): Strength {
  switch (kind) {
    case 'subject':
      return subjectPrefix(prefix);
    case 'repository':
    case 'project':
      return ownedPrefix(prefix, kind === 'project');
    case 'path':
      return pathPrefix(prefix.replace(/^\//, ''), ANYONE);
    case 'workspace':
      return { rank: 'anyone', withinOrganization: prefix === '' ? 'anyone' : 'loose', organization: false };
    case 'namespace':
      return prefix.indexOf('/') > 0 ? OWNER : ANYONE;
    default:
      // Identifiers and owners have no inner delimiter: whatever the prefix, a stranger's may begin with it.
      return ANYONE;
  }
}

function subjectPrefix(prefix: string): Strength {
  const after = (scheme: string) => (prefix.startsWith(scheme) ? prefix.slice(scheme.length) : undefined);
  const spiffe = after('spiffe://');
  if (spiffe !== undefined) {
    const slash = spiffe.indexOf('/');
    return slash > 0 ? pathPrefix(spiffe.slice(slash + 1), OWNER) : ANYONE;
  }
  if (after('arn:') !== undefined) {
    const [, , , , account = '', ...resource] = prefix.split(':');
    return /^\d{12}$/.test(account) && resource.length > 0 ? NAMED : ANYONE;
  }
  const serviceAccount = after('system:serviceaccount:');
  if (serviceAccount !== undefined) {
    const colon = serviceAccount.indexOf(':');
    if (colon <= 0) return ANYONE;
    return colon === serviceAccount.length - 1 ? OWNER : LOOSE;
  }
  const circle = /^org\/[^/]+\/(?:project\/(?:([^/]+)(\/)?)?)?/.exec(prefix);
  if (circle) return circle[2] ? NAMED : circle[1] ? LOOSE : OWNER;
  return pairsPrefix(prefix);
}

/** What a key of a `key:value:key:value…` subject is followed by. */
const PAIRS: ReadonlyMap<string, 'owned' | 'grouped' | 'owner' | 'organization' | 'member' | 'id' | 'other'> =
  new Map([
    ['repo', 'owned'],
    ['repository', 'owned'],
    ['project_path', 'grouped'],
    ['repository_owner', 'owner'],
    ['repository_owner_id', 'owner'],
    ['organization', 'organization'],
    ['workspace', 'member'],
    ['pipeline', 'member'],
    ['repository_id', 'id'],
    ['project_id', 'id'],
    ['project', 'other'],
    ['ref', 'other'],
    ['ref_type', 'other'],
    ['environment', 'other'],
    ['run_phase', 'other'],
    ['actor', 'other'],
    ['workflow', 'other'],
    ['workflow_ref', 'other'],
    ['job_workflow_ref', 'other'],
    ['event_name', 'other'],
  ]);

function pairsPrefix(prefix: string): Strength {
  let found = ANYONE;
  const parts = prefix.split(':');
  if (!PAIRS.has(parts[0] ?? '')) {
    // A form nobody here knows: one that gives a scheme and a whole name says more than nothing, and no more is sure.
    return prefix.split(/[:/|]/).filter((part) => part !== '').length > 1 && /[:/|].*[:/|]/.test(prefix)
      ? LOOSE
      : ANYONE;
  }
  for (let at = 0; at + 1 < parts.length; at += 2) {
    const held = parts[at + 1] ?? '';
    const whole = at + 2 < parts.length;
    found = narrower(found, pairStrength(PAIRS.get(parts[at] ?? ''), held, whole, found));
  }
  return found;
}

function pairStrength(
  role: ReturnType<typeof PAIRS.get>,
  held: string,
  whole: boolean,
  before: Strength,
): Strength {
  if (held === '') return ANYONE;
  switch (role) {
    case 'owned':
    case 'grouped':
      return ownedPrefix(whole ? `${held}:` : held, role === 'grouped');
    case 'owner':
      return whole ? OWNER : ANYONE;
    case 'organization':
      return whole ? ORGANIZATION : ANYONE;
    case 'member':
      return before.organization ? (whole ? NAMED : LOOSE) : ANYONE;
    case 'id':
      return whole ? NAMED : ANYONE;
    default:
      return ANYONE;
  }
}

const ORDER = [NAMED, LOOSE, ORGANIZATION, OWNER, ANYONE];

function narrower(a: Strength, b: Strength): Strength {
  return ORDER.indexOf(a) <= ORDER.indexOf(b) ? a : b;
}

/**
 * `owner/name`, where GitHub may write both with their ids (`acme@123/infra@456`). No owner's and no repository's name
 * holds an `@` or a `:`, so these end it.
 */
function ownedPrefix(prefix: string, groups: boolean): Strength {
  const slash = prefix.indexOf('/');
  if (slash < 0) return prefix.indexOf('@') > 0 ? OWNER : ANYONE;
  if (slash === 0) return ANYONE;
  const name = prefix.slice(slash + 1);
  if (/^[^/].*[@:]/.test(name)) return NAMED;
  if (name === '') return OWNER;
  // A GitLab path may go on below the group: what ends with a slash ends after an owner.
  if (groups) return name.endsWith('/') ? OWNER : LOOSE;
  return /^[^/]+\//.test(name) ? NAMED : LOOSE;
}

/** Words of a SPIFFE path that say what follows, as in `/ns/prod/sa/build`. */
const SPIFFE_KEYS = new Set(['ns', 'sa']);

function pathPrefix(path: string, nothingNamed: Strength): Strength {
  const segments = path.split('/');
  const open = segments.pop() ?? '';
  const names = segments.filter((segment) => segment !== '' && !SPIFFE_KEYS.has(segment)).length;
  // A service account that is named whole is all there is to name; what else is open may go on as another's name does.
  if (open !== '' && !SPIFFE_KEYS.has(open)) return namesServiceAccount(segments) ? NAMED : LOOSE;
  return names > 0 ? NAMED : nothingNamed;
}

function namesServiceAccount(segments: readonly string[]): boolean {
  const key = segments.lastIndexOf('sa');
  return key >= 0 && (segments[key + 1] ?? '') !== '';
}
