// The examples of docs/schedule.md, each as far as it can be tried here.
import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { needs } from './helpers/needs.js';
import { NODE_SCRIPT, root } from './helpers/package.js';
import { emptyFolder, runProgram } from './helpers/program.js';
import { startTenant, type Tenant } from './tenant/index.js';

const page = readFileSync(join(root, 'docs/schedule.md'), 'utf8');

/** The examples in one language, in the order of the page. */
function examples(language: string): string[] {
  return [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(
    ([, example = '']) => example,
  );
}

function example(language: string, containing: string): string {
  const found = examples(language).filter((one) => one.includes(containing));
  expect(found).toHaveLength(1);
  return found[0] ?? '';
}

/** The command line after the word c1-audit is one that this version takes. */
async function isTaken(words: readonly string[]): Promise<void> {
  const { code, stderr } = await runProgram([...words, '--print-config']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
}

const systemd = needs('systemd-analyze');

systemd.describe('systemd', () => {
  const units = examples('ini');

  /** The units in a folder, under the names they give themselves, with a program that is there. */
  function installed(change: (unit: string) => string = (unit) => unit): { folder: string; names: string[] } {
    const folder = emptyFolder();
    const names = units.map((unit) => {
      const name = /^# \/etc\/systemd\/system\/(\S+)$/m.exec(unit)?.[1] ?? '';
      const runnable = unit.replace('/usr/local/bin/c1-audit', realpathSync('/bin/true'));
      writeFileSync(join(folder, name), change(runnable));
      return name;
    });
    return { folder, names };
  }

  function analyze(argv: readonly string[], folder: string): SpawnSyncReturns<string> {
    return spawnSync('systemd-analyze', argv, {
      cwd: folder,
      encoding: 'utf8',
      env: { PATH: process.env.PATH, SYSTEMD_UNIT_PATH: `${folder}:` },
    });
  }

  test('accepts service and timer without a word', () => {
    const { folder, names } = installed();
    expect(names).toEqual(['c1-audit.service', 'c1-audit.timer']);
    const { status, stdout, stderr } = analyze(['verify', '--man=no', ...names], folder);
    expect([status, stdout, stderr]).toEqual([0, '', '']);
  });

  test('would find a misspelt setting', () => {
    const { folder, names } = installed((unit) => unit.replace('TimeoutStartSec', 'TimeoutStartSecs'));
    expect(analyze(['verify', '--man=no', ...names], folder).stderr).toContain('TimeoutStartSecs');
  });

  test('finds the service well confined', () => {
    const { folder } = installed();
    const argv = ['security', '--offline=yes', '--no-pager', '--threshold=20', './c1-audit.service'];
    const { status, stdout } = analyze(argv, folder);
    expect(stdout).toContain('Overall exposure level');
    expect(status).toBe(0);
  });

  test('understands when to run: once a day', () => {
    const when = /^OnCalendar=(.*)$/m.exec(units.join())?.[1] ?? '';
    const { stdout } = analyze(['calendar', '--iterations=2', '--base-time=2026-11-01', when], root);
    expect(stdout).toMatch(/04:17:00 UTC[\s\S]*04:17:00 UTC/);
  });

  test('runs a command line that this version takes', async () => {
    const line = /^ExecStart=\/usr\/local\/bin\/c1-audit (.*)$/m.exec(units.join('\n'))?.[1] ?? '';
    await isTaken(line.split(' '));
  });
});

const shell = needs('bash');

shell.describe('the script for cron', () => {
  const script = example('sh', '#!/bin/sh');
  let tenant: Tenant;
  beforeAll(async () => {
    tenant = await startTenant();
  });
  afterAll(() => tenant.close());

  /** One night, with the folders of the script under another root. */
  async function night(environment: Readonly<Record<string, string>>) {
    const home = emptyFolder();
    const at = (path: string) => join(home, path);
    for (const folder of ['var', 'etc', 'bin']) mkdirSync(at(folder));
    const lines = Object.entries(environment).map(([name, value]) => `${name}='${value}'\n`);
    writeFileSync(at('etc/environment'), lines.join(''));
    writeFileSync(
      at('bin/c1-audit'),
      `${NODE_SCRIPT}\nimport(${JSON.stringify(join(root, 'dist/bin.js'))});\n`,
      {
        mode: 0o755,
      },
    );
    const moved = script
      .replace('/var/lib/c1-audit', at('var'))
      .replace('/etc/c1-audit/environment', at('etc/environment'));
    writeFileSync(at('nightly'), moved, { mode: 0o755 });
    const child = spawn('sh', [at('nightly')], {
      env: { PATH: [at('bin'), process.env.PATH].join(delimiter), TZ: 'UTC' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [stdout, stderr, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'exit'),
    ]);
    return { code, stdout, stderr, at };
  }

  test('prints the report after a night with findings, and keeps state and reports', async () => {
    const { code, stdout, stderr, at } = await night(tenant.environment);
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(stdout).toMatch(/^c1-audit ended with 1\.\n/);
    expect(stdout).toContain('Complete: ');
    expect(existsSync(at('var/state.json'))).toBe(true);
    expect(readdirSync(at('var/nights'))).toEqual([expect.stringMatching(/^\d{4}-\d\d-\d\d\.json$/)]);
  });

  test('prints nothing after a quiet night', async () => {
    const { code, stdout, stderr } = await night({ ...tenant.environment, C1_AUDIT_FAIL_ON: 'never' });
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  test('prints what is wrong if nothing was audited', async () => {
    const { code, stdout } = await night({});
    expect(code).toBe(2);
    expect(stdout).toContain('CONDUCTORONE_CLIENT_ID');
  });

  test('is started by a line that cron reads as it looks', () => {
    const line = example('crontab', 'MAILTO').trimEnd().split('\n').at(-1) ?? '';
    // Five fields, a user and a command; cron takes an unescaped % for the end of it.
    expect(line).toMatch(/^17 4 \* \* \* c1-audit c1-audit-nightly$/);
    expect(page).toContain('as `/usr/local/bin/c1-audit-nightly`');
  });
});

describe('GitLab CI', () => {
  const file = parse(example('yaml', '# .gitlab-ci.yml')) as Record<string, Record<string, unknown>>;
  const job = file['c1-audit'] ?? {};

  test('uses keywords of a job', () => {
    // https://docs.gitlab.com/ci/yaml/#job-keywords
    const keywords =
      'after_script allow_failure artifacts before_script cache coverage dast_configuration dependencies environment extends id_tokens identity image inherit interruptible manual_confirmation needs pages parallel release resource_group retry rules run script secrets services stage start_in tags timeout trigger variables when'.split(
        ' ',
      );
    expect(Object.keys(file)).toEqual(['c1-audit']);
    for (const keyword of Object.keys(job)) expect(keywords).toContain(keyword);
    expect(Object.keys(job.artifacts as object).sort()).toEqual(['access', 'expire_in', 'paths', 'when']);
    expect(Object.keys(job.cache as object).sort()).toEqual(['key', 'paths', 'when']);
  });

  test('keeps state and reports of a night that fails, and runs a command line that this version takes', async () => {
    expect(job).toMatchObject({ cache: { when: 'always' }, artifacts: { when: 'always' } });
    const [script = '', ...others] = job.script as string[];
    expect(others).toEqual([]);
    const [name, ...words] = script.split(/\s+/);
    expect(name).toBe('c1-audit');
    await isTaken(words);
    expect(script).toContain(`--state ${(job.cache as { paths: string[] }).paths[0]}state.json`);
  });

  test('gives the token to the variable that c1-audit reads, for the tenant', async () => {
    const [variable = ''] = Object.keys(job.id_tokens as object);
    const clientId = (job.variables as Record<string, string>).CONDUCTORONE_CLIENT_ID ?? '';
    expect(clientId).toContain(
      `@${Object.values(job.id_tokens as Record<string, { aud: string }>)[0]?.aud}/wfe`,
    );
    // Without the token a federation login is refused by name.
    const { code, stderr } = await runProgram([], { env: { CONDUCTORONE_CLIENT_ID: clientId } });
    expect(code).toBe(2);
    expect(stderr).toContain(variable);
  });
});

interface CronJob {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly concurrencyPolicy: string;
    readonly jobTemplate: {
      readonly spec: {
        readonly backoffLimit: number;
        readonly template: { readonly spec: { readonly containers: readonly { readonly args: string[] }[] } };
      };
    };
  };
}

describe('Kubernetes', () => {
  const manifests = examples('yaml').filter((one) => one.includes('apiVersion'));
  const jobs = manifests.map((one) => parse(one) as CronJob);
  const argsOf = (job: CronJob | undefined) =>
    job?.spec.jobTemplate.spec.template.spec.containers[0]?.args ?? [];

  /** What the compiler says about objects as the types of Kubernetes' API describe them. */
  function typeErrors(objects: readonly unknown[]): string {
    // Below the project, where the compiler finds the types.
    const folder = join(root, 'node_modules/.cache/c1-audit/kubernetes');
    mkdirSync(folder, { recursive: true });
    const file = join(folder, `manifests-${process.pid}.ts`);
    const lines = objects.map((object) => `({ ${JSON.stringify(object).slice(1)}) satisfies CronJob;`);
    writeFileSync(
      file,
      `import type { CronJob } from 'kubernetes-types/batch/v1.js';\n${lines.join('\n')}\n`,
    );
    const compiler = join(root, 'node_modules/typescript/bin/tsc');
    const flags = [
      '--ignoreConfig',
      '--noEmit',
      '--strict',
      '--skipLibCheck',
      '--module',
      'nodenext',
      '--types',
      '',
    ];
    return spawnSync(process.execPath, [compiler, ...flags, file], { cwd: root, encoding: 'utf8' }).stdout;
  }

  test('has the types of a CronJob, every field known', () => {
    expect(jobs.map(({ metadata }) => metadata.name)).toEqual(['c1-audit-acme', 'c1-audit-overview']);
    expect(typeErrors(jobs)).toBe('');
  });

  test('a misspelt field, and one of another type, would be found', () => {
    const [manifest = ''] = manifests;
    const wrong = (from: string, to: string) => parse(manifest.replace(from, to));
    const errors = typeErrors([
      wrong('readOnlyRootFilesystem', 'readOnlyRootFileSystem'),
      wrong('runAsUser: 1000', 'runAsUser: "1000"'),
    ]).split('\n');
    expect(errors).toContainEqual(expect.stringMatching(/\(2,.*readOnlyRootFileSystem/));
    expect(errors).toContainEqual(expect.stringMatching(/\(3,.*TS2322/));
  });

  test.each(manifests)(
    'runs without rights, once a night, and does not repeat a night with findings: %#',
    (manifest) => {
      const job = parse(manifest) as CronJob;
      expect(job.spec.concurrencyPolicy).toBe('Forbid');
      expect(job.spec.jobTemplate.spec.backoffLimit).toBe(0);
      expect(job.spec.jobTemplate.spec.template.spec).toMatchObject({
        restartPolicy: 'Never',
        automountServiceAccountToken: false,
        securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
        containers: [
          {
            securityContext: {
              allowPrivilegeEscalation: false,
              readOnlyRootFilesystem: true,
              capabilities: { drop: ['ALL'] },
            },
          },
        ],
      });
    },
  );

  test('the audit and the merge fit together, and this version takes both command lines', async () => {
    const [audit, merge] = jobs;
    await isTaken(argsOf(audit));
    const cwd = emptyFolder();
    for (const tenant of ['acme', 'globex']) {
      mkdirSync(join(cwd, tenant));
      const argv = ['--input', '-', '--format=json:report.json', '--fail-on=never'];
      await runProgram(argv, { cwd: join(cwd, tenant), stdin: '[]' });
    }
    const { code, stdout, stderr } = await runProgram(argsOf(merge), { cwd });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^Complete: 2 reports/);
    expect(existsSync(join(cwd, 'overview.html'))).toBe(true);
  });
});

test('every example of the page is one of those tried here, or a command that needs another service', () => {
  const tried = ['#!/bin/sh', 'MAILTO=', '# .gitlab-ci.yml', 'kind: CronJob', '# /etc/systemd/system/'];
  const elsewhere = ['docker build', '/var/lib/node_exporter', 'pushgateway.example'];
  const known = [...tried, ...elsewhere];
  for (const one of examples('\\w+'))
    expect([one, known.some((words) => one.includes(words))]).toEqual([one, true]);
});
