import { neutraliseJson } from './escape.js';
import { findingInOrder, inOrder, judgedInOrder, resolvedInOrder } from './json-order.js';
import type { PartReporter, Reporter } from './reporter.js';

/** Items of a list in one part: some tens of kilobytes, so that the parts of a large report never meet in memory. */
const AT_ONCE = 64;

/** The report itself, schema version 1 (schema/report.json). */
export const json: Reporter = (report, context) => [...jsonParts(report, context)].join('');

/** The same in parts: the report of a large tenant is longer than any string may be. */
export const jsonParts: PartReporter = function* (report) {
  const { findings, credentials, resolved, ...head } = inOrder({
    ...report,
    findings: [],
    credentials: [],
    resolved: [],
  });
  yield neutraliseJson(JSON.stringify(head, null, 2)).slice(0, -'\n}'.length);
  yield ',\n';
  yield* list('findings', report.findings, findingInOrder);
  yield ',\n';
  yield* list('credentials', report.credentials, judgedInOrder);
  yield ',\n';
  yield* list('resolved', report.resolved, resolvedInOrder);
  yield '\n}\n';
};

/** `"name": […]`, an item a line: half the bytes of an indented one, and grep and diff see each finding whole. */
function* list<T>(name: string, items: readonly T[], write: (item: T) => T): Generator<string> {
  const opening = `  ${JSON.stringify(name)}: [`;
  if (items.length === 0) {
    yield `${opening}]`;
    return;
  }
  for (let at = 0; at < items.length; at += AT_ONCE) {
    const some = items.slice(at, at + AT_ONCE).map((item) => `    ${JSON.stringify(write(item))}`);
    yield `${at === 0 ? opening : ','}\n${neutraliseJson(some.join(',\n'))}`;
  }
  yield '\n  ]';
}
