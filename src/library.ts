import { Readable, Writable } from 'node:stream';
import { rules as builtIns } from '../rules/index.js';
import { checkRule } from './config/plugins.js';
import { loadConfig } from './config/resolve.js';
import type { Rule } from './contract/index.js';
import type { Report } from './engine/report.js';
import { AuditError } from './errors.js';
import type { Io } from './io.js';
import { type AuditOptions, checkOptions } from './options.js';
import { hideSecrets, Redactor } from './redact.js';
import { audit } from './run.js';

const nothing = () => undefined;
const SILENT = { debug: nothing, info: nothing, warn: nothing, isLevelEnabled: () => false };

/** Implements `audit` of the package. */
export async function auditAsLibrary(options: AuditOptions): Promise<Report> {
  checkOptions(options);
  const { env, scope, sources, only, input } = options;
  const asOf = options.asOf?.getTime() ?? Date.now();
  const rules = [...builtIns, ...checked(options.rules ?? [])];
  const loaded = await loadConfig({
    cwd: '.',
    env,
    flags: { scope, sources: sources && [...sources], rules: only && [...only] },
    configPath: options.config,
    discover: false,
    now: asOf,
    builtIns: async () => rules,
  });
  const redactor = new Redactor();
  hideSecrets(redactor, env);
  const { report } = await audit(
    {
      loaded,
      input: input === undefined ? undefined : { text: input, name: 'the input', tenant: undefined },
      only: only && new Set(only),
      waivers: true,
      asOf,
    },
    {
      io: silentIo(env, (options.signal ?? new AbortController().signal) as AbortSignal),
      redactor,
      log: SILENT,
      complain: nothing,
      onRecords: nothing,
      onRetry: nothing,
      onCollected: nothing,
    },
  );
  return report;
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
    checkRule(rule, { plugin: true }).map(({ field, message }) =>
      [`rule ${index + 1}`, ...(field === '' ? [] : [field]), message].join(': '),
    ),
  );
  if (problems.length === 0) return rules;
  throw new AuditError('config', problems.join('\n'), 'See CONTRIBUTING.md for what a rule needs.');
}
