import { isAbsolute } from 'node:path';
import { isMapping } from '../../check.js';
import type { Config } from '../../config/config.js';
import type { LoadedConfig } from '../../config/resolve.js';
import { writeStream } from '../../delivery/files.js';
import { type EndReports, withEndReported } from '../../delivery/heartbeat.js';
import { parseTargets } from '../../delivery/output.js';
import { slackTarget } from '../../delivery/slack/target.js';
import { AuditError, EXIT, type ExitCode, usageError } from '../../errors.js';
import { refuseDebugging } from '../../fetch.js';
import { type RunRequest, run } from '../../run.js';
import type { CommandContext } from '../context.js';
import { type AuditFlags, isAnotherDay, readAsOf } from '../flags.js';
import { auditContext, auditRequest, checkTargets, loadAuditSettings, timeLimit } from '../request.js';
import { lookOf } from '../terminal.js';
import { watched } from '../watchdog.js';

/** What the demo changes about an audit. */
interface AuditDefaults {
  readonly failOn?: Config['failOn'];
  readonly scope?: Config['scope'];
  readonly evidence?: Config['evidence'];
  /** Sends to Slack only with `--slack`. */
  readonly slackOnRequest?: boolean;
}

export async function auditCommand(
  flags: AuditFlags,
  context: CommandContext,
  defaults: AuditDefaults = {},
): Promise<ExitCode> {
  const { io } = context;
  if (flags.printConfig) {
    const loaded = await load(flags, context, defaults, io.now());
    const { printConfig } = await import('../../config/print.js');
    await writeStream(
      io.stdout,
      printConfig(withoutSecrets(loaded, context), await loaded.rulebook(), loaded.file),
    );
    return EXIT.clean;
  }
  // Before the heartbeat is sent: its URL would be printed as well.
  refuseDebugging(io.env);
  return withEndReported(
    () => watched(timeLimit(flags), io, (watch) => audit(flags, context, defaults, watch)),
    endReports(flags, defaults, io.now()),
    context,
  );
}

async function audit(
  flags: AuditFlags,
  context: CommandContext,
  defaults: AuditDefaults,
  watch: () => Promise<void>,
): Promise<ExitCode> {
  const { io } = context;
  const targets = parseTargets(flags.format ?? [], io.cwd);
  refuseSharedStdout(flags, targets);
  const look = lookOf(io, flags);
  const asOf = readAsOf(flags.asOf) ?? io.now();
  const loaded = await load(flags, context, defaults, asOf, watch);
  if (!flags.quiet) nameConfiguration(loaded, flags, targets, context);
  refuseMemory(loaded, flags);
  const delivered = await deliveries(flags, loaded, context, defaults);
  await checkTargets(targets, loaded, [flags.input, loaded.config.baseline], io, stateKept(loaded.config));
  const baseline = await readBaseline(loaded.config, context);
  const request = await auditRequest(flags, loaded, asOf, io);
  const announce = !flags.quiet;
  return run({ ...request, baseline, targets, ...delivered, look, announce }, auditContext(flags, context));
}

async function readBaseline(
  { baseline: file }: Config,
  context: CommandContext,
): Promise<RunRequest['baseline']> {
  if (file === undefined) return undefined;
  // Few audits need what reads a report.
  const { readSavedReport } = await import('../documents.js');
  return { file, report: await readSavedReport(file, context) };
}

async function load(
  flags: AuditFlags,
  context: CommandContext,
  defaults: AuditDefaults,
  now: number,
  watch?: () => Promise<void>,
): Promise<LoadedConfig> {
  return withDefaults(await loadAuditSettings(flags, context, now, watch), defaults);
}

/** The demo's defaults, where nobody sets another value. */
function withDefaults(loaded: LoadedConfig, { failOn, scope, evidence }: AuditDefaults): LoadedConfig {
  const isDefault = (key: string) => (loaded.origins.get(key)?.from ?? 'default') === 'default';
  const set = Object.entries({ failOn, scope, evidence }).filter(
    ([key, value]) => value !== undefined && isDefault(key === 'evidence' ? 'evidence.systemLog' : key),
  );
  const origin = { from: 'default', at: 'default of the demo' } as const;
  return {
    ...loaded,
    config: { ...loaded.config, ...Object.fromEntries(set) },
    origins: new Map([...loaded.origins, ...set.map(([key]) => [key, origin] as const)]),
  };
}

/** Only texts that people write are redacted: everything else is needed as it is. */
function withoutSecrets(loaded: LoadedConfig, { redactor }: CommandContext): LoadedConfig {
  const waivers = loaded.config.waivers.map((waiver) => ({
    ...waiver,
    reason: redactor.redact(waiver.reason),
    approvedBy: redactor.redact(waiver.approvedBy),
  }));
  return { ...loaded, config: { ...loaded.config, waivers } };
}

function endReports(flags: AuditFlags, { slackOnRequest }: AuditDefaults, now: number): EndReports {
  const isDryRun = flags.dryRun || flags.slackDryRun;
  const isDemoWithoutSlack = slackOnRequest && !flags.slack;
  const isRehearsal = isDryRun || flags.input !== undefined;
  return {
    slack: flags.slack !== false && !isDryRun && !isDemoWithoutSlack,
    webhook: !isDryRun && !slackOnRequest,
    heartbeat: isRehearsal ? 'none' : isAnotherDay(flags.asOf, now) ? 'failure' : 'all',
  };
}

/** @throws AuditError `usage` if what decides which findings are known is missing or contradicts itself */
function refuseMemory({ config, origins }: LoadedConfig, { input }: AuditFlags): void {
  const { failOnNew, state, baseline } = config;
  const named = (key: string) => `${key} (${origins.get(key)?.at})`;
  if (state !== undefined && baseline !== undefined)
    throw usageError(
      `${named('state')} and ${named('baseline')} cannot be used together.`,
      'Both say which findings are known. Keep the state for audits that repeat, or the baseline for a fixed comparison.',
    );
  if (failOnNew && state === undefined && baseline === undefined)
    throw usageError(
      `${named('failOnNew')} is set, but nothing says which findings are known.`,
      'Add --state <file>, or --baseline <report.json>. To exit 1 for known findings too: --no-fail-on-new.',
    );
  if (baseline === '-' && input === '-')
    throw usageError('Only one of --input and --baseline can come from stdin.', 'Give the other one a file.');
}

/** @throws AuditError `usage` if a report would go to stdout beside what a dry run prints */
function refuseSharedStdout(flags: AuditFlags, targets: RunRequest['targets']): void {
  const dryRun = flags.slackDryRun ? '--slack-dry-run' : flags.dryRun ? '--dry-run' : undefined;
  if (!dryRun || !flags.format || targets.every(({ file }) => file !== undefined)) return;
  throw usageError(
    `${dryRun} prints ${flags.slackDryRun ? 'the Slack message' : 'what would be sent'} to stdout, so a report cannot go there as well.`,
    'Give the report a file, as in -f json:report.json.',
  );
}

const FOR_PEOPLE: ReadonlySet<string> = new Set(['text', 'markdown', 'html']);

/** Reports for people name the configuration. Without one, nobody may expect a configuration from a directory above. */
function nameConfiguration(
  { file }: LoadedConfig,
  flags: AuditFlags,
  targets: RunRequest['targets'],
  { io, complain }: CommandContext,
): void {
  const isNamed = flags.config !== undefined || (io.env.C1_AUDIT_CONFIG ?? '').trim() !== '';
  if (!file || isNamed || !isAbsolute(file.name) || targets.some(({ format }) => FOR_PEOPLE.has(format)))
    return;
  complain({ message: `Using the configuration ${file.name}.`, hint: '' });
}

type Deliveries = Pick<RunRequest, 'slack' | 'webhook' | 'push' | 'dryRun'>;

/**
 * Who gets what is found.
 *
 * @throws AuditError `usage` or `config`, so that a wrong setting is reported before the audit
 */
async function deliveries(
  flags: AuditFlags,
  loaded: LoadedConfig,
  { io: { env }, complain }: CommandContext,
  { slackOnRequest = false }: AuditDefaults,
): Promise<Deliveries> {
  const { config } = loaded;
  if (flags.slackDryRun && !flags.dryRun)
    return { slack: true, webhook: false, push: false, dryRun: 'slack' };
  const url = env.C1_AUDIT_WEBHOOK_URL && (await import('../../delivery/webhook.js')).webhookUrl(env);
  const hasSlack = slackTarget(env) !== undefined;
  if (flags.dryRun) return dryRun(flags, loaded, { slack: hasSlack, webhook: Boolean(url) });
  if (flags.slack && !hasSlack)
    throw usageError(
      '--slack is given, but no destination is set.',
      'Set SLACK_WEBHOOK_URL, or SLACK_BOT_TOKEN and SLACK_CHANNEL.',
    );
  if (!url && !slackOnRequest && config.webhook)
    throw new AuditError(
      'config',
      'webhook is set in the configuration, but C1_AUDIT_WEBHOOK_URL is not.',
      'Set C1_AUDIT_WEBHOOK_URL to the URL that news is sent to, or remove webhook from the configuration.',
    );
  const apart = apartFromToday(flags, config);
  if (apart)
    complain({
      message: `With ${apart} nothing is pushed to ConductorOne.`,
      hint: `Leave ${apart} out to push what is open.`,
    });
  return {
    slack: hasSlack && (slackOnRequest ? flags.slack === true : flags.slack !== false),
    webhook: Boolean(url) && !slackOnRequest,
    push: config.push.conductorone && !apart,
    dryRun: undefined,
  };
}

/** A dry run needs no URL or token: what the configuration describes is printed as well. */
function dryRun(
  flags: AuditFlags,
  loaded: LoadedConfig,
  has: { readonly slack: boolean; readonly webhook: boolean },
): Deliveries {
  if (flags.slackDryRun)
    throw usageError(
      '--dry-run and --slack-dry-run both print to stdout.',
      'Give one at a time: --dry-run prints the Slack message as well.',
    );
  const apart = apartFromToday(flags, loaded.config);
  const hasSlackSection = isMapping(loaded.file?.value) && isMapping(loaded.file.value.slack);
  const all = {
    slack: flags.slack ?? (has.slack || hasSlackSection),
    webhook: has.webhook || loaded.config.webhook !== undefined,
    push: loaded.config.push.conductorone && !apart,
  };
  if (all.slack || all.webhook || all.push) return { ...all, dryRun: 'all' };
  throw usageError(
    `--dry-run prints what would be sent, but ${apart ? `with ${apart} nothing is pushed to ConductorOne` : 'nothing is set up to get it'}.`,
    apart
      ? `Leave ${apart} out.`
      : 'Set SLACK_WEBHOOK_URL or C1_AUDIT_WEBHOOK_URL, or push: { conductorone: true } in the configuration.',
  );
}

/**
 * The flag with which findings are not what is open now: they are not pushed.
 *
 * @throws AuditError `usage` if there is no tenant to push to
 */
function apartFromToday({ input, asOf, waivers }: AuditFlags, { push }: Config): string | undefined {
  if (!push.conductorone) return undefined;
  if (input !== undefined)
    throw usageError(
      'push.conductorone is set, but --input names a file: there is no tenant to push to.',
      'Use a configuration without it, or leave --input out.',
    );
  return asOf !== undefined ? '--as-of' : waivers === false ? '--no-waivers' : undefined;
}

function stateKept({ state }: Config): { what: string; at: string }[] {
  return state === undefined ? [] : [state, `${state}.lock`].map((at) => ({ what: 'the state', at }));
}
