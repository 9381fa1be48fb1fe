import { lstat, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { CONFIG_NAMES } from '../../config/read.js';
import { temporaryBeside, writeStream } from '../../delivery/output.js';
import { EXIT, type ExitCode } from '../../engine/exit-code.js';
import { AuditError } from '../../errors.js';
import { configFile } from '../../init/config-file.js';
import { defaultBranch, githubRepository } from '../../init/git.js';
import { type Interview, interview, type Texts } from '../../init/interview.js';
import { nextSteps } from '../../init/next-steps.js';
import { QUESTIONS } from '../../init/questions.js';
import { CONFIG_FILE, WORKFLOW_FILE } from '../../init/setup.js';
import { workflowFile } from '../../init/workflow-file.js';
import type { Io } from '../../io.js';
import { forTerminal } from '../../reporters/escape.js';
import type { InitFlags } from '../definitions/init.js';
import type { CommandContext } from '../main.js';

/** A file to write, by its path below the folder. */
interface Draft {
  readonly name: string;
  readonly text: string;
}

/** Writes a configuration and the workflow for nightly audits, and says what is left to do by hand. */
export async function initCommand(flags: InitFlags, { io, redactor }: CommandContext): Promise<ExitCode> {
  const folder = resolve(io.cwd, flags.dir ?? '.');
  if (!(await stat(folder).catch(() => undefined))?.isDirectory())
    throw new AuditError('usage', `There is no folder ${flags.dir}.`, 'Make it first, or name another.');
  // Before anything is asked: answers that lead nowhere are a nuisance.
  if (!flags.dryRun) await refuseToWrite(folder, flags.force === true);
  const setup = await ask(flags, await defaultsFor(folder, io), io);
  const drafts = [
    { name: CONFIG_FILE, text: configFile(setup, C1_AUDIT_VERSION, io.now()) },
    { name: WORKFLOW_FILE, text: workflowFile(setup, C1_AUDIT_VERSION) },
  ];
  const steps = nextSteps(setup, C1_AUDIT_VERSION);
  const print = (stream: Io['stdout'], text: string) => writeStream(stream, redactor.redact(text));
  if (flags.dryRun) {
    // One stream of YAML documents, each with its name.
    await print(io.stdout, drafts.map(({ name, text }) => `--- # ${name}\n${text}`).join(''));
    await print(io.stderr, `\n${steps}`);
    return EXIT.clean;
  }
  await refuseToWrite(folder, flags.force === true);
  await write(folder, drafts);
  await print(
    io.stdout,
    `Wrote ${drafts.map(({ name }) => name).join(' and ')}, which runs c1-audit@${C1_AUDIT_VERSION} from npm.\n\n${steps}`,
  );
  return EXIT.clean;
}

/** @throws AuditError `usage` where a file would be lost, or would be of no use. */
async function refuseToWrite(folder: string, force: boolean): Promise<void> {
  const found: string[] = [];
  for (const name of [...CONFIG_NAMES, WORKFLOW_FILE]) if (await exists(join(folder, name))) found.push(name);
  const other = found.find((name) => name !== CONFIG_FILE && name !== WORKFLOW_FILE);
  if (other !== undefined) {
    throw new AuditError(
      'usage',
      `${other} exists, and a second configuration beside it would stop every audit. Nothing was written.`,
      `Move it away first, or keep it: --dry-run prints what ${CONFIG_FILE} would say.`,
    );
  }
  if (found.length > 0 && !force) {
    const verb = found.length > 1 ? 'exist' : 'exists';
    throw new AuditError(
      'usage',
      `${found.join(' and ')} ${verb} already. Nothing was written.`,
      '--force writes over what exists, --dry-run prints what would be written.',
    );
  }
  const root = await repositoryRoot(folder);
  if (root !== undefined && root !== folder) {
    const path = relative(folder, root);
    throw new AuditError(
      'usage',
      `This folder is inside a git repository, and GitHub runs workflows at its root (${path}) alone.`,
      `Add --dir ${path}, or make this folder a repository first (git init).`,
    );
  }
}

/** True for links to nowhere as well: they would be written over. */
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

/** @throws AuditError `usage` for wrong or missing answers, `interrupted` where the questions were broken off. */
async function ask(flags: InitFlags, defaults: Texts, io: Io) {
  const given: Texts = {
    tenant: flags.tenant,
    auth: flags.auth,
    scope: flags.scope,
    profile: flags.profile,
    failOn: flags.failOn,
    slack: flags.slack === undefined ? undefined : flags.slack ? 'yes' : 'no',
    repository: flags.repository,
    branch: flags.branch,
    schedule: flags.schedule,
  };
  const yes = flags.yes === true;
  const present = !yes && io.stderr.isTTY === true && (io.stdin as { isTTY?: boolean }).isTTY === true;
  if (!present) return interview({ flags: given, defaults, yes, ask: undefined });

  const terminal = createInterface({ input: io.stdin, output: io.stderr });
  const close = () => terminal.close();
  terminal.once('SIGINT', close);
  let ended = false;
  terminal.once('close', () => {
    ended = true;
  });
  io.signal.addEventListener('abort', close, { once: true });
  // Read as a stream of lines: question() would lose what is pasted ahead, and never end at the end of input.
  const lines = terminal[Symbol.asyncIterator]();
  const put: NonNullable<Interview['ask']> = async (question, preset) => {
    for (;;) {
      // Lines that came before the end are still to be read, but from Node.js 24 on nothing can be prompted for.
      if (!ended) {
        terminal.setPrompt(`${question.ask}${preset === undefined ? '' : ` [${preset}]`}: `);
        terminal.prompt();
      }
      const { value, done } = await lines.next();
      if (done)
        throw new AuditError('interrupted', 'The questions were broken off. Nothing was written.', '');
      const text = value.trim() || (preset ?? '');
      const answer = question.parse(text);
      if ('value' in answer) return answer.value;
      io.stderr.write(`${forTerminal(JSON.stringify(text))} ${answer.problem}\n`);
    }
  };
  try {
    return await interview({ flags: given, defaults, yes, ask: put });
  } finally {
    io.signal.removeEventListener('abort', close);
    close();
  }
}

/**
 * Writes all files or none: each beside its place first, then all take their names.
 *
 * @throws AuditError `delivery` that says which files there are, in the rare case that only some could take theirs.
 */
async function write(folder: string, drafts: readonly Draft[]): Promise<void> {
  const staged: { readonly name: string; readonly temporary: string }[] = [];
  const written: string[] = [];
  let current = '';
  try {
    for (const { name, text } of drafts) {
      current = name;
      const path = join(folder, name);
      const temporary = temporaryBeside(path);
      await mkdir(dirname(path), { recursive: true });
      staged.push({ name, temporary });
      await writeFile(temporary, text, { flag: 'wx' });
    }
    for (const { name, temporary } of staged) {
      current = name;
      await rename(temporary, join(folder, name));
      written.push(name);
    }
  } catch (cause) {
    for (const { temporary } of staged) await rm(temporary, { force: true }).catch(() => undefined);
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
    const done = written.length === 0 ? 'Nothing was written.' : `${written.join(' and ')} was written.`;
    throw new AuditError(
      'delivery',
      `${current} could not be written (${code}). ${done}`,
      'Make its place one that this user may write, then run init again.',
      { cause },
    );
  }
}
