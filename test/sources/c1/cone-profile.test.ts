import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { AuditError } from '../../../src/errors.js';
import { readConeLogin } from '../../../src/sources/c1/cone-profile.js';

let cwd: string;
let file: string;

beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'c1-audit-cone-'));
  file = join(cwd, 'cone', 'config.yaml');
  mkdirSync(join(cwd, 'cone'));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const SET = 'set CONDUCTORONE_CLIENT_ID and CONDUCTORONE_CLIENT_SECRET.';
const write = (text: string, mode = 0o600) => {
  writeFileSync(file, text);
  chmodSync(file, mode);
};
const read = (env: Record<string, string> = {}) =>
  readConeLogin({ env: { CONE_CONFIG_PATH: 'cone', ...env }, cwd });
const failure = (env: Record<string, string> = {}): Promise<AuditError> =>
  read(env).then(
    () => undefined as never,
    (error: AuditError) => error,
  );
const profile = (fields: string, name = 'default') => `profiles:\n  ${name}:\n    ${fields}\n`;
const WHOLE = 'client-id: a@b/pcc\n    client-secret: s3cret';

describe("cone's login", () => {
  test('is in its variables, whatever its file holds', async () => {
    const env = { CONE_CLIENT_ID: 'a', CONE_CLIENT_SECRET: 'b' };
    expect(await readConeLogin({ env, cwd })).toEqual({
      login: {
        by: 'client-secret',
        clientId: 'a',
        clientSecret: 'b',
        names: { clientId: 'CONE_CLIENT_ID', clientSecret: 'CONE_CLIENT_SECRET' },
      },
      warnings: [],
    });
  });

  test('is in the profile of its file', async () => {
    write(profile(WHOLE));
    const of = `of the profile "default" in ${file}`;
    expect(await read()).toEqual({
      login: {
        by: 'client-secret',
        clientId: 'a@b/pcc',
        clientSecret: 's3cret',
        names: { clientId: `The client-id ${of}`, clientSecret: `The client-secret ${of}` },
      },
      warnings: [],
    });
    expect((await read({ CONE_CLIENT_ID: 'x' }))?.login).toMatchObject({
      clientId: 'x',
      clientSecret: 's3cret',
      names: { clientId: 'CONE_CLIENT_ID', clientSecret: `The client-secret ${of}` },
    });
    expect((await read({ CONE_CLIENT_SECRET: 'y' }))?.login).toMatchObject({
      clientId: 'a@b/pcc',
      clientSecret: 'y',
      names: { clientId: `The client-id ${of}`, clientSecret: 'CONE_CLIENT_SECRET' },
    });
  });

  test.each(['HOME', 'USERPROFILE'])('is in the folder below %s', async (name) => {
    mkdirSync(join(cwd, '.conductorone'));
    file = join(cwd, '.conductorone', 'config.yaml');
    write(profile(WHOLE));
    expect((await readConeLogin({ env: { [name]: cwd }, cwd: '/' }))?.login.clientId).toBe('a@b/pcc');
  });

  test('is read without regard to case, and in the spelling of its example', async () => {
    write('PROFILES:\n  Work:\n    Client_ID: " a "\n    client_secret: b\n');
    expect((await read({ CONE_PROFILE: 'WORK' }))?.login).toMatchObject({ clientId: 'a', clientSecret: 'b' });
  });

  test('is none where cone is not set up', async () => {
    expect(await readConeLogin({ env: {}, cwd })).toBeUndefined();
    expect(await readConeLogin({ env: { HOME: cwd }, cwd })).toBeUndefined();
    // A file in the place of the folder.
    writeFileSync(join(cwd, '.conductorone'), '');
    expect(await readConeLogin({ env: { HOME: cwd }, cwd })).toBeUndefined();
  });

  test.each([
    ['CONE_PROFILE', { CONE_PROFILE: 'x' }],
    ['CONE_CONFIG_PATH', {}],
    ['CONE_CONFIG_PATH', { CONE_CLIENT_ID: 'a' }],
  ])('is half set with %s, but no file', async (name, env) => {
    expect(await failure(env)).toMatchObject({
      code: 'credentials',
      message: `${env && 'CONE_PROFILE' in env ? 'CONE_PROFILE' : name} is set, but there is no file ${file}.`,
      hint: `Run "cone login", set both CONE_CLIENT_ID and CONE_CLIENT_SECRET, or ${SET}`,
    });
  });

  test.each(['CONE_CLIENT_ID', 'CONE_CLIENT_SECRET', 'CONE_PROFILE'])(
    'is half set with %s, but no home',
    async (name) => {
      await expect(readConeLogin({ env: { [name]: 'a' }, cwd })).rejects.toMatchObject({
        message: `${name} is set, but HOME is not set.`,
      });
    },
  );
});

describe("cone's file", () => {
  test.each([
    [0o600, undefined],
    [0o700, undefined],
    [0o640, '0640'],
    [0o604, '0604'],
    [0o620, '0620'],
    [0o666, '0666'],
  ])('of mode %o', async (mode, named) => {
    write(profile(WHOLE), mode);
    expect((await read())?.warnings).toEqual(
      named === undefined
        ? []
        : [
            `The file ${file} holds a client secret, and others on this machine can read or change it (mode ${named}): chmod 600 it.`,
          ],
    );
  });

  test('that cannot be read is named with the reason', async () => {
    mkdirSync(file);
    expect(await failure()).toMatchObject({
      code: 'credentials',
      message: `The file ${file} cannot be read (EISDIR).`,
      hint: `Make it a file that this user may read, or ${SET}`,
      cause: { code: 'EISDIR' },
    });
  });

  test('that is no YAML is named with the line, and not quoted', async () => {
    write('a: 1\nclient-secret: "s3cret\n');
    const error = await failure();
    expect(error.message).toMatch(/^The file .* is not valid YAML \(line \d\)\.$/);
    expect(error.hint).toBe(`Fix it, run "cone login" again, or ${SET}`);
    expect(JSON.stringify([error.message, String(error.cause)])).not.toContain('s3cret');
    write(`a: &a [x]\nb: &b [${'*a,'.repeat(60)}]\nc: [${'*b,'.repeat(60)}]\n`);
    expect((await failure()).message).toBe(`The file ${file} is not valid YAML.`);
  });

  test.each([
    ['', 'It has no profile at all: run "cone login", or '],
    ['profiles: [a]\n', 'It has no profile at all: run "cone login", or '],
    ['profiles:\n  default: text\n', undefined],
    [profile(WHOLE, 'Work'), 'Set CONE_PROFILE to one of its profiles: "work".'],
  ])('without the profile: %j', async (text, hint) => {
    write(text);
    const error = await failure();
    expect(error.message).toBe(`The file ${file} has no profile "default".`);
    if (hint !== undefined) expect(error.hint).toBe(hint.endsWith('.') ? hint : hint + SET);
  });

  test.each([
    ['client-secret: b', 'client-id', 'missing'],
    ['client-id:\n    client-secret: b', 'client-id', 'missing'],
    ['client-id: ""\n    client-secret: b', 'client-id', 'missing'],
    ['client-id: 7\n    client-secret: b', 'client-id', 'not text'],
    ['client-id: " "\n    client-secret: b', 'client-id', 'not text'],
    ['client-id: a', 'client-secret', 'missing'],
  ])('with the profile %j', async (fields, field, problem) => {
    write(profile(fields));
    expect(await failure()).toMatchObject({
      code: 'credentials',
      message: `The ${field} of the profile "default" in ${file} is ${problem}.`,
      hint: `Run "cone login" for that profile, or ${SET}`,
    });
  });
});
