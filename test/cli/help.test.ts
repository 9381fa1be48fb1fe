import { describe, expect, test } from '@jest/globals';
import { rules } from '../../rules/index.js';
import { createProgram } from '../../src/cli/command-line.js';
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
  test('for the program fits a screen and names every command', async () => {
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

  test.each(COMMANDS.filter((name) => name !== 'help'))('for %s is specific to it', async (name) => {
    const asked = await runProgram([name, '--help']);
    expect(asked).toMatchObject({ code: 0, stderr: '' });
    expect(asked.stdout).toMatch(new RegExp(`^Usage: c1-audit ${name}\\b`));
    expect(lines(asked.stdout).length).toBeLessThanOrEqual(40);
    expect(widest(asked.stdout)).toBeLessThanOrEqual(80);
    expect((await runProgram(['help', name])).stdout).toBe(asked.stdout);
  });

  test('for audit lists all of its flags', async () => {
    const { stdout } = await runProgram(['help', 'audit']);
    const audit = program.commands.find((command) => command.name() === 'audit');
    const flags = audit?.options.filter(({ hidden }) => !hidden) ?? [];
    expect(flags.length).toBeGreaterThan(20);
    for (const { long } of flags) expect(stdout).toContain(long);
  });

  test('for an unknown command is the general help', async () => {
    const { code, stderr } = await runProgram(['demoo', '--help']);
    expect(code).toBe(0);
    expect(stderr).toBe('');
  });
});

describe('a wrong command line', () => {
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
    [['rules', '-f', 'xml'], "argument 'xml' is invalid. Allowed choices are text, json."],
    [['doctor', '-f', 'xml'], "argument 'xml' is invalid. Allowed choices are text, json."],
  ])('%j is answered with %s', async (argv, says) => {
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
    { what: 'the start of an audit flag', words: ['--min'], expected: ['--min-severity'] },
    { what: "the start of a command's flag", words: ['report', '--d'], expected: ['--diff'] },
    { what: "another command's flag", words: ['rules', '--scope'], expected: [] },
    { what: 'a value', words: ['--scope', ''], expected: ['mine', 'tenant'] },
    { what: 'the start of a value', words: ['--scope', 't'], expected: ['tenant'] },
    { what: 'a value after the short flag', words: ['-f', 'js'], expected: ['json'] },
    { what: 'a value in one word', words: ['--scope=t'], expected: ['--scope=tenant'] },
    { what: 'the value of an unknown flag', words: ['rules', '--bogus=un'], expected: [] },
    { what: 'a value in three words, as bash has it', words: ['--scope', '=', 't'], expected: ['tenant'] },
    { what: 'an empty value, as bash has it', words: ['--scope', '='], expected: ['mine', 'tenant'] },
    { what: 'a command after a flag and its value', words: ['--scope', 'mine', 'pl'], expected: ['plan'] },
    { what: 'a value that looks like a command', words: ['-c', 'demo', 'rul'], expected: ['rules'] },
    { what: 'a file argument', words: ['report', 'rep'], expected: [] },
    { what: 'a file after a flag', words: ['--config', ''], expected: [] },
    {
      what: 'the format of a command that has few',
      words: ['plan', '-f', ''],
      expected: ['text', 'markdown'],
    },
    { what: 'a shell', words: ['completion', ''], expected: ['bash', 'zsh', 'fish'] },
    { what: 'the rule of an audit', words: ['--rule', 'unu'], expected: ['unused'] },
    { what: 'a rule to explain', words: ['rules', ''], expected: rules.map(({ id }) => id) },
  ])('offers what fits $what', async ({ words, expected }) => {
    expect(await complete(...words)).toEqual(expected);
  });

  test('describes each command', async () => {
    const { stdout } = await runProgram(['complete', '--', 'demo']);
    expect(stdout).toBe('demo\taudit a tenant that runs inside this process\n');
  });
});
