import { isAscii } from 'node:buffer';

/**
 * The one place that neutralises text written by others, for each sink.
 *
 * Names, waiver reasons and error texts may be written to control whatever shows them. Nothing is dropped silently: a
 * character that would act instead of being shown is written as `\u{1b}`, so that a reader notices. All functions return
 * a single line. Cut first, then escape: a cut can break an escape sequence.
 */

/**
 * Emoji sequences that stay as they are, then everything that acts or hides: controls (C0, DEL, C1), lone surrogates,
 * line and paragraph separators, bidi controls, zero-width and other invisible characters, interlinear annotations.
 */
const ACTING =
  /(?<=\p{Extended_Pictographic})\ufe0f|(?<=\p{Extended_Pictographic}\ufe0f?|\p{Emoji_Modifier})\u200d(?=\p{Extended_Pictographic})|([\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Default_Ignorable_Code_Point}\ufff9-\ufffb])/gu;

/** Plain ASCII, nearly all of any report, is skipped before the slow pattern looks at the rest. */
const BEYOND_ASCII = /[^\x20-\x7e]+/g;
/** The same for text that keeps its line breaks. */
const BEYOND_ASCII_LINES = /[^\n\x20-\x7e]+/g;

/** Replaces what acts or hides; emoji sequences lie within one run of other characters. */
function replaceActing(text: string, runs: RegExp, replacement: (character: string) => string): string {
  return text.replace(runs, (run) =>
    run.replace(ACTING, (match, acting: string | undefined) =>
      acting === undefined ? match : replacement(acting),
    ),
  );
}

/** For a terminal: no control or escape sequences, no change of writing direction, nothing invisible. */
export function forTerminal(text: string): string {
  const shown = (character: string) => `\\u{${character.codePointAt(0)?.toString(16)}}`;
  return replaceActing(text, BEYOND_ASCII, shown);
}

/** What most reports show of a text: a cut after it was escaped could break an escape sequence. */
export function safeText(text: string, length = 1000): string {
  return forTerminal(cutTo(text, length));
}

export function safeMarkdown(text: string, length = 1000): string {
  return forMarkdown(cutTo(text, length));
}

/** GitHub's runner looks for this anywhere in a line of stdout and stderr. */
const LEGACY_COMMAND = /##\[/g;

const HTML: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
  '##[': '&#35;#[',
  '::': '&#58;:',
};

/** For HTML text and quoted attribute values; not for `<script>`, `<style>`, event handlers or addresses. */
export function forHtml(text: string): string {
  return forTerminal(text).replace(/[&<>"'`]|##\[|::/g, (match) => HTML[match] ?? match);
}

/** A value as JSON for the inside of `<script type="application/json">`. */
export function jsonForHtml(value: unknown): string {
  return neutraliseJson(JSON.stringify(value)).replace(/[<>&]/g, jsonEscape);
}

/** An address that is safe to follow, or undefined, as for `javascript:`. */
export function webAddress(url: string): string | undefined {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  return parsed?.protocol === 'https:' || parsed?.protocol === 'http:' ? parsed.href : undefined;
}

/** For Slack's mrkdwn, in an object with `verbatim: true`. */
export function forSlack(text: string): string {
  return forTerminal(text).replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}

/** What Slack reads as emphasis in a message's `text`, and what looks like it. */
const SLACK_MARKUP: Readonly<Record<string, string>> = { '*': '∗', _: 'ˍ', '~': '∼', '`': 'ˋ' };

/** For a line of a Slack message's `text`, which some of Slack's places read as markup whatever the message says. */
export function forSlackText(text: string): string {
  return forSlack(oneLine(text)).replace(/[*_~`]/g, (mark) => SLACK_MARKUP[mark] ?? mark);
}

/** Breaks patterns that renderers look for in their output, where a backslash is gone. */
const BREAK = '<!-- -->';

/** For inline Markdown (GitHub's), table cells included: no markup, link, HTML, mention or reference. */
export function forMarkdown(text: string): string {
  return forTerminal(text)
    .replace(/[\\`*_[\]#|~$]|::/g, (match) => match.replace(/./g, '\\$&'))
    .replace(/^(\s*)([-+=])/, '$1\\$2')
    .replace(/^(\s*\d+)([.)])/, '$1\\$2')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/(?<!\w)@/g, `@${BREAK}`)
    .replace(/#(?=\d)/g, `#${BREAK}`)
    .replace(/:\/\//g, `:${BREAK}/${BREAK}/`)
    .replace(/\bwww\./gi, (match) => `${match.slice(0, 3)}${BREAK}.`);
}

/**
 * For a CSV cell: no formula, not even after blanks, quotes or a semicolon, which Excel reads as a separator where the
 * decimal sign is a comma.
 */
export function forCsv(text: string): string {
  return forTerminal(text)
    .replace(/(^|;)(?=[\s"'`]*[=+\-@＝＋－＠])/g, "$1'")
    .replace(LEGACY_COMMAND, '#\\u{23}[');
}

/** For a line of stdout or stderr in GitHub Actions: no workflow command, `::old::` or `##[older]`. */
export function forGitHubLine(text: string): string {
  return forTerminal(text)
    .replace(LEGACY_COMMAND, '#\\u{23}[')
    .replace(/^(\s*)::/, '$1\\u{3a}:');
}

/** For the message of a workflow command; line breaks stay line breaks. */
export function forGitHubCommandData(text: string): string {
  return text
    .split(/\r\n|\r|\n/)
    .map((line) => forGitHubLine(line).replace(/%/g, '%25'))
    .join('%0A');
}

/** For a property of a workflow command, such as `title`. */
export function forGitHubCommandProperty(text: string): string {
  return forGitHubLine(text).replace(/%/g, '%25').replace(/:/g, '%3A').replace(/,/g, '%2C');
}

/** For SARIF's plain text, where `[text](address)` is a link. */
export function forSarif(text: string): string {
  return forTerminal(text).replace(/\](?=\()/g, '] ');
}

/** For formats that fold lines anywhere (iCalendar): a fold may put any `::` at the start of a line. */
export function forFoldedText(text: string): string {
  return forTerminal(text).replace(LEGACY_COMMAND, '#\\u{23}[').replace(/::/g, '\\u{3a}:');
}

/** For a quoted label value of OpenMetrics. */
export function forOpenMetrics(text: string): string {
  return forTerminal(text).replace(LEGACY_COMMAND, '#\\u{23}[').replace(/[\\"]/g, '\\$&');
}

/** For a log line: as for a terminal, but runs of blanks and line breaks become one blank. */
export function oneLine(text: string): string {
  return forTerminal(text.replace(/\s+/g, ' ').trim());
}

function jsonEscape(character: string): string {
  return character.replace(/[\s\S]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/**
 * The same JSON, safe to print: nothing in it acts on a terminal, and GitHub's runner finds no command, not even after a
 * consumer has printed its strings line by line.
 *
 * @param json serialised JSON; only strings can hold what is replaced.
 */
export function neutraliseJson(json: string): string {
  const visibly = isPlain(json) ? json : replaceActing(json, BEYOND_ASCII_LINES, jsonEscape);
  // Both are rare, and texts are quick to find.
  const whole = visibly.includes('##[') ? visibly.replace(LEGACY_COMMAND, '\\u0023#[') : visibly;
  return whole.includes('::') ? whole.replace(/::(?<=(?:"|\\[nr])\s*::)/g, '\\u003a:') : whole;
}

/** The same for its bytes, which come back if there is nothing to neutralise. */
export function neutraliseBytes(json: Buffer): Buffer | string {
  if (isAscii(json) && !json.includes(0x7f) && !json.includes('##[') && !json.includes('::')) return json;
  const text = json.toString();
  const safe = neutraliseJson(text);
  return safe === text ? json : safe;
}

/**
 * Whether serialised JSON is only printable ASCII and line breaks: the one other control that JSON.stringify does not
 * escape is DEL. Comparing lengths is five times as fast as matching every character.
 */
function isPlain(json: string): boolean {
  return Buffer.byteLength(json) === json.length && !json.includes('\x7f');
}

/** Created on first use: it takes longer than the rest of the start. */
let graphemes: Intl.Segmenter | undefined;

/**
 * At most `length` UTF-16 code units, including an ellipsis if something was cut off.
 *
 * Never splits a surrogate pair; splits a grapheme only if it is longer than a line should be.
 */
export function cutTo(text: string, length: number): string {
  if (text.length <= length) return text;
  if (length < 1) return '';
  const room = length - 1;
  // A grapheme can be arbitrarily long (combining marks): look at a window only.
  const from = Math.max(0, room - 64);
  const window = text.slice(from, room + 64);
  graphemes ??= new Intl.Segmenter('en', { granularity: 'grapheme' });
  const boundary = from + (graphemes.segment(window).containing(room - from)?.index ?? 0);
  return `${text.slice(0, boundary > from ? boundary : pairBoundary(text, room))}…`;
}

function pairBoundary(text: string, index: number): number {
  const unit = text.charCodeAt(index);
  const before = text.charCodeAt(index - 1);
  return unit >= 0xdc00 && unit <= 0xdfff && before >= 0xd800 && before <= 0xdbff ? index - 1 : index;
}
