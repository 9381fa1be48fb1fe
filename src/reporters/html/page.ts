import { createHash } from 'node:crypto';
import { CLIENT_SCRIPT } from './client-script.js';
import { Markup, markup } from './markup.js';
import { STYLE } from './style.js';

/**
 * Nothing may load, be sent or run but the script and the style below, each known by its hash. Text that became markup
 * in spite of everything could still do nothing; and the script itself cannot turn text into markup.
 */
const POLICY = [
  "default-src 'none'",
  `script-src ${hash(CLIENT_SCRIPT)}`,
  `style-src ${hash(STYLE)}`,
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

/** The page around its body. */
export function page(title: string, body: Markup): string {
  return `${
    markup`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${new Markup(POLICY)}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${new Markup(STYLE)}</style>
</head>
<body>
${body}
<script>${new Markup(CLIENT_SCRIPT)}</script>
</body>
</html>
`.html
  }`;
}

function hash(text: string): string {
  return `'sha256-${createHash('sha256').update(text, 'utf8').digest('base64')}'`;
}
