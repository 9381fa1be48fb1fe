import { inActions } from '../delivery/github.js';
import { heartbeatAddress } from '../delivery/heartbeat.js';
import { setting } from '../sources/c1/environment.js';
import { defineCheck, ok, skipped, warning } from './check.js';

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
