import picomatch from 'picomatch';

/** Longer globs are a mistake. */
const GLOB_MAX = 256;
/** Each further `*` multiplies the time that a name made for the purpose can cost. */
const STARS_MAX = 3;
/** Longer names match no glob. Others choose names, and matching takes a power of their length. */
const NAME_MAX = 256;

/** What is wrong with a glob on names, or undefined. */
export function globProblem(glob: string): string | undefined {
  if (glob.length > GLOB_MAX) return `a glob has at most ${GLOB_MAX} characters`;
  const stars = glob.replace(/\\./g, '').match(/\*+/g)?.length ?? 0;
  return stars > STARS_MAX ? `a glob has at most ${STARS_MAX} stars` : undefined;
}

/**
 * What picomatch would read otherwise than a shell does on a name: groups and `+` go into its regular expression as
 * they are, where a pattern such as (a+)+ never comes to an end; a leading ./ is dropped, as names of files allow.
 */
const LITERAL = /\\.|[()|+]|^\.(?=\/)/gs;

/** All that stands before the first character with a meaning. */
const PREFIX = /^[^\\*?[\]{}]*/;

/**
 * Whether a name matches a glob, as in bash: case counts; `*` stands for any text without a line break, slashes and
 * dots included, `?` for one character but a slash; a leading `!`, parentheses and `+` stand for themselves.
 */
export function nameMatcher(glob: string): (name: string) => boolean {
  const literal = glob.replace(LITERAL, (part) => (part.startsWith('\\') ? part : `\\${part}`));
  const pattern = picomatch.makeRe(literal, {
    bash: true,
    dot: true,
    nonegate: true,
    noextglob: true,
    windows: false,
  });
  // Tells most names apart at a fraction of the pattern's cost, of which a run may need millions.
  const prefix = PREFIX.exec(glob)?.[0] ?? '';
  return (name) =>
    name.length <= NAME_MAX && name.startsWith(prefix) && (name === glob || pattern.test(name));
}
