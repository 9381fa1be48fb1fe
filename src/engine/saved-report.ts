import { parseInstant } from '../contract/index.js';
import { startOfDate } from '../contract/time.js';
import { AuditError } from '../errors.js';
import { type Report, summarize } from './report.js';
import { validateReport } from './report-validator.js';

/** How many mistakes a message names. */
const NAMED = 3;

/**
 * Reads a report that `-f json` wrote.
 *
 * @param name how messages call the file
 * @throws AuditError `input` where it is none, saying what is wrong and where.
 */
export function parseReport(text: string, name: string): Report {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new AuditError(
      'input',
      `${name} is no JSON.`,
      'Give the file that c1-audit -f json:<file> wrote.',
      { cause },
    );
  }
  const problems = problemsOf(value);
  if (problems.length === 0) {
    refuseContradictions(value as Report, name);
    return value as Report;
  }
  const more = problems.length > NAMED ? `; and ${problems.length - NAMED} more` : '';
  throw new AuditError(
    'input',
    `${name} is no report of c1-audit, schema version 1: ${problems.slice(0, NAMED).join('; ')}${more}.`,
    'Give the file that c1-audit -f json:<file> wrote; a report of a newer version needs a newer c1-audit.',
  );
}

/**
 * Counts decide what people look at, and findings the exit code: whoever changed one of them did not get it past the other.
 */
function refuseContradictions(report: Report, name: string): void {
  const { summary, coverage } = report;
  const wrong = differences(summary, summarize(report));
  const partial = coverage.sources.filter(({ status }) => status === 'partial').map(({ kind }) => kind);
  if (coverage.complete && partial.length > 0)
    wrong.push(`coverage.complete is true, but the source ${partial.join(', ')} is partial`);
  if (wrong.length === 0) return;
  throw new AuditError(
    'input',
    `${name} contradicts itself: ${wrong.slice(0, NAMED).join('; ')}${wrong.length > NAMED ? `; and ${wrong.length - NAMED} more` : ''}.`,
    'Somebody or something changed it after c1-audit wrote it. Use the original, or audit again.',
  );
}

type Counts = { readonly [name: string]: number | Counts };

function differences(said: object, counted: object, path = 'summary'): string[] {
  const [saidCounts, countedCounts] = [said, counted] as [Counts, Counts];
  const names = new Set([...Object.keys(saidCounts), ...Object.keys(countedCounts)]);
  // What was left out of the report cannot be counted in it.
  names.delete('hidden');
  return [...names].flatMap((name) => {
    const [one = 0, other = 0] = [own(saidCounts, name), own(countedCounts, name)];
    if (typeof one === 'object' && typeof other === 'object')
      return differences(one, other, `${path}.${name}`);
    return one === other ? [] : [`${path}.${name} is ${one}, but the report holds ${other}`];
  });
}

function own(counts: Counts, name: string): Counts[string] | undefined {
  return Object.hasOwn(counts, name) ? counts[name] : undefined;
}

function problemsOf(value: unknown): string[] {
  if (validateReport(value)) return impossibleDates(value);
  const errors = validateReport.errors ?? [];
  return errors.map(({ instancePath, message }) => `${instancePath || 'the whole'} ${message}`);
}

/** Where a report holds what looks like a date and is none: the schema's pattern knows no calendar. */
function impossibleDates({ run, credentials, findings }: Report): string[] {
  const problems: string[] = [];
  // Places are put into words only where something is wrong: there may be a million dates.
  const check = <Key extends string>(
    keys: readonly Key[],
    held: Readonly<Record<Key, string | null>> | null,
    place: () => string,
    isDate = isInstant,
  ) => {
    for (const key of held ? keys : []) {
      const text = held?.[key];
      if (typeof text === 'string' && !isDate(text)) problems.push(`${place()}/${key} is no date`);
    }
  };
  check(['asOf', 'startedAt', 'finishedAt'], run, () => '/run');
  for (const [index, credential] of credentials.entries())
    check(DATES, credential, () => `/credentials/${index}`);
  for (const [index, finding] of findings.entries()) {
    check(['firstSeen'], finding, () => `/findings/${index}`);
    check(DATES, finding.credential, () => `/findings/${index}/credential`);
    check(['expires'], finding.waiver, () => `/findings/${index}/waiver`, isDay);
  }
  return problems;
}

const DATES = ['createdAt', 'expiresAt', 'lastUsedAt'] as const;

function isDay(text: string): boolean {
  return startOfDate(text) !== undefined;
}

/** A leap second is refused with the rest: `Date` cannot read it, and no report of ours has one. */
function isInstant(text: string): boolean {
  return parseInstant(text) !== undefined && !Number.isNaN(Date.parse(text));
}
