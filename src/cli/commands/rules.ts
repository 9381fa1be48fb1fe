import { rules as builtIns } from '../../../rules/index.js';
import { loadConfig } from '../../config/load.js';
import { nearest } from '../../config/nearest.js';
import { writeStream } from '../../delivery/output.js';
import { type DocumentedRule, describeRule, describeRules, extraRules } from '../../docs/rule-text.js';
import { EXIT, type ExitCode } from '../../engine/exit-code.js';
import { AuditError } from '../../errors.js';
import type { CommandContext } from '../main.js';

/** Lists the rules, those of plug-ins included, or explains one. */
export async function rulesCommand(
  id: string | undefined,
  flags: { readonly config?: string; readonly format: string },
  { io }: CommandContext,
): Promise<ExitCode> {
  if (flags.format !== 'text' && flags.format !== 'json')
    throw new AuditError(
      'usage',
      `There is no format "${flags.format}" for rules.`,
      'Formats are text and json.',
    );
  const { rules } = await loadConfig({
    cwd: io.cwd,
    env: io.env,
    flags: {},
    configPath: flags.config,
    now: io.now(),
    builtIns,
  });
  const all: readonly DocumentedRule[] = [...rules, ...extraRules()];
  const wanted = id === undefined ? all : all.filter((rule) => rule.id === id);
  if (id !== undefined && wanted.length === 0) {
    const near = nearest(
      id,
      all.map((rule) => rule.id),
    );
    throw new AuditError(
      'usage',
      `There is no rule "${id}".`,
      near ? `Did you mean ${near}?` : 'c1-audit rules lists them.',
    );
  }
  const [only] = wanted;
  const text =
    flags.format === 'json'
      ? `${JSON.stringify(id === undefined ? wanted.map(toJson) : only && toJson(only), null, 2)}\n`
      : id !== undefined && only
        ? describeRule(only)
        : describeRules(all);
  await writeStream(io.stdout, text);
  return EXIT.clean;
}

function toJson({ id, title, severity, kinds, docs, options = {}, messages = {} }: DocumentedRule) {
  return { id, title, severity, kinds, ...docs, options, messages: Object.keys(messages) };
}
