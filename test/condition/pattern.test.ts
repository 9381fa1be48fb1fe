import { describe, expect, test } from '@jest/globals';
import { certainlyMatches, type Word, wordsOf } from '../../src/condition/pattern.js';

const SIGNS = { start: '<', end: '>', anything: '**', segment: '*', something: '~' };

/** The words of a pattern, one after the other: texts as they are, everything else as a sign. */
function read(pattern: string): string {
  const words = wordsOf(pattern);
  const shown = (word: Word) =>
    word.map((piece) => (typeof piece === 'object' ? `"${piece.text}"` : SIGNS[piece])).join('');
  return words ? words.map(shown).join(' ') : 'not RE2';
}

const nested = (depth: number) => '('.repeat(depth) + ')'.repeat(depth);

describe('the words of a pattern', () => {
  test.each([
    ['', ''],
    ['abc', '"abc"'],
    ['^abc$', '<"abc">'],
    ['a|b', '"a" "b"'],
    ['a|', '"a" '],
    ['|a', ' "a"'],
    ['(a|b)c', '"ac" "bc"'],
    ['(?:a|b)c', '"ac" "bc"'],
    ['(?P<n>a)', '"a"'],
    ['(?<n_1>a)', '"a"'],
    ['(?P<Zz9>a)', '"a"'],
    ['x(^a|b$)', '"x"<"a" "xb">'],
    ['a.b', '"a"~"b"'],
    ['a.*b', '"a"**"b"'],
    ['a.+b', '"a"**"b"'],
    ['a.{2,}b', '"a"**"b"'],
    ['a.?b', '"ab" "a"~"b"'],
    ['a.{3}b', '"a"~~~"b"'],
    ['a.*?b', '"a"**"b"'],
    ['a.{1,2}b', '"a"~~"b"'],
    ['a(.)*b', '"a"~"b"'],
    ['a.**b', '"a"~"b"'],
    ['é😀', '"é😀"'],
  ])('%s', (pattern, words) => {
    expect(read(pattern)).toBe(words);
  });

  test.each([
    ['ab?c', '"ac" "abc"'],
    ['ab??c', '"ac" "abc"'],
    ['ab*c', '"a"~"c"'],
    ['ab+c', '"ab"~"c"'],
    ['ab+?c', '"ab"~"c"'],
    ['ab{2}c', '"abbc"'],
    ['ab{0}c', '"ac"'],
    ['ab{1}c', '"abc"'],
    ['ab{1,1}c', '"abc"'],
    ['ab{0,1}c', '"ac" "abc"'],
    ['ab{1,2}c', '"ab"~"c"'],
    ['ab{2,}c', '"abb"~"c"'],
    ['ab{8}c', '"abbbbbbbbc"'],
    ['ab{9}c', '"abbbbbbbb"~"c"'],
    ['a{1000}', '"aaaaaaaa"~'],
    ['a{12345}', '"a{12345}"'],
    ['a{1,12345}', '"a{1,12345}"'],
    ['a{}', '"a{}"'],
    ['a{,2}', '"a{,2}"'],
    ['a{x}', '"a{x}"'],
    ['{2}', '"{2}"'],
    ['a}', '"a}"'],
    ['a{2}{2}', '"aaaa"'],
    ['a{2,1}', 'not RE2'],
    ['[a-z]{2,1}', 'not RE2'],
    ['[a-z]{1,2}', '*'],
    ['[a-z]{2}x', '*"x"'],
    ['\\w+/\\d*', '*"/"*'],
    ['(ab|c){2}', '"abab" "abc" "cab" "cc"'],
  ])('repeated: %s', (pattern, words) => {
    expect(read(pattern)).toBe(words);
  });

  test.each([
    ['*', 'not RE2'],
    ['+', 'not RE2'],
    ['?', 'not RE2'],
    ['a|*', 'not RE2'],
    ['(', 'not RE2'],
    [')', 'not RE2'],
    ['a)', 'not RE2'],
    ['(a', 'not RE2'],
    ['(a|b', 'not RE2'],
    ['[a', 'not RE2'],
    ['[', 'not RE2'],
    ['[]', 'not RE2'],
    ['\\', 'not RE2'],
    ['(?=a)', 'not RE2'],
    ['(?!a)', 'not RE2'],
    ['(?<=a)', 'not RE2'],
    ['(?<1>a)', 'not RE2'],
    ['(?P=n)', 'not RE2'],
    ['(?x)a', 'not RE2'],
    ['(?i-)a', 'not RE2'],
    ['(?i', 'not RE2'],
    ['\\1', 'not RE2'],
    ['\\7', 'not RE2'],
    ['\\8', 'not RE2'],
    ['\\9', 'not RE2'],
    ['\\Z', 'not RE2'],
    ['\\y', 'not RE2'],
    ['\\p{', 'not RE2'],
    ['\\pl', 'not RE2'],
    ['\\pl{Greek}', 'not RE2'],
    ['\\xg0', 'not RE2'],
    ['\\xg{41}', 'not RE2'],
    ['[[:1:a:]]', 'not RE2'],
    ['\\x{g}', 'not RE2'],
    ['[[:a]', 'not RE2'],
  ])('mistakes: %s', (pattern, words) => {
    expect(read(pattern)).toBe(words);
  });

  test.each([
    ['\\Aa\\z', '<"a">'],
    ['\\ba\\Bb', '"ab"'],
    ['\\Qa.b|\\Ec', '"a.b|c"'],
    ['\\Qa.b|', '"a.b|"'],
    ['\\Q\\E', '""'],
    ['\\pLa', '~"a"'],
    ['\\PLa', '~"a"'],
    ['\\p{Greek}a', '~"a"'],
    ['\\P{^Greek}a', '~"a"'],
    ['\\x41b', '~"b"'],
    ['\\x{1F600}b', '~"b"'],
    ['\\da', '*"a"'],
    ['\\wa', '*"a"'],
    ['\\Da\\sb\\Sc\\Wd', '~"a"~"b"~"c"~"d"'],
    ['\\Ca\\ab\\fc\\nd\\re\\tf\\vg', '~"a"~"b"~"c"~"d"~"e"~"f"~"g"'],
    ['\\0a', '~"a"'],
    ['\\.\\/\\-\\\\', '"./-\\"'],
    ['\\é', '"é"'],
  ])('escaped: %s', (pattern, words) => {
    expect(read(pattern)).toBe(words);
  });

  test.each([
    ['[ab]c', '"ac" "bc"'],
    ['[]a]', '"]" "a"'],
    ['[^]a]', '~'],
    ['[^a]', '~'],
    ['[^/]', '*'],
    ['[^/a]x', '*"x"'],
    ['[^a/]', '*'],
    ['[^\\/]', '~'],
    ['[^/[:digit:]]', '~'],
    ['[a-c]', '*'],
    ['[A-Z]', '*'],
    ['[0-9]', '*'],
    ['[a-zA-Z0-9_-]', '*'],
    ['[\\w-]', '*'],
    ['[\\d]', '*'],
    ['[[:alnum:]]', '*'],
    ['[[:alpha:][:digit:]]', '*'],
    ['[[:xdigit:][:lower:][:upper:][:word:]]', '*'],
    ['[[:space:]]', '~'],
    ['[[:^alpha:]]', '~'],
    ['[a-z.]', '~'],
    ['[.-9]', '~'],
    ['[A-z]', '~'],
    ['[a-]', '"a" "-"'],
    ['[-a]', '"-" "a"'],
    ['[a\\-]', '"a" "-"'],
    ['[\\.a]', '"." "a"'],
    ['[\\D]', '~'],
    ['[\\Qab\\E]', '~'],
    ['[\\Qa\\E]', '"a"'],
    ['[\\n]', '~'],
    ['[\\A]', '~'],
    ['[.*+?|^$]', '"." "*" "+" "?" "|" "^" "$"'],
    ['[a[]', '"a" "["'],
    ['[./,:;!#%]', '"." "/" "," ":" ";" "!" "#" "%"'],
    ['[./,:;!#%&]', '~'],
    ['[abcdefgh]', '"a" "b" "c" "d" "e" "f" "g" "h"'],
    ['[abcdefghi]', '*'],
    ['[😀é]', '"😀" "é"'],
    ['a[b]*c', '"a"~"c"'],
    ['[a-z]?x', '*"x"'],
  ])('sets: %s', (pattern, words) => {
    expect(read(pattern)).toBe(words);
  });

  test.each([
    ['(?i)AbC', '"abc"'],
    ['A(?i)B(?-i)C', '"AbC"'],
    ['(A(?i)B)C', '"AbC"'],
    ['(?i:A)B', '"aB"'],
    ['(?-i:A)B', '"AB"'],
    ['(?i)A(?-i:B)C', '"aBc"'],
    ['(?i)[AB]', '"a" "b"'],
    ['(?i)\\QA\\E\\.', '"a."'],
    ['(?i)[\\QA\\E]', '"a"'],
    ['(?m)^a$', '"a"'],
    ['(?m)^(?-m)a$', '"a">'],
    ['(?m:^)a$', '"a">'],
    ['(?im)^A$', '"a"'],
    ['(?sU)^A$', '<"A">'],
    ['(?i-m)^A', '<"a"'],
    ['(?)a', '"a"'],
  ])('flags: %s', (pattern, words) => {
    expect(read(pattern)).toBe(words);
  });

  test.each([
    ['x'.repeat(2048), `"${'x'.repeat(2048)}"`],
    ['x'.repeat(2049), 'not RE2'],
    [nested(50), ''],
    [nested(51), 'not RE2'],
    [`${'a'.repeat(63).split('').join('|')}|b`, `${'"a" '.repeat(63)}"b"`],
    [`${'a'.repeat(64).split('').join('|')}|b`, '~'],
    [`x(${'a'.repeat(65).split('').join('|')})y`, '"x"~"y"'],
    [
      '(a|b){6}',
      [...Array(64).keys()]
        .map((n) => `"${n.toString(2).padStart(6, '0').replaceAll('0', 'a').replaceAll('1', 'b')}"`)
        .join(' '),
    ],
    ['(a|b){7}', '~'],
    ['(a|b){5}(c|d|e)', read('(a|b){5}.')],
    ['(a|b){5}(c|d|e)(f|g|h)', read('(a|b){5}..')],
  ])('limits: %#', (pattern, words) => {
    expect(read(pattern)).toBe(words);
  });
});

describe('a pattern certainly matches', () => {
  test.each([
    ['a', 'xay'],
    ['', ''],
    ['', 'x'],
    ['^$', ''],
    ['^a', 'ab'],
    ['a$', 'ba'],
    ['^a$', 'a'],
    ['^.*a', 'xay'],
    ['a.*$', 'xay'],
    ['^a.*$', 'ay'],
    ['^.*a$', 'xa'],
    ['.*', ''],
    ['x|a', 'xay'],
    ['(a|b)c', 'bc'],
    ['^(a|b)$', 'b'],
  ])('%s, in %s', (pattern, text) => {
    expect(certainlyMatches(pattern, text)).toBe(true);
  });

  test.each([
    ['b', 'xay'],
    ['^a', 'ba'],
    ['a$', 'ab'],
    ['^a$', 'aa'],
    ['^$', 'a'],
    ['^a.*$', 'xa'],
    ['^.*a$', 'ax'],
    // may match, but not only plain texts
    ['a.c', 'abc'],
    ['a.*c', 'abc'],
    ['[a-z]', 'a'],
    ['[a-z]', 'undefined'],
    ['ab*', 'ab'],
    ['\\.', '.'],
    ['(?i)a', 'a'],
    ['.*', '\n'],
    ['a', 'a\n'],
    // never matches
    ['a^', 'a'],
    ['$a', 'a'],
    ['^$a', 'a'],
    ['a^b', 'ab'],
    ['x^', ''],
    ['(', '('],
  ])('%s, not in %j', (pattern, text) => {
    expect(certainlyMatches(pattern, text)).toBe(false);
  });
});
