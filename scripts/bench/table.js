/** Results as lines for a terminal. */
export function table(results) {
  const header = ['benchmark', 'measure', '', 'base', 'value', '', 'ratio', 'limit', ''];
  const rows = results.map(({ benchmark, what, about = '', base, value, unit, ratio, limit }) => [
    benchmark,
    what,
    about,
    number(base),
    number(value),
    unit,
    ratio.toFixed(2),
    limit === undefined ? '' : limit.toFixed(2),
    limit === undefined ? '' : ratio <= limit ? 'ok' : 'OVER',
  ]);
  const right = new Set([3, 4, 6, 7]);
  const widths = header.map((name, column) =>
    Math.max(name.length, ...rows.map((row) => row[column].length)),
  );
  return [header, ...rows]
    .map((row) =>
      row
        .map((cell, column) =>
          right.has(column) ? cell.padStart(widths[column]) : cell.padEnd(widths[column]),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function number(value) {
  return value >= 100 ? String(Math.round(value)) : value.toPrecision(3);
}
