import type { Report } from '../engine/report.js';
import type { ReportDiff } from '../engine/report-diff.js';
import { diffNotes } from './diff-words.js';
import { neutraliseJson } from './escape.js';
import { findingInOrder, judgedInOrder } from './json-order.js';

/**
 * A comparison for programs, an item a line: `{schemaVersion, tenant, old, new, notes, summary, findings: {new, changed,
 * resolved, notSeen}, credentials: {appeared, gone, notSeen}}`, findings and credentials as in a report.
 */
export function* diffJson(diff: ReportDiff): Generator<string> {
  const { added, changed, resolved, notSeen, unchanged, credentials } = diff;
  const head = {
    schemaVersion: 1,
    tenant: diff.after.run.tenant,
    old: side(diff.before),
    new: side(diff.after),
    notes: diffNotes(diff),
    summary: {
      new: added.length,
      changed: changed.length,
      worsened: changed.filter((change) => change.worsened).length,
      resolved: resolved.length,
      notSeen: notSeen.length,
      unchanged,
      credentialsAppeared: credentials.appeared.length,
      credentialsGone: credentials.gone.length,
      credentialsNotSeen: credentials.notSeen.length,
    },
  };
  yield `${neutraliseJson(JSON.stringify(head, null, 2)).slice(0, -'\n}'.length)},\n  "findings": {\n`;
  yield* list('new', added, findingInOrder, ',');
  yield* list(
    'changed',
    changed,
    ({ before, after, changes, worsened }) => ({
      changes,
      worsened,
      old: findingInOrder(before),
      new: findingInOrder(after),
    }),
    ',',
  );
  yield* list('resolved', resolved, ({ how, finding }) => ({ how, finding: findingInOrder(finding) }), ',');
  yield* list('notSeen', notSeen, ({ why, finding }) => ({ why, finding: findingInOrder(finding) }), '');
  yield '  },\n  "credentials": {\n';
  yield* list('appeared', credentials.appeared, judgedInOrder, ',');
  yield* list('gone', credentials.gone, judgedInOrder, ',');
  yield* list('notSeen', credentials.notSeen, judgedInOrder, '');
  yield '  }\n}\n';
}

function side({ tool, run, coverage }: Report) {
  const { scope, asOf } = run;
  return { version: tool.version, scope, asOf, complete: coverage.complete };
}

function* list<T>(
  name: string,
  items: readonly T[],
  write: (item: T) => unknown,
  comma: string,
): Generator<string> {
  yield `    "${name}": [`;
  let first = true;
  for (const item of items) {
    yield `${first ? '' : ','}\n      ${neutraliseJson(JSON.stringify(write(item)))}`;
    first = false;
  }
  yield `${first ? '' : '\n    '}]${comma}\n`;
}
