import { FindingsClient } from '../delivery/conductorone/client.js';
import { Session } from '../sources/c1/auth/session.js';
import { ApiClient } from '../sources/c1/client.js';
import { type Skew, skewFrom } from '../sources/c1/clock.js';
import { type List, nameOf, type Reader, readOnePage } from '../sources/c1/collect.js';
import type { TenantAccess } from '../sources/c1/environment.js';
import type { Page } from '../sources/c1/paginate.js';
import { createTransport, type Transport } from '../sources/c1/transport.js';
import type { Exam } from './check.js';

/** The smallest page that ConductorOne documents: the shortest list can then tell whether it pages. */
const SMALL_PAGE = 10;

/** The ways to ask one tenant. */
export interface Connection {
  readonly transport: Transport;
  readonly session: Session;
  readonly reader: Reader;
  /** What the last answer said of the tenant's time: the earliest and latest skew, in milliseconds. */
  readonly skew: () => Skew | undefined;
  /** The first page of a list, small; each list is asked only once. */
  readonly firstPage: (list: List) => Promise<Page>;
  readonly nextPage: (list: List, token: string) => Promise<Page>;
  /** The first page of the findings of these rules that were pushed. All that a check may do with findings. */
  readonly pushedFindings: (rules: readonly string[]) => Promise<Page>;
}

/** Nothing is sent yet. */
export function connect(access: TenantAccess, send: typeof fetch, exam: Exam): Connection {
  const { io, limits, log, signal, hide, scrub } = exam;
  const { now } = io;
  let skew: Skew | undefined;
  const watched: typeof fetch = async (input, init) => {
    const before = now();
    const response = await send(input, init);
    // GitHub's clock is of no interest.
    if (new URL(input instanceof Request ? input.url : input).origin === access.origin)
      skew = skewFrom(response.headers.get('date'), before, now()) ?? skew;
    return response;
  };
  const transport = createTransport({ ...limits, fetch: watched });
  const session = new Session({ access, transport, limits, log, now, hide });
  const options = { origin: access.origin, session, limits, log, now, scrub, signal };
  const client = new ApiClient(options);
  const pages = new Map<string, Promise<Page>>();
  return {
    transport,
    session,
    reader: { client, pageLimit: limits.pages, onRecords: () => undefined },
    skew: () => skew,
    firstPage(list) {
      const key = `${nameOf(list)} ${JSON.stringify(list.narrowed)}`;
      const page = pages.get(key) ?? readOnePage(client, list, '', SMALL_PAGE);
      pages.set(key, page);
      return page;
    },
    nextPage: (list, token) => readOnePage(client, list, token, SMALL_PAGE),
    pushedFindings: (rules) => new FindingsClient(options).search(rules, ''),
  };
}
