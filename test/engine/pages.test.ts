import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { controlTexts } from '../../src/contract/index.js';
import { DRIFT_RULES } from '../../src/engine/drift.js';
import { WAIVER_RULES } from '../../src/engine/waivers.js';

type Documented = Partial<(typeof DRIFT_RULES)[number]> & (typeof WAIVER_RULES)[keyof typeof WAIVER_RULES];
const rules = [...DRIFT_RULES, ...Object.values(WAIVER_RULES)] as unknown as readonly Documented[];

test.each(rules)(
  'the page of $id says what the rule says of itself',
  ({ id, title, severity, docs, controls }) => {
    const page = readFileSync(new URL(`../../docs/rules/${id}.md`, import.meta.url), 'utf8').split('\n');
    const lines = [
      `# ${id}`,
      `${title}.`,
      docs.why,
      docs.fix,
      ...(docs.references ?? []).map(({ title: name, url }: { title: string; url?: string }) =>
        url === undefined ? `- ${name}` : `- [${name}](${url})`,
      ),
      ...controlTexts(controls ?? {}).map(({ name, ids }) => `- ${name}: ${ids.join(', ')}`),
    ];
    for (const line of lines) expect(line === '' ? [] : page).toContain(line);
    expect(page.join('\n')).toContain(`Severity **${severity}** unless`);
    const listed = page.filter((line) => /^- (?!`)/.test(line));
    expect(lines.filter((line) => line.startsWith('- '))).toHaveLength(listed.length);
  },
);

test('rules on changes are planned', () => {
  const first = (of: string) =>
    `Find out who widened its ${of}, and why. If they are right, leave them as they are.`;
  expect(Object.fromEntries(DRIFT_RULES.map(({ id, plan }) => [id, plan]))).toEqual({
    'scope-widened': { way: 'adjust', sets: 'roles', first: first('roles') },
    'network-widened': { way: 'adjust', sets: 'networks', first: first('networks') },
    'credential-appeared': {
      way: 'look',
      first: 'Ask the owner whether they created it. If not, revoke it and find out who did.',
    },
    'woke-up': {
      way: 'end',
      first: 'Ask the owner whether they used it. If they did, and still need it, leave it as it is.',
    },
  });
});

test('rules on changes have their limits', () => {
  expect(DRIFT_RULES.map(({ options }) => options).filter(Boolean)).toEqual([
    { days: { describe: 'Report use after this many days without use', default: 90, min: 1 } },
  ]);
});
