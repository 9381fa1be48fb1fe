#!/usr/bin/env node
// npm run new-rule <id>: writes rules/<id>.ts and test/rules/<id>.test.ts, and registers the rule in rules/index.ts.
// The rule works, and is a start for the one you want.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const indexFile = join(root, 'rules/index.ts');

/** Ids of findings that no rule file reports, and names that rules/index.ts uses itself. */
const TAKEN = [
  'waiver-expired',
  'waiver-unmatched',
  'waiver-expiring',
  'waiver-covers',
  'scope-widened',
  'network-widened',
  'credential-appeared',
  'woke-up',
  'index',
  'rule',
  'rules',
];

const [id, ...rest] = process.argv.slice(2);
const problem = rest.length > 0 ? 'give one id' : problemOf(id);
if (problem !== undefined) {
  console.error(`new-rule: ${problem}\nusage: npm run new-rule <id>   (kebab-case, such as shared-secret)`);
  process.exit(2);
}

const name = camelCase(id);
const index = register(readFileSync(indexFile, 'utf8'));
writeFileSync(join(root, `rules/${id}.ts`), rule(), { flag: 'wx' });
writeFileSync(join(root, `test/rules/${id}.test.ts`), test(), { flag: 'wx' });
writeFileSync(indexFile, index);
console.log(`rules/${id}.ts: the rule. Change it to yours.
test/rules/${id}.test.ts: its cases. Test both sides of every limit.
rules/index.ts: the rule is at the end of the list.

Next: npm run test:fast -- test/rules/${id}.test.ts. CONTRIBUTING.md describes the other steps.`);

function problemOf(id) {
  if (id === undefined) return 'no id given';
  if (!/^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/.test(id)) return `"${id}" is not kebab-case`;
  if (id.length > 50) return `"${id}" is longer than 50 characters`;
  if (TAKEN.includes(id)) return `"${id}" is taken`;
  if (existsSync(join(root, `rules/${id}.ts`))) return `rules/${id}.ts exists`;
  if (existsSync(join(root, `test/rules/${id}.test.ts`))) return `test/rules/${id}.test.ts exists`;
  if (new RegExp(`^import ${camelCase(id)} from `, 'm').test(readFileSync(indexFile, 'utf8'))) {
    return `rules/index.ts already imports ${camelCase(id)}`;
  }
  try {
    new Script(`'use strict'; const ${camelCase(id)} = async () => { const ${camelCase(id)} = 0; };`);
  } catch {
    return `"${id}" is a reserved word of JavaScript`;
  }
  return undefined;
}

function camelCase(id) {
  return id.replace(/-(.)/g, (_, letter) => letter.toUpperCase());
}

/** The formatter sorts imports by file name; the rule goes last. */
function register(source) {
  const lines = source.split('\n');
  const imports = lines.filter((line) => line.startsWith('import '));
  const before = imports.findLast((line) => pathOf(line) < `./${id}.js`) ?? imports[0];
  const end = lines.lastIndexOf('];');
  if (before === undefined || end < 0) {
    console.error('new-rule: rules/index.ts has no imports or no list of rules');
    process.exit(2);
  }
  lines.splice(end, 0, `  ${name},`);
  lines.splice(lines.indexOf(before) + 1, 0, `import ${name} from './${id}.js';`);
  return lines.join('\n');
}

function pathOf(importLine) {
  return importLine.split("'")[1] ?? '';
}

function rule() {
  return `import { countDays, DAY, defineRule, wholeDays } from '../src/contract/index.js';

export default defineRule({
  id: '${id}',
  title: 'The credential is older than it should be',
  severity: 'info',
  kinds: ['personal-client', 'service-principal-credential'],
  docs: {
    why: 'The older a credential is, the more copies of its secret have been made.',
    fix: 'Create a new credential, move its users over, then revoke this one.',
    references: [
      {
        title: 'OWASP Non-Human Identities Top 10',
        url: 'https://owasp.org/www-project-non-human-identities-top-10/',
      },
    ],
  },
  needs: ['createdAt'],
  options: {
    maxDays: { describe: 'Report at this age in days', default: 30, min: 1 },
  },
  messages: {
    tooOld: (d: { days: number; limit: number; createdAt: string }) =>
      \`created \${countDays(d.days)} ago (limit \${d.limit}): replace it\`,
  },
  check({ facts, options, now }) {
    const age = now - facts.createdAt.getTime();
    if (age < options.maxDays * DAY) return undefined;
    return {
      messageId: 'tooOld',
      data: {
        days: wholeDays(age),
        limit: options.maxDays,
        createdAt: facts.createdAt.toISOString(),
      },
    };
  },
});
`;
}

function test() {
  return `import rule from '../../rules/${id}.js';
import { ago, testRule } from '../../src/testing.js';

testRule(rule, {
  pass: [
    { name: 'a millisecond too young', facts: { createdAt: ago(30, 1) } },
    {
      name: 'too young for a limit of its own',
      facts: { createdAt: ago(30) },
      options: { maxDays: 31 },
    },
  ],
  fail: [
    {
      name: 'exactly at the limit',
      facts: { createdAt: ago(30) },
      messageId: 'tooOld',
      severity: 'info',
      message: 'created 30 days ago (limit 30): replace it',
      data: { days: 30, limit: 30, createdAt: '2026-05-02T12:00:00.000Z' },
    },
  ],
  unknown: [{ name: 'no beginning known', facts: { createdAt: undefined }, unknown: 'createdAt' }],
});
`;
}
