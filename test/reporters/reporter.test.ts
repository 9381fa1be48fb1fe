import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { rules } from '../../rules/index.js';
import { extraRules } from '../../src/cli/commands/rules.js';
import { rulePageAddress } from '../../src/reporters/reporter.js';
import { HOSTILE_NAMES } from '../helpers/hostile.js';
import { ruleInfo, sampleContext } from '../helpers/sample-report.js';

const { homepage, version } = JSON.parse(readFileSync('package.json', 'utf8'));

test.each([...rules, ...extraRules()].map(({ id }) => id))(
  '%s has a page at the tag of this version',
  (id) => {
    const path = `docs/rules/${id}.md`;
    expect(rulePageAddress(id, sampleContext())).toBe(`${homepage}/blob/v${version}/${path}`);
    expect(existsSync(path)).toBe(true);
  },
);

const plugin = (url?: string) => {
  const references = [{ title: 'A book' }, ...(url === undefined ? [] : [{ title: 'A page', url }])];
  const info = ruleInfo({
    id: 'acme/mine',
    title: 'Mine',
    severity: 'low',
    docs: { why: 'y', fix: 'f', references },
  });
  return rulePageAddress('acme/mine', sampleContext({ rules: new Map([[info.id, info]]) }));
};

test("a plug-in's rule links to its own first reference that is a web address", () => {
  expect(plugin('https://acme.example/rules/mine')).toBe('https://acme.example/rules/mine');
});

test.each([undefined, 'javascript:alert(1)', 'not an address'])(
  "a plug-in's rule with the reference %s links to the homepage",
  (url) => {
    expect(plugin(url)).toBe(homepage);
  },
);

test.each(HOSTILE_NAMES)('a saved report cannot put text into an address: %s', (_, name) => {
  expect(rulePageAddress(`x/${name}`, sampleContext())).toBe(homepage);
  expect(rulePageAddress(name, sampleContext())).toMatch(/^[\x21-\x7e]+$/);
});

test('the homepage is a plain web address, which release.yml replaces with the repository that publishes', () => {
  expect(homepage).toMatch(/^https:\/\/[^\s#?<>]+[^/]$/);
  expect(readFileSync('.github/workflows/release.yml', 'utf8')).toContain('"homepage=$HOMEPAGE"');
});
