import { constants } from 'node:fs';
import { access as canAccess, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { WEBHOOK_DEFAULTS } from '../config/config.js';
import { didYouMean, nearest } from '../config/problem.js';
import { readVariable } from '../config/resolve.js';
import { count, kindName } from '../contract/index.js';
import { linkedPath } from '../delivery/files.js';
import { inActions } from '../delivery/github.js';
import { heartbeatAddress } from '../delivery/heartbeat.js';
import { deliverTestToSlack, slackTarget } from '../delivery/slack/index.js';
import { peekState } from '../delivery/state-file.js';
import { webhookUrl } from '../delivery/webhook.js';
import { AuditError } from '../errors.js';
import { readAccess } from '../sources/c1/access.js';
import { type Login, setting, type TenantAccess } from '../sources/c1/environment.js';
import { attempt, defineCheck, type Exam, obstacle, ok, skipped, warning } from './check.js';
import { kindOf } from './tenant.js';

export const configuration = defineCheck({
  id: 'configuration',
  title: 'Configuration',
  needs: [],
  async run({ loadPlan, io: { cwd, env } }) {
    const plan = await loadPlan();
    const { scope, profile } = plan.config;
    const file = plan.file ?? 'no file here or in the directories above (that is fine)';
    const detail = `${file}; scope ${scope}, profile ${profile}`;
    const found = await stat(join(cwd, '.env')).catch(() => undefined);
    if (!found?.isFile()) return ok(detail, { plan });
    const lines = [detail, 'There is a .env file here. c1-audit does not read .env files.'];
    // Another program may have exported its variables already.
    if (Object.keys(env).some((name) => name.startsWith('CONDUCTORONE_'))) return ok(lines, { plan });
    return warning(lines, 'Export the variables first: set -a; . ./.env; set +a', { plan });
  },
});

type Env = Exam['io']['env'];

/** All variables that name the tenant or the login. */
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
  'access-token': 'an access token',
  'client-secret': 'a client secret',
  'oidc-token': 'an OIDC token, to be exchanged',
  'github-oidc': "this job's OIDC tokens of GitHub, to be exchanged",
};

export const credential = defineCheck({
  id: 'credential',
  title: 'Credential',
  needs: [],
  async run({ io, hide }) {
    const { env } = io;
    const misspelt = misspeltVariables(env);
    const found = await attempt(readAccess(io, hide));
    if (found instanceof AuditError) return obstacle([found.message, ...misspelt], found.hint);
    const { access, warnings } = found;
    const { login } = access;
    const detail = describe(env, access);
    const trouble = [...warnings, ...misspelt, ...unused(env, login), ...otherTenant(env, access)];
    if (trouble.length === 0) return ok(detail, { access });
    return warning([detail, ...trouble], 'Unset or correct what is not intended.', { access });
  },
});

function describe(env: Env, { login, tenant, clientId }: TenantAccess): string {
  const set = VARIABLES.filter((name) => setting(env, name) !== undefined);
  const kind = kindOf(clientId ?? '');
  const owned = kind === undefined ? '' : ` of a ${kindName(kind)}`;
  const from = set.length === 0 ? "from cone's profile" : `set: ${set.join(', ')}`;
  return `${WAYS[login.by]}${owned} for ${tenant} (${from})`;
}

/** Variables that nothing reads but whose names are close to one that is read. */
function misspeltVariables(env: Env): string[] {
  return Object.keys(env)
    .sort()
    .filter((name) => /^(CONDUCTOR_?ONE|CONE)_/.test(name) && !VARIABLES.includes(name))
    .filter((name) => nearest(name, VARIABLES) !== undefined)
    .map((name) => `${name} is not read${didYouMean(name, VARIABLES)}`);
}

/** Secrets that are set but not used, because another one comes first. */
function unused(env: Env, { by }: Login): string[] {
  if (by !== 'access-token' && by !== 'oidc-token') return [];
  const used = by === 'access-token' ? 'CONDUCTORONE_ACCESS_TOKEN' : 'CONDUCTORONE_OIDC_TOKEN';
  return ['CONDUCTORONE_OIDC_TOKEN', 'CONDUCTORONE_CLIENT_SECRET']
    .filter((name) => name !== used && setting(env, name) !== undefined)
    .map((name) => `${name} is not used, because ${used} is set`);
}

function otherTenant(env: Env, { tenant, clientId }: TenantAccess): string[] {
  const text = `https://${/@([^/]+)/.exec(clientId ?? '')?.[1] ?? ''}`;
  const home = URL.canParse(text) ? new URL(text).hostname : tenant;
  if (home === tenant) return [];
  const [byUrl, byDomain] = ['CONDUCTORONE_SERVER_URL', 'CONDUCTORONE_TENANT_DOMAIN'] as const;
  const name = setting(env, byUrl) ? byUrl : byDomain;
  return [`the client id belongs to ${home}, but ${name} is ${tenant}`];
}

export const slack = defineCheck({
  id: 'slack',
  title: 'Slack',
  needs: [],
  async run(exam, { plan, access }) {
    const target = slackTarget(exam.io.env);
    if (!target)
      return exam.slackTest
        ? obstacle(
            '--slack-test needs a Slack webhook or bot, and none is set',
            'Set SLACK_WEBHOOK_URL, or SLACK_BOT_TOKEN and SLACK_CHANNEL.',
          )
        : skipped('not set up');
    const { webhook: hook, bot } = target;
    const names = [hook && 'SLACK_WEBHOOK_URL', bot && 'SLACK_BOT_TOKEN', bot?.channel && 'SLACK_CHANNEL'];
    const set = names.filter(Boolean).join(', ');
    if (exam.slackTest) {
      await sendSlackTest(exam, access?.tenant);
      return ok(`a test message was sent (${set})`);
    }
    const detail = `${set} set and well-formed; --slack-test shows whether messages arrive`;
    const { notifyOwners, heartbeat } = plan?.config.slack ?? {};
    if (notifyOwners && !target.bot)
      return warning([detail, 'slack.notifyOwners is on, but there is no bot'], 'Set SLACK_BOT_TOKEN.');
    if (heartbeat === 'weekly' && plan?.config.state === undefined)
      return warning(
        [detail, 'slack.heartbeat is weekly, but there is no state that remembers the last one'],
        'Set state.',
      );
    return ok(detail);
  },
});

function sendSlackTest({ io, signal, log, limits }: Exam, tenant: string | undefined): Promise<unknown> {
  return deliverTestToSlack(tenant, {
    env: io.env,
    now: io.now,
    signal,
    log: { warn: (text: string) => log.warn(text) },
    patience: { retries: 1, timeout: limits.requestTimeout, longestWait: limits.longestRetryAfter },
  });
}

export const webhook = defineCheck({
  id: 'webhook',
  title: 'Webhook',
  needs: [],
  run({ io: { env } }, { plan }) {
    const settings = plan?.config.webhook;
    if (webhookUrl(env) !== undefined)
      return ok(
        `C1_AUDIT_WEBHOOK_URL is set and well-formed, for ${settings?.format ?? WEBHOOK_DEFAULTS.format} (nothing was sent)`,
      );
    return settings
      ? obstacle(
          'webhook is set in the configuration, but C1_AUDIT_WEBHOOK_URL is not',
          'Set C1_AUDIT_WEBHOOK_URL, or remove webhook from the configuration.',
        )
      : skipped('not set up');
  },
});

export const github = defineCheck({
  id: 'github',
  title: 'GitHub Actions',
  needs: [],
  run({ io: { env } }) {
    if (!inActions(env)) return skipped('not running there');
    const missing = (...names: string[]) => names.filter((name) => setting(env, name) === undefined);
    const event = setting(env, 'GITHUB_EVENT_NAME');
    const hasToken = missing('ACTIONS_ID_TOKEN_REQUEST_URL', 'ACTIONS_ID_TOKEN_REQUEST_TOKEN').length === 0;
    const permission = hasToken ? 'has id-token: write' : 'no id-token: write, which only federation needs';
    const detail = `started by ${event ?? 'an unknown event'}; ${permission}`;
    const files = missing('GITHUB_OUTPUT', 'GITHUB_STEP_SUMMARY');
    if (files.length > 0)
      return warning(
        `${detail}; ${files.join(' and ')} not set`,
        'Run c1-audit in a step of the job itself, with its environment.',
      );
    if (event === 'schedule' && missing('C1_AUDIT_HEARTBEAT_URL').length > 0)
      return warning(
        `${detail}; GitHub delays, drops and ends schedules without notice`,
        'Set C1_AUDIT_HEARTBEAT_URL to a monitor that alerts you when no audit has run.',
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
    if (heartbeatAddress(url, true)) return ok('C1_AUDIT_HEARTBEAT_URL is set (it was not called)');
    return warning(
      'C1_AUDIT_HEARTBEAT_URL is not an http or https URL',
      'Correct it: until then no monitor knows that audits run.',
    );
  },
});

export const state = defineCheck({
  id: 'state',
  title: 'State',
  needs: ['plan', 'access'],
  async run({ io: { cwd, now, env } }, { plan, access }) {
    const name = plan.config.state;
    if (name === undefined && plan.config.failOnNew && plan.config.baseline === undefined)
      return warning(
        'none set, and failOnNew needs one: an audit without --state or --baseline does not start',
        'Give the audit --state FILE, as the workflow of c1-audit init does.',
      );
    if (name === undefined) return skipped('none set: each run reports all its findings as new');
    const path = resolve(cwd, name);
    const key = readVariable(env, 'C1_AUDIT_STATE_KEY');
    const found = await peekState(path, { tenant: access.tenant, now: now(), asOf: now(), key });
    const file = await linkedPath(path);
    const trouble = await directoryTrouble(dirname(file));
    if (trouble !== undefined)
      return obstacle(
        `the directory of the state file ${name} ${trouble}`,
        'Choose a path in a directory that this user may write to.',
      );
    const sealed = key === undefined ? '' : ', sealed';
    if (!found) return ok(`${name} does not exist yet; the first audit creates it${sealed}`);
    const findings = count(found.findings.size, 'finding');
    const detail = `${name}, saved as of ${found.savedAt}, with ${findings}${sealed}`;
    const mode = (await stat(file)).mode & 0o777;
    // Windows has no such mode.
    if (process.platform === 'win32' || (mode & 0o077) === 0) return ok(detail);
    return warning(
      `${detail}; other users can read or write it (mode ${mode.toString(8).padStart(4, '0')})`,
      `chmod 600 ${name}`,
    );
  },
});

/** An audit creates missing directories: then the nearest one that exists counts. */
async function directoryTrouble(directory: string): Promise<string | undefined> {
  try {
    await canAccess(directory, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const above = dirname(directory);
    if (code === 'ENOENT' && above !== directory) return directoryTrouble(above);
    return `cannot be written to (${code ?? 'unknown error'})`;
  }
}
