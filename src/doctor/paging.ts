import type { SourceName } from '../config/config.js';
import { count, type Kind } from '../contract/index.js';
import { AuditError } from '../errors.js';
import { PROVIDERS } from '../sources/c1/federation.js';
import { type List, nameOf, type Page } from '../sources/c1/lists.js';
import { SEARCH as KEY_SEARCH } from '../sources/c1/personal-clients.js';
import { LIST as ROLES } from '../sources/c1/tenant-facts.js';
import { asRecord, idOf } from '../sources/record.js';
import {
  attempt,
  type Check,
  defineCheck,
  type Known,
  type Outcome,
  ok,
  problem,
  skipped,
  warning,
} from './check.js';
import { listOf, sampleOf, USERS } from './tenant.js';

type Given = Pick<Known, 'plan' | 'connection' | 'caller'>;

type Find = (given: Given) => List | undefined | Promise<List | undefined>;

interface PagedList {
  readonly id: string;
  readonly title: string;
  /** An audit reads the list only for this kind. */
  readonly kind?: Kind;
  readonly find: Find;
  /** An audit is complete without it. */
  readonly optional?: boolean;
  /** What it means for an audit that the list has no second page; `what` says so. */
  readonly otherwise: (what: string, given: Given) => Outcome | Promise<Outcome>;
}

const all =
  (source: SourceName): Find =>
  () =>
    listOf(source, 'tenant');
const sample =
  (source: SourceName): Find =>
  ({ connection }) =>
    sampleOf(source, connection);

/** The lists without which an audit is incomplete. */
// biome-ignore format: a table
const REQUIRED: readonly (readonly [id: string, title: string, kind: Kind, find: Find])[] = [
  ['service-principals',            'service principals',                'service-principal-credential', all('service-principals')],
  ['service-principal-credentials', "a service principal's credentials", 'service-principal-credential', sample('service-principals')],
  ['federation-trusts',             'federation trusts',                 'federation-trust',             all('federation-trusts')],
  ['external-clients',              'external clients',                  'external-client',              all('external-clients')],
  ['tunnel-bridges',                'tunnel bridges',                    'tunnel-credential',            all('tunnel-credentials')],
  ['tunnel-credentials',            "a bridge's credentials",            'tunnel-credential',            sample('tunnel-credentials')],
  ['llm-gateway-keys',              'LLM gateway keys',                  'llm-gateway-key',              all('llm-gateway-keys')],
  ['functions',                     'functions',                         'function',                     all('functions')],
];

const LISTS: readonly PagedList[] = [
  {
    id: 'personal-clients',
    title: 'personal clients',
    kind: 'personal-client',
    find: ({ plan }) => listOf('personal-clients', plan.config.scope),
    otherwise: (what, given) =>
      given.plan.config.scope === 'mine' ? searchInstead(what, given) : incomplete(what),
  },
  ...REQUIRED.map(([id, title, kind, find]) => ({ id, title, kind, find, otherwise: incomplete })),
  {
    id: 'federation-providers',
    title: 'federation providers',
    kind: 'federation-trust',
    find: () => PROVIDERS,
    optional: true,
    otherwise: undecided,
  },
  { id: 'roles', title: 'roles', find: () => ROLES, optional: true, otherwise: undecided },
  {
    id: 'users',
    title: 'users',
    find: () => USERS,
    optional: true,
    // Owners are searched by id; those that are missing are requested one by one.
    otherwise: (what) => ok(`${what}; an audit requests each owner by itself, which takes longer`),
  },
];

const SUPPORT = "Report it to ConductorOne's support: it cannot be fixed here.";

function incomplete(what: string): Outcome {
  return problem(
    `${what}: an audit reads its first page only and is incomplete`,
    `${SUPPORT} Or leave the source out with --source.`,
  );
}

function undecided(what: string): Outcome {
  return warning(
    `${what}: an audit reads its first page only, and the outcome of rules that need the rest is unknown`,
    SUPPORT,
  );
}

async function searchInstead(what: string, { connection, caller }: Given): Promise<Outcome> {
  const search = nameOf(KEY_SEARCH);
  const fails = (why: string, fix: string) => problem(`${what}, and ${search}, used instead, ${why}`, fix);
  if (caller.userId === undefined)
    return fails("needs the caller's user id, which is not known: an audit is incomplete", SUPPORT);
  const narrowed = { users: [{ id: caller.userId }] };
  const page = await attempt(connection.firstPage({ ...KEY_SEARCH, narrowed }));
  if (page instanceof AuditError) return fails(`fails: ${page.message}`, page.hint);
  return ok(`${what}; an audit uses ${search} instead`);
}

/** Some lists ignore the page token and return page 1 for ever. Two pages show it. */
export const paging: readonly Check[] = LISTS.map((paged) =>
  defineCheck({
    id: `paging-${paged.id}`,
    title: `Paging of ${paged.title}`,
    needs: ['plan', 'connection', 'caller'],
    async run(_, given) {
      const { plan, connection } = given;
      const isRead = paged.kind === undefined || plan.kinds.has(paged.kind);
      const list = isRead ? await attempt(Promise.resolve(paged.find(given))) : undefined;
      if (list === undefined) return skipped('an audit reads nothing from it');
      const first = list instanceof AuditError ? list : await attempt(connection.firstPage(list));
      if (list instanceof AuditError || first instanceof AuditError)
        return skipped('cannot be checked, as the list could not be read');
      return secondPage(paged, list, first, given);
    },
  }),
);

async function secondPage(
  { optional, otherwise }: PagedList,
  list: List,
  first: Page,
  given: Given,
): Promise<Outcome> {
  const { records, nextPageToken } = first;
  if (nextPageToken === '')
    return skipped(
      `cannot be checked, as the list has one page only (${count(records.length, 'record')}, deleted ones included)`,
    );
  const second = await attempt(given.connection.nextPage(list, nextPageToken));
  if (second instanceof AuditError)
    return (optional ? warning : problem)(`no page after the first: ${second.message}`, second.hint);
  const what = nameOf(list);
  return repeats(first, second)
    ? otherwise(`${what} ignores the page token`, given)
    : ok(`${what} has a second page`);
}

function repeats(first: Page, second: Page): boolean {
  if (second.nextPageToken === first.nextPageToken) return true;
  const seen = new Set(first.records.map(idOfAny));
  return (
    second.records.length > 0 &&
    second.records.every((record) => idOfAny(record) !== '' && seen.has(idOfAny(record)))
  );
}

/** The id of a record of any kind. */
function idOfAny(record: unknown): string {
  const { clientId, userId, user } = asRecord(record) ?? {};
  return idOf(record) || idOf(user) || (typeof clientId === 'string' ? `${clientId} ${userId ?? ''}` : '');
}
