import type { Config } from '../config/config.js';
import type { PushRequest } from '../delivery/conductorone/index.js';
import { AuditError } from '../errors.js';
import type { AuditFlags } from './flags.js';

/**
 * Whether findings go to ConductorOne. What was found as of another day, or without the waivers, is not what is open: then
 * they do not, and `tell` is told.
 *
 * @throws AuditError `usage` where what is asked for has no meaning.
 */
export function pushMode(
  flags: Pick<AuditFlags, 'dryRun' | 'slackDryRun' | 'input' | 'asOf' | 'waivers'>,
  { push }: Pick<Config, 'push'>,
  tell: (note: { readonly message: string; readonly hint: string }) => void,
): PushRequest['mode'] | undefined {
  const { dryRun = false } = flags;
  const usage = (message: string, hint: string) => new AuditError('usage', message, hint);
  if (!push.conductorone) {
    if (!dryRun) return undefined;
    throw usage(
      '--dry-run prints what would be pushed to ConductorOne, and nothing is to be pushed.',
      'Set push: { conductorone: true } in the configuration. For the Slack message there is --slack-dry-run.',
    );
  }
  if (flags.input !== undefined) {
    throw usage(
      'push.conductorone is set, and no tenant stands behind --input.',
      'Use a configuration without it, or leave --input out.',
    );
  }
  if (dryRun && flags.slackDryRun) {
    throw usage(
      '--dry-run and --slack-dry-run both print to stdout.',
      'Give one at a time: --dry-run sends nothing to Slack either.',
    );
  }
  const apart = flags.asOf !== undefined ? '--as-of' : flags.waivers === false ? '--no-waivers' : undefined;
  if (apart === undefined) return dryRun ? 'dry-run' : 'send';
  const message = `With ${apart} nothing is pushed to ConductorOne`;
  const hint = `Leave ${apart} out to push what is open.`;
  if (dryRun) throw usage(`${message}, and there is nothing for --dry-run to print.`, hint);
  tell({ message: `${message}.`, hint });
  return undefined;
}
