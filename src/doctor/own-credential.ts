import {
  type Credential,
  countDays,
  DAY,
  dateOf,
  isKnown,
  type Kind,
  kindName,
  openFamilies,
  readAddresses,
  Unknown,
  wholeDays,
} from '../contract/index.js';
import { toTimestamp } from '../contract/time.js';
import { SEARCH as TRUSTS } from '../sources/c1/federation.js';
import { collectList, errorNote } from '../sources/c1/lists.js';
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

const record = defineCheck({
  id: 'own-credential',
  title: 'Own credential',
  needs: ['access', 'connection', 'caller'],
  async run(_, given) {
    // An access token does not name its credential, but the tenant may.
    const clientId = given.access.clientId ?? given.caller.principal ?? '';
    const kind = kindOf(clientId);
    if (kind === undefined) return skipped('the login does not show which credential this is');
    const { credentials, note } = await readOwn(kind, given);
    const own = credentials.find((credential) => credential.clientId === clientId);
    if (own) {
      const name = own.name === '' ? '' : `"${shortName(own.name)}" `;
      return ok(`the ${kindName(kind)} ${name}(${shortName(own.id)})`, { own });
    }
    const missing = `the ${kindName(kind)} of this login was not found`;
    const fix = 'Check its end date, role scope and networks in ConductorOne.';
    if (note !== null) return warning(`${missing}: ${note}`, fix);
    if (!given.plan?.kinds.has(kind)) return warning(missing, fix);
    return problem(
      `${missing}: an audit is incomplete, as other credentials may be missing too`,
      'Check that its owner has the role Super Administrator (system:owner).',
    );
  },
});

const KINDS: Readonly<Record<string, Kind>> = {
  pcc: 'personal-client',
  spc: 'service-principal-credential',
  wfe: 'federation-trust',
};

/** The kind of credential that a client id belongs to. */
export function kindOf(clientId: string): Kind | undefined {
  return KINDS[/^[^@/]+@[^/]+\/([a-z]+)$/.exec(clientId)?.[1] ?? ''];
}

async function readOwn(
  kind: Kind,
  { connection: { reader }, caller: { userId } }: Pick<Known, 'connection' | 'caller'>,
): Promise<{ readonly credentials: readonly Credential[]; readonly note: string | null }> {
  if (kind === 'personal-client') {
    const { credentials, seen } = await collectMine(reader, userId);
    return { credentials, note: seen.note };
  }
  if (userId === undefined) return { credentials: [], note: null };
  // A service principal and its user have the same id.
  const list =
    kind === 'federation-trust'
      ? { ...TRUSTS, narrowed: { servicePrincipalId: userId } }
      : credentialsOf(userId);
  const { credentials, ending } = await collectList(kind, reader, list);
  return { credentials, note: ending instanceof Error ? errorNote(ending) : null };
}

/** Warns of an end within this many days, the last day included. */
const SOON = 30;

const expiry = defineCheck({
  id: 'own-expiry',
  title: 'Own expiry',
  needs: ['own'],
  run({ io }, { own: { kind, expiresAt } }) {
    if (kind === 'federation-trust') return ok('trusts never expire, and no secret is stored here');
    if (expiresAt instanceof Unknown) return notKnown(expiresAt);
    if (expiresAt === null)
      return warning(
        'never ends',
        'Replace it with one that ends within 90 days, or with a federation trust.',
      );
    const left = expiresAt - io.now();
    const end = dateOf(toTimestamp(expiresAt));
    const detail = left < 0 ? `ended on ${end}` : `ends in ${countDays(wholeDays(left))}, on ${end}`;
    if (left > SOON * DAY) return ok(detail);
    return warning(
      `${detail}; audits stop then`,
      'Create its successor now, and set it where the audit runs.',
    );
  },
});

const scope = defineCheck({
  id: 'own-scope',
  title: 'Own scope',
  needs: ['own'],
  run(_, { own: { scopedRoleIds }, roles }) {
    if (scopedRoleIds instanceof Unknown) return notKnown(scopedRoleIds);
    if (scopedRoleIds.length === 0)
      return warning('none: it has all roles of its owner', 'Limit it to the roles that the audit needs.');
    const known = roles && isKnown(roles.roles) ? roles.roles : undefined;
    return ok(listed(scopedRoleIds.map((id) => known?.get(id)?.displayName || id)));
  },
});

const networks = defineCheck({
  id: 'own-networks',
  title: 'Own networks',
  needs: ['own'],
  run(_, { own: { allowedCidrs } }) {
    if (allowedCidrs instanceof Unknown) return notKnown(allowedCidrs);
    const { set } = readAddresses(allowedCidrs);
    const isOpen = allowedCidrs.length === 0 || openFamilies(set) !== undefined;
    const detail = allowedCidrs.length === 0 ? 'any' : listed(allowedCidrs);
    if (!isOpen) return ok(detail);
    return warning(
      `${detail}: it can be used from anywhere`,
      'Restrict it to the addresses that the audit runs from.',
    );
  },
});

/** The first texts, and the number of the others. */
function listed(texts: readonly string[], shown = 10): string {
  const more = texts.length > shown ? ` and ${texts.length - shown} more` : '';
  return `${texts.slice(0, shown).map(shortName).join(', ')}${more}`;
}

function notKnown({ reason, cure }: Unknown): Outcome {
  return warning(reason, cure);
}

export const ownCredential: readonly Check[] = [record, expiry, scope, networks];
