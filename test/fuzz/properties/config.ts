import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { rules } from '../../../rules/index.js';
import { printConfig } from '../../../src/config/print.js';
import { loadConfig } from '../../../src/config/resolve.js';
import { runProgram } from '../../helpers/program.js';
import { json, mangled, mutated, NOW, text } from '../arbitraries.js';
import { acceptsOrRefuses, expectSoundAudit, withoutHanging } from '../outcome.js';
import type { FuzzProperty } from '../property.js';
import { SOUND } from '../records.js';

const CONFIG = {
  scope: 'tenant',
  sources: ['personal-clients', 'service-principals', 'federation-trusts'],
  profile: 'cis',
  failOn: 'medium',
  minSeverity: 'info',
  rules: {
    unused: { days: 45, severity: 'high' },
    'no-expiry': 'off',
    'not-rotated': 'low',
  },
  waivers: [
    {
      rule: 'unused',
      credential: 'strange-hydra-68836',
      reason: 'quarterly job',
      approvedBy: 'security@acme.example',
      expires: '2027-01-31',
    },
    {
      rule: '*',
      credential: { name: 'ci-*', owner: 'jo@acme.example' },
      reason: 'moved next month',
      approvedBy: 'security@acme.example',
      expires: '2026-12-31',
    },
  ],
  slack: {
    when: 'new',
    minSeverity: 'low',
    mentions: { 'owner@acme.example': 'U012345' },
    heartbeat: 'weekly',
  },
};

const YAML = stringify(CONFIG);
const YAML_PIECES = [
  ...[
    '- ',
    ': ',
    '\n',
    '\n  ',
    '\t',
    '"',
    "'",
    '|',
    '>',
    '&a ',
    '*a',
    '!!js/function ',
    '<<: *a',
    '%YAML 1.1\n',
  ],
  ...['---\n', '...\n', '? ', '{', '}', '[', ']', '#', '0x1F', '1e999', '.nan', '.inf', '~', 'yes', '\uFEFF'],
];

const JSON_PIECES = ['{', '}', '[', ']', '"', ',', ':', '//', '1e999', '-0', '\\u0000', 'NaN'];

const severity = fc.constantFrom('info', 'low', 'medium', 'high', 'critical');
const day = fc
  .integer({ min: -400, max: 400 })
  .map((days) => new Date(NOW + days * 86_400_000).toISOString().slice(0, 10));

/** Configurations of sound parts; what does not go together is still in them. */
const sound = fc.record(
  {
    scope: fc.constantFrom('mine', 'tenant'),
    sources: fc.oneof(fc.constant(null), fc.subarray(CONFIG.sources, { minLength: 1 })),
    profile: fc.constantFrom('default', 'cis', 'pci', 'fedramp-high', 'strict'),
    failOn: fc.oneof(severity, fc.constant('never')),
    minSeverity: severity,
    rules: fc.dictionary(
      fc.constantFrom(...rules.map(({ id }) => id)),
      fc.oneof(severity, fc.constant('off'), fc.record({ severity }, { requiredKeys: [] })),
      { maxKeys: 5 },
    ),
    waivers: fc.array(
      fc.record({
        rule: fc.constantFrom('*', ...rules.map(({ id }) => id)),
        credential: fc.oneof(
          fc.constantFrom('pc-1', 'sp-1', 'strange-hydra-68836'),
          fc.record({
            name: fc.oneof(fc.constantFrom('*', 'dep*', '?', '**/[x]', '{a,b}*', '[z-a]'), text),
            owner: fc.oneof(text, fc.array(text, { maxLength: 3 })),
          }),
        ),
        reason: text,
        approvedBy: text,
        expires: day,
      }),
      { maxLength: 3 },
    ),
  },
  { requiredKeys: [] },
);

/** File names with texts that might be in them. No plug-ins: those are programs. */
const file: fc.Arbitrary<{ name: string; content: string }> = fc
  .oneof(
    fc.record({
      name: fc.constantFrom('c1-audit.config.yaml', 'c1-audit.config.yml'),
      content: fc.oneof(
        mangled(YAML, YAML_PIECES),
        mutated(CONFIG, 2).map((value) => stringify(value)),
        sound.map((value) => stringify(value)),
        text,
      ),
    }),
    fc.record({
      name: fc.constant('c1-audit.config.json'),
      content: fc.oneof(
        mangled(JSON.stringify(CONFIG, null, 2), JSON_PIECES),
        mutated(CONFIG, 2).map((value) => JSON.stringify(value)),
        sound.map((value) => JSON.stringify(value)),
        json.map((value) => JSON.stringify(value)),
      ),
    }),
  )
  .filter(({ content }) => !content.includes('plugins'));

const environment = fc.dictionary(
  fc.constantFrom(
    'C1_AUDIT_SCOPE',
    'C1_AUDIT_SOURCES',
    'C1_AUDIT_PROFILE',
    'C1_AUDIT_FAIL_ON',
    'C1_AUDIT_MIN_SEVERITY',
  ),
  fc.oneof(fc.constantFrom('mine', 'tenant', 'cis', 'high', 'never', 'personal-clients', ' '), text),
  { maxKeys: 2 },
);

async function inFolder<T>(
  { name, content }: { name: string; content: string },
  work: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'c1-audit-fuzz-'));
  try {
    await writeFile(join(folder, name), content);
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export const configProperties: readonly FuzzProperty[] = [
  {
    name: 'a configuration is taken whole or refused',
    runs: 50,
    property: () =>
      fc.asyncProperty(file, environment, async (written, env) => {
        await inFolder(written, async (cwd) => {
          const loaded = await acceptsOrRefuses('config', () =>
            loadConfig({ cwd, env, flags: {}, now: NOW, builtIns: async () => rules }),
          );
          if (!loaded) return;
          const rulebook = await loaded.rulebook();
          expect(printConfig(loaded, rulebook, loaded.file)).toMatch(/\S/);
          for (const { options } of rulebook.inForce(undefined)) {
            for (const value of Object.values(options)) expect(value).toEqual(expect.anything());
          }
        });
      }),
  },
  {
    name: 'an audit under any configuration',
    runs: 20,
    property: () =>
      fc.asyncProperty(file, async (written) => {
        await inFolder(written, async (cwd) => {
          const argv = ['--input', '-', '-f', 'json', '--no-slack'];
          const stdin = JSON.stringify(Object.values(SOUND));
          expectSoundAudit(await withoutHanging(() => runProgram(argv, { cwd, stdin, now: () => NOW })));
        });
      }),
  },
];
