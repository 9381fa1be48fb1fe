import { stringify } from 'yaml';
import { testMistakes } from '../../cel/rule.js';
import { type MissingCase, missingCases, runTests, type TestResult } from '../../cel/rule-test.js';
import { describeFlaws } from '../../check.js';
import type { ConfigFile } from '../../config/read.js';
import { count, type Rule, type RuleTest } from '../../contract/index.js';
import { writeStream } from '../../delivery/files.js';
import { AuditError, EXIT, type ExitCode } from '../../errors.js';
import { forTerminal, oneLine } from '../../reporters/escape.js';
import type { CommandContext } from '../context.js';
import type { RulesFlags } from '../flags.js';
import { loadSettings } from '../request.js';

interface Tested {
  readonly rule: Rule;
  readonly results: readonly TestResult[];
  readonly missing: readonly MissingCase[];
}

/** Runs the tests of the rules of a configuration and its plug-ins, and suggests boundary cases. Exits 1 if a test fails. */
export async function testCommand(
  [file, ...others]: readonly string[],
  flags: RulesFlags,
  context: CommandContext,
): Promise<ExitCode> {
  if (others.length > 0 || (file !== undefined && flags.config !== undefined))
    throw new AuditError(
      'usage',
      'rules test takes one file.',
      'Usage: c1-audit rules test [file]; without a file it tests the rules of the configuration.',
    );
  const loaded = await loadSettings(context, {}, { config: file ?? flags.config });
  // Rules with a prefix are not built in.
  const own = loaded.rules.filter(({ id }) => id.includes('/'));
  if (own.length === 0)
    throw new AuditError(
      'config',
      `${loaded.file ? `${loaded.file.name} has` : 'There are'} no rules of your own.`,
      'Describe them under customRules, or name plug-ins. docs/rules-in-cel.md shows how.',
    );
  refuseMistakes(own);
  const tested = own.map((rule) => ({ rule, results: runTests(rule), missing: missingCases(rule) }));
  const text =
    flags.format === 'json'
      ? `${JSON.stringify(tested.map(toJson), null, 2)}\n`
      : describe(tested, loaded.file);
  await writeStream(context.io.stdout, text);
  return tested.some(({ results }) => results.some(({ passed }) => !passed)) ? EXIT.findings : EXIT.clean;
}

/** Tests of a plug-in are checked here only: an audit does not need them. */
function refuseMistakes(rules: readonly Rule[]): void {
  const wrong = rules.flatMap(({ id, kinds, options = {}, tests = [] }) => {
    const flaws = testMistakes(tests, { kinds, options, usesNow: false });
    return flaws.map(({ path, message }) => `${id}: ${describeFlaws([{ path, part: 'value', message }])}`);
  });
  if (wrong.length > 0) throw new AuditError('config', wrong.join('\n'), 'Correct the tests of these rules.');
}

function toJson({ rule: { id }, results, missing }: Tested) {
  return {
    rule: id,
    tests: results.map(({ test, outcome, detail, passed }) => ({
      ...(test.name === undefined ? {} : { name: test.name }),
      expect: test.expect,
      outcome,
      detail,
      passed,
    })),
    missing,
  };
}

function describe(tested: readonly Tested[], file: ConfigFile | undefined): string {
  const results = tested.flatMap((one) => one.results);
  const failed = results.filter(({ passed }) => !passed).length;
  const missing = tested.reduce((total, one) => total + one.missing.length, 0);
  const untested = tested.filter((one) => one.results.length === 0).length;
  const summary = [
    `${count(results.length - failed, 'test')} passed, ${failed} failed`,
    ...(missing > 0 ? [`${count(missing, 'boundary case is', 'boundary cases are')} missing`] : []),
    ...(untested > 0 ? [`${count(untested, 'rule has', 'rules have')} no tests`] : []),
  ];
  return `${[...tested.flatMap((one) => [...describeRule(one, file), '']), `${summary.join('; ')}.`].join('\n')}\n`;
}

function describeRule({ rule, results, missing }: Tested, file: ConfigFile | undefined): string[] {
  return [
    rule.id,
    ...(results.length === 0 ? ['  no tests: add some under tests'] : []),
    ...results.map((result, index) => describeTest(result, index, placeOf(rule, index, file))),
    ...describeMissing(missing),
  ];
}

/** ` (c1-audit.config.yaml:12)`, for a rule of the configuration itself. */
function placeOf({ id }: Rule, test: number, file: ConfigFile | undefined): string {
  const { customRules } = (file?.value ?? {}) as { customRules?: readonly { id?: unknown }[] };
  const index = customRules?.findIndex((custom) => custom.id === id) ?? -1;
  const position = index < 0 ? undefined : file?.locate(['customRules', index, 'tests', test], 'value');
  return position ? ` (${file?.name}:${position.line})` : '';
}

function describeTest(
  { test, outcome, detail, cure, passed }: TestResult,
  index: number,
  place: string,
): string {
  const name = `test ${index + 1}${test.name === undefined ? '' : ` ${JSON.stringify(test.name)}`}`;
  const shown = `${outcome}${detail === '' ? '' : `: ${forTerminal(oneLine(detail))}`}`;
  if (passed) return `  pass  ${name}: ${shown}`;
  const message = outcome === test.expect ? ` with the message ${JSON.stringify(test.message)}` : '';
  const hint = cure === undefined ? '' : `. ${cure}`;
  return forTerminal(`  FAIL  ${name}${place}: expected ${test.expect}${message}, but it is ${shown}${hint}`);
}

function describeMissing(missing: readonly MissingCase[]): string[] {
  if (missing.length === 0) return [];
  return [
    '  Missing boundary cases. Add them if what the rule reports now is what you mean:',
    ...missing.flatMap(({ comparison, place, test }) => [
      `    # ${comparison}, ${place}`,
      test ? `    - ${flow(test)}` : '    # no test has a value for it: add one that does',
    ]),
  ];
}

/** On one line, as in the file. */
function flow(test: RuleTest): string {
  return stringify(test, { collectionStyle: 'flow', lineWidth: 0, schema: 'core' }).trim();
}
