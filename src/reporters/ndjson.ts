import { neutraliseJson } from './escape.js';
import { findingInOrder, inOrder } from './json-order.js';
import type { Reporter } from './reporter.js';

/**
 * One JSON value a line: `{"type": "run", …}`, then each `{"type": "finding", …}`, last `{"type": "summary", …}` with
 * `complete`. A stream without the last line was cut off.
 */
export const ndjson: Reporter = (report) => {
  const { schemaVersion, tool, run, coverage, summary, resolved } = inOrder({
    ...report,
    findings: [],
    credentials: [],
  });
  const lines = [
    { type: 'run', schemaVersion, tool, ...run, coverage },
    ...report.findings.map((finding) => ({ type: 'finding', ...findingInOrder(finding) })),
    { type: 'summary', ...summary, resolvedFindings: resolved, complete: coverage.complete },
  ];
  return lines.map((line) => `${neutraliseJson(JSON.stringify(line))}\n`).join('');
};
