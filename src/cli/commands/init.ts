import { lstat, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { createInterface, type Interface as Terminal } from 'node:readline/promises';
import { CONFIG_NAMES } from '../../config/read.js';
import { makeDirectory, temporaryBeside, writeStream } from '../../delivery/files.js';
import { AuditError, codeOf, EXIT, type ExitCode, usageError } from '../../errors.js';
import { configFile, nextSteps, workflowFile } from '../../init/files.js';
import {
  CONFIG_FILE,
  COPY_FOLDER,
  defaultBranch,
  githubRepository,
  type Interview,
  interview,
  QUESTIONS,
  type Setup,
  type Texts,
  WORKFLOW_FILE,
} from '../../init/interview.js';
import { currentCopy, differences, type Files, programFiles } from '../../init/program-copy.js';
import type { Io } from '../../io.js';
import { forTerminal } from '../../reporters/escape.js';
import type { CommandContext } from '../context.js';
import type { AuditFlags } from '../flags.js';

type InitFlags = Pick<AuditFlags, 'scope' | 'profile' | 'failOn' | 'slack' | 'dryRun'> & {
  readonly [Text in 'tenant' | 'auth' | 'repository' | 'branch' | 'schedule' | 'dir']?: string;
} & { readonly [Switch in 'yes' | 'force' | 'update']?: boolean };

/** A file to write, or a directory to replace, by its path below the root. */
interface Draft {
  readonly name: string;
  readonly content: string | Files;
}

/** Sets a repository up for nightly audits, and prints what to do by hand. */
export async function initCommand(flags: InitFlags, { io }: CommandContext): Promise<ExitCode> {
  const folder = resolve(io.cwd, flags.dir ?? '.');
  if (!(await stat(folder).catch(() => undefined))?.isDirectory())
    throw usageError(`There is no directory ${flags.dir}.`, 'Create it, or choose another.');
  const print = (stream: Io['stdout'], text: string) => writeStream(stream, text);
  if (flags.update) return update(flags, folder, (text) => print(io.stdout, text));

  // Before the questions, as nobody should answer them for nothing.
  if (!flags.dryRun) await refuseToWrite(folder, flags.force === true);
  const program = await programFiles();
  const setup = await ask(flags, await defaultsFor(folder, io), io);
  const drafts = [
    { name: CONFIG_FILE, content: configFile(setup, io.now()) },
    { name: WORKFLOW_FILE, content: workflowFile(setup, C1_AUDIT_VERSION) },
  ];
  const steps = nextSteps(setup);
  const copied = `the copy of c1-audit ${C1_AUDIT_VERSION} in ${COPY_FOLDER} (${program.size} files)`;
  if (flags.dryRun) {
    // One stream of YAML documents, each with its name.
    await print(io.stdout, drafts.map(({ name, content }) => `--- # ${name}\n${content}`).join(''));
    await print(io.stderr, `\nNot printed: ${copied}.\n\n${steps}`);
    return EXIT.clean;
  }
  await refuseToWrite(folder, flags.force === true);
  // The copy that is running stays: it is the version that would replace it.
  const running = (await currentCopy(folder))?.running === true;
  await write(folder, running ? drafts : [...drafts, { name: COPY_FOLDER, content: program }]);
  const written = drafts.map(({ name }) => name);
  await print(
    io.stdout,
    `${running ? `Wrote ${written.join(' and ')}. They use` : `Wrote ${written.join(', ')}\nand`} ${copied}.\n\n${steps}`,
  );
  return EXIT.clean;
}

/** Replaces the copy of the program in a repository with the running one. */
async function update(
  flags: InitFlags,
  folder: string,
  print: (text: string) => Promise<void>,
): Promise<ExitCode> {
  const others = [...Object.keys(QUESTIONS), 'yes', 'force'].filter(
    (name) => flags[name as keyof InitFlags] !== undefined,
  );
  if (others.length > 0)
    throw usageError(
      '--update replaces only the copy of c1-audit, so it takes no flags besides --dir and --dry-run.',
      'To write the workflow and the configuration again, use --force instead.',
    );
  await refuseOutsideRoot(folder);
  const current = await currentCopy(folder);
  if (current === undefined)
    throw usageError(
      `There is no copy of c1-audit in ${COPY_FOLDER}.`,
      'Run c1-audit init to set the repository up, or name its root with --dir.',
    );
  if (current.running)
    throw usageError(
      `The running program is the copy in ${COPY_FOLDER} itself. Nothing was written.`,
      'Run init --update from the version that should replace it.',
    );
  const program = await programFiles();
  const changes = differences(current.files, program);
  if (changes.length === 0) {
    await print(
      `${COPY_FOLDER} is already c1-audit ${C1_AUDIT_VERSION}, file by file. Nothing was written.\n`,
    );
    return EXIT.clean;
  }
  const list = changes.map((change) => `  ${forTerminal(change)}\n`).join('');
  const versions = `c1-audit ${current.version} with ${C1_AUDIT_VERSION}`;
  if (flags.dryRun) {
    await print(`Would replace ${versions} in ${COPY_FOLDER}:\n${list}`);
    return EXIT.clean;
  }
  await write(folder, [{ name: COPY_FOLDER, content: program }]);
  await print(
    `Replaced ${versions} in ${COPY_FOLDER}:
${list}
The workflow and the configuration are unchanged; c1-audit init --dry-run prints what this version
would write. Commit the copy:
git add ${COPY_FOLDER}
`,
  );
  return EXIT.clean;
}

/** @throws AuditError `usage` if a file would be lost, or would have no effect */
async function refuseToWrite(folder: string, force: boolean): Promise<void> {
  const found: string[] = [];
  for (const name of [...CONFIG_NAMES, WORKFLOW_FILE, COPY_FOLDER])
    if (await exists(join(folder, name))) found.push(name);
  const other = found.find((name) => ![CONFIG_FILE, WORKFLOW_FILE, COPY_FOLDER].includes(name));
  if (other !== undefined)
    throw usageError(
      `${other} exists, and a second configuration beside it would stop every audit. Nothing was written.`,
      `Move it away first, or keep it: --dry-run prints what ${CONFIG_FILE} would say.`,
    );
  if (found.length > 0 && !force) {
    const verb = found.length > 1 ? 'exist' : 'exists';
    const update = found.includes(COPY_FOLDER) ? ', --update replaces only the copy of c1-audit' : '';
    throw usageError(
      `${found.join(' and ')} ${verb} already. Nothing was written.`,
      `--force overwrites existing files, --dry-run prints what would be written${update}.`,
    );
  }
  // Refuses files that c1-audit did not put there.
  await currentCopy(folder);
  await refuseOutsideRoot(folder);
}

async function refuseOutsideRoot(folder: string): Promise<void> {
  const root = await repositoryRoot(folder);
  if (root !== undefined && root !== folder) {
    const path = relative(folder, root);
    throw usageError(
      `This directory is inside a git repository, and GitHub runs only workflows at its root (${path}).`,
      `Add --dir ${path}, or make this directory a repository first (git init).`,
    );
  }
}

/** Also true for broken links: they would be overwritten. */
async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code !== 'ENOENT' && code !== 'ENOTDIR';
  }
}

async function repositoryRoot(folder: string): Promise<string | undefined> {
  for (let at = folder; ; at = dirname(at)) {
    if (await exists(join(at, '.git'))) return at;
    if (dirname(at) === at) return undefined;
  }
}

async function defaultsFor(folder: string, { env }: Io): Promise<Texts> {
  const git = (name: string) => readFile(join(folder, '.git', name), 'utf8').catch(() => '');
  const sound = (key: 'tenant' | 'repository' | 'branch', text: string | undefined) =>
    text !== undefined && 'value' in QUESTIONS[key].parse(text) ? text : undefined;
  const named = env.CONDUCTORONE_SERVER_URL?.trim() || env.CONDUCTORONE_TENANT_DOMAIN?.trim();
  const ownHost = /@([^@/]+)\//.exec(env.CONDUCTORONE_CLIENT_ID ?? '')?.[1];
  return {
    tenant: sound('tenant', named || ownHost),
    auth: 'federation',
    scope: 'tenant',
    profile: 'default',
    failOn: 'high',
    slack: 'yes',
    repository: sound('repository', githubRepository(await git('config'))),
    branch: sound('branch', defaultBranch(await git('refs/remotes/origin/HEAD'))) ?? 'main',
    schedule: '17 4 * * *',
  };
}

/** @throws AuditError `usage` for wrong or missing answers, `interrupted` if the questions were interrupted */
async function ask(flags: InitFlags, defaults: Texts, io: Io): Promise<Setup> {
  const { tenant, auth, scope, profile, failOn, repository, branch, schedule, yes = false } = flags;
  const slack = flags.slack === undefined ? undefined : flags.slack ? 'yes' : 'no';
  const given = { tenant, auth, scope, profile, failOn, slack, repository, branch, schedule };
  const isAtTerminal = io.stderr.isTTY === true && (io.stdin as { isTTY?: boolean }).isTTY === true;
  if (yes || !isAtTerminal) return interview({ flags: given, defaults, yes, ask: undefined });

  if (io.signal.aborted) throw interrupted();
  const terminal = createInterface({ input: io.stdin, output: io.stderr });
  const close = () => terminal.close();
  terminal.once('SIGINT', close);
  io.signal.addEventListener('abort', close, { once: true });
  try {
    return await interview({ flags: given, defaults, yes, ask: questionsAt(terminal, io) });
  } finally {
    io.signal.removeEventListener('abort', close);
    close();
  }
}

function interrupted(): AuditError {
  return new AuditError('interrupted', 'The questions were interrupted. Nothing was written.', '');
}

function questionsAt(terminal: Terminal, { stderr }: Io): NonNullable<Interview['ask']> {
  let ended = false;
  terminal.once('close', () => {
    ended = true;
  });
  // Read as a stream of lines: question() would lose pasted lines, and never end at the end of input.
  const lines = terminal[Symbol.asyncIterator]();
  const nextLine = async (prompt: string): Promise<string> => {
    // Lines from before the end can still be read, but since Node.js 24 a closed terminal cannot prompt.
    if (!ended) {
      terminal.setPrompt(prompt);
      terminal.prompt();
    }
    const { value, done } = await lines.next();
    if (done) throw interrupted();
    return value.trim();
  };
  return async (question, preset) => {
    const prompt = `${question.ask}${preset === undefined ? '' : ` [${preset}]`}: `;
    for (;;) {
      const text = (await nextLine(prompt)) || (preset ?? '');
      const answer = question.parse(text);
      if ('value' in answer) return answer.value;
      stderr.write(`${forTerminal(JSON.stringify(text))} ${answer.problem}\n`);
    }
  };
}

/**
 * Writes everything or nothing: first each draft beside its place, then all are renamed.
 *
 * @throws AuditError `delivery` that names what was written, in the rare case that only some could be renamed
 */
async function write(folder: string, drafts: readonly Draft[]): Promise<void> {
  const staged: { readonly name: string; readonly temporary: string }[] = [];
  const written: string[] = [];
  let current = '';
  try {
    for (const { name, content } of drafts) {
      current = name;
      const path = join(folder, name);
      const temporary = temporaryBeside(path);
      await makeDirectory(dirname(path));
      staged.push({ name, temporary });
      if (typeof content === 'string') await writeFile(temporary, content, { flag: 'wx' });
      else await writeFolder(temporary, content);
    }
    for (const { name, temporary } of staged) {
      current = name;
      if (name === COPY_FOLDER) await replaceFolder(temporary, join(folder, name));
      else await rename(temporary, join(folder, name));
      written.push(name);
    }
  } catch (cause) {
    for (const { temporary } of staged)
      await rm(temporary, { recursive: true, force: true }).catch(() => undefined);
    const done = written.length === 0 ? 'Nothing was written.' : `${written.join(' and ')} was written.`;
    throw new AuditError(
      'delivery',
      `Cannot write ${current} (${codeOf(cause)}). ${done}`,
      'Check that you may write there, then run init again.',
      { cause },
    );
  }
}

async function writeFolder(folder: string, files: Files): Promise<void> {
  for (const [name, bytes] of files) {
    const path = join(folder, name);
    await makeDirectory(dirname(path));
    await writeFile(path, bytes, { flag: 'wx' });
  }
}

/** A directory cannot be renamed onto one that holds files, so the old one is moved away, and back after a failure. */
async function replaceFolder(temporary: string, path: string): Promise<void> {
  const old = temporaryBeside(path);
  const hadOne = await exists(path);
  if (hadOne) await rename(path, old);
  try {
    await rename(temporary, path);
  } catch (error) {
    if (hadOne) await rename(old, path);
    throw error;
  }
  await rm(old, { recursive: true, force: true });
}
