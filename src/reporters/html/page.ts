import { createHash } from 'node:crypto';
import { Markup, markup } from './markup.js';
import { STYLE } from './style.js';

/**
 * One self-contained page in the look of the report.
 *
 * Nothing may load, be sent or run but the script and the style, each known by its hash. Text that became markup in spite
 * of everything could still do nothing; and the script itself cannot turn text into markup.
 */
export function page(title: string, body: Markup, script = ''): string {
  const policy = [
    "default-src 'none'",
    ...(script ? [`script-src ${hash(script)}`] : []),
    `style-src ${STYLE_HASH}`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ];
  return markup`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${new Markup(policy.join('; '))}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${new Markup(STYLE)}</style>
</head>
<body>
${body}${script && markup`\n<script>${new Markup(script)}</script>`}
</body>
</html>
`.html;
}

const STYLE_HASH = hash(STYLE);

function hash(text: string): string {
  return `'sha256-${createHash('sha256').update(text, 'utf8').digest('base64')}'`;
}
