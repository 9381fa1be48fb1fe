import { cutTo, forTerminal } from '../reporters/escape.js';

/** Characters of a line; longer ones are cut. */
const COLUMNS = 118;
/** In pixels. */
const CHARACTER = 7.8;
const LINE = 18;
const MARGIN = 16;

/** The colours of a dark terminal, by the parameter that switches them on (ECMA-48, 8.3.117). */
const STYLES: Readonly<Record<string, string>> = {
  1: 'b',
  2: 'd',
  31: 'r',
  32: 'g',
  33: 'y',
  36: 'c',
};

const SHEET = `text{font:13px ui-monospace,Menlo,Consolas,monospace;fill:#e6edf3;white-space:pre}
.b{font-weight:bold}.d{fill:#8b949e}.r{fill:#ff7b72}.g{fill:#7ee787}.y{fill:#e3b341}.c{fill:#79c0ff}`;

/**
 * What a terminal shows, as an SVG picture: styles of `ESC[…m`, one line of text a line, nothing that runs or is fetched.
 *
 * @param command  what was typed
 * @param output   what it printed, in colour
 * @param lines    after so many, at the next blank one, the picture is cut off, but for the last line
 */
export function terminalPicture(command: string, output: string, lines: number): string {
  const all = output.trimEnd().split('\n');
  const end = all.findIndex((line, index) => index >= lines && line === '');
  const shown = [
    `$ ${command}`,
    ...all.slice(0, end === -1 ? all.length - 1 : end),
    '',
    '…',
    all.at(-1) ?? '',
  ];
  const height = shown.length * LINE + 2 * MARGIN;
  const width = Math.ceil(COLUMNS * CHARACTER) + 2 * MARGIN;
  const rows = shown.map((line, index) => {
    const y = MARGIN + LINE * (index + 0.75);
    return line === '' ? '' : `<text x="${MARGIN}" y="${y}" xml:space="preserve">${spans(line)}</text>\n`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escaped(command)} in a terminal">
<style>${SHEET}</style>
<rect width="100%" height="100%" rx="8" fill="#0d1117"/>
${rows.join('')}</svg>
`;
}

function spans(line: string): string {
  let room = COLUMNS;
  let styles: string[] = [];
  let out = '';
  for (const [, codes, text = ''] of line.matchAll(/(?:\u001b\[([\d;]*)m)?([^\u001b]*)/g)) {
    if (codes !== undefined) styles = codes.split(';').flatMap((code) => STYLES[code] ?? []);
    if (text === '' || room <= 0) continue;
    const cut = forTerminal(cutTo(text, room));
    room -= cut.length;
    out += styles.length === 0 ? escaped(cut) : `<tspan class="${styles.join(' ')}">${escaped(cut)}</tspan>`;
  }
  return out;
}

function escaped(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
}
