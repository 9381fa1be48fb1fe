import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { clean } from '../../src/delivery/slack/payload.js';
import type { Report } from '../../src/engine/report.js';
import { emptyFolder, runProgram } from '../helpers/program.js';
import { BOT_TOKEN, CHANNEL, type Payload, textOf } from '../helpers/slack-server.js';
import { seed } from '../tenant/index.js';

const NOW = Date.parse('2026-09-01T12:00:00Z');
const { users } = seed(NOW);

/** Names and emails of everybody in the tenant. */
const everybody = users.map(({ id, displayName, email }) => ({
  id,
  names: [displayName, email].filter(Boolean),
}));
const isAway = ({ status, directoryStatus, deletedAt }: (typeof users)[number]) =>
  deletedAt !== null || [status, directoryStatus].some((word) => word === 'DISABLED' || word === 'DELETED');

describe('a Slack dry run of the demo', () => {
  let said: readonly string[];
  let report: Report;

  beforeAll(async () => {
    const cwd = emptyFolder();
    const env = { SLACK_BOT_TOKEN: BOT_TOKEN, SLACK_CHANNEL: CHANNEL };
    const world = { now: () => NOW, cwd, env };
    const { stdout } = await runProgram(['demo', '--dry-run', '-f', 'json:report.json'], world);
    const { slack, slackThread } = JSON.parse(stdout) as { slack: Payload; slackThread: Payload[] };
    said = [slack, ...slackThread].flatMap((payload) => textOf(payload).split('\n'));
    report = JSON.parse(readFileSync(join(cwd, 'report.json'), 'utf8')) as Report;
  });

  const owned = () => said.filter((line) => line.startsWith('• ') || line.startsWith('Owner: '));

  /** Ids of the owners of credentials that a line, or the line above an owner, names. */
  const ownersOf = (text: string) =>
    new Set(
      report.credentials.filter(({ name }) => text.includes(clean(name, 60))).map(({ owner }) => owner?.id),
    );

  test('names only the owner of the credential, and labelled managers', () => {
    let checked = 0;
    for (const [index, line] of said.entries()) {
      if (!owned().includes(line)) continue;
      const owners = ownersOf((line.startsWith('Owner: ') ? said[index - 2] : line) ?? '');
      const [unlabelled = ''] = (line.split(/(?:, owner |^Owner: )/).at(-1) ?? '').split(/, managers?: /);
      const named = everybody.filter(({ names }) => names.some((name) => unlabelled.includes(name)));
      for (const { id } of named) expect([line, owners.has(id)]).toEqual([line, true]);
      checked += 1;
    }
    expect(checked).toBeGreaterThan(40);
  });

  test('names owners who are away with their state, and never as a manager', () => {
    const away = everybody.filter(({ id }) => users.some((user) => user.id === id && isAway(user)));
    let named = 0;
    for (const line of owned()) {
      const [owner = '', managers = ''] = line.split(/, (?:managers?: |no active manager known)/);
      for (const { id, names } of away) {
        expect([id, ...names].filter((name) => managers.includes(name))).toEqual([]);
        if (!names.some((name) => owner.includes(name))) continue;
        expect(owner).toMatch(/ \((disabled|deleted)\)$/);
        named += 1;
      }
    }
    expect(named).toBeGreaterThan(2);
  });

  test('does not address the disabled manager of a disabled service principal', () => {
    const lines = owned().filter((line) => line.includes('owner hr-sync (retired)'));
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines)
      expect(line).toMatch(/, owner hr-sync \(retired\) \(disabled\), no active manager known$/);
  });

  test('counts the findings the same everywhere', () => {
    const total = Number(/: (\d+) findings$/.exec(said[0] ?? '')?.[1]);
    const numbersIn = (text: string) => [...text.matchAll(/\d+/g)].map(Number);
    const counted = numbersIn(said[1] ?? '').reduce((sum, number) => sum + number, 0);
    const open = numbersIn(/Open: ([^;.]*)/.exec(said.join('\n'))?.[1] ?? '');
    const listed = said.filter((line) => line.startsWith('• ') || line.startsWith('Fix: ')).length;
    const more = said.find((line) => /^and \d+ more/.test(line));
    expect(open.reduce((sum, number) => sum + number, 0)).toBe(total);
    expect(counted).toBe(total);
    expect(more).toBe(`and ${total - 5} more, in the thread`);
    expect(listed).toBe(total);
  });
});
