import { EXIT, type ExitCode } from '../engine/exit-code.js';
import { cutTo, forGitHubLine, neutraliseJson } from '../reporters/escape.js';
import type { Result, Status } from './check.js';
import type { Examination } from './examine.js';

const MARKS: Readonly<Record<Status, string>> = { ok: '✔', warning: '!', problem: '✘', skipped: '–' };
const COLOURS: Readonly<Record<Status, string>> = { ok: '32', warning: '33', problem: '1;31', skipped: '2' };

/** Somebody else's words end somewhere. */
const LONGEST = 1000;

/**
 * Results for people, as they come: a mark, what is the case, and below it what to do. What was skipped in a row for one
 * reason shares a line.
 */
export class TextLines {
  readonly #color: boolean;
  #waiting: Result[] = [];

  constructor(color: boolean) {
    this.#color = color;
  }

  /** The text that is ready with this result, whole lines. */
  add(result: Result): string {
    const [first] = this.#waiting;
    if (result.status === 'skipped' && (!first || first.detail === result.detail)) {
      this.#waiting.push(result);
      return '';
    }
    const ready = this.end();
    if (result.status === 'skipped') return `${ready}${this.add(result)}`;
    return `${ready}${this.#textOf(result, result.title)}`;
  }

  /** What is still to be said. */
  end(): string {
    const [first] = this.#waiting;
    const titles = this.#waiting.map(({ title }) => title).join(', ');
    this.#waiting = [];
    return first ? this.#textOf(first, titles) : '';
  }

  #textOf({ status, detail, fix }: Result, title: string): string {
    const mark = this.#color ? `\u001b[${COLOURS[status]}m${MARKS[status]}\u001b[0m` : MARKS[status];
    const [first = '', ...more] = detail.split('\n').map(safe);
    const lines = [`${mark} ${title}: ${first}`, ...more.map((line) => `    ${line}`)];
    if (fix !== null) lines.push(`    → ${safe(fix)}`);
    return `${lines.join('\n')}\n`;
  }
}

/** For a terminal as well as for GitHub's runner, which both obey some texts. */
function safe(line: string): string {
  return forGitHubLine(cutTo(line, LONGEST));
}

const MEANING: Partial<Record<ExitCode, string>> = {
  [EXIT.clean]: 'An audit can run',
  [EXIT.usage]: 'An audit would not start',
  [EXIT.incomplete]: 'An audit would start, but fail or be incomplete',
};

/** The last words for people, after an empty line: whether an audit can run, and how many checks came out how. */
export function summaryOf({ results, exitCode }: Examination): string {
  const count = (status: Status) => results.filter((result) => result.status === status).length;
  const problems = count('problem');
  const warnings = count('warning');
  return (
    `\n${MEANING[exitCode] ?? ''} (exit ${exitCode}): ${count('ok')} fine, ` +
    `${warnings} ${warnings === 1 ? 'warning' : 'warnings'}, ${problems} ${problems === 1 ? 'problem' : 'problems'}, ` +
    `${count('skipped')} not checked.\n`
  );
}

/**
 * The results for programs, as indented JSON and a line feed:
 * `{schemaVersion: 1, tool: {name, version}, checks: [{id, status, title, detail, fix}], exitCode}`. `checks` are
 * {@link Result}s in the order of the checks, none left out.
 */
export function jsonOf({ results, exitCode }: Examination): string {
  const tool = { name: 'c1-audit', version: C1_AUDIT_VERSION };
  return `${neutraliseJson(JSON.stringify({ schemaVersion: 1, tool, checks: results, exitCode }, null, 2))}\n`;
}
