import type { Config } from '../config/config.js';
import type { Credential, Kind } from '../contract/index.js';
import { FindingsClient } from '../delivery/conductorone/client.js';
import { AuditError } from '../errors.js';
import type { Send } from '../fetch.js';
import type { Io } from '../io.js';
import { cutTo } from '../reporters/escape.js';
import { ApiClient } from '../sources/c1/client.js';
import { type Skew, skewFrom } from '../sources/c1/clock.js';
import type { TenantAccess } from '../sources/c1/environment.js';
import { createTransport } from '../sources/c1/http.js';
import { type List, nameOf, type Page, type Reader, readOnePage } from '../sources/c1/lists.js';
import type { Limits } from '../sources/c1/retry.js';
import { Session } from '../sources/c1/session.js';
import type { Caller, RolesSeen } from '../sources/c1/tenant-facts.js';
import { latestBelieved } from '../sources/record.js';
import type { Log } from '../sources/source.js';

/** `skipped`: not checked, because an earlier check failed or nothing is set up. It never means that all is well. */
export type Status = 'ok' | 'warning' | 'problem' | 'skipped';

export interface Result {
  readonly id: string;
  readonly status: Status;
  readonly title: string;
  /** What was found, one line each. */
  readonly detail: string;
  /** What to do; null where there is nothing to do. */
  readonly fix: string | null;
}

/** What an audit with this configuration would read. */
export interface Plan {
  /** The configuration file as messages name it; undefined without one. */
  readonly file: string | undefined;
  readonly config: Config;
  readonly kinds: ReadonlySet<Kind>;
  /** Kinds without which the audit would be incomplete. */
  readonly required: ReadonlySet<Kind>;
  /** Ids of all rules, plug-ins included. */
  readonly rules: readonly string[];
}

/** What checks find out for later ones. */
export interface Known {
  readonly plan: Plan;
  readonly access: TenantAccess;
  /** `fetch`, through the proxy in use. */
  readonly send: Send;
  /** The tenant answered; `certificate` is why its certificate is not trusted. */
  readonly reached: { readonly connection: Connection; readonly certificate: string | undefined };
  /** A connection that may carry a credential. */
  readonly connection: Connection;
  /** Local time minus the tenant's, in milliseconds. */
  readonly skew: number;
  readonly token: true;
  readonly caller: Caller;
  readonly roles: RolesSeen;
  readonly own: Credential;
}

/** What every check gets. */
export interface Exam {
  readonly io: Pick<Io, 'env' | 'cwd' | 'now'>;
  /** Ends the whole examination. */
  readonly signal: AbortSignal;
  readonly limits: Limits & { readonly checkTimeout: number };
  readonly log: Pick<Log, 'debug' | 'info' | 'warn'>;
  /** Receives every secret, to keep it out of all output. */
  readonly hide: (secret: string) => void;
  readonly scrub: (text: string) => string;
  readonly loadPlan: () => Promise<Plan>;
  /** Whether to send a message to Slack. */
  readonly slackTest: boolean;
}

/** How a check ended. Made by {@link ok} and the functions below it. */
export interface Outcome {
  readonly status: Status;
  readonly detail: string;
  readonly fix: string | null;
  /** An audit would not even start. */
  readonly prevents: boolean;
  /** Passed on to later checks, whatever the status is. */
  readonly known: Partial<Known>;
}

/** One check. It changes nothing, and ends within the exam's limits. */
export interface Check<Needs extends keyof Known = keyof Known> {
  /** Never changes: programs read it. */
  readonly id: string;
  readonly title: string;
  /** Without them the check is skipped. */
  readonly needs: readonly Needs[];
  /** What it throws is reported as a problem. */
  run(exam: Exam, known: { readonly [K in Needs]: Known[K] } & Partial<Known>): Outcome | Promise<Outcome>;
}

/** Gives a check its types: `run` can rely on what the check needs, and on nothing else. */
export function defineCheck<const Needs extends keyof Known = never>(check: Check<Needs>): Check {
  return check;
}

/** The result, or the error that the check reports in its own words. */
export async function attempt<T>(promise: Promise<T>): Promise<T | AuditError> {
  try {
    return await promise;
  } catch (error) {
    if (error instanceof AuditError && error.code !== 'interrupted') return error;
    throw error;
  }
}

/** The start of a name from outside. */
export function shortName(name: string): string {
  return cutTo(name, 100);
}

/** One line, or several. Line breaks within a line become spaces: names may contain them. */
type Lines = string | readonly string[];

function outcome(status: Status, lines: Lines, rest: Partial<Outcome>): Outcome {
  const detail = [lines].flat().map((line) => line.replaceAll('\n', ' '));
  return { status, detail: detail.join('\n'), fix: null, prevents: false, known: {}, ...rest };
}

/** As an audit needs it. */
export const ok = (detail: Lines, known: Partial<Known> = {}) => outcome('ok', detail, { known });

/** An audit would start and be complete, but there is something to know. */
export const warning = (detail: Lines, fix: string, known: Partial<Known> = {}) =>
  outcome('warning', detail, { fix, known });

/** An audit would start, but fail or be incomplete. */
export const problem = (detail: Lines, fix: string, known: Partial<Known> = {}) =>
  outcome('problem', detail, { fix, known });

/** An audit would not start. */
export const obstacle = (detail: Lines, fix: string, known: Partial<Known> = {}) =>
  outcome('problem', detail, { fix, known, prevents: true });

/** Not checked, for the reason given. */
export const skipped = (reason: Lines, known: Partial<Known> = {}) => outcome('skipped', reason, { known });

/** The smallest page that ConductorOne documents: more lists then have a second page. */
const SMALL_PAGE = 10;

export type Connection = ReturnType<typeof connect>;

/** The requests that checks may send to the tenant. Sends nothing yet. */
export function connect(access: TenantAccess, send: Send, exam: Exam) {
  const { io, limits, log, signal, hide, scrub } = exam;
  const { now } = io;
  let skew: Skew | undefined;
  const watched: Send = async (request, bounds) => {
    const before = now();
    const response = await send(request, bounds);
    // Not by GitHub's answers.
    if (request.url.origin === access.origin)
      skew = skewFrom(response.headers.get('date'), before, now()) ?? skew;
    return response;
  };
  const transport = createTransport(watched, limits);
  const session = new Session({ access, transport, limits, log, now, hide });
  const options = { origin: access.origin, session, limits, log, now, scrub, signal };
  const client = new ApiClient(options);
  const pages = new Map<string, Promise<Page>>();
  const reader: Reader = {
    client,
    pageLimit: limits.pages,
    latest: latestBelieved(now(), now()),
    onRecords: () => undefined,
  };
  return {
    transport,
    session,
    reader,
    /** The clock's skew by the last answer's date: the earliest and the latest, in milliseconds. */
    skew: () => skew,
    /** The first page of a list, small. Each list is requested once. */
    firstPage(list: List): Promise<Page> {
      const key = `${nameOf(list)} ${JSON.stringify(list.narrowed)}`;
      const page = pages.get(key) ?? readOnePage(client, list, '', SMALL_PAGE);
      pages.set(key, page);
      return page;
    },
    nextPage: (list: List, token: string): Promise<Page> => readOnePage(client, list, token, SMALL_PAGE),
    /** The first page of the findings that were pushed for these rules. */
    pushedFindings: (rules: readonly string[]): Promise<Page> =>
      new FindingsClient(options).search(rules, ''),
  };
}
