import { isAbsolute } from 'node:path';
import { rules as builtIns } from '../../../rules/index.js';
import type { Config } from '../../config/config.js';
import { type LoadedConfig, loadConfig } from '../../config/load.js';
import { printConfig } from '../../config/print.js';
import type { PushRequest } from '../../delivery/conductorone/index.js';
import { actionsRunUrl, inActions, maskLines } from '../../delivery/github.js';
import { beat } from '../../delivery/heartbeat.js';
import { type Kept, parseTargets, prepareTargets, writeStream } from '../../delivery/output.js';
import { deliverFailureToSlack } from '../../delivery/slack/index.js';
import { slackTarget } from '../../delivery/slack/send.js';
import { AuditError, EXIT, type ExitCode } from '../../errors.js';
import { createFetch, refuseDebugging } from '../../fetch.js';
import type { Io } from '../../io.js';
import { open, timeLimit } from '../../open.js';
import { secretsToMask } from '../../redact.js';
import { type RunRequest, run } from '../../run.js';
import { type CommandContext, complain } from '../context.js';
import { configurationKept, inputsKept } from '../documents.js';
import { type AuditFlags, isAnotherDay, readAsOf } from '../flags.js';
import { createLog, createProgress, wantsColor } from '../terminal.js';
import { watched } from '../watchdog.js';

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

/** Mistakes of somebody who sits at the keyboard and reads the message there. */
const AT_THE_KEYBOARD: ReadonlySet<string> = new Set(['usage', 'input']);

/** What a job that nobody watches reports, beside its exit code. */
export interface Reports {
  /** Slack hears of an audit that ended before it had a report. */
  readonly slack: boolean;
  /** `failure`: the audit is not today's, so that its success is no sign of life. */
  readonly heartbeat: 'all' | 'failure' | 'none';
}

/**
 * Sees to it that a job nobody watches does not die unheard: the heartbeat hears how every audit ended, and Slack of one
 * that ended before it had a report. Neither decides the exit code.
 */
export async function unattended(
  audit: () => Promise<ExitCode>,
  { slack, heartbeat }: Reports,
  context: CommandContext,
): Promise<ExitCode> {
  const { io } = context;
  let code: ExitCode = EXIT.incomplete;
  try {
    code = await audit();
    return code;
  } catch (error) {
    if (error instanceof AuditError) {
      code = error.preventsAudit ? EXIT.usage : EXIT.incomplete;
      if (slack && io.env.CI && !AT_THE_KEYBOARD.has(error.code)) await tellSlack(error, context);
    }
    throw error;
  } finally {
    const succeeded = code === EXIT.clean || code === EXIT.findings;
    if (heartbeat === 'all' || (heartbeat === 'failure' && !succeeded)) await sendHeartbeat(code, context);
  }
}

/** Calls the heartbeat's URL, if there is one. A failure is reported, and changes nothing. */
export async function sendHeartbeat(code: ExitCode, context: CommandContext): Promise<void> {
  const { env } = context.io;
  // Asked for only then: a proxy that is no URL must not hide how the audit ended.
  const send: typeof fetch = async (...request) => createFetch(env)(...request);
  const trouble = await beat(env.C1_AUDIT_HEARTBEAT_URL, code, undefined, send);
  if (trouble !== undefined)
    complain(
      { message: trouble, hint: 'The exit code does not depend on it; check C1_AUDIT_HEARTBEAT_URL.' },
      context,
    );
}

async function tellSlack({ message, hint }: AuditError, context: CommandContext): Promise<void> {
  const { io, redactor } = context;
  const scrub = (text: string) => redactor.redact(text);
  try {
    await deliverFailureToSlack(
      { message: scrub(message), hint: scrub(hint), tenant: undefined, runUrl: actionsRunUrl(io.env) },
      {
        env: io.env,
        now: io.now,
        signal: io.signal,
        log: { warn: (text) => complain({ message: text, hint: '' }, context) },
      },
    );
  } catch (error) {
    if (!(error instanceof AuditError)) throw error;
    complain(error, context);
  }
}

/** What a command that audits changes about it. */
export interface AuditDefaults {
  readonly failOn?: Config['failOn'];
  readonly scope?: Config['scope'];
  /** Sends to Slack only where `--slack` asks for it. */
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
    await writeStream(io.stdout, printConfig(withoutSecrets(loaded, context), loaded.rules, loaded.file));
    return EXIT.clean;
  }
  const mayTellSlack =
    flags.slack !== false && !flags.slackDryRun && !flags.dryRun && (flags.slack || !defaults.slackOnRequest);
  // Checked before the heartbeat is: it would be printed as well.
  refuseDebugging(io.env);
  const rehearses = flags.dryRun || flags.slackDryRun || flags.input !== undefined;
  const heartbeat = rehearses ? 'none' : isAnotherDay(flags.asOf, io.now()) ? 'failure' : 'all';
  return unattended(
    () => watched(timeLimit(flags), io, () => audit(flags, context, defaults)),
    { slack: mayTellSlack === true, heartbeat },
    context,
  );
}

/** Of a configuration, only what people wrote as prose: what it is read for stays as it is. */
function withoutSecrets(loaded: LoadedConfig, { redactor }: CommandContext): LoadedConfig {
  const waivers = loaded.config.waivers.map((waiver) => ({
    ...waiver,
    reason: redactor.redact(waiver.reason),
    approvedBy: redactor.redact(waiver.approvedBy),
  }));
  return { ...loaded, config: { ...loaded.config, waivers } };
}

async function audit(flags: AuditFlags, context: CommandContext, defaults: AuditDefaults): Promise<ExitCode> {
  const { io, redactor } = context;
  const targets = parseTargets(flags.format ?? [], io.cwd);
  const dryRun = flags.slackDryRun ? '--slack-dry-run' : flags.dryRun ? '--dry-run' : undefined;
  if (dryRun && flags.format && targets.some(({ file }) => file === undefined)) {
    throw new AuditError(
      'usage',
      `${dryRun} prints ${flags.slackDryRun ? 'the Slack message' : 'what would be pushed'} to stdout, where a report is to go as well.`,
      'Give the report a file, as in -f json:report.json.',
    );
  }
  const asOf = readAsOf(flags.asOf) ?? io.now();
  const loaded = await load(flags, context, defaults, asOf);
  if (!flags.quiet) nameConfiguration(loaded, flags, targets, context);
  const mode = pushMode(flags, loaded.config, (note) => complain(note, context));
  const slack = slackMode(flags, io, defaults);
  await prepareTargets(targets, { cwd: io.cwd, stdout: io.stdout, keep: keptBy(flags, loaded, io) });
  const log = createLog(flags.verbose ? 'debug' : flags.quiet ? 'error' : 'warn', io.stderr, redactor);
  const progress = createProgress(io, !flags.quiet && !flags.verbose);
  const { source, findings } = await open(flags, loaded, context, log, progress.add);
  const request: RunRequest = {
    source,
    config: loaded.config,
    rules: loaded.rules,
    only: flags.rule && new Set(flags.rule),
    waivers: flags.waivers !== false,
    acceptShrink: flags.acceptShrink === true,
    targets,
    asOf,
    slack,
    push: mode && findings && { ...findings, mode },
    color: wantsColor(io, flags.color),
    configuration: loaded.file?.name,
  };
  if (inActions(io.env)) io.stderr.write(maskLines(secretsToMask(io.env)));
  return run(request, {
    io,
    redactor,
    log,
    complain: (error) => complain(error, context),
    onCollected: progress.clear,
  });
}

async function load(
  flags: AuditFlags,
  { io }: CommandContext,
  defaults: AuditDefaults,
  now: number,
): Promise<LoadedConfig> {
  const loaded = await loadConfig({
    cwd: io.cwd,
    env: io.env,
    flags: {
      scope: flags.scope,
      sources: flags.source,
      profile: flags.profile,
      failOn: flags.failOn,
      minSeverity: flags.minSeverity,
      state: flags.state,
      rules: flags.rule,
      waivers: flags.waivers,
    },
    configPath: flags.config,
    now,
    builtIns,
  });
  return withDefaults(loaded, defaults);
}

const FOR_PEOPLE: ReadonlySet<string> = new Set(['text', 'markdown', 'html']);

/** Reports for people name the configuration. Where none is written, somebody may not expect one from above. */
function nameConfiguration(
  { file }: LoadedConfig,
  flags: AuditFlags,
  targets: RunRequest['targets'],
  context: CommandContext,
): void {
  const named = flags.config !== undefined || (context.io.env.C1_AUDIT_CONFIG ?? '').trim() !== '';
  if (!file || named || !isAbsolute(file.name) || targets.some(({ format }) => FOR_PEOPLE.has(format)))
    return;
  complain({ message: `Using the configuration ${file.name}.`, hint: '' }, context);
}

/** What no report may take the place of. */
function keptBy(
  { input }: AuditFlags,
  { config: { state }, file }: LoadedConfig,
  io: Pick<Io, 'stdin'>,
): readonly Kept[] {
  const states = state === undefined ? [] : [state, `${state}.lock`];
  return [
    ...(input === undefined ? [] : inputsKept([input], io)),
    ...configurationKept(file),
    ...states.map((at) => ({ what: 'the state', at })),
  ];
}

/** What the demo sets where nobody else does. */
function withDefaults(
  { config, origins, ...rest }: LoadedConfig,
  { failOn, scope }: AuditDefaults,
): LoadedConfig {
  const set = Object.entries({ failOn, scope }).filter(
    ([key, value]) => value !== undefined && (origins.get(key)?.from ?? 'default') === 'default',
  );
  return {
    ...rest,
    config: { ...config, ...Object.fromEntries(set) },
    origins: new Map([
      ...origins,
      ...set.map(([key]) => [key, { from: 'default', at: 'default of the demo' }] as const),
    ]),
  };
}

function slackMode(
  flags: AuditFlags,
  { env }: Io,
  { slackOnRequest = false }: AuditDefaults,
): RunRequest['slack'] {
  if (flags.slackDryRun) return 'dry-run';
  if (flags.slack === false || flags.dryRun || (slackOnRequest && !flags.slack)) return 'off';
  // Read here so that a wrong setting is told before the audit, not after it.
  const target = slackTarget(env);
  if (target) return 'send';
  if (!flags.slack) return 'off';
  throw new AuditError(
    'usage',
    '--slack is given, but nothing says where to send to.',
    'Set SLACK_WEBHOOK_URL, or SLACK_BOT_TOKEN and SLACK_CHANNEL.',
  );
}
