import { didYouMean } from './config/nearest.js';
import type { Rule } from './contract/index.js';
import { AuditError } from './errors.js';

export interface AuditOptions {
  /**
   * Where login, tenant and settings are read from, as on the command line: `process.env`, or an object with
   * CONDUCTORONE_CLIENT_ID and CONDUCTORONE_CLIENT_SECRET.
   */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `mine` (the default): the caller's own. `tenant`: everyone's. */
  readonly scope?: 'mine' | 'tenant';
  /** Default: personal clients for `mine`, all for `tenant`. What is named here must be there, or the audit is incomplete. */
  readonly sources?: readonly ('personal-clients' | 'service-principals' | 'federation-trusts')[];
  /** The text of an exported list (JSON or NDJSON) to audit instead of a tenant. */
  readonly input?: string;
  /** Path of a configuration file. Without it none is looked for. */
  readonly config?: string;
  /** Rules beside the built-in ones, checked as plug-ins are. */
  readonly rules?: readonly Rule[];
  /** Only these rules, by id. */
  readonly only?: readonly string[];
  /** The moment to judge as of; default now. */
  readonly asOf?: Date;
  /** Ends the audit; what was seen until then is reported, as incomplete. */
  readonly signal?: AbortSignalLike;
}

/** An `AbortSignal`, in words that need no other types. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  readonly reason?: unknown;
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

interface Expected {
  readonly is: (value: unknown) => boolean;
  readonly what: string;
}

const text: Expected = { is: (value) => typeof value === 'string', what: 'a text' };
const texts: Expected = {
  is: (value) => Array.isArray(value) && value.every((entry) => typeof entry === 'string'),
  what: 'a list of texts',
};
const object: Expected = { is: (value) => typeof value === 'object' && value !== null, what: 'an object' };

const EXPECTED: Readonly<Record<keyof AuditOptions, Expected>> = {
  env: object,
  scope: { is: (value) => value === 'mine' || value === 'tenant', what: '"mine" or "tenant"' },
  sources: texts,
  input: text,
  config: text,
  rules: { is: Array.isArray, what: 'a list of rules' },
  only: texts,
  asOf: { is: (value) => value instanceof Date && !Number.isNaN(value.getTime()), what: 'a valid Date' },
  signal: object,
};

/**
 * Checks what a program without types may have handed over: an option that is misspelt would otherwise audit less than was
 * meant, and look clean.
 *
 * @throws AuditError `usage`
 */
export function checkOptions(options: unknown): asserts options is AuditOptions {
  if (!object.is(options)) throw wrong('audit() needs an object with its options.');
  const given = options as Record<string, unknown>;
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(EXPECTED, name))
      throw wrong(
        `audit() has no option ${JSON.stringify(name)}${didYouMean(name, Object.keys(EXPECTED)) || '.'}`,
      );
    const { is, what } = EXPECTED[name as keyof AuditOptions];
    if (value !== undefined && !is(value)) throw wrong(`The option ${name} of audit() must be ${what}.`);
  }
  if (given.env === undefined) throw wrong('audit() needs the option env.');
}

function wrong(message: string): AuditError {
  return new AuditError(
    'usage',
    message,
    'Its options are env, scope, sources, input, config, rules, only, asOf, signal.',
  );
}
