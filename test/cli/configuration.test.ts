import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { examined } from '../helpers/doctor.js';
import { emptyFolder, runProgram } from '../helpers/program.js';
import { seed, startTenant, type Tenant } from '../tenant/index.js';

const NOW = Date.parse('2026-11-24T06:00:00Z');
const NAME = 'c1-audit.config.yaml';
let tenant: Tenant;

beforeAll(async () => {
  tenant = (await startTenant({ now: () => NOW, data: seed(NOW) })) as Tenant;
});
afterAll(() => tenant.close());

/** A repository whose configuration is two directories above the working directory. */
function below(text: string): { readonly cwd: string; readonly file: string } {
  const root = emptyFolder();
  const cwd = join(root, 'teams/blue');
  mkdirSync(cwd, { recursive: true });
  writeFileSync(join(root, NAME), text);
  return { cwd, file: join(root, NAME) };
}

const audit = (argv: string[], cwd: string) =>
  runProgram(argv, { env: tenant.environment, now: () => NOW, cwd });

/** As it is before it is wrapped. */
const firstLine = (text: string) => text.slice(0, text.search(/\n(?! )/)).replaceAll(/\n */g, ' ');

describe('a configuration above the working directory', () => {
  test('is used, and named by the first line of the text report', async () => {
    const { cwd, file } = below('scope: tenant');
    const { stdout } = await audit([], cwd);
    expect(firstLine(stdout)).toMatch(/\d+ credentials of everyone in /);
    expect(firstLine(stdout)).toContain(`, with configuration ${file}`);
  });

  test.each(['markdown', 'html'])('is named by the %s report', async (format) => {
    const { cwd, file } = below('scope: tenant');
    const { stdout, stderr } = await audit(['-f', format], cwd);
    expect(stdout.replaceAll('\\', '')).toContain(`with configuration ${file}`);
    expect(stderr).toBe('');
  });

  test('is named on stderr where only programs read the report', async () => {
    const { cwd, file } = below('scope: tenant');
    const { report, stderr } = await audit(['-f', 'json'], cwd);
    expect(report.run.scope).toBe('tenant');
    expect(stderr).toBe(`c1-audit: Using the configuration ${file}.\n`);
    expect((await audit(['-f', 'json', '--quiet'], cwd)).stderr).toBe('');
    expect((await audit(['-f', 'json', '-c', file], cwd)).stderr).toBe('');
  });

  test('is named by the first line of --print-config', async () => {
    const { cwd, file } = below('scope: tenant');
    expect(firstLine((await audit(['--print-config'], cwd)).stdout)).toBe(`# Configuration file: ${file}`);
    const none = await audit(['--print-config'], emptyFolder());
    expect(firstLine(none.stdout)).toBe('# Configuration file: none found');
  });

  test('is named by doctor', async () => {
    const { cwd, file } = below('scope: tenant');
    const found = await examined([], { env: tenant.environment, now: () => NOW, cwd });
    expect(found.line('configuration').detail).toBe(`${file}; scope tenant, profile default`);
  });
});

test('the first line names a configuration in the working directory, and nothing where there is none', async () => {
  const cwd = emptyFolder();
  expect(firstLine((await audit([], cwd)).stdout)).not.toContain('configuration');
  writeFileSync(join(cwd, NAME), 'failOn: never');
  expect(firstLine((await audit([], cwd)).stdout)).toMatch(/, with configuration c1-audit\.config\.yaml$/);
});

test('a report rendered again does not guess which configuration its audit used', async () => {
  const cwd = emptyFolder();
  await audit(['-f', 'json:r.json'], cwd);
  expect(firstLine((await audit(['report', 'r.json'], cwd)).stdout)).not.toContain('configuration');
});

describe('a .env file', () => {
  const look = (env: Readonly<Record<string, string>>) => {
    const cwd = emptyFolder();
    writeFileSync(join(cwd, '.env'), 'CONDUCTORONE_CLIENT_ID=a@acme.conductor.one/pcc\n');
    return examined([], { env, now: () => NOW, cwd });
  };

  test('is not read, and doctor says so and what to do', async () => {
    const found = await look({});
    expect(found.line('configuration')).toMatchObject({
      status: 'warning',
      fix: 'Export the variables first: set -a; . ./.env; set +a',
    });
    expect(found.line('configuration').detail).toContain('c1-audit does not read .env files.');
    expect(found.line('credential').status).toBe('problem');
  });

  test('is no warning where the environment holds a credential', async () => {
    const line = (await look(tenant.environment)).line('configuration');
    expect(line).toMatchObject({ status: 'ok', fix: null });
    expect(line.detail).toContain('does not read .env files');
  });

  test('is not mentioned where there is none', async () => {
    const found = await examined([], { env: {}, now: () => NOW, cwd: emptyFolder() });
    expect(found.line('configuration').detail).not.toContain('.env');
  });
});
