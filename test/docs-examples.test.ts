import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { emptyFolder, runProgram } from './helpers/program.js';

const NOW = Date.parse('2026-06-01T00:00:00Z');

function example(file: string, language: string): string {
  const found = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'm').exec(readFileSync(file, 'utf8'));
  if (found?.[1] === undefined) throw new Error(`${file} has no ${language} example`);
  return found[1];
}

test('the example of docs/input.md holds one credential of each kind, and is complete', async () => {
  const stdin = example('docs/input.md', 'json');
  const { report, code } = await runProgram(['--input', '-', '-f', 'json'], { stdin, now: () => NOW });
  expect(report.credentials.map(({ kind }) => kind).sort()).toEqual([
    'federation-trust',
    'personal-client',
    'service-principal-credential',
  ]);
  expect(report.coverage.complete).toBe(true);
  expect(code).toBe(1);
});

test('an answer that names a next page is incomplete, as docs/input.md says', async () => {
  const stdin = JSON.stringify({
    list: JSON.parse(example('docs/input.md', 'json')).slice(0, 1),
    nextPageToken: 'x',
  });
  expect((await runProgram(['--input', '-'], { stdin, now: () => NOW })).code).toBe(3);
});

test('the configuration of docs/slack.md is valid and in force as written', async () => {
  const cwd = emptyFolder();
  const text = example('docs/slack.md', 'yaml');
  writeFileSync(join(cwd, 'c1-audit.config.yaml'), text);
  const { code, stdout } = await runProgram(['--print-config'], { cwd, now: () => NOW });
  expect(code).toBe(0);
  for (const [, key = '', value = ''] of text.matchAll(
    /^ {2}(when|minSeverity|heartbeat|notifyOwners|fallback): (.*)$/gm,
  ))
    expect(stdout).toContain(`  ${key}: ${value} #`);
});
