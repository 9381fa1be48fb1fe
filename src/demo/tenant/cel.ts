/** What a condition says of some claims. `error` is empty unless it could not be evaluated. */
export interface Verdict {
  readonly matched: boolean;
  readonly error: string;
}

/** Evaluates a trust's condition. The library is loaded when the first condition is. */
export async function evaluateCondition(
  expression: string,
  claims: Readonly<Record<string, unknown>>,
): Promise<Verdict> {
  const { evaluate } = await import('@marcbachmann/cel-js');
  try {
    const result: unknown = evaluate(expression, { claims });
    return typeof result === 'boolean'
      ? { matched: result, error: '' }
      : { matched: false, error: 'the expression must return bool' };
  } catch (cause) {
    return { matched: false, error: cause instanceof Error ? cause.message : String(cause) };
  }
}
