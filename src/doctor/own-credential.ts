import {
  type Credential,
  countDays,
  DAY,
  isKnown,
  type Kind,
  kindName,
  openFamilies,
  readAddresses,
  Unknown,
  wholeDays,
} from '../contract/index.js';
import { SEARCH as TRUSTS } from '../sources/c1/federation.js';
import { type Collected, collectList, errorNote } from '../sources/c1/lists.js';
import { collectMine } from '../sources/c1/personal-clients.js';
import { listOf as credentialsOf } from '../sources/c1/service-principals.js';
import {
  type Check,
  defineCheck,
  type Known,
  type Outcome,
  ok,
  problem,
  shortName,
  skipped,
  warning,
} from './check.js';

const KINDS: Readonly<Record<string, Kind>> = {
  pcc: 'personal-client',
  spc: 'service-principal-credential',
  wfe: 'federation-trust',
};

/** Days before its end from which on it is warned of, the last day included. */
const SOON = 30;

const record = defineCheck({
  id: 'own-credential',
  title: 'Own credential',
  needs: ['access', 'connection', 'caller'],
  async run(_, given) {
    // A ready token does not name its credential, but the tenant may.
    const clientId = given.access.clientId ?? given.caller.principal ?? '';
    const kind = KINDS[/^[^@/]+@[^/]+\/([a-z]+)$/.exec(clientId)?.[1] ?? ''];
    if (kind === undefined) return skipped('which credential this is, the login does not tell');
    const { credentials, note } = await readOwn(kind, given);
    const own = credentials.find((credential) => credential.clientId === clientId);
    if (own)
      return ok(
        `the ${kindName(kind)} ${own.name === '' ? '' : `"${shortName(own.name)}" `}(${shortName(own.id)})`,
        { own },
      );
    const missing = `the ${kindName(kind)} that this runs as was not found`;
    const fix = 'Look at its end, its scope and its networks in ConductorOne.';
    if (note !== null) return warning(`${missing}: ${note}`, fix);
    if (!given.plan?.kinds.has(kind)) return warning(missing, fix);
    return problem(
      `${missing}: an audit is incomplete, as other credentials may be missing too`,
      'Check that its owner has the role Super Administrator (system:owner).',
    );
  },
});

interface Own {
  readonly credentials: readonly Credential[];
  readonly note: string | null;
}

async function readOwn(
  kind: Kind,
  { connection: { reader }, caller: { userId } }: Pick<Known, 'connection' | 'caller'>,
): Promise<Own> {
  if (kind === 'personal-client') {
    const { credentials, seen } = await collectMine(reader, userId);
    return { credentials, note: seen.note };
  }
  if (userId === undefined) return { credentials: [], note: null };
  // A service principal and the user it acts as have the same id.
  const list =
    kind === 'federation-trust'
      ? { ...TRUSTS, narrowed: { servicePrincipalId: userId } }
      : credentialsOf(userId);
  const { credentials, ending }: Collected = await collectList(kind, reader, list);
  return { credentials, note: ending instanceof Error ? errorNote(ending) : null };
}

const expiry = defineCheck({
  id: 'own-expiry',
  title: 'Own expiry',
  needs: ['own'],
  run({ io }, { own: { kind, expiresAt } }) {
    if (kind === 'federation-trust') return ok('trusts have no end, and nothing of them is stored here');
    if (expiresAt instanceof Unknown) return unreadable(expiresAt);
    if (expiresAt === null)
      return warning('never ends', 'Replace it with one that ends within 90 days, or by a federation trust.');
    const left = expiresAt.getTime() - io.now();
    const end = expiresAt.toISOString().slice(0, 10);
    const detail = left < 0 ? `ended on ${end}` : `ends in ${countDays(wholeDays(left))}, on ${end}`;
    if (left > SOON * DAY) return ok(detail);
    return warning(
      `${detail}: from then on there is no audit`,
      'Create its successor now, and set it where the audit runs.',
    );
  },
});

const scope = defineCheck({
  id: 'own-scope',
  title: 'Own scope',
  needs: ['own'],
  run(_, { own: { scopedRoleIds }, roles }) {
    if (scopedRoleIds instanceof Unknown) return unreadable(scopedRoleIds);
    if (scopedRoleIds.length === 0)
      return warning('none: it may do all that its owner may', 'Scope it to the roles that the audit needs.');
    const known = roles && isKnown(roles.roles) ? roles.roles : undefined;
    return ok(listed(scopedRoleIds.map((id) => known?.get(id)?.displayName || id)));
  },
});

const networks = defineCheck({
  id: 'own-networks',
  title: 'Own networks',
  needs: ['own'],
  run(_, { own: { allowedCidrs } }) {
    if (allowedCidrs instanceof Unknown) return unreadable(allowedCidrs);
    const fix = 'Restrict it to the addresses that the audit runs from.';
    if (allowedCidrs.length === 0) return warning('any: it can be used from everywhere', fix);
    const { set } = readAddresses(allowedCidrs);
    const detail = listed(allowedCidrs);
    if (openFamilies(set)) return warning(`${detail}: it can be used from everywhere`, fix);
    return ok(detail);
  },
});

/** Texts that are shown; the rest is counted. */
const SHOWN = 10;

function listed(texts: readonly string[]): string {
  const more = texts.length > SHOWN ? ` and ${texts.length - SHOWN} more` : '';
  return `${texts.slice(0, SHOWN).map(shortName).join(', ')}${more}`;
}

function unreadable({ reason, cure }: Unknown): Outcome {
  return warning(reason, cure);
}

export const ownCredential: readonly Check[] = [record, expiry, scope, networks];
