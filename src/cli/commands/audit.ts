import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { rules as builtIns } from '../../../rules/index.js';
import { type Config, SOURCE_KINDS, type SourceName } from '../../config/config.js';
import { type LoadedConfig, loadConfig } from '../../config/load.js';
import { printConfig } from '../../config/print.js';
import { type Kind, parseInstant } from '../../contract/index.js';
import { inActions, maskLines } from '../../delivery/github.js';
import { parseTargets, writeStream } from '../../delivery/output.js';
import { slackTarget } from '../../delivery/slack/environment.js';
import { EXIT, type ExitCode } from '../../engine/exit-code.js';
import { AuditError } from '../../errors.js';
import type { Io } from '../../io.js';
import { type RunRequest, run } from '../../run.js';
import { readEnvironment } from '../../sources/c1/environment.js';
import { c1Source } from '../../sources/c1/index.js';
import { DEFAULT_LIMITS } from '../../sources/c1/limits.js';
import { fileSource } from '../../sources/file.js';
import type { Source } from '../../sources/source.js';
import { wantsColor } from '../color.js';
import type { AuditFlags } from '../flags.js';
import { createLog } from '../log.js';
import { type CommandContext, complain } from '../main.js';
import { createProgress } from '../progress.js';
import { environmentSecrets } from '../secrets.js';

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
  const { io, redactor } = context;
  const startedAt = io.now();
  const targets = parseTargets(flags.format ?? []);
  const asOf = readAsOf(flags.asOf) ?? startedAt;
  const loaded = withDefaults(
    await loadConfig({
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
      now: asOf,
      builtIns,
    }),
    defaults,
  );
  const { config } = loaded;
  if (flags.printConfig) {
    await writeStream(io.stdout, redactor.redact(printConfig(loaded, loaded.rules)));
    return EXIT.clean;
  }
  const slack = slackMode(flags, io, defaults);
  const log = createLog(flags.verbose ? 'debug' : flags.quiet ? 'error' : 'warn', io.stderr, redactor);
  const progress = createProgress(io, !flags.quiet && !flags.verbose);
  const source = await openSource(flags, config, loaded, context, log, progress.add);
  if (inActions(io.env)) io.stderr.write(maskLines(environmentSecrets(io.env).map(({ value }) => value)));
  const request: RunRequest = {
    source,
    config,
    rules: loaded.rules,
    only: flags.rule && new Set(flags.rule),
    waivers: flags.waivers !== false,
    targets,
    asOf,
    slack,
    color: wantsColor(io, flags.color),
  };
  return run(request, {
    io,
    redactor,
    log,
    complain: (error) => complain(error, context),
    onCollected: progress.clear,
  });
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

function readAsOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const instant = parseInstant(text);
  if (instant) return instant.getTime();
  throw new AuditError(
    'usage',
    `--as-of ${JSON.stringify(text)} is no RFC 3339 time.`,
    'Write it like 2027-01-31T06:00:00Z.',
  );
}

function slackMode(
  flags: AuditFlags,
  { env }: Io,
  { slackOnRequest = false }: AuditDefaults,
): RunRequest['slack'] {
  if (flags.slackDryRun) return 'dry-run';
  if (flags.slack === false || (slackOnRequest && !flags.slack)) return 'off';
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

async function openSource(
  flags: AuditFlags,
  config: Config,
  { origins }: LoadedConfig,
  { io, redactor }: CommandContext,
  log: ReturnType<typeof createLog>,
  onRecords: (count: number) => void,
): Promise<Source> {
  if (flags.input !== undefined) {
    const conflict =
      flags.scope !== undefined ? '--scope' : flags.source !== undefined ? '--source' : undefined;
    if (conflict) {
      throw new AuditError(
        'usage',
        `${conflict} has no meaning with --input.`,
        'A file holds what it holds: leave the flag out.',
      );
    }
    const name = flags.input === '-' ? 'stdin' : flags.input;
    return fileSource(
      await readInput(flags.input, io),
      name,
      io.env.CONDUCTORONE_TENANT_DOMAIN?.trim().toLowerCase() || undefined,
    );
  }
  const access = readEnvironment(io.env);
  const named = origins.get('sources')?.from;
  const kinds = kindsOf(config);
  return c1Source({
    access,
    scope: config.scope,
    kinds,
    required: new Set(named === undefined || named === 'default' ? [] : kinds),
    limits: { ...DEFAULT_LIMITS, ...io.limits, ...timeoutOf(flags) },
    log,
    now: io.now,
    fetch,
    hide: (secret) => redactor.add(secret),
    onRecords,
  });
}

function kindsOf({ sources, scope }: Config): readonly Kind[] {
  const all = Object.keys(SOURCE_KINDS) as SourceName[];
  const names = sources ?? (scope === 'mine' ? (['personal-clients'] as const) : all);
  return all.filter((name) => names.includes(name)).map((name) => SOURCE_KINDS[name]);
}

function timeoutOf({ timeout }: AuditFlags): { runTimeout?: number } {
  if (timeout === undefined) return {};
  const seconds = Number(timeout);
  // setTimeout cannot wait longer than 2^31 ms.
  if (Number.isFinite(seconds) && seconds > 0 && seconds <= 86_400) return { runTimeout: seconds * 1000 };
  throw new AuditError(
    'usage',
    `--timeout ${JSON.stringify(timeout)} is no number of seconds.`,
    'Give a number above 0, up to 86400.',
  );
}

async function readInput(input: string, { stdin, cwd }: { stdin: Readable; cwd: string }): Promise<string> {
  if (input === '-') return text(stdin);
  try {
    return await readFile(resolve(cwd, input), 'utf8');
  } catch (cause) {
    throw new AuditError(
      'input',
      `The file ${input} cannot be read (${(cause as NodeJS.ErrnoException).code ?? 'unknown error'}).`,
      'Check the path; - reads from stdin.',
      { cause },
    );
  }
}
