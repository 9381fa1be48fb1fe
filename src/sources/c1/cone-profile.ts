import { open } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseDocument, YAMLError } from 'yaml';
import { AuditError, codeOf } from '../../errors.js';
import { credentialsError, type Login, setting } from './environment.js';

/** Where cone's settings are looked up. */
export interface ConeWorld {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

export interface ConeLogin {
  readonly login: Extract<Login, { by: 'client-secret' }>;
  /** What the user should know about the file. */
  readonly warnings: readonly string[];
}

const ID = 'CONE_CLIENT_ID';
const SECRET = 'CONE_CLIENT_SECRET';
const DEFAULT_PROFILE = 'default';

/**
 * The credential that ConductorOne's own command line, cone, would use: CONE_CLIENT_ID and CONE_CLIENT_SECRET. Those that
 * are not set come from its file (`config.yaml` in CONE_CONFIG_PATH or `~/.conductorone`), from the profile in CONE_PROFILE.
 *
 * @returns undefined where cone is not set up.
 * @throws AuditError `credentials` naming file and field, never a value.
 */
export async function readConeLogin({ env, cwd }: ConeWorld): Promise<ConeLogin | undefined> {
  const clientId = setting(env, ID);
  const clientSecret = setting(env, SECRET);
  if (clientId && clientSecret) {
    const names = { clientId: ID, clientSecret: SECRET };
    return { login: { by: 'client-secret', clientId, clientSecret, names }, warnings: [] };
  }
  const file = configFile(env, cwd);
  const read = file === undefined ? undefined : await readFile(file);
  if (file === undefined || read === undefined) {
    refuseHalf(env, file);
    return undefined;
  }
  const name = setting(env, 'CONE_PROFILE') ?? DEFAULT_PROFILE;
  const profile = profileOf(parse(read.text, file), name, file);
  const of = `of the profile ${JSON.stringify(name)} in ${file}`;
  const login: ConeLogin['login'] = {
    by: 'client-secret',
    clientId: clientId ?? fieldOf(profile, 'client-id', of),
    clientSecret: clientSecret ?? fieldOf(profile, 'client-secret', of),
    names: {
      clientId: clientId ? ID : `The client-id ${of}`,
      clientSecret: clientSecret ? SECRET : `The client-secret ${of}`,
    },
  };
  return { login, warnings: read.warnings };
}

/** A variable of cone's that needs the file is set, but there is no file. */
function refuseHalf(env: ConeWorld['env'], file: string | undefined): void {
  const variable = ['CONE_PROFILE', 'CONE_CONFIG_PATH', ID, SECRET].find((name) => setting(env, name));
  if (variable === undefined) return;
  const why = file === undefined ? 'HOME is not set' : `there is no file ${file}`;
  throw credentialsError(
    `${variable} is set, but ${why}.`,
    'Run "cone login", set both CONE_CLIENT_ID and CONE_CLIENT_SECRET, or set CONDUCTORONE_CLIENT_ID and CONDUCTORONE_CLIENT_SECRET.',
  );
}

function configFile(env: ConeWorld['env'], cwd: string): string | undefined {
  const folder = setting(env, 'CONE_CONFIG_PATH');
  if (folder) return resolve(cwd, folder, 'config.yaml');
  const home = setting(env, 'HOME') ?? setting(env, 'USERPROFILE');
  return home ? join(home, '.conductorone', 'config.yaml') : undefined;
}

/** undefined: there is no such file. */
async function readFile(file: string): Promise<{ text: string; warnings: string[] } | undefined> {
  try {
    const handle = await open(file, 'r');
    try {
      const { mode } = await handle.stat();
      return { text: await handle.readFile('utf8'), warnings: warningsOf(file, mode) };
    } finally {
      await handle.close();
    }
  } catch (cause) {
    const code = codeOf(cause);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new AuditError(
      'credentials',
      `The file ${file} cannot be read (${code}).`,
      'Make it a file that this user may read, or set CONDUCTORONE_CLIENT_ID and CONDUCTORONE_CLIENT_SECRET.',
      { cause },
    );
  }
}

/** Windows keeps permissions elsewhere: there the mode says nothing. */
function warningsOf(file: string, mode: number): string[] {
  if (process.platform === 'win32' || (mode & 0o077) === 0) return [];
  const rights = (mode & 0o777).toString(8).padStart(4, '0');
  return [
    `The file ${file} holds a client secret, and others on this machine can read or change it (mode ${rights}): chmod 600 it.`,
  ];
}

function parse(text: string, file: string): unknown {
  const document = parseDocument(text, { prettyErrors: true });
  const [error] = document.errors;
  // The error's own message quotes the line, and that may be the one with the secret.
  if (error) throw unreadable(file, error);
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (cause) {
    throw unreadable(file, cause);
  }
}

function unreadable(file: string, cause: unknown): AuditError {
  const line = cause instanceof YAMLError ? cause.linePos?.[0].line : undefined;
  return credentialsError(
    `The file ${file} is not valid YAML${line === undefined ? '' : ` (line ${line})`}.`,
    'Fix it, run "cone login" again, or set CONDUCTORONE_CLIENT_ID and CONDUCTORONE_CLIENT_SECRET.',
  );
}

type Fields = ReadonlyMap<string, unknown>;

/** Keys are read without regard to case, as cone does. */
function profileOf(value: unknown, name: string, file: string): Fields {
  const profiles = fieldsOf(fieldsOf(value)?.get('profiles'));
  const profile = fieldsOf(profiles?.get(name.toLowerCase()));
  if (profile) return profile;
  const names = [...(profiles?.keys() ?? [])].map((known) => JSON.stringify(known)).join(', ');
  throw credentialsError(
    `The file ${file} has no profile ${JSON.stringify(name)}.`,
    names === ''
      ? 'It has no profile at all: run "cone login", or set CONDUCTORONE_CLIENT_ID and CONDUCTORONE_CLIENT_SECRET.'
      : `Set CONE_PROFILE to one of its profiles: ${names}.`,
  );
}

function fieldsOf(value: unknown): Fields | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return new Map(Object.entries(value).map(([key, field]) => [key.toLowerCase(), field]));
}

/** cone writes `client-id`; its example file says `client_id`. */
function fieldOf(profile: Fields, field: string, of: string): string {
  const value = profile.get(field) ?? profile.get(field.replace('-', '_'));
  const text = typeof value === 'string' ? value.trim() : '';
  if (text !== '') return text;
  throw credentialsError(
    `The ${field} ${of} is ${value === undefined || value === null || value === '' ? 'missing' : 'not text'}.`,
    'Run "cone login" for that profile, or set CONDUCTORONE_CLIENT_ID and CONDUCTORONE_CLIENT_SECRET.',
  );
}
