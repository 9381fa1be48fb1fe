import { isKnown, Unknown } from '../contract/index.js';
import { AuditError } from '../errors.js';
import { nameOf } from '../sources/c1/collect.js';
import { PROVIDERS, readProviders } from '../sources/c1/federation.js';
import type { Page } from '../sources/c1/paginate.js';
import { toOwner } from '../sources/c1/people.js';
import { LIST as ROLES } from '../sources/c1/roles.js';
import { readAllowList } from '../sources/c1/settings.js';
import { asRecord } from '../sources/c1/wire.js';
import { type Check, defineCheck, type Outcome, ok, skipped, warning } from './check.js';
import { countOf } from './sources.js';

/** What an audit asks for beside the credentials. Without them it is complete, but leaves some rules undecided. */
const UNDECIDED = 'An audit notes it; rules that need it are left undecided.';

export const USERS = { method: 'POST', path: '/search/users' } as const;

const users = defineCheck({
  id: 'users',
  title: 'Users',
  needs: ['plan', 'connection', 'caller', 'roles'],
  async run(_, { plan, connection, caller, roles }) {
    const mine = plan.config.scope === 'mine';
    const me = caller.userId ?? '';
    // Whoever audits only their own keys need not see anybody else.
    const list = mine && me !== '' ? { ...USERS, narrowed: { refs: [{ id: me }] } } : USERS;
    let page: Page;
    try {
      page = await connection.firstPage(list);
    } catch (error) {
      if (!(error instanceof AuditError) || error.code === 'interrupted') throw error;
      return warning(error.message, `${error.hint} ${UNDECIDED}`);
    }
    const owners = page.records.flatMap((view) => {
      const record = asRecord(asRecord(view)?.user);
      const id = record?.id;
      if (!record || typeof id !== 'string' || (!mine && id === me)) return [];
      return [toOwner(id, record, roles.roles)];
    });
    const blank = owners.find((owner) => owner instanceof Unknown);
    if (blank instanceof Unknown && !owners.some(isKnown))
      return warning(
        'listed, but blank: whether an owner is active is not shown',
        `${blank.cure} ${UNDECIDED}`,
      );
    if (owners.length === 0) return skipped('nobody else is listed: whether others are shown cannot be told');
    return ok(`readable (${nameOf(USERS)}), ${countOf(page)}`);
  },
});

const roleList = defineCheck({
  id: 'role-list',
  title: 'Role list',
  needs: ['roles'],
  run: (_, { roles }) =>
    isKnown(roles.roles) ? ok(`readable (${nameOf(ROLES)}), ${roles.roles.size} roles`) : noted(roles.note),
});

const settings = defineCheck({
  id: 'settings',
  title: 'Session settings',
  needs: ['connection', 'caller'],
  async run(_, { connection }) {
    const { allowList, note } = await readAllowList(connection.reader.client);
    if (!isKnown(allowList)) return noted(note);
    const on = [allowList.user.enabled ? 'users' : '', allowList.admin.enabled ? 'administrators' : ''];
    const whose = on.filter((who) => who !== '').join(' and ');
    return ok(`readable; ${whose === '' ? 'no allow list is on' : `an allow list is on for ${whose}`}`);
  },
});

const providers = defineCheck({
  id: 'federation-providers',
  title: 'Federation providers',
  needs: ['plan', 'connection', 'caller'],
  async run(_, { plan, connection }) {
    if (!plan.kinds.has('federation-trust')) return skipped('not part of this audit');
    const { providers, note } = await readProviders(connection.reader);
    if (note !== null) return noted(note);
    return ok(`readable (${nameOf(PROVIDERS)}), ${providers.seen.size} seen`);
  },
});

function noted(note: string | null): Outcome {
  return warning(note ?? 'not known', UNDECIDED);
}

export const facts: readonly Check[] = [users, roleList, settings, providers];
