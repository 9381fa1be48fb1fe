import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { AuditError } from '../src/errors.js';
import { hideSecrets, Redactor, refuseShortSecrets, secretsToMask } from '../src/redact.js';
import { character } from './fuzz/arbitraries.js';

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

  test('to its last character in base64 that needs no padding', () => {
    expect(redactor('hunter223').redact(Buffer.from('hunter223').toString('base64'))).toBe('[redacted]');
  });

  test('without the blanks around it', () => {
    expect(redactor(' hunter22\n').redact('password hunter22!')).toBe('password [redacted]!');
  });

  test('where it is short, as a form encodes it', () => {
    expect(redactor('a b c d e').redact('v=a+b+c+d+e&w=1')).toBe('v=[redacted]&w=1');
  });

  test.each(['', 'x', 'xy', 'xyz'])(
    'where it is short, in the base64 of a text that begins with %j',
    (before) => {
      for (const secret of ['hunter22', 'hunter223', 'hunter2234', 'hunter22345'])
        for (const after of ['', 'z', 'zz', 'zzz']) {
          const base64 = Buffer.from(before + secret + after).toString('base64');
          const clean = redactor(secret).redact(base64);
          expect([secret, after, clean]).toEqual([secret, after, expect.stringContaining('[redacted]')]);
          // Nothing is left of it but its first two characters and a part of its last.
          const hidden = base64.length - (clean.length - '[redacted]'.length);
          expect(hidden * 6).toBeGreaterThan((secret.length - 3) * 8);
        }
    },
  );

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
  const twelve = TOKEN.slice(0, 12);
  expect(redactor(twelve).redact(`<${twelve}${twelve}>`)).toBe('<[redacted]>');
});

test('keeps what only has each three characters in common with a secret', () => {
  const made = redactor(`${'a'.repeat(12)}b${'a'.repeat(12)}`);
  expect(made.redact('abaabaabaabaaba')).toBe('abaabaabaabaaba');
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
    fc.property(fc.string({ unit: character }), (text) => {
      expect(redactor(TOKEN).redact(text)).toBe(text);
    }),
  );
});

describe('the secrets of the environment', () => {
  type Env = Parameters<typeof hideSecrets>[1];
  const hidden = (env: Env) => {
    const secrets: (string | undefined)[] = [];
    hideSecrets({ add: (secret) => secrets.push(secret) }, env);
    return new Set(secrets);
  };
  const PREFIX = 'secret-token:conductorone.com:v1:';
  const PROXIES = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'];

  test.each([
    ['CONDUCTORONE_CLIENT_SECRET', PREFIX + TOKEN],
    ['CONE_CLIENT_SECRET', PREFIX + TOKEN],
    ['CONDUCTORONE_ACCESS_TOKEN', TOKEN],
    ['CONDUCTORONE_ACCESS_TOKEN', ` Bearer ${TOKEN} `],
    ['CONDUCTORONE_ACCESS_TOKEN', `bearer  ${TOKEN}`],
    ['CONDUCTORONE_OIDC_TOKEN', TOKEN],
    ['ACTIONS_ID_TOKEN_REQUEST_TOKEN', TOKEN],
    ['SLACK_BOT_TOKEN', `xoxb-${TOKEN}`],
    ['C1_AUDIT_STATE_KEY', TOKEN],
  ])('are hidden without what everybody knows, and masked in full: %s', (name, value) => {
    expect(hidden({ [name]: value, PATH: '/usr/bin', CONDUCTORONE_CLIENT_ID: 'job@host/wfe' })).toEqual(
      new Set([TOKEN]),
    );
    const inFull = value.trim().replace(/^bearer +/i, '');
    expect(new Set(secretsToMask({ [name]: value }))).toEqual(new Set([inFull, TOKEN]));
  });

  test('are none if none is set', () => {
    const blank = {
      SLACK_BOT_TOKEN: ' ',
      SLACK_WEBHOOK_URL: '',
      HTTPS_PROXY: '',
      C1_AUDIT_STATE_KEY: undefined,
    };
    for (const env of [{}, blank]) {
      expect(hidden(env).size).toBe(0);
      expect(secretsToMask(env)).toEqual([]);
      expect(() => refuseShortSecrets(env)).not.toThrow();
    }
  });

  test('are what is secret in the URL of a Teams workflow, and not what all of them share', () => {
    const id = 'c1ffee0123456789abcdef0123456789';
    const query = '?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=AbCdEfGhIjKlMnOp';
    const url = `https://prod-1.westeurope.logic.azure.com:443/workflows/${id}/triggers/manual/paths/invoke${query}`;
    const redactor = new Redactor();
    hideSecrets(redactor, { C1_AUDIT_WEBHOOK_URL: url });
    const condition = 'claims.workflow_ref == "acme/security/.github/workflows/c1ffee.yml@refs/heads/main"';
    expect(redactor.redact(condition)).toBe(condition);
    expect(redactor.redact(`see ${url} or ${id}, sig=AbCdEfGhIjKlMnOp`)).not.toMatch(/c1ffee|AbCd/);
  });

  test.each(['SLACK_WEBHOOK_URL', 'C1_AUDIT_WEBHOOK_URL', 'C1_AUDIT_HEARTBEAT_URL'])(
    'are path, query and login of %s, but not its host',
    (name) => {
      const url = 'https://jo:pa%20ss@hooks.example/services/T0/../B%c3%a4?key=1';
      expect(hidden({ [name]: url })).toEqual(
        new Set([
          '/services/T0/../B%c3%a4?key=1',
          '/services/B%c3%a4?key=1',
          'jo:pa%20ss',
          'jo:pa ss',
          'jo',
          'pa%20ss',
          'pa ss',
        ]),
      );
      expect(secretsToMask({ [name]: url })).toContain(url);
      // Masking "jo" would mask every "jo" of a log.
      expect(secretsToMask({ [name]: url })).not.toContain('jo');
      expect(hidden({ [name]: 'no url' })).toEqual(new Set(['no url']));
      expect(hidden({ [name]: 'https://hooks.example' })).toEqual(new Set(['/']));
    },
  );

  test.each(PROXIES)('are user and password of %s, as written and decoded', (name) => {
    const login = new Set(['jo%40x:pa%3Ass', 'jo@x:pa:ss', 'jo%40x', 'jo@x', 'pa%3Ass', 'pa:ss']);
    expect(hidden({ [name]: 'http://jo%40x:pa%3Ass@proxy.example:8080' })).toEqual(login);
    expect(hidden({ [name]: ' HTTP://jo%40x:pa%3Ass@proxy.example/x ' })).toEqual(login);
    expect(hidden({ [name]: 'jo%40x:pa%3Ass@proxy.example' })).toEqual(login);
    expect(hidden({ [name]: `http://${TOKEN}@proxy.example` })).toEqual(new Set([TOKEN]));
    expect(hidden({ [name]: 'http://jo:100%@proxy.example' })).toEqual(new Set(['jo:100%', 'jo', '100%']));
    for (const open of ['http://proxy.example:8080', 'http://proxy.example/a@b', 'http://proxy.example?a@b'])
      expect(hidden({ [name]: open }).size).toBe(0);
  });

  test.each([
    ['CONDUCTORONE_ACCESS_TOKEN', '1234567', '12345678'],
    ['CONDUCTORONE_OIDC_TOKEN', 'Bearer 1234567', 'Bearer 12345678'],
    ['ACTIONS_ID_TOKEN_REQUEST_TOKEN', '1', '12345678'],
    ['SLACK_BOT_TOKEN', 'xoxb-1234567', 'xoxb-12345678'],
    ['C1_AUDIT_STATE_KEY', '1234567', '12345678'],
  ])('are refused if they are too short to be hidden: %s', (name, short, long) => {
    expect(() => refuseShortSecrets({ [name]: long })).not.toThrow();
    expect(problem({ [name]: short })).toEqual([
      'config',
      `${name} is shorter than 8 characters: too short to be hidden in what c1-audit prints.`,
      'Check the value. If it is right, replace it with a longer secret; if it is not used, unset it.',
    ]);
  });

  test.each(PROXIES)('are refused if the password in %s is too short', (name) => {
    expect(() => refuseShortSecrets({ [name]: 'http://jo:12345678@proxy.example' })).not.toThrow();
    expect(problem({ [name]: 'http://jo:1234567@proxy.example' })[1]).toMatch(
      `the password in ${name} is shorter than 8 characters`,
    );
    // Written, it would be long enough.
    expect(problem({ [name]: 'http://jo:%31%32%33@proxy.example' })[1]).toMatch(`the password in ${name} is`);
  });

  test('hold a word that only looks like the scheme of a header', () => {
    const key = `my bearer ${TOKEN}`;
    expect(hidden({ C1_AUDIT_STATE_KEY: key })).toEqual(new Set([key]));
  });

  test('may be in an address without a host or with a digit in its scheme', () => {
    expect(hidden({ SLACK_WEBHOOK_URL: 'mailto:secret-name' })).toEqual(new Set(['secret-name']));
    expect(hidden({ HTTPS_PROXY: 'socks5://jo:pass-word@proxy.example' })).toEqual(
      new Set(['jo:pass-word', 'jo', 'pass-word']),
    );
  });

  test('of a proxy are masked from 8 characters', () => {
    const masked = (password: string) =>
      secretsToMask({ HTTPS_PROXY: `http://jo:${password}@proxy.example` });
    expect(masked('12345678')).toEqual(['jo:12345678', '12345678']);
    expect(masked('1234567')).toEqual(['jo:1234567']);
  });

  test('that are too short are named together', () => {
    const env = {
      SLACK_BOT_TOKEN: 'xoxb-1',
      C1_AUDIT_STATE_KEY: 'k',
      HTTPS_PROXY: 'http://a:b@proxy.example',
    };
    expect(problem(env)[1]).toBe(
      'SLACK_BOT_TOKEN and C1_AUDIT_STATE_KEY and the password in HTTPS_PROXY are shorter than 8 characters: too short to be hidden in what c1-audit prints.',
    );
  });

  test('may be a short path of a URL, and a short client secret is checked elsewhere', () => {
    expect(() =>
      refuseShortSecrets({
        SLACK_WEBHOOK_URL: 'https://hooks.example/a',
        CONDUCTORONE_CLIENT_SECRET: 'short',
      }),
    ).not.toThrow();
  });

  function problem(env: Env): (string | undefined)[] {
    try {
      refuseShortSecrets(env);
    } catch (error) {
      if (error instanceof AuditError) return [error.code, error.message, error.hint];
      throw error;
    }
    throw new Error('nothing was refused');
  }
});
