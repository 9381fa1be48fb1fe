import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { FORMATS } from '../../src/reporters/index.js';
import { type Action, readYaml, usesLines } from '../helpers/workflow.js';

const { inputs, outputs, runs } = readYaml<Action>('action.yml');
const { steps } = runs;
const expression = (text: string) => `\${{ ${text} }}`;
const using = (action: string) => steps.find(({ uses }) => uses?.startsWith(`${action}@`));

test('runs its own commit: no input or script names a published package', () => {
  expect(Object.keys(inputs)).not.toContain('version');
  expect(inputs.package?.default).toBeUndefined();
  expect(readFileSync('action.yml', 'utf8')).not.toMatch(/c1-audit@/);
});

test('the program is in place before the cache is restored, and checked again after it', () => {
  const names = steps.map(({ name }) => name);
  const order = ['Get c1-audit', 'Restore the state', 'Check the restored files', 'Audit'];
  expect(names.filter((name) => order.includes(name ?? ''))).toEqual(order);
  const digestOf = (name: string) =>
    /if command -v sha256sum[\s\S]*?cut -c 1-64\n\)/.exec(
      (steps.find((step) => step.name === name)?.run ?? '').replace(/^ +/gm, ''),
    )?.[0];
  expect(digestOf('Get c1-audit')).toBeDefined();
  expect(digestOf('Check the restored files')).toBe(digestOf('Get c1-audit'));
});

test('restores and saves only the state', () => {
  for (const action of ['actions/cache/restore', 'actions/cache/save'])
    expect(using(action)?.with?.path).toBe(expression('inputs.state'));
});

test('is a composite action whose every action is pinned to the commit of a release', () => {
  expect(runs.using).toBe('composite');
  const lines = usesLines('action.yml');
  expect(lines).toHaveLength(4);
  for (const line of lines) expect(line).toMatch(/^actions\/[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
});

test('describes every input and output', () => {
  for (const { description } of [...Object.values(inputs), ...Object.values(outputs)]) {
    expect(description.trim()).not.toBe('');
  }
});

describe('inputs', () => {
  const text = JSON.stringify(steps);

  test.each(Object.keys(inputs))('%s is used', (name) => {
    expect(text).toMatch(new RegExp(`inputs\\.${name}[ "}]`));
  });

  test('are all declared', () => {
    const used = [...text.matchAll(/inputs\.([\w-]+)/g)].map(([, name]) => name);
    for (const name of used) expect(Object.keys(inputs)).toContain(name);
  });

  test('reach a script only through its environment', () => {
    for (const { run, env = {} } of steps) {
      if (run === undefined) continue;
      expect(run).not.toContain('${{');
      for (const value of Object.values(env)) {
        expect(value).toMatch(/^(?:\$\{\{ (?:inputs|steps\.[\w]+\.outputs)\.[\w-]+ \}\}|true|false)$/);
      }
    }
  });

  test('set only variables that the script reads', () => {
    for (const { run, env = {} } of steps) {
      for (const name of Object.keys(env).filter((each) => each.startsWith('INPUT_'))) {
        expect(run).toMatch(
          new RegExp(`\\b${name.replace(/^INPUT_(?=CONDUCTORONE|SLACK|C1_AUDIT)/, '')}\\b`),
        );
      }
    }
  });
});

describe('outputs', () => {
  test('come from the step that audits', () => {
    for (const [name, { value }] of Object.entries(outputs)) {
      expect(value).toContain(`steps.audit.outputs.${name} `);
    }
  });

  test('include the file of each format, which is uploaded', () => {
    const upload = using('actions/upload-artifact');
    for (const format of FORMATS) {
      expect(Object.keys(outputs)).toContain(`report-${format}`);
      expect(upload?.if).toMatch(new RegExp(`steps\\.audit\\.outputs\\.report-${format}\\b`));
      expect(upload?.with?.path).toContain(`\${{ steps.audit.outputs.report-${format} }}`);
    }
  });
});

describe('after a failed audit', () => {
  const audit = steps.findIndex(({ id }) => id === 'audit');

  test.each(['Look for the state', 'Save the state', 'Upload the reports'])(
    '%s comes after it, always',
    (name) => {
      const at = steps.findIndex((step) => step.name === name);
      expect(at).toBeGreaterThan(audit);
      expect(steps[at]?.if).toMatch(/^always\(\) && /);
    },
  );

  test('no other step runs, and no failure is ignored', () => {
    for (const step of steps.slice(0, audit + 1))
      expect(step.if ?? '').not.toMatch(/always|failure|cancelled/);
    for (const step of steps) expect(step).not.toHaveProperty('continue-on-error');
  });
});

test('the state is saved under a key of this attempt, and restored from the newest of the same job', () => {
  const restore = using('actions/cache/restore')?.with;
  const save = using('actions/cache/save')?.with;
  expect(save).toEqual({ path: restore?.path, key: restore?.key });
  expect(save?.key).toBe(`${restore?.['restore-keys']}\${{ github.run_id }}-\${{ github.run_attempt }}`);
});

test('no secret is in the environment while the program is built or fetched', () => {
  const env = steps.find(({ id }) => id === 'program')?.env ?? {};
  expect(Object.keys(env).filter((name) => /SECRET|TOKEN|SLACK|HEARTBEAT|CLIENT/.test(name))).toEqual([]);
});
