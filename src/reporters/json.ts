import { neutraliseJson } from './escape.js';
import { inOrder } from './json-order.js';
import type { Reporter } from './reporter.js';

/** The report itself, schema version 1 (schema/report.json). */
export const json: Reporter = (report) => `${neutraliseJson(JSON.stringify(inOrder(report), null, 2))}\n`;
