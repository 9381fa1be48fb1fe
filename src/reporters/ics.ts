import { DAY, kindName } from '../contract/index.js';
import type { Report } from '../engine/report.js';
import { cutTo, forFoldedText } from './escape.js';
import type { Reporter } from './reporter.js';
import { coverageLine, credentialName, datesOf, ownerWords } from './words.js';

/**
 * One all-day event per coming expiry of a live credential.
 *
 * Without a library: those for this fold lines by characters instead of octets or write a trigger (`-P14DT`) that
 * RFC 5545 does not allow.
 */
export const ics: Reporter = (report) => {
  const lines = [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    `PRODID:-//${value(report.tool.name)}//${value(report.tool.version)}//EN`,
    'CALSCALE:GREGORIAN',
    'METHOD:PUBLISH',
    `X-WR-CALNAME:${value(`API credentials of ${report.run.tenant}`)}`,
    `X-WR-CALDESC:${value(cutTo(coverageLine(report), 2000))}`,
    ...report.credentials.flatMap((credential) => event(credential, report)),
    'END:VCALENDAR',
  ];
  return lines.map((line) => `${fold(line)}\r\n`).join('');
};

const NAME = 200;
const ALARM_DAYS = [14, 3];
/** The longest line that RFC 5545 allows, without its line break. */
const MAX_OCTETS = 75;

function event(credential: Report['credentials'][number], { run }: Report): string[] {
  if (!credential.live || !credential.expiresAt) return [];
  const day = Math.floor(Date.parse(credential.expiresAt) / DAY) * DAY;
  const summary = value(`API credential expires: ${cutTo(credentialName(credential), NAME)}`);
  const details = [
    `${kindName(credential.kind)} ${credential.id}`,
    `owner ${cutTo(ownerWords(credential.owner), 2 * NAME)}`,
    datesOf(credential, run.asOf),
    `expires ${credential.expiresAt}`,
  ];
  return [
    'BEGIN:VEVENT',
    `UID:${encodeURIComponent(forFoldedText(`${credential.kind}.${credential.id}`))}@${value(run.tenant || 'c1-audit')}`,
    `DTSTAMP:${stamp(run.asOf)}`,
    `DTSTART;VALUE=DATE:${stamp(day).slice(0, 8)}`,
    `DTEND;VALUE=DATE:${stamp(day + DAY).slice(0, 8)}`,
    `SUMMARY:${summary}`,
    `DESCRIPTION:${details.map(value).join('\\n')}`,
    'TRANSP:TRANSPARENT',
    ...ALARM_DAYS.flatMap((days) => [
      'BEGIN:VALARM',
      'ACTION:DISPLAY',
      `DESCRIPTION:${summary}`,
      `TRIGGER:-P${days}D`,
      'END:VALARM',
    ]),
    'END:VEVENT',
  ];
}

/** `20260901T020000Z`; its first eight digits are the date. */
function stamp(instant: number | string): string {
  return new Date(instant).toISOString().replace(/\.\d+|[-:]/g, '');
}

function value(text: string): string {
  return forFoldedText(text).replace(/[\\;,]/g, '\\$&');
}

/** Continuation lines begin with a blank; characters stay intact. */
function fold(line: string): string {
  let folded = '';
  let octets = 0;
  for (const character of line) {
    const size = Buffer.byteLength(character);
    if (octets + size > MAX_OCTETS) {
      folded += '\r\n ';
      octets = 1;
    }
    folded += character;
    octets += size;
  }
  return folded;
}
