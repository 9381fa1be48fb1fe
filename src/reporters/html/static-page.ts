import { createHash } from 'node:crypto';
import { Markup, markup } from './markup.js';
import { STYLE } from './style.js';

const LOOK = `${STYLE}
.wide { min-width: 860px; }
figure.card { margin-top: 22px; }
.trend path { fill: none; stroke: var(--mark); stroke-width: 2; }
.trend circle { fill: var(--mark); }
svg .trend text { fill: var(--text); }
`;

const HASH = createHash('sha256').update(LOOK, 'utf8').digest('base64');

/** Nothing may load, be sent or run but the style below. */
const POLICY = `default-src 'none'; style-src 'sha256-${HASH}'; img-src data:; base-uri 'none'; form-action 'none'`;

/** A page without a script, in the look of the report. */
export function staticPage(title: string, body: Markup): string {
  return markup`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${new Markup(POLICY)}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${new Markup(LOOK)}</style>
</head>
<body>
${body}
</body>
</html>
`.html;
}
