import { rules } from '../../rules/index.js';
import { DAY, type Facts, parseInstant, type Rule } from '../../src/contract/index.js';

/** Around the hours that Berlin and New York skip or repeat. */
const CLOCKS = [
  '2026-03-08T06:59:59.999Z',
  '2026-03-08T07:00:00Z',
  '2026-03-29T01:00:00Z',
  '2026-03-29T03:30:00+02:00',
  '2026-10-25T00:30:00Z',
  '2026-10-25T01:30:00Z',
  '2026-11-01T05:30:00Z',
  '2026-11-01T06:30:00Z',
];

/** Every threshold of the catalogue, exactly and a millisecond to either side. */
const DISTANCES = [1, 7, 14, 30, 45, 90, 180, 365].flatMap((days) =>
  [-1, 0, 1].map((jitter) => days * DAY + jitter),
);

/** All that the rules that look at a clock say around those moments, in this process's time zone. */
function verdicts(): string[] {
  return CLOCKS.flatMap((clock) => {
    const now = parseInstant(clock)?.getTime() ?? Number.NaN;
    return DISTANCES.flatMap((distance) =>
      rules.flatMap((rule) => say(rule, now, new Date(now - distance), new Date(now + distance))),
    );
  });
}

function say(rule: Rule, now: number, past: Date, future: Date): string[] {
  const lives: Partial<Facts>[] = [
    { createdAt: past, lastUsedAt: null, expiresAt: future },
    { createdAt: new Date(now - 500 * DAY), lastUsedAt: past, expiresAt: past },
  ];
  return lives.flatMap((life) => {
    const newer = { id: 'newer', createdAt: past, lastUsedAt: past };
    const facts: Partial<Facts> = {
      ...life,
      lastUse: { at: life.lastUsedAt ?? null, since: null },
      self: false,
      connected: false,
      siblings: { all: [newer], used: [newer] },
    };
    if (!rule.needs.every((need) => need in facts)) return [];
    const options = Object.fromEntries(
      Object.entries(rule.options ?? {}).map(([name, spec]) => [name, spec.default]),
    );
    const said = rule.check({ facts, options, kind: rule.kinds[0], now });
    return [`${rule.id} ${new Date(now).toISOString()} ${JSON.stringify(said ?? 'pass')}`];
  });
}

process.stdout.write(
  JSON.stringify({
    offsets: [new Date(Date.UTC(2026, 0, 1)), new Date(Date.UTC(2026, 6, 1))].map((date) =>
      date.getTimezoneOffset(),
    ),
    verdicts: verdicts(),
  }),
);
