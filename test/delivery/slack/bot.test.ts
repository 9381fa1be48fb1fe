import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { sendingOf } from '../../../src/delivery/send.js';
import { type Bot, openBot } from '../../../src/delivery/slack/bot.js';
import { textPayload } from '../../../src/delivery/slack/payload.js';

/* What the bot makes of odd answers. */

let server: Server;
let answer: object;
let calls: number;
let bot: Bot;

beforeEach(async () => {
  calls = 0;
  server = createServer((_, response) => {
    calls += 1;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const sending = sendingOf('Slack', {
    env: {},
    now: Date.now,
    signal: new AbortController().signal,
    log: { warn: () => undefined },
    patience: { backoff: 1 },
  });
  bot = openBot(
    'xoxb-1234567890',
    sending,
    `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/`,
  );
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

test.each([
  [{ id: 'U0123' }, 'U0123'],
  [{ id: 'U0123 <b>' }, undefined],
  [{ id: 'xU0123' }, undefined],
  [{ id: 'U' }, undefined],
  [{ id: 12345 }, undefined],
  [{ id: '1'.repeat(31) }, undefined],
  ['U0123', undefined],
  [null, undefined],
  [undefined, undefined],
])('a person is found by an id alone: %j', async (user, id) => {
  answer = { ok: true, user };
  expect(await bot.userByEmail('jo@acme.example')).toBe(id);
});

test('a person who is not known is none, and any other refusal is thrown at once', async () => {
  answer = { ok: false, error: 'users_not_found' };
  expect(await bot.userByEmail('jo@acme.example')).toBeUndefined();
  answer = { ok: false, error: 'missing_scope' };
  calls = 0;
  await expect(bot.userByEmail('jo@acme.example')).rejects.toMatchObject({
    word: 'missing_scope',
    status: 200,
  });
  expect(calls).toBe(1);
});

test('a conversation without an id is not an answer', async () => {
  answer = { ok: true, channel: { id: 'D0123' } };
  expect(await bot.conversationWith('U0123')).toBe('D0123');
  answer = { ok: true };
  await expect(bot.conversationWith('U0123')).rejects.toMatchObject({
    message: 'HTTP 200, not an answer from Slack',
  });
});

test('a message is remembered only if it says where it is', async () => {
  answer = { ok: true, channel: 'C0123456', ts: '1700000000.000100' };
  expect(await bot.post('C0123456', textPayload('x'))).toEqual({
    channel: 'C0123456',
    ts: '1700000000.000100',
  });
  answer = { ok: true, channel: 'C0123456' };
  expect(await bot.post('C0123456', textPayload('x'))).toBeUndefined();
});

test('a mark that is there already is no failure', async () => {
  answer = { ok: false, error: 'already_reacted' };
  await bot.react({ channel: 'C0123456', ts: '1.1' }, 'x');
  answer = { ok: false, error: 'no_reaction' };
  await expect(bot.react({ channel: 'C0123456', ts: '1.1' }, 'x')).rejects.toMatchObject({
    word: 'no_reaction',
  });
});
