import { AuditError } from '../errors.js';
import { QUESTIONS, type Question } from './questions.js';
import type { Setup } from './setup.js';

type Key = keyof Setup;

/** Answers as they were given, not yet checked. */
export type Texts = { readonly [K in Key]?: string | undefined };

/** Where answers come from, in this order. */
export interface Interview {
  readonly flags: Texts;
  /** What is taken where nothing is said. */
  readonly defaults: Texts;
  /** Asks somebody until the answer is one; undefined: nobody is there to ask. */
  readonly ask: (<T>(question: Question<T>, preset: string | undefined) => Promise<T>) | undefined;
  /** Takes the defaults without asking. */
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
  if (wrong.length > 0) throw new AuditError('usage', wrong.join('\n'), HELP);

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
  // Every key has been taken or asked for by now, or was missing.
  return setup as Setup;
}

const HELP = 'c1-audit init --help explains the flags.';

const KEYS = Object.keys(QUESTIONS) as Key[];

/** Whether somebody has to decide: the schedule never, and where it runs only for the condition of a trust. */
function isNeeded(key: Key, auth: Setup['auth'] | undefined): boolean {
  if (key === 'schedule') return false;
  return (key !== 'repository' && key !== 'branch') || auth !== 'secret';
}

function missingError(keys: readonly Key[], yes: boolean): AuditError {
  const flags = keys.map((key) => QUESTIONS[key].flag).join(', ');
  if (yes) {
    const examples = keys.map((key) => (key === 'tenant' ? '--tenant acme' : '--repository acme/security'));
    return new AuditError(
      'usage',
      `There is no default for ${flags}.`,
      `For example, add ${examples.join(' ')}.`,
    );
  }
  return new AuditError(
    'usage',
    `These flags are missing, and there is no terminal to ask on: ${flags}.`,
    'Add them, or add --yes to use the defaults.',
  );
}
