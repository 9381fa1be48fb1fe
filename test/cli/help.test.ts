import { describe, expect, test } from '@jest/globals';
import { rules } from '../../rules/index.js';
import { createProgram } from '../../src/cli/command-line.js';
import { auditOptions } from '../../src/cli/flags.js';
import { runProgram } from '../helpers/program.js';

const nowhere = () => undefined;
const program = createProgram({ writeOut: nowhere, writeErr: nowhere }, async () => undefined);
const COMMANDS = program
  .createHelp()
  .visibleCommands(program)
  .map((command) => command.name());

const lines = (text: string) => text.trimEnd().split('\n');
const widest = (text: string) => Math.max(...lines(text).map((line) => line.length));

describe('help', () => {
  test('of the program fits a screen and names every command', async () => {
    const { code, stdout, stderr } = await runProgram(['--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(lines(stdout).length).toBeLessThanOrEqual(24);
    expect(widest(stdout)).toBeLessThanOrEqual(80);
    expect(COMMANDS).toEqual([
      'audit',
      'demo',
      'init',
      'doctor',
      'rules',
      'report',
      'plan',
      'completion',
      'help',
    ]);
    for (const name of COMMANDS) expect(stdout).toMatch(new RegExp(`^ {2}${name}\\b`, 'm'));
    expect(stdout).toContain('c1-audit --scope tenant');
  });

  test.each(COMMANDS.filter((name) => name !== 'help'))('of %s is its own', async (name) => {
    const asked = await runProgram([name, '--help']);
    expect(asked).toMatchObject({ code: 0, stderr: '' });
    expect(asked.stdout).toMatch(new RegExp(`^Usage: c1-audit ${name}\\b`));
    expect(lines(asked.stdout).length).toBeLessThanOrEqual(40);
    expect(widest(asked.stdout)).toBeLessThanOrEqual(80);
    expect((await runProgram(['help', name])).stdout).toBe(asked.stdout);
  });

  test('of audit has all of its flags', async () => {
    const { stdout } = await runProgram(['help', 'audit']);
    for (const { long } of auditOptions()) expect(stdout).toContain(long);
  });

  test('asked of nothing there is tells what there is', async () => {
    const { code, stderr } = await runProgram(['demoo', '--help']);
    expect(code).toBe(0);
    expect(stderr).toBe('');
  });
});

describe('what is mistyped', () => {
  test.each([
    [['--scop', 'mine'], '(Did you mean --scope?)'],
    [['demo', '--formt', 'json'], '(Did you mean --format?)'],
    [['init', '--tenent', 'acme'], '(Did you mean --tenant?)'],
    [['doctr'], 'There is no command "doctr"; did you mean "doctor"?'],
    [['rules', 'unusd'], 'Did you mean unused?'],
    [['--rule', 'unusd'], 'did you mean "unused"?'],
    [['--profile', 'cys'], 'did you mean "cis"?'],
    [['completion', 'bsh'], 'There is no completion for "bsh"; did you mean "bash"?'],
    [['completion', 'tcsh'], 'Shells are bash, zsh, fish.'],
    [['completion'], 'Shells are bash, zsh, fish.'],
    [['help', 'demoo'], 'There is no command "demoo"; did you mean "demo"?'],
    [['rules', 'a', 'b'], 'c1-audit: too many arguments'],
  ])('%j is met with %s', async (argv, says) => {
    const { code, stdout, stderr } = await runProgram(argv);
    expect(code).toBe(2);
    expect(stderr).toContain(says);
    expect(stdout).toBe('');
  });
});

describe('completion', () => {
  const complete = async (...words: string[]) => {
    const { code, stdout, stderr } = await runProgram(['complete', '--', ...words]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return stdout === '' ? [] : lines(stdout).map((line) => line.split('\t')[0]);
  };

  test.each([
    { what: 'nothing typed', words: [''], expected: COMMANDS },
    { what: 'nothing at all', words: [], expected: COMMANDS },
    { what: 'a command', words: ['do'], expected: ['doctor'] },
    { what: 'commands that begin alike', words: ['d'], expected: ['demo', 'doctor'] },
    { what: 'a second command', words: ['demo', 'do'], expected: [] },
    { what: 'a flag of an audit', words: ['--min'], expected: ['--min-severity'] },
    { what: 'a flag of a command', words: ['report', '--d'], expected: ['--diff'] },
    { what: "another command's flag", words: ['rules', '--scope'], expected: [] },
    { what: 'a value', words: ['--scope', ''], expected: ['mine', 'tenant'] },
    { what: 'a value that was begun', words: ['--scope', 't'], expected: ['tenant'] },
    { what: 'a value after the short flag', words: ['-f', 'js'], expected: ['json'] },
    { what: 'a value in one word', words: ['--scope=t'], expected: ['--scope=tenant'] },
    { what: 'a value of a flag that is not there', words: ['rules', '--bogus=un'], expected: [] },
    { what: 'a value in three words, as bash has it', words: ['--scope', '=', 't'], expected: ['tenant'] },
    { what: 'an empty value, as bash has it', words: ['--scope', '='], expected: ['mine', 'tenant'] },
    { what: 'a command after a flag and its value', words: ['--scope', 'mine', 'pl'], expected: ['plan'] },
    { what: 'a value that looks like a command', words: ['-c', 'demo', 'rul'], expected: ['rules'] },
    { what: 'a file', words: ['report', 'rep'], expected: [] },
    { what: 'a file of a flag', words: ['--config', ''], expected: [] },
    { what: 'formats of a command with few', words: ['plan', '-f', ''], expected: ['text', 'markdown'] },
    { what: 'a shell', words: ['completion', ''], expected: ['bash', 'zsh', 'fish'] },
    { what: 'a rule of an audit', words: ['--rule', 'unu'], expected: ['unused'] },
    { what: 'a rule to explain', words: ['rules', ''], expected: rules.map(({ id }) => id) },
  ])('of $what', async ({ words, expected }) => {
    expect(await complete(...words)).toEqual(expected);
  });

  test('says what each is', async () => {
    const { stdout } = await runProgram(['complete', '--', 'demo']);
    expect(stdout).toBe('demo\taudit a tenant that runs inside this process\n');
  });
});
