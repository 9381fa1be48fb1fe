import type { Finding, Severity } from '../../contract/index.js';
import type { Report } from '../../engine/report.js';
import {
  cutTo,
  forGitHubCommandData,
  forGitHubCommandProperty,
  forGitHubLine,
} from '../../reporters/escape.js';
import { count, credentialName, gaps, kindWord, ownerWords, partsOf } from '../../reporters/words.js';

/** What GitHub shows of one step, for each level. */
const PER_LEVEL = 10;
/** Of one annotation, title and message together. */
const CHARACTERS = 4096;
const TITLE = 200;
const NAME = 100;

type Level = 'error' | 'warning';

/** Low and info findings make no annotation: they stand in the reports. */
const LEVEL: Record<Severity, Level | undefined> = {
  critical: 'error',
  high: 'error',
  medium: 'warning',
  low: undefined,
  info: undefined,
};

interface Annotation {
  readonly title: string;
  readonly message: string;
}

/**
 * Workflow commands that annotate the run: its incompleteness first, then the most severe findings.
 *
 * GitHub shows ten of each level and drops the rest in silence; so the tenth counts what is left out.
 */
export function annotations(report: Report): string {
  const { open } = partsOf(report);
  const of = (level: Level) => open.filter((finding) => LEVEL[finding.severity] === level);
  const missing = gaps(report);
  const alarm = missing.length > 0 ? [{ title: 'The audit is INCOMPLETE', message: missing.join('\n') }] : [];
  return [...commands('error', alarm, of('error')), ...commands('warning', [], of('warning'))].join('');
}

function commands(level: Level, first: readonly Annotation[], findings: readonly Finding[]): string[] {
  const room = PER_LEVEL - first.length;
  const shown = findings.length > room ? findings.slice(0, room - 1) : findings;
  const left = findings.length - shown.length;
  const rest =
    left > 0
      ? [{ title: `${count(left, 'more finding')}`, message: 'GitHub shows ten: see the job summary.' }]
      : [];
  return [...first, ...shown.map(annotation), ...rest].map(({ title, message }) => {
    // Neutralised text is longer: that is what must fit.
    const heading = cutTo(forGitHubLine(title), TITLE);
    const body = cutTo(message.split('\n').map(forGitHubLine).join('\n'), CHARACTERS - TITLE);
    return `::${level} title=${forGitHubCommandProperty(heading)}::${forGitHubCommandData(body)}\n`;
  });
}

function annotation({ severity, rule, credential, message, fix }: Finding): Annotation {
  const name = cutTo(credentialName(credential), NAME);
  const facts = credential
    ? `${kindWord(credential.kind)} ${credential.id}, owner ${cutTo(ownerWords(credential.owner), 2 * NAME)}\n`
    : '';
  return { title: `${severity}: ${name}`, message: `${message}\n${facts}To do: ${fix}\nRule: ${rule}` };
}
