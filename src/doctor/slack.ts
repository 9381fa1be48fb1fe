import { deliverTestToSlack, slackTarget } from '../delivery/slack/index.js';
import { defineCheck, obstacle, ok, skipped, warning } from './check.js';

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
