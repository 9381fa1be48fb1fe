import { type FailOn, PROFILES, type ProfileName, type Scope } from '../config/config.js';
import { didYouMean } from '../config/problem.js';
import { SEVERITIES } from '../contract/severity.js';
import { type AuditError, usageError } from '../errors.js';

/** How the nightly run logs in: by a federation trust, or with a client secret. */
export const LOGINS = ['federation', 'secret'] as const;
type Auth = (typeof LOGINS)[number];

/** The answers that the files are written from. Every text is checked: YAML, CEL and a shell take it literally. */
export interface Setup {
  /** Host of the tenant, in lower case. */
  readonly tenant: string;
  readonly auth: Auth;
  readonly scope: Scope;
  readonly profile: ProfileName;
  readonly failOn: FailOn;
  readonly slack: boolean;
  /** `owner/name` on github.com; set if the login is by federation. */
  readonly repository: string | undefined;
  readonly branch: string;
  /** Five fields, in UTC. */
  readonly schedule: string;
}

export const CONFIG_FILE = 'c1-audit.config.yaml';
export const WORKFLOW_FILE = '.github/workflows/c1-audit.yml';

/** Where the repository keeps its copy of the program. */
export const COPY_FOLDER = '.github/c1-audit';
/** The program, and the sums of all files, below that directory. */
export const PROGRAM = 'dist/bin.js';
export const SUMS_FILE = 'SHA256SUMS';
/** The command that starts the copy, from the root of the repository. */
export const RUN_COPY = `node ${COPY_FOLDER}/${PROGRAM}`;

/** An example of the client id that the nightly run logs in with. */
export function exampleClientId({ tenant, auth, scope }: Pick<Setup, 'tenant' | 'auth' | 'scope'>): string {
  const kind = auth === 'federation' ? 'wfe' : scope === 'tenant' ? 'spc' : 'pcc';
  return `strange-hydra-68836@${tenant}/${kind}`;
}

type Key = keyof Setup;

/** Answers that are not checked yet. */
export type Texts = { readonly [K in Key]?: string | undefined };

/** The sources of answers, in this order. */
export interface Interview {
  readonly flags: Texts;
  readonly defaults: Texts;
  /** Asks until the answer is valid; undefined without a terminal. */
  readonly ask: (<T>(question: Question<T>, preset: string | undefined) => Promise<T>) | undefined;
  /** Use the defaults without asking. */
  readonly yes: boolean;
}

/**
 * Flags first, then answers or defaults.
 *
 * @throws AuditError `usage` that names every wrong flag, or every missing one.
 */
export async function interview({ flags, defaults, ask, yes }: Interview): Promise<Setup> {
  const setup: { -readonly [K in Key]?: Setup[K] } = { repository: undefined };
  const wrong: string[] = [];
  const take = <K extends Key>(key: K, text: string) => {
    const answer = (QUESTIONS[key] as Question<Setup[K]>).parse(text);
    if ('value' in answer) setup[key] = answer.value;
    else wrong.push(`${QUESTIONS[key].flag} ${JSON.stringify(text)} ${answer.problem}`);
  };
  for (const key of KEYS) {
    const text = flags[key];
    if (text !== undefined) take(key, text);
  }
  if (wrong.length > 0) throw usageError(wrong.join('\n'), HELP);

  const missing: Key[] = [];
  const answer = async <K extends Key>(key: K) => {
    const preset = defaults[key];
    const needed = isNeeded(key, setup.auth);
    if (needed && !yes && ask) setup[key] = await ask(QUESTIONS[key] as Question<Setup[K]>, preset);
    else if (needed && (!yes || preset === undefined)) missing.push(key);
    else if (preset !== undefined) take(key, preset);
  };
  for (const key of KEYS) if (flags[key] === undefined) await answer(key);
  if (missing.length > 0) throw missingError(missing, yes);
  // Every key has a value now: a missing one has thrown.
  return setup as Setup;
}

const HELP = 'c1-audit init --help explains the flags.';

/** Whether there must be an answer. Repository and branch are needed only for the condition of a trust. */
function isNeeded(key: Key, auth: Setup['auth'] | undefined): boolean {
  if (key === 'schedule') return false;
  return (key !== 'repository' && key !== 'branch') || auth !== 'secret';
}

function missingError(keys: readonly Key[], yes: boolean): AuditError {
  const flags = keys.map((key) => QUESTIONS[key].flag).join(', ');
  if (yes) {
    const examples = keys.map((key) => (key === 'tenant' ? '--tenant acme' : '--repository acme/security'));
    return usageError(`There is no default for ${flags}.`, `For example, add ${examples.join(' ')}.`);
  }
  return usageError(
    `These flags are missing, and there is no terminal to ask on: ${flags}.`,
    'Add them, or add --yes to use the defaults.',
  );
}

/** An answer, or what is wrong with it: `is not ….` */
type Answer<T> = { readonly value: T } | { readonly problem: string };

interface Question<T> {
  readonly flag: string;
  readonly ask: string;
  /** Refuses everything that YAML, CEL or a shell would not take literally. */
  readonly parse: (text: string) => Answer<T>;
}

type Questions = { readonly [Key in keyof Setup]: Question<NonNullable<Setup[Key]>> };

/** In the order of the interview. */
export const QUESTIONS: Questions = {
  tenant: { flag: '--tenant', ask: 'Tenant (acme or acme.conductor.one)', parse: parseTenant },
  auth: { flag: '--auth', ask: 'Login: federation (stores no secret) or secret', parse: choice(LOGINS) },
  scope: {
    flag: '--scope',
    ask: "Whose credentials: tenant (everyone's; needs Super Administrator) or mine",
    parse: choice(['mine', 'tenant'] as const),
  },
  repository: {
    flag: '--repository',
    ask: 'GitHub repository that will run it (owner/name)',
    parse: parseRepository,
  },
  branch: { flag: '--branch', ask: 'Its default branch', parse: parseBranch },
  profile: { flag: '--profile', ask: `Profile: ${PROFILES.join(', ')}`, parse: choice(PROFILES) },
  failOn: {
    flag: '--fail-on',
    ask: `Fail at this severity or above: ${SEVERITIES.join(', ')} or never`,
    parse: choice([...SEVERITIES, 'never'] as const),
  },
  slack: { flag: '--slack or --no-slack', ask: 'Send new findings to Slack: yes or no', parse: parseYesOrNo },
  schedule: { flag: '--schedule', ask: 'Schedule, as cron in UTC', parse: parseSchedule },
};

const KEYS = Object.keys(QUESTIONS) as Key[];

function choice<T extends string>(words: readonly T[]): (text: string) => Answer<T> {
  return (text) => {
    const value = words.find((word) => word === text.toLowerCase());
    if (value !== undefined) return { value };
    return { problem: `is not one of ${words.join(', ')}${didYouMean(text, words) || '.'}` };
  };
}

function parseYesOrNo(text: string): Answer<boolean> {
  if (/^y(es)?$/i.test(text)) return { value: true };
  return /^no?$/i.test(text) ? { value: false } : { problem: 'is neither yes nor no.' };
}

/** A host, a tenant's bare name, or the address as a browser shows it. */
function parseTenant(text: string): Answer<string> {
  const name = text
    .toLowerCase()
    .replace(/^https:\/\//, '')
    .replace(/\/$/, '');
  const host = name.includes('.') ? name : `${name}.conductor.one`;
  const label = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
  if (host.length <= 253 && new RegExp(`^(?:${label}\\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$`).test(host))
    return { value: host };
  return { problem: 'is not a tenant: write its name or host, such as acme or acme.conductor.one.' };
}

function parseRepository(text: string): Answer<string> {
  if (/^[A-Za-z0-9][\w-]{0,99}\/(?!\.{1,2}$)[\w.-]{1,100}$/.test(text)) return { value: text };
  return { problem: 'is not a repository on GitHub: write owner/name, such as acme/security.' };
}

/** Only branch names that need no quoting anywhere. */
function parseBranch(text: string): Answer<string> {
  const parts = text.split('/');
  const plain = parts.every((part) => /^[A-Za-z0-9_][\w.-]*$/.test(part) && !/\.\.|\.$|\.lock$/.test(part));
  if (plain && text.length <= 200) return { value: text };
  return {
    problem: 'is not a branch name that c1-audit can use: only letters, digits and . _ - / are allowed.',
  };
}

/** Ranges of the last four fields: hour, day of the month, month, day of the week. */
const CRON_RANGES = [
  [0, 23],
  [1, 31],
  [1, 12],
  [0, 6],
] as const;

/** Cron for GitHub, in numbers. The minute is one number: at most one audit an hour. */
function parseSchedule(text: string): Answer<string> {
  const [minute = '', ...fields] = text.trim().split(/\s+/);
  const isValid =
    /^[0-5]?\d$/.test(minute) &&
    fields.length === CRON_RANGES.length &&
    CRON_RANGES.every((range, index) => isCronField(fields[index] ?? '', range));
  if (isValid) return { value: [minute, ...fields].join(' ') };
  return {
    problem:
      'is not a schedule: write minute (one number), hour, day, month, weekday in numbers, such as "17 4 * * *".',
  };
}

function isCronField(field: string, [least, most]: readonly [number, number]): boolean {
  return field.split(',').every((part) => {
    const match = /^(?:\*|(\d{1,2})(?:-(\d{1,2}))?)(?:\/(\d{1,2}))?$/.exec(part);
    if (!match) return false;
    const [, from = String(least), to = from, step = '1'] = match;
    return Number(from) >= least && Number(from) <= Number(to) && Number(to) <= most && Number(step) >= 1;
  });
}

/**
 * The repository on github.com that the remote `origin` of a `.git/config` names, as `owner/name`.
 *
 * The rest of the address is dropped: it may contain a token.
 */
export function githubRepository(gitConfig: string): string | undefined {
  const section = /^\[remote "origin"\][^[]*/m.exec(gitConfig)?.[0] ?? '';
  const address = /^\s*url\s*=\s*(\S+)\s*$/m.exec(section)?.[1] ?? '';
  return /^(?:https:\/\/|ssh:\/\/)?(?:[^@/\s]+@)?github\.com[:/]([^/\s]+\/[^/\s]+?)(?:\.git)?\/?$/i.exec(
    address,
  )?.[1];
}

/** The branch that `.git/refs/remotes/origin/HEAD` names: the default one when the repository was cloned. */
export function defaultBranch(originHead: string): string | undefined {
  return /^ref: refs\/remotes\/origin\/(\S+)\s*$/.exec(originHead)?.[1];
}
