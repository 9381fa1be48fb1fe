/** Results as lines for a terminal. */
export function table(results) {
  const header = ['benchmark', 'measure', '', 'base', 'value', '', 'result', '', 'limit', ''];
  const rows = results.map((row) => [
    row.benchmark,
    row.what,
    row.about ?? '',
    row.base === undefined ? '' : number(row.base),
    number(row.value),
    row.unit,
    row.result.toFixed(2),
    row.resultUnit ?? '',
    row.limit?.toFixed(2) ?? '',
    verdict(row),
  ]);
  const right = new Set([3, 4, 6, 8]);
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

function verdict({ result, limit, loaded, foreign }) {
  const said = limit === undefined ? [] : [result <= limit ? 'ok' : 'OVER'];
  if (loaded) said.push(`(others used ${Math.round(foreign * 100)} % of a core)`);
  return said.join(' ');
}

function number(value) {
  if (!Number.isFinite(value)) return 'failed';
  return value >= 100 ? String(Math.round(value)) : value.toPrecision(3);
}
