import { describe, expect, test } from '@jest/globals';
import { load, loadYaml, mistakesOf } from './fixtures.js';

const SECRET =
  'a secret does not belong in this file: remove it (and replace it, if others could read it), and pass it through the environment';

const SLACK = 'https://hooks.slack.com/services/T000/B000/abcdefgh';
const CLIENT = 'secret-token:conductorone.com:v1:abcdefgh';

describe('refuses a secret in the file without printing it', () => {
  test.each([
    [
      'a webhook under its name',
      `slack:\n  webhookUrl: ${SLACK}`,
      `2:3: slack.webhookUrl: ${SECRET} as SLACK_WEBHOOK_URL`,
    ],
    [
      'a client secret under its name',
      `client_secret: ${CLIENT}`,
      `1:1: client_secret: ${SECRET} as CONDUCTORONE_CLIENT_SECRET`,
    ],
    [
      'a heartbeat',
      'heartbeatUrl: https://ping.example/abcdefgh',
      `1:1: heartbeatUrl: ${SECRET} as C1_AUDIT_HEARTBEAT_URL`,
    ],
    ['a token', 'token: abcdefgh', `1:1: token: ${SECRET}`],
    ['a password', 'slack: { password: abcdefgh }', `1:10: slack.password: ${SECRET}`],
    [
      'a webhook under another name',
      `slack: { when: ${SLACK} }`,
      `1:16: slack.when: ${SECRET} as SLACK_WEBHOOK_URL`,
    ],
    [
      'a government webhook',
      `state: ${SLACK.replace('slack', 'slack-gov')}`,
      `1:8: state: ${SECRET} as SLACK_WEBHOOK_URL`,
    ],
    ['a client secret as a value', `state: ${CLIENT}`, `1:8: state: ${SECRET} as CONDUCTORONE_CLIENT_SECRET`],
    ['a bot token', 'state: xoxb-abcdefgh', `1:8: state: ${SECRET}`],
    ['an app token', 'state: xapp-1-abcdefgh', `1:8: state: ${SECRET}`],
    ['a web token', 'state: eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhYmNkZWZnaCJ9.abcdefgh', `1:8: state: ${SECRET}`],
    ['a password in an address', 'state: https://user:abcdefgh@acme.example/', `1:8: state: ${SECRET}`],
    ['a private key', 'state: |\n  -----BEGIN PRIVATE KEY-----\n  abcdefgh', undefined],
    ['a key', `? ${CLIENT}\n: 1`, undefined],
    ['a comment', `scope: mine # ${SLACK}`, `1:23: ${SECRET} as SLACK_WEBHOOK_URL`],
    ['text that is not YAML', `scope: [${CLIENT}`, undefined],
    ['a tag', `scope: !${CLIENT} mine`, undefined],
    ['a plug-in', `plugins: ["${SLACK}"]`, undefined],
    ['a rule’s setting', `rules: { unused: ${CLIENT} }`, undefined],
    ['a duplicate', `state: a\nstate: ${CLIENT}`, undefined],
    ['an alias', `state: &${CLIENT} a`, undefined],
  ])('%s', async (_, text, expected) => {
    const mistakes = await mistakesOf(loadYaml(text));
    expect(mistakes.join('\n')).toContain(SECRET);
    expect(mistakes.join('\n')).not.toMatch(/abcdefgh|conductorone\.com:v1/);
    if (expected)
      expect(mistakes.filter((line) => line.includes(SECRET))).toEqual([`c1-audit.config.yaml:${expected}`]);
  });

  test('also in JSON and JavaScript', async () => {
    const json = await mistakesOf(load({ files: { 'c1-audit.config.json': `{"token": "abcdefgh"}` } }));
    expect(json).toEqual([`c1-audit.config.json:1:2: token: ${SECRET}`]);
    const text = `export default { state: "xox" + "b-abcdefgh" };`;
    const module = await mistakesOf(load({ files: { 'c1-audit.config.mjs': text } }));
    expect(module).toEqual([`c1-audit.config.mjs: state: ${SECRET}`]);
  });

  test('accepts words about secrets', async () => {
    await expect(
      loadYaml(
        'waivers: [{rule: unused, credential: {name: "token-rotator*", owner: jo@acme.example}, reason: "the secret is rotated, see https://wiki.example/webhook", approvedBy: a@b.example, expires: 2027-01-01}]',
      ),
    ).resolves.toBeDefined();
  });
});
