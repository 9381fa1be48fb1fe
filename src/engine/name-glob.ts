/** Longer patterns are a mistake. */
const PATTERN_MAX = 256;
/** Longer names match no pattern: others choose names. */
const NAME_MAX = 256;

/** What is wrong with a pattern on names, or undefined. */
export function globProblem(glob: string): string | undefined {
  if (glob.length > PATTERN_MAX) return `a pattern has at most ${PATTERN_MAX} characters`;
  const plain = tokensOf(glob).filter((token) => token.length === 1);
  if (/\{[^{}]*(,|\.\.)[^{}]*\}/.test(plain.join('')))
    return 'braces are not supported in patterns; write one waiver for each name, or [{] for a brace itself';
  try {
    compile(glob);
    return undefined;
  } catch {
    return 'a range in brackets must be in ascending order, as in [a-z]';
  }
}

/** An escaped character, a set, a run of stars, or any other character. */
const TOKEN = /\\.|\[[!^]?(?:\\.|[^\\])(?:\\.|[^\]\\])*\]|\*+|./gsu;

/**
 * Whether a name matches a pattern, as in a shell: case counts; `*` stands for any text without a line break, slashes and
 * dots included, `?` for one character but a slash, `[…]` for one of a set; a backslash takes the
 * meaning off what follows; everything else stands for itself.
 *
 * Names are chosen by others, so the time must not depend on more than the lengths of both. picomatch cannot promise that:
 * its expressions go back over every star, and over every brace.
 */
export function nameMatcher(glob: string): (name: string) => boolean {
  const pattern = compile(glob);
  return (name) => name !== '' && name.length <= NAME_MAX && (name === glob || pattern.test(name));
}

function tokensOf(glob: string): readonly string[] {
  return glob.match(TOKEN) ?? [];
}

/** @throws SyntaxError for a set that is none */
function compile(glob: string): RegExp {
  const [first = '', ...others] = tokensOf(glob).map(expressionOf).join('').split(STAR);
  const last = others.pop();
  // What a lookahead has matched is never tried again: the leftmost place of each part is as good as any later one.
  const between = others.map((part, index) => `(?=(?<p${index}>.*?${part}))\\k<p${index}>`).join('');
  return new RegExp(`^${first}${between}${last === undefined ? '' : `.*${last}`}$`, 'u');
}

/** Never part of an expression. */
const STAR = '\0*';
const ONE = '[^/\\n\\r\\u2028\\u2029]';

function expressionOf(token: string): string {
  if (token.startsWith('*')) return STAR;
  if (token === '?') return ONE;
  if (token.length > 1 && token.startsWith('[')) return setOf(token);
  return literal(token.length > 1 && token.startsWith('\\') ? token.slice(1) : token);
}

function setOf(token: string): string {
  const [, negated, members = ''] = /^\[([!^](?!\]$))?(.*)\]$/s.exec(token) ?? [];
  const set = members.replace(/\\(.)|[^-]/gsu, (all, escaped?: string) =>
    escaped === '-' ? '\\-' : literal(escaped ?? all),
  );
  return negated ? `(?=${ONE})[^${set}]` : `[${set}]`;
}

function literal(character: string): string {
  return character.replace(/[\\^$.*+?()[\]{}|/]/u, '\\$&');
}
