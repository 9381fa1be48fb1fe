import { constants } from 'node:fs';
import { access as canAccess, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { didYouMean, nearest } from '../config/nearest.js';
import { readVariable } from '../config/resolve.js';
import { inActions } from '../delivery/github.js';
import { heartbeatAddress } from '../delivery/heartbeat.js';
import { linkedPath } from '../delivery/output.js';
import { deliverTestToSlack, slackTarget } from '../delivery/slack/index.js';
import { peekState } from '../delivery/state-file.js';
import { AuditError } from '../errors.js';
import { readAccess } from '../sources/c1/access.js';
import { type Login, setting, type TenantAccess } from '../sources/c1/environment.js';
import { defineCheck, type Exam, obstacle, ok, skipped, warning } from './check.js';

export const configuration = defineCheck({
  id: 'configuration',
  title: 'Configuration',
  needs: [],
  async run({ loadPlan, io: { cwd, env } }) {
    const plan = await loadPlan();
    const { scope, profile } = plan.config;
    const file = plan.file ?? 'no file here or in the directories above (that is fine)';
    const detail = `${file}; scope ${scope}, profile ${profile}`;
    if (!(await isFile(join(cwd, '.env')))) return ok(detail, { plan });
    const lines = [detail, 'There is a .env file here. c1-audit does not read .env files.'];
    // Something else may have put its variables into the environment already.
    if (Object.keys(env).some((name) => name.startsWith('CONDUCTORONE_'))) return ok(lines, { plan });
    return warning(lines, 'Export the variables first: set -a; . ./.env; set +a', { plan });
  },
});

function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

type Env = Exam['io']['env'];

/** All that are read to find tenant and login. */
const VARIABLES = [
  'CONDUCTORONE_ACCESS_TOKEN',
  'CONDUCTORONE_OIDC_TOKEN',
  'CONDUCTORONE_CLIENT_ID',
  'CONDUCTORONE_CLIENT_SECRET',
  'CONDUCTORONE_SERVER_URL',
  'CONDUCTORONE_TENANT_DOMAIN',
  'CONE_CLIENT_ID',
  'CONE_CLIENT_SECRET',
  'CONE_PROFILE',
  'CONE_CONFIG_PATH',
];

const WAYS: Readonly<Record<Login['by'], string>> = {
  'access-token': 'a ready access token',
  'client-secret': 'a client secret',
  'oidc-token': 'an OIDC token, to be exchanged',
  'github-oidc': "this job's OIDC tokens of GitHub, to be exchanged",
};

const HOLDERS: Readonly<Record<string, string>> = {
  pcc: 'a personal client',
  spc: 'a service principal',
  wfe: 'a federation trust',
};

export const credential = defineCheck({
  id: 'credential',
  title: 'Credential',
  needs: [],
  async run({ io, hide }) {
    const { env } = io;
    const misspelt = misspeltVariables(env);
    try {
      const { access, warnings } = await readAccess(io, hide);
      const { login } = access;
      const detail = describe(env, access);
      const trouble = [...warnings, ...misspelt, ...unused(env, login), ...otherTenant(env, access)];
      if (trouble.length === 0) return ok(detail, { access });
      return warning([detail, ...trouble], 'Unset or correct what is not meant.', { access });
    } catch (error) {
      if (!(error instanceof AuditError)) throw error;
      return obstacle([error.message, ...misspelt], error.hint);
    }
  },
});

function describe(env: Env, { login, tenant, clientId }: TenantAccess): string {
  const set = VARIABLES.filter((name) => setting(env, name) !== undefined);
  const holder = HOLDERS[/\/([a-z]+)$/.exec(clientId ?? '')?.[1] ?? ''];
  const whose = holder === undefined ? '' : ` of ${holder}`;
  const from = set.length === 0 ? "from cone's profile" : `set: ${set.join(', ')}`;
  return `${WAYS[login.by]}${whose} for ${tenant} (${from})`;
}

/** A variable that nobody reads, where it looks like one that is. */
function misspeltVariables(env: Env): string[] {
  return Object.keys(env)
    .sort()
    .filter((name) => /^(CONDUCTOR_?ONE|CONE)_/.test(name) && !VARIABLES.includes(name))
    .filter((name) => nearest(name, VARIABLES) !== undefined)
    .map((name) => `${name} is not read${didYouMean(name, VARIABLES)}`);
}

/** Secrets that another one takes the place of: the wrong one is easily mended in vain. */
function unused(env: Env, { by }: Login): string[] {
  const first: Partial<Record<Login['by'], string>> = {
    'access-token': 'CONDUCTORONE_ACCESS_TOKEN',
    'oidc-token': 'CONDUCTORONE_OIDC_TOKEN',
  };
  const winner = first[by];
  if (winner === undefined) return [];
  return ['CONDUCTORONE_OIDC_TOKEN', 'CONDUCTORONE_CLIENT_SECRET']
    .filter((name) => name !== winner && setting(env, name) !== undefined)
    .map((name) => `${name} is not used, as ${winner} is set`);
}

function otherTenant(env: Env, { tenant, clientId }: TenantAccess): string[] {
  const text = `https://${/@([^/]+)/.exec(clientId ?? '')?.[1] ?? ''}`;
  const home = URL.canParse(text) ? new URL(text).hostname : tenant;
  if (home === tenant) return [];
  const name = setting(env, 'CONDUCTORONE_SERVER_URL')
    ? 'CONDUCTORONE_SERVER_URL'
    : 'CONDUCTORONE_TENANT_DOMAIN';
  return [`the client id belongs to ${home}, but ${name} names ${tenant}`];
}

const FILES = ['GITHUB_OUTPUT', 'GITHUB_STEP_SUMMARY'];

export const github = defineCheck({
  id: 'github',
  title: 'GitHub Actions',
  needs: [],
  run({ io: { env } }) {
    if (!inActions(env)) return skipped('not running there');
    const mayIdentify = ['ACTIONS_ID_TOKEN_REQUEST_URL', 'ACTIONS_ID_TOKEN_REQUEST_TOKEN'].every(
      (name) => setting(env, name) !== undefined,
    );
    const event = setting(env, 'GITHUB_EVENT_NAME');
    const detail = [
      `started by ${event ?? 'an event that is not told'}`,
      mayIdentify ? 'id-token: write given' : 'no id-token: write, which only federation needs',
    ].join('; ');
    const missing = FILES.filter((name) => setting(env, name) === undefined);
    if (missing.length > 0)
      return warning(
        `${detail}; ${missing.join(' and ')} not set`,
        'Run c1-audit in a step of the job itself, with its environment.',
      );
    if (event === 'schedule' && setting(env, 'C1_AUDIT_HEARTBEAT_URL') === undefined)
      return warning(
        `${detail}; GitHub delays, drops and ends schedules without a word`,
        "Set C1_AUDIT_HEARTBEAT_URL to a dead man's switch, which says when no audit has run.",
      );
    return ok(detail);
  },
});

export const heartbeat = defineCheck({
  id: 'heartbeat',
  title: 'Heartbeat',
  needs: [],
  run({ io: { env } }) {
    const url = setting(env, 'C1_AUDIT_HEARTBEAT_URL');
    if (url === undefined) return skipped('not set up');
    if (heartbeatAddress(url, true)) return ok('C1_AUDIT_HEARTBEAT_URL is set (and was not called)');
    return warning(
      'C1_AUDIT_HEARTBEAT_URL is not an http or https URL',
      'Correct it: nothing hears that audits run.',
    );
  },
});

export const slack = defineCheck({
  id: 'slack',
  title: 'Slack',
  needs: [],
  async run(exam, { plan, access }) {
    const { io, signal, log, slackTest } = exam;
    const target = slackTarget(io.env);
    if (!target) {
      const how = 'Set SLACK_WEBHOOK_URL, or SLACK_BOT_TOKEN and SLACK_CHANNEL.';
      return slackTest
        ? obstacle('--slack-test is given, but nothing says where to send to', how)
        : skipped('not set up');
    }
    const set = [
      target.webhook && 'SLACK_WEBHOOK_URL',
      target.bot && 'SLACK_BOT_TOKEN',
      target.bot?.channel && 'SLACK_CHANNEL',
    ].filter(Boolean);
    if (slackTest) {
      const patience = {
        retries: 1,
        timeout: exam.limits.requestTimeout,
        longestWait: exam.limits.longestRetryAfter,
      };
      const connection = {
        env: io.env,
        now: io.now,
        signal,
        log: { warn: (text: string) => log.warn(text) },
        patience,
      };
      await deliverTestToSlack(access?.tenant, connection);
      return ok(`a test message was sent (${set.join(', ')})`);
    }
    const detail = `${set.join(', ')} set and well-formed; whether messages arrive, --slack-test tells`;
    const { notifyOwners, heartbeat } = plan?.config.slack ?? {};
    if (notifyOwners && !target.bot)
      return warning([detail, 'slack.notifyOwners is on, but there is no bot'], 'Set SLACK_BOT_TOKEN.');
    if (heartbeat === 'weekly' && plan?.config.state === undefined)
      return warning(
        [detail, 'slack.heartbeat is weekly, but there is no state to remember the last one'],
        'Set state.',
      );
    return ok(detail);
  },
});

export const state = defineCheck({
  id: 'state',
  title: 'State',
  needs: ['plan', 'access'],
  async run({ io: { cwd, now, env } }, { plan, access }) {
    const name = plan.config.state;
    if (name === undefined)
      return skipped('none set: each run tells all its findings as if for the first time');
    const path = resolve(cwd, name);
    const key = readVariable(env, 'C1_AUDIT_STATE_KEY');
    const found = await peekState(path, { tenant: access.tenant, now: now(), asOf: now(), key });
    const file = await linkedPath(path);
    const trouble = await folderTrouble(dirname(file));
    if (trouble !== undefined)
      return obstacle(
        `the folder of the state file ${name} ${trouble}`,
        'Name a path in a folder that this user may write to.',
      );
    if (!found)
      return ok(`${name} is not there yet; the first audit makes it${key === undefined ? '' : ', sealed'}`);
    const findings = Object.keys(found.findings).length;
    const detail = `${name}, saved as of ${found.savedAt}, with ${findings === 1 ? '1 finding' : `${findings} findings`}${key === undefined ? '' : ', sealed'}`;
    const mode = (await stat(file)).mode & 0o777;
    // Windows keeps its rights elsewhere.
    if (process.platform === 'win32' || (mode & 0o077) === 0) return ok(detail);
    return warning(
      `${detail}; others can get at it (mode ${mode.toString(8).padStart(4, '0')})`,
      `chmod 600 ${name}`,
    );
  },
});

/** An audit makes the folder where it is missing: then the nearest one that is there counts. */
async function folderTrouble(folder: string): Promise<string | undefined> {
  try {
    await canAccess(folder, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const above = dirname(folder);
    if (code === 'ENOENT' && above !== folder) return folderTrouble(above);
    return `cannot be written to (${code ?? 'unknown error'})`;
  }
}
