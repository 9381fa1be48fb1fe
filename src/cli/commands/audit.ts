import { isAbsolute } from 'node:path';
import { rules as builtIns } from '../../../rules/index.js';
import type { Config } from '../../config/config.js';
import { type LoadedConfig, loadConfig } from '../../config/load.js';
import { printConfig } from '../../config/print.js';
import { inActions, maskLines } from '../../delivery/github.js';
import { type Kept, parseTargets, prepareTargets, writeStream } from '../../delivery/output.js';
import { slackTarget } from '../../delivery/slack/environment.js';
import { EXIT, type ExitCode } from '../../engine/exit-code.js';
import { AuditError } from '../../errors.js';
import type { Io } from '../../io.js';
import { refuseDebugging } from '../../network.js';
import { type RunRequest, run } from '../../run.js';
import { isAnotherDay, readAsOf } from '../as-of.js';
import { wantsColor } from '../color.js';
import type { AuditFlags } from '../flags.js';
import { createLog } from '../log.js';
import { type CommandContext, complain } from '../main.js';
import { open, timeLimit } from '../open-source.js';
import { createProgress } from '../progress.js';
import { pushMode } from '../push-mode.js';
import { configurationKept, inputsKept } from '../saved-report.js';
import { secretsToMask } from '../secrets.js';
import { unattended } from '../unattended.js';
import { watched } from '../watchdog.js';

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
