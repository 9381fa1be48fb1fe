/**
 * The one place that neutralises text written by others, per sink.
 *
 * Names, waiver reasons and error texts come from people who may want to be obeyed by whatever shows them. Nothing is
 * dropped in silence: a character that would act instead of show is written out as `\u{1b}`, so that a reader notices.
 * All functions give a single line. Cut first and escape then: a cut can tear an escape sequence.
 */

/**
 * Emoji sequences that stay whole, then everything that acts or hides: controls (C0, DEL, C1), lone surrogates, line and
 * paragraph separators, bidi controls, zero-width and other invisible characters, interlinear annotations.
 */
const ACTING =
  /(?<=\p{Extended_Pictographic})\ufe0f|(?<=\p{Extended_Pictographic}\ufe0f?|\p{Emoji_Modifier})\u200d(?=\p{Extended_Pictographic})|([\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Default_Ignorable_Code_Point}\ufff9-\ufffb])/gu;

/** Plain ASCII, nearly all of any report, is passed over before the costly pattern looks at the rest. */
const BEYOND_ASCII = /[^\x20-\x7e]+/g;
/** The same for text whose line breaks stay. */
const BEYOND_ASCII_LINES = /[^\n\x20-\x7e]+/g;

/** Replaces what acts or hides; emoji sequences lie within one run of other characters. */
function replaceActing(text: string, runs: RegExp, replacement: (character: string) => string): string {
  return text.replace(runs, (run) =>
    run.replace(ACTING, (match, acting: string | undefined) =>
      acting === undefined ? match : replacement(acting),
    ),
  );
}

function visible(text: string): string {
  return replaceActing(
    text,
    BEYOND_ASCII,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

/** GitHub's runner looks for this anywhere in a line of stdout or stderr. */
const LEGACY_COMMAND = /##\[/g;

/** For a terminal: no control or escape sequence, no change of writing direction, nothing invisible. */
export function forTerminal(text: string): string {
  return visible(text);
}

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
  return visible(text).replace(/[&<>"'`]|##\[|::/g, (match) => HTML[match] ?? match);
}

/** A value as JSON that may stand inside `<script type="application/json">`. */
export function jsonForHtml(value: unknown): string {
  return neutraliseJson(JSON.stringify(value)).replace(/[<>&]/g, jsonEscape);
}

/** An address a reader may follow, or undefined: `javascript:` and its kin are not. */
export function webAddress(url: string): string | undefined {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  return parsed?.protocol === 'https:' || parsed?.protocol === 'http:' ? parsed.href : undefined;
}

/** For Slack's mrkdwn, in an object with `verbatim: true`. */
export function forSlack(text: string): string {
  return visible(text).replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}

/** Breaks what renderers look for in finished text, where a backslash no longer stands. */
const BREAK = '<!-- -->';

/** For inline Markdown (GitHub's), table cells included: no markup, link, HTML, mention or reference. */
export function forMarkdown(text: string): string {
  return visible(text)
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
 * For a CSV cell: no formula, not even after blanks and quotes, nor after a semicolon, which Excel takes for the
 * separator where the decimal sign is a comma.
 */
export function forCsv(text: string): string {
  return visible(text)
    .replace(/(^|;)(?=[\s"'`]*[=+\-@＝＋－＠])/g, "$1'")
    .replace(LEGACY_COMMAND, '#\\u{23}[');
}

/** For a line of stdout or stderr in GitHub Actions: no workflow command, `::old::` or `##[older]`. */
export function forGitHubLine(text: string): string {
  return visible(text)
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
  return visible(text).replace(/\](?=\()/g, '] ');
}

/**
 * For text in formats that fold lines wherever they like (iCalendar): a fold may put any `::` at the start of a line.
 */
export function forFoldedText(text: string): string {
  return visible(text).replace(LEGACY_COMMAND, '#\\u{23}[').replace(/::/g, '\\u{3a}:');
}

/** For a quoted label value of OpenMetrics. */
export function forOpenMetrics(text: string): string {
  return visible(text).replace(LEGACY_COMMAND, '#\\u{23}[').replace(/[\\"]/g, '\\$&');
}

/** For a log line: runs of blanks and line breaks become one blank, the rest as for a terminal. */
export function oneLine(text: string): string {
  return visible(text.replace(/\s+/g, ' ').trim());
}

function jsonEscape(character: string): string {
  return character.replace(/[\s\S]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/**
 * JSON that says the same, safe to print: nothing in it acts on a terminal, and GitHub's runner finds no command, not
 * even after a consumer has printed its strings line by line.
 *
 * @param json finished JSON; only strings can hold what is replaced.
 */
export function neutraliseJson(json: string): string {
  return (
    (isPlain(json) ? json : replaceActing(json, BEYOND_ASCII_LINES, jsonEscape))
      .replace(LEGACY_COMMAND, '\\u0023#[')
      // The literal first: it is rare, and found fast.
      .replace(/::(?<=(?:"|\\[nr])\s*::)/g, '\\u003a:')
  );
}

/**
 * Whether finished JSON is printable ASCII and line breaks alone: JSON.stringify leaves no other control raw but DEL.
 * Comparing lengths is five times as fast as a pattern that passes over every character.
 */
function isPlain(json: string): boolean {
  return Buffer.byteLength(json) === json.length && !json.includes('\x7f');
}

/** Made when first needed: it costs more than all the rest of a start. */
let graphemes: Intl.Segmenter | undefined;

/**
 * At most `length` UTF-16 code units, an ellipsis included where something was cut off.
 *
 * Never tears a surrogate pair; tears a grapheme only where one alone is longer than a line should be.
 */
export function cutTo(text: string, length: number): string {
  if (text.length <= length) return text;
  if (length < 1) return '';
  const room = length - 1;
  // A grapheme has no upper bound (combining marks): look at a window only, and give up on monsters.
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
