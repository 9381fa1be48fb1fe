import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from '@jest/globals';
import { rules } from '../../rules/index.js';
import { createProgram } from '../../src/cli/command-line.js';
import { root } from '../helpers/package.js';
import { emptyFolder, runProgram } from '../helpers/program.js';

const nowhere = () => undefined;
const program = createProgram(
  { writeOut: nowhere, writeErr: nowhere, getOutHelpWidth: () => 80 },
  async () => undefined,
);
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
    expect(lines(asked.stdout).length).toBeLessThanOrEqual(46);
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

describe('what the command prints without the program', () => {
  const QUESTIONS: string[][] = [
    ['--version'],
    ['-V'],
    ['--help'],
    ['-h'],
    ['help'],
    ...COMMANDS.flatMap((name) => [
      [name, '--help'],
      [name, '-h'],
      ['help', name],
    ]),
    ['completion', 'bash'],
    ['completion', 'zsh'],
    ['completion', 'fish'],
  ];
  const alone = join(emptyFolder(), 'bin.cjs');
  copyFileSync(join(root, 'dist/bin.js'), alone);

  const inTerminal = (columns: number) =>
    `data:text/javascript,process.stdout.isTTY=true;process.stdout.columns=${columns}`;
  const ask = (bin: string, argv: readonly string[], ...node: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [...node, bin, ...argv], {
      encoding: 'utf8',
    });
    return { code: status, stdout, stderr };
  };
  const said = async (argv: readonly string[], columns?: number) => {
    const { code, stdout, stderr } = await runProgram(argv, {
      isTTY: columns !== undefined,
      ...(columns && { columns }),
    });
    return { code, stdout, stderr };
  };

  /** In a thread, which starts in a third of the time of a process. */
  const askThread = async (bin: string, argv: readonly string[], ...execArgv: string[]) => {
    const thread = new Worker(bin, { argv: [...argv], execArgv, stdout: true, stderr: true });
    const [[code], stdout, stderr] = await Promise.all([
      once(thread, 'exit'),
      text(thread.stdout),
      text(thread.stderr),
    ]);
    return { code, stdout, stderr };
  };

  test('is there without the program in a process', async () => {
    expect(ask(alone, ['--help'])).toEqual(await said(['--help']));
  });

  test.each(QUESTIONS.map((argv) => [argv.join(' '), argv] as const))(
    'is what the program prints: %s',
    async (_, argv) => {
      expect(await askThread(alone, argv)).toEqual(await said(argv));
    },
  );

  test.each([40, 60, 79, 80, 81, 85, 86, 120, 150, 200, 500])(
    'is as wide as the terminal: %i columns',
    async (columns) => {
      for (const argv of [['--help'], ['help', 'audit']])
        expect(await askThread(join(root, 'dist/bin.js'), argv, '--import', inTerminal(columns))).toEqual(
          await said(argv, columns),
        );
    },
  );

  test('is there without the program in a wide terminal as well', async () => {
    expect(ask(alone, ['--help'], '--import', inTerminal(120))).toEqual(await said(['--help'], 120));
  });

  test.each([[[]], [['rules']], [['--help', 'x']], [['help audit']], [['constructor']], [['toString']]])(
    'is not for %j',
    (argv) => {
      expect(ask(alone, argv).stderr).toContain('MODULE_NOT_FOUND');
    },
  );

  const onLinux = process.platform === 'linux' ? test : test.skip;
  onLinux('leaves to the program what cannot be written', () => {
    const { status, stderr } = spawnSync(
      'sh',
      ['-c', `"${process.execPath}" dist/bin.js completion bash > /dev/full`],
      { cwd: root, encoding: 'utf8' },
    );
    expect([status, stderr]).toEqual([3, expect.stringContaining('could not be written to stdout (ENOSPC)')]);
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
    [['rules', 'a', 'b'], 'rules explains one rule at a time, not 2'],
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
    {
      what: 'a rule to explain',
      words: ['rules', ''],
      expected: ['test', 'backtest', ...rules.map(({ id }) => id)],
    },
  ])('offers what fits $what', async ({ words, expected }) => {
    expect(await complete(...words)).toEqual(expected);
  });

  test('describes each command', async () => {
    const { stdout } = await runProgram(['complete', '--', 'demo']);
    expect(stdout).toBe('demo\taudit a tenant that runs inside this process\n');
  });
});
