import { Readable, Writable } from 'node:stream';
import { rules as builtIns } from '../rules/index.js';
import { loadConfig } from './config/load.js';
import { checkRule } from './config/plugins.js';
import type { Rule } from './contract/index.js';
import { evaluate } from './engine/evaluate.js';
import { redactReport } from './engine/redact-report.js';
import type { Report } from './engine/report.js';
import { AuditError } from './errors.js';
import type { Io } from './io.js';
import { openSource } from './open.js';
import { type AuditOptions, checkOptions } from './options.js';
import { hideSecrets, Redactor } from './redact.js';
import { assess } from './run.js';
import { fileSource } from './sources/file.js';

const SILENT = { debug: () => undefined, info: () => undefined };

/** The audit behind the package's `audit`: see there. */
export async function auditAsLibrary(options: AuditOptions): Promise<Report> {
  checkOptions(options);
  const { env, scope, sources, only } = options;
  const signal = (options.signal ?? new AbortController().signal) as AbortSignal;
  const startedAt = Date.now();
  const asOf = options.asOf?.getTime() ?? startedAt;
  const loaded = await loadConfig({
    cwd: '.',
    env,
    flags: { scope, sources: sources && [...sources], rules: only && [...only] },
    configPath: options.config,
    discover: false,
    now: asOf,
    builtIns: [...builtIns, ...checked(options.rules ?? [])],
  });
  const redactor = new Redactor();
  hideSecrets(redactor, env);
  const scrub = (text: string) => redactor.redact(text);
  const io = silentIo(env, signal);
  const source =
    options.input === undefined
      ? await openSource({}, loaded, { io, redactor }, SILENT, () => undefined)
      : fileSource(options.input, 'the input', undefined, scrub);
  const { config, rules } = loaded;
  const evaluation = await assess(
    { source, config, rules, only: only && new Set(only), waivers: true, asOf },
    { startedAt, now: Date.now, signal, onCollected: () => undefined },
  );
  return redactReport(evaluate(evaluation).report, scrub);
}

function silentIo(env: Io['env'], signal: AbortSignal): Io {
  const nowhere = () =>
    new Writable({
      write(_chunk, _encoding, done) {
        done();
      },
    });
  return {
    env,
    cwd: '.',
    stdin: Readable.from([]),
    stdout: nowhere(),
    stderr: nowhere(),
    now: Date.now,
    signal,
  };
}

function checked(rules: readonly Rule[]): readonly Rule[] {
  const problems = rules.flatMap((rule, index) =>
    checkRule(rule, { plugin: true }).map(({ field, message }) => `rule ${index + 1}, ${field}: ${message}`),
  );
  if (problems.length === 0) return rules;
  throw new AuditError('config', problems.join('\n'), 'See CONTRIBUTING.md for what a rule needs.');
}
