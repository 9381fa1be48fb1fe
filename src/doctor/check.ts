import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import type { Credential, Kind } from '../contract/index.js';
import type { Io } from '../io.js';
import { cutTo } from '../reporters/escape.js';
import type { TenantAccess } from '../sources/c1/environment.js';
import type { Caller } from '../sources/c1/introspect.js';
import type { Limits } from '../sources/c1/limits.js';
import type { RolesSeen } from '../sources/c1/roles.js';
import type { Connection } from './connection.js';

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
  readonly hide: (secret: string, publicPrefix?: string) => void;
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
