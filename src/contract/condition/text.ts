import type { Expression } from './expression.js';

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** CEL source of a tree, on one line and in printable ASCII; parentheses wherever two operators meet. */
export function textOf(expression: Expression): string {
  switch (expression.op) {
    case 'value':
      return literal(expression.value);
    case 'id':
    case 'element':
      return expression.name;
    case 'select': {
      const { of, key } = expression;
      const plain = key.op === 'value' && typeof key.value === 'string' && NAME.test(key.value);
      return plain ? `${operand(of)}.${key.value}` : `${operand(of)}[${textOf(key)}]`;
    }
    case 'call': {
      const args = expression.args.map(textOf).join(', ');
      return `${expression.target ? `${operand(expression.target)}.` : ''}${expression.name}(${args})`;
    }
    case 'list':
      return `[${expression.items.map(textOf).join(', ')}]`;
    case 'map':
      return `{${expression.entries.map(([key, held]) => `${textOf(key)}: ${textOf(held)}`).join(', ')}}`;
    case 'not':
      return `!${operand(expression.of)}`;
    case 'minus':
      return `-${operand(expression.of)}`;
    case 'if':
      return `${operand(expression.test)} ? ${operand(expression.yes)} : ${operand(expression.no)}`;
    case 'binary': {
      const { sign, left, right } = expression;
      return `${side(left, sign)} ${sign} ${side(right, sign)}`;
    }
  }
}

const COMPARING = new Set(['==', '!=', 'in', '<', '<=', '>', '>=']);

/** An operand of && and || reads without parentheses where it is a comparison or the same operator again. */
function side(expression: Expression, sign: string): string {
  const logical = sign === '&&' || sign === '||';
  const clear = expression.op === 'binary' && (COMPARING.has(expression.sign) || expression.sign === sign);
  return logical && clear ? textOf(expression) : operand(expression);
}

function operand(expression: Expression): string {
  const bare = expression.op === 'binary' || expression.op === 'if' || expression.op === 'minus';
  return bare ? `(${textOf(expression)})` : textOf(expression);
}

function literal(constant: unknown): string {
  if (typeof constant === 'string') return quoted(constant);
  if (typeof constant === 'number') return /[.e]/.test(`${constant}`) ? `${constant}` : `${constant}.0`;
  if (constant instanceof Uint8Array) {
    return `b"${[...constant].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')}"`;
  }
  // What is left is written as it reads, an unsigned integer with its suffix.
  return typeof constant === 'object' && constant !== null ? `${constant}u` : `${constant}`;
}

function quoted(text: string): string {
  let body = '';
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (character === '"' || character === '\\') body += `\\${character}`;
    else if (code >= 0x20 && code < 0x7f) body += character;
    else if (code <= 0xffff) body += `\\u${code.toString(16).padStart(4, '0')}`;
    else body += `\\U${code.toString(16).padStart(8, '0')}`;
  }
  return `"${body}"`;
}

/** One line of at most `limit` characters. */
export function brief(text: string, limit = 160): string {
  // Control and direction characters could rewrite the line they are shown in.
  const line = text
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .toWellFormed()
    .trim();
  const characters = [...line];
  return characters.length <= limit ? line : `${characters.slice(0, limit - 1).join('')}…`;
}
