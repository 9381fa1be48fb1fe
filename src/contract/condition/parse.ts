import { Environment } from '@marcbachmann/cel-js';
import type { Expression } from './expression.js';
import { fromSyntax, measure } from './syntax.js';
import { brief } from './text.js';

/** ConductorOne takes conditions of up to 1024 bytes; what is far beyond that is no condition. */
const MAX_LENGTH = 8192;
const MAX_NODES = 10_000;
const MAX_DEPTH = 500;

/** What a condition may use: `claims`, CEL's own functions, and `url()` for SPIFFE ids. */
const environment = new Environment({
  // The service reads `["a", 1]` as a list of anything.
  homogeneousAggregateLiterals: false,
  limits: {
    maxAstNodes: MAX_NODES,
    maxDepth: MAX_DEPTH,
    maxListElements: MAX_NODES,
    maxMapEntries: MAX_NODES,
  },
})
  .registerVariable('claims', 'map<string, dyn>')
  .registerFunction('url(string): dyn', () => {
    throw new Error('url() is judged, never run');
  });

/** A tree, or why there is none: one short sentence without a full stop. */
export type Parsed = { readonly tree: Expression } | { readonly problem: string };

/** Parses and type-checks a condition. Never throws, whatever the text. */
export function parseCondition(text: string): Parsed {
  if (text.length > MAX_LENGTH) return { problem: `it is longer than ${MAX_LENGTH} characters` };
  try {
    const parsed = environment.parse(text);
    if (measure(parsed.ast).depth > MAX_DEPTH) return { problem: 'it is nested too deeply to judge' };
    const checked = parsed.check();
    if (!checked.valid) return { problem: brief(summaryOf(checked.error)) };
    if (checked.type !== 'bool' && checked.type !== 'dyn') {
      return { problem: `it is of type ${brief(`${checked.type}`, 40)}, not bool` };
    }
    return { tree: fromSyntax(parsed.ast) };
  } catch (error) {
    if (error instanceof RangeError) return { problem: 'it is nested too deeply to judge' };
    return { problem: brief(summaryOf(error)) };
  }
}

/** The value of a claim-free expression in CEL source, or undefined where it has none. */
export function evaluateConstant(source: string): unknown {
  try {
    return environment.evaluate(source);
  } catch {
    return undefined;
  }
}

/** The parser's message without the excerpt of the source that it draws below it. */
function summaryOf(error: unknown): string {
  if (error instanceof Error && 'summary' in error && typeof error.summary === 'string') return error.summary;
  return error instanceof Error ? error.message : 'it cannot be read';
}
