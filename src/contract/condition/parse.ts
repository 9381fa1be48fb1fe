import { Environment } from '@marcbachmann/cel-js';
import type { Expression } from './expression.js';
import { fromSyntax, measure } from './syntax.js';
import { brief } from './text.js';

/** ConductorOne takes conditions of up to 1,024 bytes. Longer ones are judged all the same: padding must hide nothing. */
const MAX_LENGTH = 1_000_000;
const MAX_NODES = 10_000;
const MAX_DEPTH = 500;

/** Functions of the service's CEL library that ours lacks: known by name, never run. */
const DECLARED = [
  'url(string): dyn',
  'string.charAt(int): string',
  'string.format(list<dyn>): string',
  'string.replace(string, string): string',
  'string.replace(string, string, int): string',
  'string.reverse(): string',
];

/** What a condition may use: `claims`, CEL's own functions, and `url()` for SPIFFE ids. */
const environment = new Environment({
  // The service reads `["a", 1]` as a list of anything.
  homogeneousAggregateLiterals: false,
  enableOptionalTypes: true,
  limits: {
    maxAstNodes: MAX_NODES,
    maxDepth: MAX_DEPTH,
    maxListElements: MAX_NODES,
    maxMapEntries: MAX_NODES,
  },
}).registerVariable('claims', 'map<string, dyn>');
for (const signature of DECLARED) {
  environment.registerFunction(signature, () => {
    throw new Error('it is judged, never run');
  });
}

/**
 * A tree; or why it is not a condition, as one short sentence without a full stop; or nothing known, as it is larger than
 * anything that is read here.
 */
export type Parsed =
  | { readonly tree: Expression }
  | { readonly problem: string }
  | { readonly tooLarge: true };

const TOO_LARGE = { tooLarge: true } as const;

/** Parses and type-checks a condition. Never throws, whatever the text. */
export function parseCondition(text: string): Parsed {
  if (text.length > MAX_LENGTH) return TOO_LARGE;
  try {
    const parsed = environment.parse(text);
    if (measure(parsed.ast).depth > MAX_DEPTH) return TOO_LARGE;
    const checked = parsed.check();
    if (!checked.valid) return refusal(checked.error);
    if (checked.type !== 'bool' && checked.type !== 'dyn') {
      return { problem: `it is of type ${brief(`${checked.type}`, 40)}, not bool` };
    }
    return { tree: fromSyntax(parsed.ast) };
  } catch (error) {
    return refusal(error);
  }
}

/** The stack ends where a text is nested too deeply. */
function refusal(error: unknown): Parsed {
  const limited = error instanceof Error && 'code' in error && error.code === 'limit_exceeded';
  return limited || error instanceof RangeError ? TOO_LARGE : { problem: brief(summaryOf(error)) };
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
