import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import type { Credential, Kind } from '../contract/index.js';
import { FindingsClient } from '../delivery/conductorone/client.js';
import type { Io } from '../io.js';
import { cutTo } from '../reporters/escape.js';
import { ApiClient } from '../sources/c1/client.js';
import { type Skew, skewFrom } from '../sources/c1/clock.js';
import type { TenantAccess } from '../sources/c1/environment.js';
import { createTransport, type Transport } from '../sources/c1/http.js';
import { type List, nameOf, type Page, type Reader, readOnePage } from '../sources/c1/lists.js';
import type { Limits } from '../sources/c1/retry.js';
import { Session } from '../sources/c1/session.js';
import type { Caller, RolesSeen } from '../sources/c1/tenant-facts.js';

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

/** `skipped`: not checked, because something earlier failed or is not set up. Never to be taken for fine. */
export type Status = 'ok' | 'warning' | 'problem' | 'skipped';

/** One line of the examination. */
export interface Result {
  readonly id: string;
  readonly status: Status;
  readonly title: string;
  /** What is the case; several lines where there are several things. */
  readonly detail: string;
  /** What to do; null where nothing is. */
  readonly fix: string | null;
}

/** What an audit of this configuration would read. */
export interface Plan {
  /** The configuration file as messages call it; undefined: there is none. */
  readonly file: string | undefined;
  readonly config: Config;
  readonly kinds: ReadonlySet<Kind>;
  /** Kinds without which the audit would be incomplete. */
  readonly required: ReadonlySet<Kind>;
  /** Ids of all rules there are, plug-ins' among them. */
  readonly rules: readonly string[];
}

/** What one check learns and later ones need. */
export interface Known {
  readonly plan: Plan;
  readonly access: TenantAccess;
  /** `fetch`, through the proxy in use. */
  readonly send: typeof fetch;
  /** The tenant answered; `certificate` is why its certificate was not trusted. */
  readonly reached: { readonly connection: Connection; readonly certificate: string | undefined };
  /** To be trusted with a credential. */
  readonly connection: Connection;
  /** Local time minus the tenant's, in milliseconds. */
  readonly skew: number;
  readonly token: true;
  readonly caller: Caller;
  readonly roles: RolesSeen;
  readonly own: Credential;
}

/** What a check is given of the world. */
export interface Exam {
  readonly io: Pick<Io, 'env' | 'cwd' | 'now'>;
  /** Ends the whole examination. */
  readonly signal: AbortSignal;
  readonly limits: Limits & { readonly checkTimeout: number };
  readonly log: Pick<Logger, 'debug' | 'info' | 'warn'>;
  /** Told every secret that comes to be. */
  readonly hide: (secret: string) => void;
  readonly scrub: (text: string) => string;
  readonly loadPlan: () => Promise<Plan>;
  /** Whether to send a message to Slack. */
  readonly slackTest: boolean;
}

/** What a check came to. Made by {@link ok} and its kin, which keep each line of `detail` one line. */
export interface Outcome {
  readonly status: Status;
  readonly detail: string;
  readonly fix: string | null;
  /** An audit would not even start. */
  readonly prevents: boolean;
  /** Handed to the checks after it, whatever the status is. */
  readonly learnt: Partial<Known>;
}

/** One thing to look at. It changes nothing, and takes no longer than the exam's limits let it. */
export interface Check<Needs extends keyof Known = keyof Known> {
  /** Never changes: programs read it. */
  readonly id: string;
  readonly title: string;
  /** Without them it is skipped. */
  readonly needs: readonly Needs[];
  /** What it throws is told as a problem. */
  run(exam: Exam, known: { readonly [K in Needs]: Known[K] } & Partial<Known>): Outcome | Promise<Outcome>;
}

/** Gives a check its types: `run` can rely on what it needs, and on nothing else. */
export function defineCheck<const Needs extends keyof Known = never>(check: Check<Needs>): Check {
  return check;
}

/** Nobody reads more of a name. */
const NAME = 100;

/** Somebody else's name, short. */
export function shortName(name: string): string {
  return cutTo(name, NAME);
}

/** What is said: a line, or several. Line breaks within one, which names may hold, are none. */
type Words = string | readonly string[];

function outcome(status: Status, words: Words, rest: Partial<Outcome> = {}): Outcome {
  const lines = typeof words === 'string' ? [words] : words;
  const detail = lines.map((line) => line.replaceAll('\n', ' ')).join('\n');
  return { status, detail, fix: null, prevents: false, learnt: {}, ...rest };
}

/** An audit finds this as it needs it. */
export function ok(words: Words, learnt: Partial<Known> = {}): Outcome {
  return outcome('ok', words, { learnt });
}

/** An audit would start and be complete, but somebody should know. */
export function warning(words: Words, fix: string, learnt: Partial<Known> = {}): Outcome {
  return outcome('warning', words, { fix, learnt });
}

/** An audit would start, but fail or be incomplete. */
export function problem(words: Words, fix: string, learnt: Partial<Known> = {}): Outcome {
  return outcome('problem', words, { fix, learnt });
}

/** An audit would not start. */
export function obstacle(words: Words, fix: string, learnt: Partial<Known> = {}): Outcome {
  return outcome('problem', words, { fix, prevents: true, learnt });
}

/** Not looked at, for the reason given: nothing is said of whether it is fine. */
export function skipped(words: Words, learnt: Partial<Known> = {}): Outcome {
  return outcome('skipped', words, { learnt });
}
