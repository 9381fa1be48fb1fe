import { describe, expect, test } from '@jest/globals';
import {
  cutTo,
  forCsv,
  forGitHubCommandData,
  forGitHubCommandProperty,
  forGitHubLine,
  forHtml,
  forMarkdown,
  forSarif,
  forSlack,
  forTerminal,
  jsonForHtml,
  neutraliseJson,
  oneLine,
  webAddress,
} from '../../src/reporters/escape.js';
import { HOSTILE_NAMES } from '../helpers/hostile.js';
import { obeyedCommands } from '../helpers/runner.js';

// biome-ignore format: one range a line reads best.
const ACTING = new RegExp([
  '[\\u0000-\\u001f\\u007f-\\u009f', '\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180e',
  '\\u200b\\u200c\\u200e\\u200f\\u2028-\\u202e\\u2060-\\u206f\\u3164\\ufeff\\uffa0\\ufff9-\\ufffb',
  '\\u{e0000}-\\u{e0fff}]|\\p{Cs}',
].join(''), 'u');

describe('forTerminal', () => {
  test.each(HOSTILE_NAMES)('leaves nothing that acts or hides: %s', (_, name) => {
    expect(forTerminal(name)).not.toMatch(ACTING);
  });

  test('shows what it replaced', () => {
    expect(forTerminal('a\u001b[2Jb')).toBe('a\\u{1b}[2Jb');
    expect(forTerminal('a\u202eb\u{e0041}\ud800')).toBe('a\\u{202e}b\\u{e0041}\\u{d800}');
    expect(forTerminal('ad\u200dmin')).toBe('ad\\u{200d}min');
  });

  test('keeps letters of all scripts and emoji sequences', () => {
    for (const text of ['Zoë', 'مفتاح', '開発', '👩‍💻', '🏳️‍🌈', '👩🏽‍💻', '⚠️', 'a  b'])
      expect(forTerminal(text)).toBe(text);
  });

  test('does not change its own output', () => {
    for (const [, name] of HOSTILE_NAMES) expect(forTerminal(forTerminal(name))).toBe(forTerminal(name));
  });
});

describe('forHtml', () => {
  test.each(HOSTILE_NAMES)('is text wherever it stands: %s', (_, name) => {
    expect(forHtml(name)).not.toMatch(/[<>"'`]/);
    expect(forHtml(name)).not.toMatch(ACTING);
    expect(obeyedCommands(forHtml(name))).toEqual([]);
  });

  test('keeps the text as written', () => {
    expect(forHtml(`<b a="1">&amp;'`)).toBe('&lt;b a=&quot;1&quot;&gt;&amp;amp;&#39;');
  });
});

describe('jsonForHtml', () => {
  test.each(HOSTILE_NAMES)('ends no script and says the same: %s', (_, name) => {
    const json = jsonForHtml({ name });
    expect(json).not.toMatch(/[<>&]/);
    expect(JSON.parse(json)).toEqual({ name });
  });
});

test('webAddress accepts only http and https', () => {
  expect(webAddress('https://acme.example/a b')).toBe('https://acme.example/a%20b');
  expect(webAddress('http://localhost/')).toBe('http://localhost/');
  for (const url of ['javascript:alert(1)', ' JaVaScRiPt:x', 'data:text/html,x', '//evil.example', 'x', ''])
    expect(webAddress(url)).toBeUndefined();
});

describe('forSlack', () => {
  test.each(HOSTILE_NAMES)('holds no reference: %s', (_, name) => {
    expect(forSlack(name)).not.toMatch(/[<>]|&(?!(amp|lt|gt);)/);
    expect(forSlack(name)).not.toMatch(ACTING);
  });

  test('escapes exactly three characters', () => {
    expect(forSlack(`<@U1> & "'*`)).toBe(`&lt;@U1&gt; &amp; "'*`);
  });
});

describe('forMarkdown', () => {
  test.each(HOSTILE_NAMES)('holds no markup: %s', (_, name) => {
    const escaped = forMarkdown(name);
    expect(escaped).not.toMatch(ACTING);
    const rest = escaped.replaceAll('<!-- -->', '\u0000').replace(/\\[!-/:-@[-`{-~]/g, '');
    expect(rest).not.toMatch(/[<>`*_[\]|~$\\]/);
    expect(rest.replace(/&(amp|lt|gt);/g, '')).not.toContain('&');
    expect(rest).not.toMatch(/:\/\/|www\.|(^|\W)@\w/i);
    expect(escaped).not.toMatch(/^\s*([-+=#>]|\d+[.)])/);
    expect(obeyedCommands(escaped)).toEqual([]);
  });

  test('keeps the text as written if nothing is markup', () => {
    expect(forMarkdown('last used 92 days ago (limit 90): revoke it')).toBe(
      'last used 92 days ago (limit 90): revoke it',
    );
    expect(forMarkdown('Jo Doe <jo@acme.example>')).toBe('Jo Doe &lt;jo@acme.example&gt;');
    expect(forMarkdown('a|b')).toBe('a\\|b');
    expect(forMarkdown('1. x')).toBe('1\\. x');
    expect(forMarkdown('@octocat')).toBe('@<!-- -->octocat');
  });
});

/** What a spreadsheet would run, whichever separator it expects and whether or not it takes quotes for such. */
function runs(cell: string): boolean {
  return cell.split(/[;\t]/).some((part) => /^[\s"]*[=+\-@＝＋－＠]/.test(part));
}

describe('forCsv', () => {
  test.each(HOSTILE_NAMES)('is no formula: %s', (_, name) => {
    expect(runs(forCsv(name))).toBe(false);
    expect(forCsv(name)).not.toMatch(ACTING);
    // The first column, which begins the line, is a severity.
    expect(obeyedCommands(`high,${forCsv(name)}`)).toEqual([]);
  });

  test.each(['=1', '+1', '-1', '@x', '  =1', '"=1', '\u00a0=1', '＝1'])('marks %j', (cell) => {
    expect(forCsv(cell)).toBe(`'${cell}`);
  });

  test('keeps other cells', () => {
    for (const cell of ['', 'a=1', '2026-09-01', '10.0.0.0/8, ::1', 'never used: revoke it', '1; 2'])
      expect(forCsv(cell)).toBe(cell);
  });
});

describe('GitHub', () => {
  test.each(HOSTILE_NAMES)('a line is no command: %s', (_, name) => {
    expect(obeyedCommands(forGitHubLine(name))).toEqual([]);
    expect(forGitHubLine(name)).not.toMatch(ACTING);
  });

  test.each(HOSTILE_NAMES)('a command stays one command: %s', (_, name) => {
    const line = `::error title=${forGitHubCommandProperty(name)}::${forGitHubCommandData(name)}`;
    expect(obeyedCommands(line)).toHaveLength(1);
    expect(line.split(/[\r\n]/)).toHaveLength(1);
    const [, properties = ''] = /^::error (.*?)::/.exec(line) ?? [];
    expect(properties.split(',')).toHaveLength(1);
    expect(properties).not.toContain(':');
    // What the runner decodes is a line it would not obey either.
    const data = decodeURIComponentLoosely(line.slice(line.indexOf('::', 2) + 2));
    expect(obeyedCommands(data)).toEqual([]);
  });

  test('encodes everything the runner decodes', () => {
    expect(forGitHubCommandData('100%\r\nb\rc%0A')).toBe('100%25%0Ab%0Ac%250A');
    expect(forGitHubCommandProperty('a: b, c%')).toBe('a%3A b%2C c%25');
    expect(forGitHubLine('x ##[error]y')).toBe('x #\\u{23}[error]y');
    expect(forGitHubLine('::error::y')).toBe('\\u{3a}:error::y');
    expect(forGitHubLine('2001:db8::/32')).toBe('2001:db8::/32');
  });
});

function decodeURIComponentLoosely(data: string): string {
  return data.replaceAll('%0A', '\n').replaceAll('%0D', '\r').replaceAll('%25', '%');
}

describe('neutraliseJson', () => {
  test.each(HOSTILE_NAMES)('says the same and acts on nothing: %s', (_, name) => {
    for (const space of [0, 2]) {
      const json = neutraliseJson(JSON.stringify({ name, [name]: [name] }, null, space));
      expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify({ name, [name]: [name] })));
      expect(json.replaceAll('\n', '')).not.toMatch(ACTING);
      expect(obeyedCommands(json)).toEqual([]);
      // Nor after a consumer has taken the escaped line breaks for such.
      expect(obeyedCommands(json.replace(/\\[nr]/g, '\n').replaceAll('"', '\n'))).toEqual([]);
    }
  });

  test('keeps a backslash before what it encodes', () => {
    for (const value of ['\\##[x]', '\\\\##[x]', '###[x]', '\\n::x::', '\n::x::', '::x::', '"::x::'])
      expect(JSON.parse(neutraliseJson(JSON.stringify(value)))).toBe(value);
  });
});

describe('forSarif', () => {
  test.each(HOSTILE_NAMES)('holds no link: %s', (_, name) => {
    expect(forSarif(name)).not.toMatch(/\]\(/);
    expect(forSarif(name)).not.toMatch(ACTING);
  });
});

test('oneLine joins lines', () => {
  expect(oneLine(' a\n\tb \u001b c\u2028d ')).toBe('a b \\u{1b} c d');
});

describe('cutTo', () => {
  test('cuts at the length and not before', () => {
    expect(cutTo('abcde', 5)).toBe('abcde');
    expect(cutTo('abcdef', 5)).toBe('abcd…');
    expect(cutTo('abc', 1)).toBe('…');
    expect(cutTo('abc', 0)).toBe('');
  });

  test('does not split emoji', () => {
    const sequence = '👩‍💻';
    expect(cutTo(sequence.repeat(3), sequence.length * 2 + 1)).toBe(`${sequence.repeat(2)}…`);
    expect(cutTo(sequence.repeat(3), sequence.length * 2)).toBe(`${sequence}…`);
  });

  test.each(HOSTILE_NAMES)('never exceeds the length nor makes a lone surrogate: %s', (_, name) => {
    for (const length of [1, 2, 3, 10, 63, 64, 65, 66, 100, 150]) {
      const cut = cutTo(name, length);
      expect(cut.length).toBeLessThanOrEqual(length);
      if (!/\p{Cs}/u.test(name)) expect(cut).not.toMatch(/\p{Cs}/u);
    }
  });

  test('splits a grapheme that is longer than a line', () => {
    const monster = `z${'\u0301'.repeat(500)}`;
    expect(cutTo(monster, 100)).toBe(`${monster.slice(0, 99)}…`);
    expect(cutTo(`ab${monster}`, 20).length).toBe(3);
  });
});
