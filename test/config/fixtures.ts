import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll } from '@jest/globals';
import { type ConfigFlags, type LoadedConfig, loadConfig } from '../../src/config/resolve.js';
import type { Rulebook } from '../../src/config/rulebook.js';
import { defineRule, type Rule } from '../../src/contract/index.js';
import { AuditError } from '../../src/errors.js';

/** The clock of the tests: a waiver may end on 2027-06-02 at the latest. */
export const NOW = Date.parse('2026-06-01T12:00:00Z');

const docs = { why: 'Because.', fix: 'Fix it.', references: [] };
const messages = { found: () => 'found' };
const check = () => undefined;

/** A few rules with every type of option. */
export const RULES: readonly Rule[] = [
  defineRule({
    id: 'unused',
    title: 'The credential has not been used for a long time',
    severity: 'medium',
    kinds: ['personal-client'],
    docs,
    needs: ['lastUsedAt'],
    options: { days: { describe: 'Days without use', default: 90, min: 1, max: 1000 } },
    messages,
    check,
  }),
  defineRule({
    id: 'expiring-soon',
    title: 'The credential expires soon',
    severity: 'medium',
    kinds: ['personal-client'],
    docs,
    needs: ['expiresAt'],
    options: {
      days: { describe: 'Days before the end', default: 30, min: 0 },
      lifetimeShare: { describe: 'Share of the lifetime', default: 1 / 3, min: 0, max: 1 },
    },
    messages,
    check,
  }),
  defineRule({
    id: 'not-rotated',
    title: 'The credential is old',
    severity: 'medium',
    kinds: ['personal-client'],
    docs,
    needs: ['createdAt'],
    options: { maxAgeDays: { describe: 'Days', default: 365, min: 1, integer: true } },
    messages,
    check,
  }),
  defineRule({
    id: 'no-expiry',
    title: 'The credential never expires',
    severity: 'high',
    kinds: ['personal-client'],
    docs,
    needs: ['expiresAt'],
    messages,
    check,
  }),
  defineRule({
    id: 'admin-scope',
    title: 'The credential may do everything',
    severity: 'high',
    kinds: ['personal-client'],
    docs,
    needs: ['scopedRoles'],
    options: {
      roles: { describe: 'Roles', default: ['system:owner'] },
      exact: { describe: 'Whether case counts', default: true },
      prefix: { describe: 'What the names begin with', default: '' },
    },
    messages,
    check,
  }),
  defineRule({
    id: 'no-scoped-roles',
    title: 'The credential holds all rights of its owner',
    severity: 'medium',
    kinds: ['personal-client'],
    docs,
    needs: ['scopedRoles'],
    messages,
    check,
  }),
  defineRule({
    id: 'open-cidr',
    title: 'The credential works from anywhere',
    severity: 'medium',
    kinds: ['personal-client'],
    docs,
    needs: ['allowedCidrs'],
    messages: { everywhere: () => 'everywhere', unrestricted: () => 'unrestricted' },
    check,
  }),
];

const folders: string[] = [];

afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

/** A fresh folder with the given files. */
export async function folderWith(files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'c1-audit-config-'));
  folders.push(folder);
  for (const [name, content] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), content);
  }
  return folder;
}

export interface Given {
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly flags?: ConfigFlags;
  readonly configPath?: string;
  readonly now?: number;
  readonly rules?: readonly Rule[];
}

/** All settings, those of rules included. */
type Loaded = LoadedConfig & Rulebook;

/** Loads what stands in a fresh folder. */
export async function load({
  files = {},
  env = {},
  flags = {},
  configPath,
  now = NOW,
  rules = RULES,
}: Given): Promise<Loaded> {
  const cwd = await folderWith(files);
  const loaded = await loadConfig({ cwd, env, flags, configPath, now, builtIns: async () => rules });
  const book = await loaded.rulebook();
  return { ...book, ...loaded, origins: new Map([...loaded.origins, ...book.origins]) };
}

/** The same for one YAML file in the working directory. */
export function loadYaml(text: string, given: Omit<Given, 'files'> = {}): Promise<Loaded> {
  return load({ ...given, files: { 'c1-audit.config.yaml': text } });
}

/** The error that loading ends with. */
export async function errorOf(loading: Promise<unknown>): Promise<AuditError> {
  try {
    await loading;
  } catch (error) {
    if (error instanceof AuditError) return error;
    throw error;
  }
  throw new Error('no error was thrown');
}

/** The mistakes that loading ends with, one an item. */
export async function mistakesOf(loading: Promise<unknown>): Promise<string[]> {
  const { message } = await errorOf(loading);
  return message
    .split('\n')
    .slice(1)
    .map((line) => line.trim());
}
