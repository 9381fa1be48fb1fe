import { PROFILES } from '../config/config.js';
import { didYouMean } from '../config/nearest.js';
import { SEVERITIES } from '../contract/severity.js';
import { LOGINS, type Setup } from './setup.js';

/** What somebody answered, or what is wrong with it: `is not ….` */
export type Answer<T> = { readonly value: T } | { readonly problem: string };

export interface Question<T> {
  /** As the missing flag is named. */
  readonly flag: string;
  readonly ask: string;
  /** Lets nothing pass that YAML, CEL or a shell could take for more than a word. */
  readonly parse: (text: string) => Answer<T>;
}

export type Questions = { readonly [Key in keyof Setup]: Question<NonNullable<Setup[Key]>> };

/** In the order in which they are asked. */
export const QUESTIONS: Questions = {
  tenant: { flag: '--tenant', ask: 'Tenant (acme or acme.conductor.one)', parse: parseTenant },
  auth: {
    flag: '--auth',
    ask: 'Login: federation (stores no secret) or secret',
    parse: choice(LOGINS),
  },
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

/** What git lets through, cut down to what needs no quoting anywhere. */
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

/** Cron as GitHub takes it, in numbers; the minute is one number, as an audit an hour is more than anyone needs. */
function parseSchedule(text: string): Answer<string> {
  const [minute = '', ...fields] = text.trim().split(/\s+/);
  const sound =
    /^[0-5]?\d$/.test(minute) &&
    fields.length === CRON_RANGES.length &&
    CRON_RANGES.every((range, index) => isCronField(fields[index] ?? '', range));
  if (sound) return { value: [minute, ...fields].join(' ') };
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
