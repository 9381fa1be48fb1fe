// What zizmor and actionlint check, held for every workflow, the action and what init writes. A forged cache is played in
// test/github/init-workflow.test.ts and test/github/action-steps.test.ts.
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { workflowFile } from '../../src/init/files.js';
import { LOGINS, type Setup } from '../../src/init/interview.js';
import type { Action, Step, Workflow } from '../helpers/workflow.js';

const FOLDER = '.github/workflows';

const setup = (auth: Setup['auth']): Setup => ({
  tenant: 'acme.conductor.one',
  auth,
  scope: 'tenant',
  profile: 'default',
  failOn: 'high',
  slack: true,
  repository: 'acme/security',
  branch: 'main',
  schedule: '17 4 * * *',
});

const workflows: readonly [string, string][] = [
  ...readdirSync(FOLDER).map((name): [string, string] => [name, readFileSync(`${FOLDER}/${name}`, 'utf8')]),
  ...LOGINS.map((auth): [string, string] => [`init --auth ${auth}`, workflowFile(setup(auth), '1.2.3')]),
];
const all: readonly [string, string][] = [...workflows, ['action.yml', readFileSync('action.yml', 'utf8')]];

const parsed = (text: string) => parse(text) as Workflow;

function stepsOf(text: string): readonly Step[] {
  const file = parse(text) as Workflow & Action;
  return file.runs?.steps ?? Object.values(file.jobs).flatMap(({ steps }) => steps);
}

describe('somebody moves the tag of an action that we use', () => {
  const uses = all.flatMap(([file, text]) =>
    [...text.matchAll(/^\s*(?:- )?uses: (.*)$/gm)].map(([, line = '']): [string, string] => [file, line]),
  );

  test.each(uses)('%s runs a fixed commit: %s', (_, line) => {
    expect(line).toMatch(/^(?:actions\/[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+|\$\/)$/);
  });

  test('one commit a release, and one release an action: no comment is out of date', () => {
    const pins = new Set(
      uses
        .filter(([, line]) => line !== '$/')
        .map(([, line]) => line.replace(/^(actions\/[\w-]+)[\w/-]*@/, '$1@')),
    );
    const actions = [...pins].map((pin) => pin.slice(0, pin.indexOf('@')));
    expect(actions.sort()).toEqual([...new Set(actions)].sort());
  });
});

describe.each(all)('%s', (file, text) => {
  const steps = stepsOf(text);
  const scripts = steps.flatMap(({ run }) => run ?? []);

  test('an issue title, a branch name or an input that holds a command is not run', () => {
    for (const script of scripts) expect(script).not.toContain('${{');
    for (const step of steps) expect(step.uses ?? '').not.toMatch(/^actions\/github-script@/);
  });

  test('a checkout from a pull request puts no program in place of the action', () => {
    expect(steps.map(({ uses }) => uses).filter((uses) => uses?.startsWith('./'))).toEqual([]);
  });

  test('a new release of a package is not installed unseen', () => {
    for (const script of scripts)
      expect(script).not.toMatch(/\b(?:npm (?:install|i|add|update)|yarn add|pnpm (?:add|install))\b/);
    // Only what the input `package` names, and only in the action.
    for (const script of scripts)
      for (const [line] of script.matchAll(/.*\bnpx\b.*/g))
        expect([file, line.includes('--package="$') || line.trim().startsWith('#')]).toEqual([
          'action.yml',
          true,
        ]);
  });

  test('a step cannot change the environment of later steps', () => {
    const writing = scripts.filter((script) => /GITHUB_(?:ENV|PATH)\b/.test(script));
    // CI gives the tests the path of the browser; no stranger's text is in it, and no secret is in that job.
    expect(writing.length).toBe(file === 'ci.yml' ? 1 : 0);
    if (file === 'ci.yml') expect(text).not.toContain('secrets.');
  });

  test('a checkout leaves no token behind for later steps', () => {
    for (const { uses, with: settings } of steps)
      if (uses?.startsWith('actions/checkout@')) expect(settings?.['persist-credentials']).toBe(false);
  });
});

describe.each(workflows)('%s', (file, text) => {
  const { on, permissions, jobs } = parsed(text);

  test("a stranger's pull request, comment or fork starts nothing that has a secret", () => {
    const triggers = Object.keys(on);
    for (const trigger of ['pull_request_target', 'workflow_run', 'issue_comment', 'issues', 'discussion'])
      expect(triggers).not.toContain(trigger);
    if (triggers.includes('pull_request')) expect(text).not.toContain('secrets.');
  });

  test('a step that is taken over can write no more than its job needs, and the file says why', () => {
    expect(permissions).toBeInstanceOf(Object);
    expect(Object.values(permissions ?? {}).filter((level) => level !== 'read')).toEqual([]);
    const written = [...text.matchAll(/^ +([a-z-]+): write(.*)$/gm)];
    for (const [, , comment] of written) expect(comment).toMatch(/^ # \w/);
    const writing = Object.values(jobs)
      .flatMap((job) => Object.entries(job.permissions ?? {}))
      .filter(([, level]) => level === 'write');
    expect(written).toHaveLength(writing.length);
    const allowed = file === 'release.yml' ? ['contents', 'id-token'] : ['id-token'];
    for (const [name] of writing) expect(allowed).toContain(name);
  });

  test('all secrets at once are handed to nobody', () => {
    expect(text).not.toMatch(/secrets: inherit|toJSON\(secrets|secrets\[/i);
  });
});

describe('a poisoned cache', () => {
  test('reaches nothing that is published', () => {
    const steps = stepsOf(readFileSync(`${FOLDER}/release.yml`, 'utf8'));
    expect(steps.filter(({ uses }) => uses?.startsWith('actions/cache'))).toEqual([]);
    const node = steps.filter(({ uses }) => uses?.startsWith('actions/setup-node@'));
    expect(node.length).toBeGreaterThan(0);
    for (const { with: settings } of node) {
      expect(settings?.['package-manager-cache']).toBe(false);
      expect(settings).not.toHaveProperty('cache');
    }
  });

  test.each([
    ...LOGINS.map((auth): [string, string] => [`init --auth ${auth}`, workflowFile(setup(auth), '1.2.3')]),
    ['action.yml', readFileSync('action.yml', 'utf8')] as [string, string],
  ])(
    'brings no program to %s: only the state is restored, after the program, before a check and the login',
    (_, text) => {
      const steps = stepsOf(text);
      const at = (test: (step: Step) => boolean | undefined) =>
        steps.findIndex((step) => test(step) === true);
      const restore = at(({ uses }) => uses?.startsWith('actions/cache/restore@'));
      const check = at(({ name }) => name === 'Check the restored files');
      const login = at(({ env }) =>
        Object.keys(env ?? {}).some((name) => name.endsWith('CONDUCTORONE_CLIENT_ID')),
      );
      const program = at(({ id }) => id === 'program');
      expect(program).toBeGreaterThan(-1);
      expect([program, restore, check, login]).toEqual(
        [program, restore, check, login].toSorted((a, b) => a - b),
      );
      expect(steps.filter(({ uses }) => uses?.startsWith('actions/cache/restore@'))).toHaveLength(1);
      expect(['.c1-audit/state.json', `\${{ inputs.state }}`]).toContain(steps[restore]?.with?.path);
      for (const { uses, with: settings } of steps)
        if (uses?.startsWith('actions/setup-node@')) expect(settings?.['package-manager-cache']).toBe(false);
    },
  );
});

test('a malicious release of a dependency is not proposed in its first week', () => {
  const { updates } = parse(readFileSync('.github/dependabot.yml', 'utf8')) as {
    updates: { cooldown?: { 'default-days'?: number } }[];
  };
  for (const { cooldown } of updates) expect(cooldown?.['default-days']).toBeGreaterThanOrEqual(7);
});
