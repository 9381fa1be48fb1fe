import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Redactor } from '../src/redact.js';

const TOKEN = 'q7Zt_pL0-vXw93KdRr2MfY8sBnGhJ4cEaUeT1oViP6xQ';

function redactor(...secrets: readonly string[]): Redactor {
  const made = new Redactor();
  for (const secret of secrets) made.add(secret);
  return made;
}

/** The longest run of `secret` that `text` still holds. */
function longestLeft(text: string, secret: string): number {
  let longest = 0;
  for (let from = 0; from < secret.length; from += 1) {
    while (text.includes(secret.slice(from, from + longest + 1)) && from + longest + 1 <= secret.length)
      longest += 1;
  }
  return longest;
}

describe('a secret is hidden', () => {
  const plain = redactor(TOKEN);
  test.each([
    ['alone', TOKEN],
    ['in a sentence', `the token ${TOKEN} was refused`],
    ['in a URL', `https://host/path?token=${TOKEN}&x=1`],
    ['in JSON', JSON.stringify({ error: `bad ${TOKEN}` })],
    ['in a header', `Bearer ${TOKEN}`],
    ['glued to other characters', `xx${TOKEN}yy`],
    ['twice', `${TOKEN} ${TOKEN}`],
    ['cut at its end', `token ${TOKEN.slice(0, 20)}…`],
    ['cut at its beginning', `…${TOKEN.slice(10)}`],
    ['in base64', Buffer.from(TOKEN).toString('base64')],
    ['in base64url', Buffer.from(TOKEN).toString('base64url')],
    ['in Basic credentials', Buffer.from(`user:${TOKEN}`).toString('base64')],
    ['in Basic credentials of a longer name', Buffer.from(`users:${TOKEN}`).toString('base64')],
  ])('%s', (_, text) => {
    const clean = plain.redact(text);
    expect(clean).toContain('[redacted]');
    expect(longestLeft(clean, TOKEN)).toBeLessThan(12);
    expect(longestLeft(clean, Buffer.from(TOKEN).toString('base64'))).toBeLessThan(12);
  });

  test('with characters that URLs and JSON encode', () => {
    const awkward = 'pa"ss\\wörd & more/than+that=';
    const made = redactor(awkward);
    const json = JSON.stringify(awkward);
    for (const form of [awkward, encodeURIComponent(awkward), json]) {
      expect(made.redact(`<${form}>`)).toContain('[redacted]');
      expect(made.redact(`<${form}>`)).not.toContain(form);
    }
  });

  test('if it has 8 characters or more', () => {
    expect(redactor('hunter22').redact('password hunter22!')).toBe('password [redacted]!');
    expect(redactor('hunter2').redact('password hunter2!')).toBe('password hunter2!');
    expect(redactor('xoxb-hunter2').redact('xoxb-hunter2')).toBe('xoxb-hunter2');
  });
});

describe('a percent-encoded secret is hidden', () => {
  // Each form of it shares less than 12 characters with any other.
  const secret = 'a/b+c?d=e&f{g}h i:j"k';
  const lower = (text: string) => text.replace(/%[0-9A-F]{2}/g, (byte) => byte.toLowerCase());
  const asForm = new URLSearchParams({ v: secret }).toString().slice(2);

  test.each([
    ['in upper case', encodeURIComponent(secret)],
    ['in lower case', lower(encodeURIComponent(secret))],
    ['as a form encodes it', asForm],
    ['as a form encodes it, in lower case', lower(asForm)],
  ])('%s', (_, form) => {
    const made = redactor(secret);
    expect(made.redact(`<${form}>`)).toBe('<[redacted]>');
    expect(made.redact(`<${form.slice(0, 12)}>`)).toBe('<[redacted]>');
    expect(made.redact(`<${form.slice(-12)}>`)).toBe('<[redacted]>');
  });

  test.each([0, 1, 2])('in base64 at offset %i of three, in upper and lower case', (shift) => {
    // Its base64 is full of what URLs encode.
    const bytes = '\u07ff\u07fe\u07ff\u07ff\u07fb\u07ff\u07ff\u07fe\u07ff\u07ff\u07fb\u07ff';
    const base64 = Buffer.from('x'.repeat(shift) + bytes).toString('base64');
    const inner = base64.slice(shift === 0 ? 0 : 4, -4);
    expect(inner).toMatch(/[+/].*[+/]/);
    const made = redactor(bytes);
    for (const form of [
      inner,
      inner.replaceAll('+', '-').replaceAll('/', '_'),
      encodeURIComponent(inner),
      lower(encodeURIComponent(inner)),
    ])
      expect(made.redact(`<${form}>`)).toBe('<[redacted]>');
  });
});

test('hides a secret in JSON that escapes slashes', () => {
  const made = redactor('x/y/z/0/1/2/3');
  expect(made.redact('"x\\/y\\/z\\/0\\/1\\/2\\/3"')).toBe('"[redacted]"');
});

test('hides two secrets in a row as one, and keeps what is between others', () => {
  const [one, two] = ['q7Zt_pL0-vXw93Kd', 'Rr2MfY8sBnGhJ4cE'];
  const made = redactor(one, two);
  expect(made.redact(`${one}${two}`)).toBe('[redacted]');
  expect(made.redact(`${one} and ${two}.`)).toBe('[redacted] and [redacted].');
});

test('hides a secret with a lone surrogate', () => {
  const odd = 'odd-\ud800-secret-of-many';
  expect(redactor(odd).redact(`<${odd}>`)).toBe('<[redacted]>');
});

test('hides parts of 12 characters, but not parts of 11', () => {
  const made = redactor(TOKEN);
  for (let from = 0; from + 12 <= TOKEN.length; from += 1) {
    expect(made.redact(`<${TOKEN.slice(from, from + 12)}>`)).toBe('<[redacted]>');
    expect(made.redact(`x ${TOKEN.slice(from, from + 11)} y`)).toBe(`x ${TOKEN.slice(from, from + 11)} y`);
  }
});

test('keeps the public beginning of a client secret readable', () => {
  const made = redactor(`secret-token:conductorone.com:v1:${TOKEN}`);
  expect(made.redact('it does not begin with "secret-token:conductorone.com:v1:"')).toBe(
    'it does not begin with "secret-token:conductorone.com:v1:"',
  );
  expect(made.redact(`secret-token:conductorone.com:v1:${TOKEN}`)).toBe(
    'secret-token:conductorone.com:v1:[redacted]',
  );
});

test('hides nothing for blank secrets', () => {
  const made = redactor('', '  ');
  made.add(undefined);
  expect(made.redact('a b  c')).toBe('a b  c');
});

test('leaves less than 12 characters of a secret, wherever it is in a text', () => {
  fc.assert(
    fc.property(
      fc.stringMatching(/^[A-Za-z0-9_-]{16,80}$/),
      fc.string({ unit: 'grapheme' }),
      fc.string(),
      fc.nat(60),
      fc.nat(60),
      (secret, before, after, skip, drop) => {
        const part = secret.slice(skip % 5, secret.length - (drop % 4));
        const clean = redactor(secret).redact(before + part + after);
        // What surrounds it can hold a part by chance only where it was generated from the same characters.
        if (before.includes(secret.slice(0, 3)) || after.includes(secret.slice(0, 3))) return;
        expect(longestLeft(clean, secret)).toBeLessThan(12);
      },
    ),
  );
});

test('does not change text without secrets', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(redactor(TOKEN).redact(text)).toBe(text);
    }),
  );
});
