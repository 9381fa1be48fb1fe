import {
  closeSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import {
  linkedPath,
  makeDirectory,
  replaceFile,
  temporaryBeside,
  writeStream,
  writeTo,
} from '../../src/delivery/files.js';
import {
  type OutputTarget,
  parseTargets,
  prepareTargets,
  writeReports,
  writeTargets,
} from '../../src/delivery/output.js';
import { AuditError } from '../../src/errors.js';
import { FORMATS } from '../../src/reporters/index.js';
import { sampleReport } from '../helpers/sample-report.js';

const ABOUT = { rules: new Map(), color: false, runUrl: undefined, configuration: undefined };

const emptyFolder = () => mkdtempSync(join(tmpdir(), 'c1-audit-output-'));

function collector(fail?: (text: string) => Error | undefined) {
  const parts: string[] = [];
  const stream = new Writable({
    decodeStrings: false,
    write(chunk, _, done) {
      const error = fail?.(String(chunk));
      if (!error) parts.push(String(chunk));
      done(error);
    },
  });
  stream.on('error', () => undefined);
  return { stream, parts, text: () => parts.join('') };
}

const withCode = (code: string) => Object.assign(new Error(code), { code });
const usage = (message: string | RegExp, hint: RegExp = /./) =>
  expect.objectContaining({
    code: 'usage',
    message: typeof message === 'string' ? message : expect.stringMatching(message),
    hint: expect.stringMatching(hint),
  });

describe('--format', () => {
  test('is text on stdout if nothing is requested', () => {
    expect(parseTargets([], '/')).toEqual([{ format: 'text', file: undefined }]);
  });

  test('names a format, and a file after the first colon', () => {
    expect(parseTargets(['json', 'text:a:b.txt', 'html:/c'], '/')).toEqual([
      { format: 'json', file: undefined },
      { format: 'text', file: 'a:b.txt' },
      { format: 'html', file: '/c' },
    ]);
  });

  test.each<[string[], string, RegExp]>([
    [
      ['json', 'text', 'html:x'],
      'Only one format can go to stdout, not json and text.',
      /-f text -f json:report\.json/,
    ],
    [['json:a', 'text:./a'], 'Two formats would go to the file /dir/a.', /file of its own/],
    [['pdf'], 'There is no format "pdf".', new RegExp(`^Formats are ${FORMATS.join(', ')}\\.$`)],
    [['pdf:x'], 'There is no format "pdf".', /./],
    [
      ['json:'],
      'The format json has a colon but no file.',
      /Write -f json:report\.json, or leave the colon out/,
    ],
  ])('%j is refused', (specs, message, hint) => {
    expect(() => parseTargets(specs, '/dir')).toThrow(usage(message, hint));
  });
});

describe('the places for reports', () => {
  const prepare = (
    cwd: string,
    files: (string | undefined)[],
    keep: Parameters<typeof prepareTargets>[1]['keep'] = [],
    stdout: object = {},
  ) =>
    prepareTargets(
      files.map((file): OutputTarget => ({ format: 'json', file })),
      { cwd, stdout, keep },
    );

  test('are created, without a file', async () => {
    const cwd = emptyFolder();
    await prepare(cwd, ['a/b/c.json', 'd.json']);
    expect(readdirSync(join(cwd, 'a/b'))).toEqual([]);
    expect(readdirSync(cwd)).toEqual(['a']);
  });

  test('keep an existing report until it is written', async () => {
    const cwd = emptyFolder();
    writeFileSync(join(cwd, 'old.json'), 'old');
    await prepare(cwd, ['old.json']);
    expect(readFileSync(join(cwd, 'old.json'), 'utf8')).toBe('old');
  });

  test.each(['/dev/null'])('may be a device: %s', async (device) => {
    await expect(prepare('/', [device])).resolves.toBeUndefined();
  });

  test('are refused if they would overwrite what is kept, by path, link or hard link', async () => {
    const cwd = emptyFolder();
    writeFileSync(join(cwd, 'config.yaml'), 'x');
    symlinkSync('config.yaml', join(cwd, 'link'));
    linkSync(join(cwd, 'config.yaml'), join(cwd, 'hard'));
    symlinkSync('not-yet', join(cwd, 'dangling'));
    const keep = [{ what: 'the configuration', at: 'config.yaml' }];
    for (const file of ['config.yaml', './config.yaml', 'link', 'hard'])
      await expect(prepare(cwd, [file], keep)).rejects.toThrow(
        usage(
          `The report ${file} would overwrite the configuration: both are the same file.`,
          /another file/,
        ),
      );
    await expect(prepare(cwd, ['dangling', 'not-yet'])).rejects.toThrow(
      usage('The report not-yet would overwrite the report dangling: both are the same file.'),
    );
    await expect(prepare(cwd, ['other'], keep)).resolves.toBeUndefined();
    await expect(prepare(cwd, ['other'], [{ what: 'the state', at: 'missing' }])).resolves.toBeUndefined();
  });

  test('are refused if an open stream leads to the same file', async () => {
    const cwd = emptyFolder();
    const fd = openSync(join(cwd, 'out'), 'w');
    try {
      await expect(prepare(cwd, ['out', undefined], [], { fd })).rejects.toThrow(
        usage('The report out would overwrite the report on stdout: both are the same file.'),
      );
      await expect(prepare(cwd, ['out'], [{ what: 'the log', at: { fd } }])).rejects.toThrow('the log');
      // Without a report on stdout it does not matter where that leads.
      await expect(prepare(cwd, ['out'], [], { fd })).resolves.toBeUndefined();
    } finally {
      closeSync(fd);
    }
    await expect(prepare(cwd, ['out', undefined], [], { fd: 1_000_000 })).resolves.toBeUndefined();
    await expect(prepare(cwd, ['out', undefined], [], { fd: 'x' })).resolves.toBeUndefined();
  });

  test.each([
    ['directory', 'it is a directory (EISDIR)'],
    ['file/report.json', 'a part of the path is not a directory (ENOTDIR)'],
    [`${'x'.repeat(300)}.json`, 'the name is too long (ENAMETOOLONG)'],
    ['/proc/nothing/report.json', 'the directory cannot be created (ENOENT)'],
  ])('are refused if they cannot be written: %s', async (file, why) => {
    const cwd = emptyFolder();
    mkdirSync(join(cwd, 'directory'));
    writeFileSync(join(cwd, 'file'), '');
    await expect(prepare(cwd, [file])).rejects.toThrow(
      usage(`Cannot write ${file}: ${why}.`, /Choose another path, or change its permissions/),
    );
  });
});

describe('reports', () => {
  const io = (cwd: string, stream: Writable, env = {}) => ({ cwd, env, stdout: stream });
  const failures: unknown[] = [];
  const attempt = async (task: () => Promise<void>) => {
    try {
      await task();
      return true;
    } catch (error) {
      failures.push(error);
      return false;
    }
  };
  const targets = (...specs: string[]) => parseTargets(specs, '/');
  const write = (cwd: string, stream: Writable, specs: string[], more: object = {}) =>
    writeReports(sampleReport(), targets(...specs), ABOUT, { io: io(cwd, stream), attempt, ...more });

  test('go to their files and to stdout, and the files are named by format', async () => {
    const cwd = emptyFolder();
    const { stream, text } = collector();
    expect(await write(cwd, stream, ['text', 'json:r.json', 'csv:r.csv'])).toEqual({
      json: 'r.json',
      csv: 'r.csv',
    });
    expect(text()).toMatch(/^Complete: /);
    expect(JSON.parse(readFileSync(join(cwd, 'r.json'), 'utf8'))).toHaveProperty('schemaVersion', 1);
    expect(statSync(join(cwd, 'r.json')).mode & 0o777).toBe(0o600);
  });

  test('leave stdout alone if something else is printed there', async () => {
    const cwd = emptyFolder();
    const { stream, text } = collector();
    expect(await write(cwd, stream, ['text', 'json:r.json'], { stdoutIsFree: false })).toEqual({
      json: 'r.json',
    });
    expect(text()).toBe('');
    await write(cwd, stream, ['json:missing/r.json'], { stdoutIsFree: false });
    expect(text()).toBe('');
  });

  test('are printed as text if a file cannot be written and nothing else is printed', async () => {
    const cwd = emptyFolder();
    failures.length = 0;
    const { stream, text } = collector();
    expect(await write(cwd, stream, ['json:missing/r.json', 'csv:r.csv'])).toEqual({ csv: 'r.csv' });
    expect(failures).toEqual([
      expect.objectContaining({
        code: 'delivery',
        message: 'The report missing/r.json could not be written (ENOENT).',
        hint: 'Create its directory first.',
      }),
    ]);
    expect(text()).toMatch(/^Complete: /);
    const other = collector();
    await write(cwd, other.stream, ['ndjson', 'json:missing/r.json']);
    expect(other.text()).not.toContain('Complete: ');
    const fine = collector();
    await write(cwd, fine.stream, ['csv:r.csv']);
    expect(fine.text()).toBe('');
  });

  test('name what to do about a file that cannot be written', async () => {
    const cwd = emptyFolder();
    mkdirSync(join(cwd, 'directory'));
    failures.length = 0;
    await write(cwd, collector().stream, ['json:directory']);
    expect(failures).toEqual([
      expect.objectContaining({ code: 'delivery', hint: 'Choose a file that this user can write.' }),
    ]);
    failures.length = 0;
    await writeTargets(
      targets('json:full.json'),
      async () => ({
        [Symbol.iterator]() {
          throw withCode('ENOSPC');
        },
      }),
      { io: io(cwd, collector().stream), attempt },
    );
    expect(failures).toEqual([expect.objectContaining({ hint: 'Free some disk space.' })]);
  });

  test.each([
    ['text', true],
    ['markdown', true],
    ['json', false],
  ] as const)('%s on stdout stands between stop-commands in GitHub Actions: %s', async (format, stopped) => {
    const { stream, text } = collector();
    const env = { GITHUB_ACTIONS: 'true' };
    const render = async () => ['a\n', '::error::b\n'];
    const written = await writeTargets([{ format, file: undefined }], render, {
      io: io('/', stream, env),
      attempt,
    });
    expect(written).toHaveLength(1);
    if (stopped) expect(text()).toMatch(/^::stop-commands::(\S+)\na\n::error::b\n\n?::\1::\n$/);
    else expect(text()).toBe('a\n::error::b\n');
    const outside = collector();
    await writeTargets([{ format, file: undefined }], render, { io: io('/', outside.stream), attempt });
    expect(outside.text()).toBe('a\n::error::b\n');
  });
});

describe('a stream', () => {
  test('gets each part when it has taken the one before', async () => {
    const { stream, parts } = collector();
    await writeStream(stream, ['a', 'b']);
    await writeStream(stream, 'cd');
    expect(parts).toEqual(['a', 'b', 'cd']);
  });

  test.each(['EPIPE', 'ECONNRESET', 'EOF', 'ERR_STREAM_DESTROYED'])(
    'whose reader has left (%s) is no error',
    async (code) => {
      const { stream, parts } = collector((text) => (text === 'b' ? withCode(code) : undefined));
      await expect(writeStream(stream, ['a', 'b', 'c'])).resolves.toBeUndefined();
      expect(parts).toEqual(['a']);
    },
  );

  test('that cannot be written fails the delivery', async () => {
    const { stream } = collector(() => withCode('ENOSPC'));
    const refused = await writeStream(stream, 'a').catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(AuditError);
    expect(refused).toMatchObject({
      code: 'delivery',
      message: 'The report could not be written to stdout (ENOSPC).',
      hint: expect.stringContaining('there is space'),
    });
  });
});

describe('a file', () => {
  test('is replaced, and kept if its new content breaks off', async () => {
    const cwd = emptyFolder();
    const path = join(cwd, 'a');
    await replaceFile(path, 'one');
    await replaceFile(path, ['t', 'wo']);
    expect(readFileSync(path, 'utf8')).toBe('two');
    function* broken() {
      yield 'half';
      throw new Error('broken off');
    }
    await expect(replaceFile(path, broken())).rejects.toThrow('broken off');
    expect(readFileSync(path, 'utf8')).toBe('two');
    expect(readdirSync(cwd)).toEqual(['a']);
  });

  test('is written beside its place first, under a new name each time', () => {
    const [one, two] = [temporaryBeside('/x/a.json'), temporaryBeside('/x/a.json')];
    expect(one).toMatch(/^\/x\/\.a\.json\.[0-9a-f]{12}\.tmp$/);
    expect(one).not.toBe(two);
  });

  test('that is a device is written to, not replaced', async () => {
    await writeTo('/dev/null', 'x');
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
    const path = join(emptyFolder(), 'b');
    await writeTo(path, 'x');
    await writeTo(path, 'y');
    expect(readFileSync(path, 'utf8')).toBe('y');
  });

  test('behind links is found, also if it does not exist yet', async () => {
    const cwd = emptyFolder();
    const at = (name: string) => join(cwd, name);
    mkdirSync(at('real'));
    symlinkSync('real', at('folder'));
    symlinkSync('folder/new', at('chain'));
    symlinkSync('loop', at('loop'));
    writeFileSync(at('real/there'), '');
    expect(await linkedPath(at('folder/there'))).toMatch(/real\/there$/);
    expect(await linkedPath(at('folder/new'))).toMatch(/real\/new$/);
    expect(await linkedPath(at('chain'))).toMatch(/real\/new$/);
    expect(await linkedPath(at('missing/deep'))).toMatch(/missing\/deep$/);
    expect(await linkedPath(at('loop'))).toMatch(/loop$/);
    expect(await linkedPath(at('plain'))).toMatch(/\/plain$/);
  });

  test('has its directories created, but not through a file', async () => {
    const cwd = emptyFolder();
    await makeDirectory(join(cwd, 'a/b/c'));
    await makeDirectory(join(cwd, 'a/b/c'));
    expect(existsSync(join(cwd, 'a/b/c'))).toBe(true);
    await Promise.all([1, 2, 3].map(() => makeDirectory(join(cwd, 'd/e'))));
    writeFileSync(join(cwd, 'file'), '');
    await expect(makeDirectory(join(cwd, 'file/x'))).rejects.toMatchObject({ code: 'ENOTDIR' });
    await expect(makeDirectory(join(cwd, 'file'))).rejects.toMatchObject({ code: 'EEXIST' });
  });
});
