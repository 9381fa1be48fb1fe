import { describe, expect, test } from '@jest/globals';
import { rules } from '../../rules/index.js';
import { coverageOf, extraRules } from '../../src/cli/commands/rules.js';
import { FRAMEWORK_NAMES, FRAMEWORKS } from '../../src/contract/index.js';
import { runProgram } from '../helpers/program.js';

const all = [...rules, ...extraRules()];

describe.each(FRAMEWORK_NAMES)('the controls of %s', (framework) => {
  const { controls } = coverageOf(framework, all);

  test('have ids of the right form, each once', () => {
    const ids = controls.map(({ id }) => id);
    expect(ids.filter((id) => !FRAMEWORKS[framework].id.test(id))).toEqual([]);
    expect(new Set(ids).size).toBe(ids.length);
    expect(FRAMEWORKS[framework].example).toMatch(FRAMEWORKS[framework].id);
  });

  test('include every control that a rule names, with a title', () => {
    expect(controls.filter(({ title }) => title === '')).toEqual([]);
  });

  test('say why no rule judges them', () => {
    expect(controls.filter(({ rules, notJudged }) => rules.length === 0 && !notJudged)).toEqual([]);
    expect(controls.some(({ rules }) => rules.length > 0)).toBe(true);
  });
});

test('a control that only a plug-in names is listed without a title', () => {
  const [rule] = rules;
  const named = { ...rule, id: 'acme/x', controls: { 'nist-800-53': ['SC-12'] } } as never;
  expect(coverageOf('nist-800-53', [named]).controls.at(-1)).toEqual({
    id: 'SC-12',
    title: '',
    rules: ['acme/x'],
    notJudged: null,
  });
});

describe('c1-audit rules --control', () => {
  test('prints which rules judge a control, and why others cannot be judged', async () => {
    const { code, stdout } = await runProgram(['rules', '--control', 'owasp-nhi']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^NHI7 {3}Long-Lived Secrets\n {7}no-expiry, lifetime-too-long, not-rotated/m);
    expect(stdout).toMatch(/^NHI8 .*\n +not judged: ConductorOne does not record the environment/m);
    expect(stdout).toMatch(/^\d of 10 controls on non-human credentials are judged/m);
  });

  test('prints the same as JSON', async () => {
    const { stdout } = await runProgram(['rules', '--control', 'pci-dss-4.0.1', '-f', 'json']);
    const { framework, controls } = JSON.parse(stdout);
    expect(framework).toBe('pci-dss-4.0.1');
    expect(controls.find(({ id }: { id: string }) => id === '8.2.6').rules).toEqual(['unused']);
    expect(controls.find(({ id }: { id: string }) => id === '8.6.2').rules).toEqual([]);
  });

  test.each([
    [['--control', 'owasp-nih'], 'Did you mean owasp-nhi?'],
    [['--control', 'iso'], 'Choose one of owasp-nhi, cis-controls-8,'],
    [['unused', '--control', 'owasp-nhi'], 'c1-audit rules unused shows the controls of one rule.'],
  ])('refuses %j', async (words, hint) => {
    const { code, stdout, stderr } = await runProgram(['rules', ...words]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(hint);
  });

  test('a rule shows its own', async () => {
    const { stdout } = await runProgram(['rules', 'unused']);
    expect(stdout).toContain(
      'Controls:\n  OWASP Non-Human Identities Top 10, 2025: NHI1\n  CIS Controls 8.1: 5.3\n',
    );
    const json = JSON.parse((await runProgram(['rules', 'unused', '-f', 'json'])).stdout);
    expect(json.controls['pci-dss-4.0.1']).toEqual(['8.2.6']);
  });
});
