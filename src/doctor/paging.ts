import { AuditError } from '../errors.js';
import { PROVIDERS } from '../sources/c1/federation.js';
import type { Page } from '../sources/c1/lists.js';
import { type List, nameOf } from '../sources/c1/lists.js';
import { SEARCH as KEY_SEARCH, LIST as OWN_KEYS } from '../sources/c1/personal-clients.js';
import { LIST as ROLES } from '../sources/c1/tenant-facts.js';
import { asRecord, idOf } from '../sources/record.js';
import { type Check, defineCheck, type Known, type Outcome, ok, problem, skipped, warning } from './check.js';
import { listOf, sampleOfCredentials, USERS } from './tenant.js';

type Given = Pick<Known, 'plan' | 'connection' | 'caller'>;

interface Paged {
  readonly id: string;
  readonly title: string;
  /** undefined: an audit does not read it. */
  readonly list: (given: Given) => List | undefined | Promise<List | undefined>;
  /** An audit is complete without it. */
  readonly optional: boolean;
  /** What it means for an audit that the list does not page. */
  readonly otherwise: (what: string, given: Given) => Outcome | Promise<Outcome>;
}

const SUPPORT = "Nothing here helps: report it to ConductorOne's support.";

const incomplete = (what: string) =>
  problem(
    `${what}: an audit sees its first page alone and is incomplete`,
    `${SUPPORT} Or leave the source out with --source.`,
  );

const undecided = (what: string) =>
  warning(
    `${what}: an audit sees its first page alone, and rules that need the rest are left undecided`,
    SUPPORT,
  );

const LISTS: readonly Paged[] = [
  {
    id: 'personal-clients',
    title: 'personal clients',
    list: ({ plan }) =>
      plan.kinds.has('personal-client') ? listOf('personal-clients', plan.config.scope) : undefined,
    optional: false,
    otherwise: (what, given) =>
      given.plan.config.scope === 'mine' ? searchInstead(what, given) : incomplete(what),
  },
  {
    id: 'service-principals',
    title: 'service principals',
    list: ({ plan }) =>
      plan.kinds.has('service-principal-credential') ? listOf('service-principals', 'tenant') : undefined,
    optional: false,
    otherwise: incomplete,
  },
  {
    id: 'service-principal-credentials',
    title: "a service principal's credentials",
    list: ({ plan, connection }) =>
      plan.kinds.has('service-principal-credential') ? sampleOfCredentials(connection) : undefined,
    optional: false,
    otherwise: incomplete,
  },
  {
    id: 'federation-trusts',
    title: 'federation trusts',
    list: ({ plan }) =>
      plan.kinds.has('federation-trust') ? listOf('federation-trusts', 'tenant') : undefined,
    optional: false,
    otherwise: incomplete,
  },
  {
    id: 'federation-providers',
    title: 'federation providers',
    list: ({ plan }) => (plan.kinds.has('federation-trust') ? PROVIDERS : undefined),
    optional: true,
    otherwise: undecided,
  },
  { id: 'roles', title: 'roles', list: () => ROLES, optional: true, otherwise: undecided },
  {
    id: 'users',
    title: 'users',
    list: () => USERS,
    optional: true,
    // Owners are searched by id, and those that are missing are asked for one by one.
    otherwise: (what) => ok(`${what}; an audit asks for each owner by itself, which takes longer`),
  },
];

/** Lists may ignore the page they are asked for and give the first one for ever: a first and a second one tell. */
export const paging: readonly Check[] = LISTS.map(({ id, title, list: find, optional, otherwise }) =>
  defineCheck({
    id: `paging-${id}`,
    title: `Paging of ${title}`,
    needs: ['plan', 'connection', 'caller'],
    async run(_, given) {
      const { connection } = given;
      let list: List | undefined;
      let first: Page;
      try {
        list = await find(given);
        if (list === undefined) return skipped('nothing of it is read by this audit');
        first = await connection.firstPage(list);
      } catch (error) {
        if (!(error instanceof AuditError) || error.code === 'interrupted') throw error;
        return skipped('cannot be checked, as the list could not be read');
      }
      if (first.nextPageToken === '')
        return skipped(
          `${first.records.length} records, deleted ones included, on one page: too short a list to tell`,
        );
      const what = nameOf(list);
      let second: Page;
      try {
        second = await connection.nextPage(list, first.nextPageToken);
      } catch (error) {
        if (!(error instanceof AuditError) || error.code === 'interrupted') throw error;
        return (optional ? warning : problem)(`no page after the first: ${error.message}`, error.hint);
      }
      return repeats(first, second)
        ? otherwise(`${what} ignores which page it is asked for`, given)
        : ok(`${what} goes on after its first page`);
    },
  }),
);

function repeats(first: Page, second: Page): boolean {
  if (second.nextPageToken === first.nextPageToken) return true;
  const seen = new Set(first.records.map(nameIn));
  return (
    second.records.length > 0 &&
    second.records.every((record) => nameIn(record) !== '' && seen.has(nameIn(record)))
  );
}

/** A record's id, whatever it is a record of. */
function nameIn(record: unknown): string {
  const { clientId, user } = asRecord(record) ?? {};
  return idOf(record) || idOf(user) || (typeof clientId === 'string' ? clientId : '');
}

async function searchInstead(what: string, { connection, caller }: Given): Promise<Outcome> {
  const search = nameOf(KEY_SEARCH);
  const fails = (why: string, fix: string) =>
    problem(`${what}, and ${search}, which would stand in for it, ${why}`, fix);
  if (caller.userId === undefined)
    return fails("cannot be asked without the caller's user id: an audit is incomplete", SUPPORT);
  try {
    await connection.firstPage({ ...KEY_SEARCH, narrowed: { users: [{ id: caller.userId }] } });
    return ok(`${nameOf(OWN_KEYS)} ignores which page it is asked for; an audit uses ${search} instead`);
  } catch (error) {
    if (!(error instanceof AuditError) || error.code === 'interrupted') throw error;
    return fails(`fails: ${error.message}`, error.hint);
  }
}
