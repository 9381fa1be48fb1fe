import type { Rule } from '../contract/index.js';
import type { Backtest } from '../engine/backtest.js';
import { oneLine } from './escape.js';
import { count, credentialWords, ownerWords } from './words.js';

export function backtestText({ id }: Pick<Rule, 'id'>, { nights, alerts }: Backtest): string {
  const tenants = new Set(nights.map(({ tenant }) => tenant));
  const rows = nights.map((night) => [
    dayOf(night.asOf),
    ...(tenants.size > 1 ? [oneLine(night.tenant)] : []),
    night.judged === undefined ? 'not read' : String(night.judged),
    String(night.found.size),
    String(night.news.length),
    String([...night.unknown.values()].reduce((sum, times) => sum + times, 0)),
    night.complete ? '' : 'incomplete',
  ]);
  const head = ['night', ...(tenants.size > 1 ? ['tenant'] : []), 'judged', 'findings', 'new', 'unknown', ''];
  const lines = [
    `${id} over ${count(nights.length, 'report')}`,
    '',
    ...table([head, ...rows]),
    '',
    ...alertLines(alerts, nights),
    ...unknownLines(nights),
  ];
  return `${lines.join('\n')}\n`;
}

/** The same as JSON values. */
export function backtestJson({ id }: Pick<Rule, 'id'>, { nights, alerts }: Backtest): object {
  return {
    rule: id,
    nights: nights.map(({ file, tenant, asOf, complete, judged, found, news, unknown }) => ({
      file,
      tenant,
      asOf,
      complete,
      judged: judged ?? null,
      findings: found.size,
      new: news.length,
      unknown: Object.fromEntries(unknown),
    })),
    alerts: alerts.map(({ nights: on, credential: { kind, id: own, name, owner }, severity, message }) => ({
      credential: { kind, id: own, name, owner },
      severity,
      message,
      nights: on,
    })),
  };
}

function dayOf(instant: string): string {
  return instant.slice(0, 16).replace('T', ' ').replace(' 00:00', '');
}

/** Columns as wide as their widest cell; the first is text, the others are numbers. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const isText = column === 0 || column === row.length - 1;
        return isText ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
      })
      .join('  ')
      .trimEnd(),
  );
}

function alertLines(alerts: Backtest['alerts'], nights: Backtest['nights']): string[] {
  if (alerts.length === 0) {
    const isSure = nights.every(({ unknown, complete }) => unknown.size === 0 && complete);
    return [`It would not have alerted on any credential${isSure ? '.' : ' whose outcome is known.'}`];
  }
  return [
    `It would have alerted on ${count(alerts.length, 'credential')}:`,
    ...alerts.flatMap(({ credential, severity, message, nights }) => [
      `  ${severity} ${oneLine(credentialWords(credential))}, owner ${oneLine(ownerWords(credential.owner))}, new on ${nights.map(dayOf).join(', ')}`,
      `    ${oneLine(message)}`,
    ]),
  ];
}

function unknownLines(nights: Backtest['nights']): string[] {
  const reasons = new Map<string, number>();
  for (const { unknown } of nights)
    for (const [reason, times] of unknown) reasons.set(reason, (reasons.get(reason) ?? 0) + times);
  if (reasons.size === 0) return [];
  return [
    '',
    'Unknown, over all nights:',
    ...[...reasons].map(([reason, times]) => `  ${count(times, 'credential')}: ${oneLine(reason)}`),
  ];
}
