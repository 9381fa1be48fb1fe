import { homedir } from 'node:os';
import path from 'node:path';
import { flawsOf, type Path } from '../check.js';
import type { Rule } from '../contract/index.js';
import { type Severity, severityRank } from '../contract/severity.js';
import {
  type Config,
  type FailOn,
  type ProfileName,
  type Scope,
  type SourceName,
  WEBHOOK_DEFAULTS,
} from './config.js';
import { didYouMean, type Problem, problemsError } from './problem.js';
import {
  type ConfigFile,
  DEFAULT,
  findConfig,
  type Origin,
  type Origins,
  originIn,
  readConfig,
} from './read.js';
import type { Rulebook } from './rulebook.js';
import type { FileConfig } from './schema.js';
import { DEFAULTS, SHARED_SETTINGS } from './shared.js';

/** Environment variables that set a key of the configuration. Blank ones set nothing. */
export const ENVIRONMENT = {
  C1_AUDIT_SCOPE: { key: 'scope', describe: 'mine or tenant' },
  C1_AUDIT_SOURCES: { key: 'sources', describe: 'what to audit, separated by commas' },
  C1_AUDIT_PROFILE: { key: 'profile', describe: 'a profile of rule settings' },
  C1_AUDIT_FAIL_ON: { key: 'failOn', describe: 'the lowest severity that makes the exit code 1, or never' },
  C1_AUDIT_FAIL_ON_NEW: {
    key: 'failOnNew',
    describe: 'true: only what is new makes the exit code 1; or false',
  },
  C1_AUDIT_MIN_SEVERITY: { key: 'minSeverity', describe: 'the lowest severity that reports show' },
  C1_AUDIT_STATE: { key: 'state', describe: 'the file that remembers findings from run to run' },
  C1_AUDIT_BASELINE: { key: 'baseline', describe: 'a saved JSON report whose findings count as known' },
} as const;

/** Those that are read elsewhere. */
const OTHER_ENVIRONMENT = {
  C1_AUDIT_CONFIG: { describe: 'the configuration file' },
  C1_AUDIT_STATE_KEY: { describe: 'the key that the state file is sealed with; a secret' },
  C1_AUDIT_HEARTBEAT_URL: { describe: 'a URL to call after each run; a secret' },
  C1_AUDIT_SLACK_API_URL: { describe: 'another address of the Slack Web API; on loopback only, for tests' },
  C1_AUDIT_WEBHOOK_URL: { describe: 'a URL that news is sent to; a secret' },
} as const;

type EnvironmentName = keyof typeof ENVIRONMENT;

/** The value of a variable; undefined if it is missing or blank. */
export function readVariable(
  env: Readonly<Record<string, string | undefined>>,
  name: EnvironmentName | keyof typeof OTHER_ENVIRONMENT,
): string | undefined {
  const value = env[name]?.trim();
  return value === '' ? undefined : value;
}

/** What the command line says; texts as written, checked here. */
export interface ConfigFlags
  extends Readonly<Partial<Record<Exclude<ScalarKey, 'sources' | 'failOnNew'>, string | undefined>>> {
  /** `--source`, repeated. */
  readonly sources?: readonly string[] | undefined;
  /** False with `--no-fail-on-new`. */
  readonly failOnNew?: boolean | undefined;
  /** `--rule`, repeated: only these. */
  readonly rules?: readonly string[] | undefined;
  /** False with `--no-waivers`. */
  readonly waivers?: boolean | undefined;
  /** True with `--evidence`. */
  readonly evidence?: boolean | undefined;
}

const FLAG_NAMES = {
  scope: '--scope',
  sources: '--source',
  profile: '--profile',
  failOn: '--fail-on',
  failOnNew: '--fail-on-new',
  minSeverity: '--min-severity',
  state: '--state',
  baseline: '--baseline',
} as const;

type ScalarKey = keyof typeof FLAG_NAMES;

export interface Resolved {
  readonly config: Config;
  readonly origins: Origins;
}

interface ResolveInput {
  readonly flags: ConfigFlags;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly file: ConfigFile | undefined;
}

/** Shorter ones are guessed, and cannot be hidden in what is printed. */
const STATE_KEY_MIN = 8;

/** But for `--rule`. */
function flagProblems(flags: ConfigFlags): Problem[] {
  const problems: Problem[] = [];
  for (const [key, flag] of Object.entries(FLAG_NAMES) as [ScalarKey, string][]) {
    const value = flags[key];
    if (value !== undefined) problems.push(...valueProblems(value, key, flag));
  }
  return problems;
}

const valueProblems = (value: unknown, key: ScalarKey, where: string): Problem[] =>
  flawsOf(SHARED_SETTINGS[key], value, [key]).map(({ message }) => ({ where, message }));

function environmentProblems(env: ResolveInput['env']): Problem[] {
  const known = [...Object.keys(ENVIRONMENT), ...Object.keys(OTHER_ENVIRONMENT)];
  const problems: Problem[] = Object.keys(env)
    .sort()
    .filter((name) => name.startsWith('C1_AUDIT_') && !known.includes(name) && env[name]?.trim())
    .map((where) => ({ where, message: `there is no such environment variable${didYouMean(where, known)}` }));
  const key = readVariable(env, 'C1_AUDIT_STATE_KEY');
  if (key !== undefined && key.length < STATE_KEY_MIN)
    problems.push({
      where: 'C1_AUDIT_STATE_KEY',
      message: `must have at least ${STATE_KEY_MIN} characters; openssl rand -hex 32 makes a good one`,
    });
  for (const name of Object.keys(ENVIRONMENT) as EnvironmentName[]) {
    const value = fromEnvironment(env, name);
    if (value !== undefined) problems.push(...valueProblems(value, ENVIRONMENT[name].key, name));
  }
  return problems;
}

function fromEnvironment(
  env: ResolveInput['env'],
  name: EnvironmentName,
): string | string[] | boolean | undefined {
  const value = readVariable(env, name);
  const { key } = ENVIRONMENT[name];
  if (key === 'failOnNew' && (value === 'true' || value === 'false')) return value === 'true';
  if (value === undefined || key !== 'sources') return value;
  return value
    .split(',')
    .map((source) => source.trim())
    .filter((source) => source !== '');
}

/** Findings that decide the exit code must not be hidden from the report that explains it. */
function hiddenFailures({ failOn, minSeverity }: Config, origins: Origins): Problem | undefined {
  const at = (key: string) => origins.get(key) ?? DEFAULT;
  if (at('failOn').from === 'default' || at('minSeverity').from === 'default' || failOn === 'never')
    return undefined;
  if (severityRank(failOn) >= severityRank(minSeverity)) return undefined;
  return {
    where: at('minSeverity').at,
    key: at('minSeverity').from === 'file' ? 'minSeverity' : undefined,
    message: `${minSeverity} hides findings that make the exit code 1: failOn is ${failOn} (${at('failOn').at}); minSeverity must not be above it`,
  };
}

const SLACK_DEFAULTS: Config['slack'] = {
  when: undefined,
  minSeverity: DEFAULTS.messageMinSeverity,
  mentions: {},
  fallback: undefined,
  heartbeat: undefined,
  notifyOwners: false,
};

/** Puts flags, environment, file and defaults on top of each other. */
class Merge {
  readonly origins = new Map<string, Origin>();
  readonly #input: ResolveInput;
  readonly #file: FileConfig;

  constructor(input: ResolveInput) {
    this.#input = input;
    this.#file = (input.file?.value ?? {}) as FileConfig;
  }

  config(): Config {
    const { flags } = this.#input;
    const { webhook } = this.#file;
    const profile = this.#scalar<ProfileName>('profile') ?? DEFAULTS.profile;
    const noWaivers = flags.waivers === false;
    this.#note('waivers', this.#file.waivers, ['waivers']);
    for (const index of (this.#file.waivers ?? []).keys())
      this.#note(`waivers[${index}]`, true, ['waivers', index]);
    if (noWaivers) this.origins.set('waivers', { from: 'flag', at: '--no-waivers' });
    for (const key of ['callerSeesAll', 'plugins', 'customRules'] as const)
      this.#note(key, this.#file[key], [key]);
    return {
      scope: this.#scalar<Scope>('scope') ?? DEFAULTS.scope,
      sources: this.#scalar<readonly SourceName[]>('sources'),
      callerSeesAll: this.#file.callerSeesAll ?? false,
      profile,
      failOn: this.#scalar<FailOn>('failOn') ?? DEFAULTS.failOn,
      failOnNew: this.#scalar<boolean>('failOnNew') ?? DEFAULTS.failOnNew,
      minSeverity: this.#scalar<Severity>('minSeverity') ?? DEFAULTS.minSeverity,
      plugins: this.#file.plugins ?? [],
      customRules: this.#file.customRules ?? [],
      waivers: noWaivers ? [] : (this.#file.waivers ?? []).map((waiver) => ({ ...waiver })),
      state: this.#path('state'),
      baseline: this.#path('baseline'),
      slack: this.#slack(),
      webhook: webhook ? this.#section('webhook', webhook, WEBHOOK_DEFAULTS) : undefined,
      evidence: this.#evidence(),
      push: this.#section('push', this.#file.push, { conductorone: false }),
    };
  }

  /** Flag, environment, file; undefined for the default. */
  #scalar<T>(key: ScalarKey): T | undefined {
    const { flags, env } = this.#input;
    if (flags[key] !== undefined) {
      const at = flags[key] === false ? FLAG_NAMES[key].replace('--', '--no-') : FLAG_NAMES[key];
      this.origins.set(key, { from: 'flag', at });
      return flags[key] as T;
    }
    for (const name of Object.keys(ENVIRONMENT) as EnvironmentName[]) {
      const value = ENVIRONMENT[name].key === key ? fromEnvironment(env, name) : undefined;
      if (value === undefined) continue;
      this.origins.set(key, { from: 'environment', at: name });
      return value as T;
    }
    this.#note(key, this.#file[key], [key]);
    return (this.#file[key] ?? undefined) as T | undefined;
  }

  #path(key: 'state' | 'baseline'): string | undefined {
    const value = this.#scalar<string>(key);
    const { file } = this.#input;
    if (value === undefined || !file || this.origins.get(key)?.from !== 'file') return value;
    return path.resolve(path.dirname(file.path), value);
  }

  #evidence(): Config['evidence'] {
    const { evidenceDays: days } = DEFAULTS;
    const held = this.#section('evidence', this.#file.evidence, { systemLog: false, days });
    if (!this.#input.flags.evidence) return held;
    this.origins.set('evidence.systemLog', { from: 'flag', at: '--evidence' });
    return { ...held, systemLog: true };
  }

  #slack(): Config['slack'] {
    const held = this.#section('slack', this.#file.slack, SLACK_DEFAULTS);
    const mentions = Object.entries(held.mentions).map(([email, id]) => [email.toLowerCase(), id]);
    return { ...held, mentions: Object.fromEntries(mentions) };
  }

  /** What the file says in a section, and the defaults of what it does not say. */
  #section<T extends object>(name: string, given: object | null | undefined, defaults: T): T {
    const values = Object.entries(defaults).map(([key, fallback]) => {
      const value = (given as Readonly<Record<string, unknown>> | null | undefined)?.[key];
      this.#note(`${name}.${key}`, value, [name, key]);
      return [key, value ?? fallback];
    });
    return Object.fromEntries(values) as T;
  }

  #note(key: string, value: unknown, at: Path): void {
    this.origins.set(key, originIn(this.#input.file, value, at));
  }
}

export interface LoadInput {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly flags: ConfigFlags;
  readonly configPath?: string | undefined;
  /** false: a file is read only if one is named. Default: it is searched for. */
  readonly discover?: boolean;
  /** The run's clock, in milliseconds. */
  readonly now: number;
  readonly builtIns: () => Promise<readonly Rule[]>;
  /** Called before plug-ins or a configuration that is a module run: they may block the program. */
  readonly beforeForeignCode?: (() => void | Promise<void>) | undefined;
}

export interface LoadedConfig extends Resolved {
  readonly rulebook: () => Promise<Rulebook>;
  /** undefined: there is no configuration file. */
  readonly file: ConfigFile | undefined;
}

/**
 * Finds, reads, checks and merges all settings of a run, its plug-ins included.
 *
 * Throws an AuditError (`config`, or `usage` for flags alone) that lists every mistake at once.
 */
export async function loadConfig({
  cwd,
  env,
  flags,
  configPath,
  discover = true,
  now,
  builtIns,
  beforeForeignCode,
}: LoadInput): Promise<LoadedConfig> {
  const named = configPath ?? readVariable(env, 'C1_AUDIT_CONFIG');
  const found =
    named !== undefined || discover ? await findConfig({ cwd, home: homeOf(env) }, named) : undefined;
  if (found !== undefined && /\.m?js$/i.test(found)) await beforeForeignCode?.();
  const file = found === undefined ? undefined : await readConfig(found, cwd);
  const load = async () => {
    const { loadRules } = await import('./rulebook.js');
    return loadRules({ cwd, flags, file, now, builtIns: await builtIns(), beforeForeignCode });
  };
  // Without a file and --rule nothing about rules can be wrong: they are loaded when they are needed.
  let rules = file || flags.rules ? await load() : undefined;
  const problems = [
    ...flagProblems(flags),
    ...(rules?.flagProblems ?? []),
    ...environmentProblems(env),
    ...(rules?.fileProblems ?? []),
  ];
  if (problems.length > 0) throw problemsError(problems);
  const merge = new Merge({ flags, env, file });
  const config = merge.config();
  const hidden = hiddenFailures(config, merge.origins);
  if (hidden) throw problemsError([hidden]);
  const rulebook = async () => {
    rules ??= await load();
    return rules.rulebook(config.profile);
  };
  return { config, origins: merge.origins, rulebook, file };
}

function homeOf(env: LoadInput['env']): string | undefined {
  const named = process.platform === 'win32' ? env.USERPROFILE : env.HOME;
  if (named) return named;
  try {
    return homedir();
  } catch {
    // A user without an entry, as in many containers.
    return undefined;
  }
}
