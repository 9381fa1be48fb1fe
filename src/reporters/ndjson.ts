import { neutraliseJson } from './escape.js';
import { findingInOrder, inOrder } from './json-order.js';
import type { PartReporter, Reporter } from './reporter.js';

/** Lines in one part: some tens of kilobytes. */
const AT_ONCE = 64;

/**
 * One JSON value a line: `{"type": "run", …}`, then each `{"type": "finding", …}`, last `{"type": "summary", …}` with
 * `complete`. A stream without the last line was cut off.
 */
export const ndjson: Reporter = (report, context) => [...ndjsonParts(report, context)].join('');

/** The same in parts: the report of a large tenant is longer than any string may be. */
export const ndjsonParts: PartReporter = function* (report) {
  const { schemaVersion, tool, run, coverage, summary, resolved } = inOrder({
    ...report,
    findings: [],
    credentials: [],
  });
  yield line({ type: 'run', schemaVersion, tool, ...run, coverage });
  for (let at = 0; at < report.findings.length; at += AT_ONCE) {
    const some = report.findings.slice(at, at + AT_ONCE);
    yield some.map((finding) => line({ type: 'finding', ...findingInOrder(finding) })).join('');
  }
  yield line({ type: 'summary', ...summary, resolvedFindings: resolved, complete: coverage.complete });
};

function line(value: object): string {
  return `${neutraliseJson(JSON.stringify(value))}\n`;
}
