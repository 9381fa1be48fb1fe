import { stringify } from 'yaml';
import { conditionOf, testMistakes } from '../../cel/rule.js';
import { type MissingCase, missingCases, runTests, type TestResult } from '../../cel/rule-test.js';
import { describeFlaws } from '../../check.js';
import { nearest } from '../../config/problem.js';
import type { ConfigFile } from '../../config/read.js';
import {
  type Controls,
  controlTexts,
  count,
  FRAMEWORK_NAMES,
  FRAMEWORKS,
  type FrameworkName,
  KINDS,
  type Kind,
  kindName,
  type Messages,
  type OptionSpec,
  type OptionSpecs,
  type Rule,
  type RuleTest,
} from '../../contract/index.js';
import { writeStream } from '../../delivery/files.js';
import { backtest, judgeReport, type Night } from '../../engine/backtest.js';
import { DRIFT_RULES } from '../../engine/drift.js';
import { isPlugin } from '../../engine/judge.js';
import { WAIVER_RULES } from '../../engine/waivers.js';
import { AuditError, EXIT, type ExitCode, usageError } from '../../errors.js';
import { backtestJson, backtestText } from '../../reporters/backtest.js';
import { forTerminal, oneLine } from '../../reporters/escape.js';
import type { CommandContext } from '../context.js';
import { readEach } from '../documents.js';
import type { RulesFlags } from '../flags.js';
import { loadSettings } from '../request.js';

/** Lists the rules, those of plug-ins included, or explains one. */
export async function rulesCommand(
  [id, ...others]: readonly string[],
  flags: RulesFlags,
  context: CommandContext,
): Promise<ExitCode> {
  if (others.length > 0)
    throw usageError(
      `rules explains one rule at a time, not ${others.length + 1}.`,
      'Usage: c1-audit rules <id>, rules test [file], or rules backtest <rule> <reports…>.',
    );
  const loaded = await loadSettings(context, {}, flags);
  const { rules } = await loaded.rulebook();
  const all: readonly DocumentedRule[] = [...rules, ...extraRules()];
  if (flags.control !== undefined) {
    const coverage = controlCoverage(flags.control, id, all);
    await print(coverage, describeCoverage(coverage), flags, context);
    return EXIT.clean;
  }
  const wanted = id === undefined ? all : all.filter((rule) => rule.id === id);
  if (id !== undefined && wanted.length === 0) throw unknownRule(id, all);
  const [only] = wanted;
  if (id !== undefined && only) await print(ruleJson(only), describeRule(only), flags, context);
  else await print(wanted.map(ruleJson), describeRules(all), flags, context);
  return EXIT.clean;
}

async function print(
  json: unknown,
  text: string,
  { format }: RulesFlags,
  { io }: CommandContext,
): Promise<void> {
  await writeStream(io.stdout, format === 'json' ? `${JSON.stringify(json, null, 2)}\n` : text);
}

/** @throws AuditError `usage` */
function controlCoverage(wanted: string, id: string | undefined, rules: readonly DocumentedRule[]) {
  const framework = FRAMEWORK_NAMES.find((name) => name === wanted);
  if (framework === undefined) {
    const near = nearest(wanted, FRAMEWORK_NAMES);
    throw usageError(
      `There is no framework "${wanted}".`,
      near ? `Did you mean ${near}?` : `Choose one of ${FRAMEWORK_NAMES.join(', ')}.`,
    );
  }
  if (id !== undefined)
    throw usageError(
      '--control lists the controls of all rules, so it takes no rule.',
      `c1-audit rules ${id} shows the controls of one rule.`,
    );
  return coverageOf(framework, rules);
}

function unknownRule(id: string, rules: readonly Pick<Rule, 'id'>[]): AuditError {
  const near = nearest(
    id,
    rules.map((rule) => rule.id),
  );
  return usageError(
    `There is no rule "${id}".`,
    near ? `Did you mean ${near}?` : 'c1-audit rules lists them.',
  );
}

function ruleJson({
  id,
  title,
  severity,
  kinds,
  docs,
  controls,
  options = {},
  messages = {},
}: DocumentedRule) {
  return { id, title, severity, kinds, ...docs, controls, options, messages: Object.keys(messages) };
}

/** What is documented of a rule, whether it judges credentials, waivers or changes. */
export type DocumentedRule = Pick<Rule, 'id' | 'title' | 'severity' | 'docs'> & {
  readonly kinds: readonly Kind[];
  readonly controls?: Controls;
  readonly options?: OptionSpecs;
  readonly messages?: Messages;
};

/** The rules on changes between audits and on waivers, which have no rule files. */
export function extraRules(): readonly DocumentedRule[] {
  return [...DRIFT_RULES, ...Object.values(WAIVER_RULES).map((rule) => ({ ...rule, kinds: [] }))];
}

const KIND_LETTERS: Record<Kind, string> = {
  'personal-client': 'P',
  'service-principal-credential': 'S',
  'federation-trust': 'T',
  'external-client': 'G',
  'tunnel-credential': 'B',
  'llm-gateway-key': 'L',
  function: 'F',
};

/** The kinds as letters, as in tables; W for waivers. */
export function kindLetters(kinds: readonly Kind[]): string {
  return kinds.length === 0
    ? 'W'
    : KINDS.filter((kind) => kinds.includes(kind))
        .map((kind) => KIND_LETTERS[kind])
        .join(' ');
}

export const KIND_LEGEND = `${KINDS.map((kind) => `${KIND_LETTERS[kind]} ${kindName(kind)}`).join(', ')}, W waiver`;

/** An option's default as a user would write it in YAML. */
export function defaultOf({ default: value }: OptionSpec): string {
  if (Array.isArray(value)) return `[${value.join(', ')}]`;
  return typeof value === 'number' ? String(Math.round(value * 10_000) / 10_000) : String(value);
}

function boundsOf(spec: OptionSpec): string {
  if (typeof spec.default !== 'number') return '';
  const { min, max } = spec as { min?: number; max?: number };
  if (min !== undefined && max !== undefined) return `, ${min} to ${max}`;
  if (min !== undefined) return `, at least ${min}`;
  return max === undefined ? '' : `, at most ${max}`;
}

/** `days` (default 90, at least 1): what it does. */
export function optionLines({
  options = {},
}: Pick<DocumentedRule, 'options'>): { name: string; about: string }[] {
  return Object.entries(options).map(([name, spec]) => ({
    name,
    about: `${spec.describe} (default ${defaultOf(spec)}${boundsOf(spec)})`,
  }));
}

function describeRules(rules: readonly DocumentedRule[]): string {
  const idWidth = Math.max(...rules.map(({ id }) => id.length));
  const kindsWidth = Math.max(...rules.map(({ kinds }) => kindLetters(kinds).length));
  const lines = rules.map(
    ({ id, kinds, severity, title }) =>
      `${id.padEnd(idWidth)}  ${kindLetters(kinds).padEnd(kindsWidth)}  ${severity.padEnd(8)}  ${title}`,
  );
  return `${lines.join('\n')}\n\n${KIND_LEGEND}.\nc1-audit rules <id> explains one.\n`;
}

function describeRule(rule: DocumentedRule): string {
  const options = optionLines(rule).map(({ name, about }) => `  ${name}: ${about}`);
  const references = (rule.docs.references ?? []).map(
    ({ title, url }) => `  ${title}${url ? `\n    ${url}` : ''}`,
  );
  const controls = controlTexts(rule.controls ?? {}).map(({ name, ids }) => `  ${name}: ${ids.join(', ')}`);
  return [
    `${rule.id}: ${rule.title}`,
    `Severity ${rule.severity}; judges ${kindLetters(rule.kinds)} (${KIND_LEGEND}).`,
    '',
    `Why: ${rule.docs.why}`,
    `Fix: ${rule.docs.fix}`,
    ...(rule.messages ? ['', `Messages: ${Object.keys(rule.messages).join(', ')}`] : []),
    ...(options.length > 0 ? ['', 'Options:', ...options] : []),
    ...(controls.length > 0 ? ['', 'Controls:', ...controls] : []),
    ...(references.length > 0 ? ['', 'References:', ...references] : []),
    '',
  ].join('\n');
}

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
    throw usageError(
      'rules test takes one file.',
      'Usage: c1-audit rules test [file]; without a file it tests the rules of the configuration.',
    );
  const loaded = await loadSettings(context, {}, { config: file ?? flags.config });
  // Rules with a prefix are not built in.
  const { rules } = await loaded.rulebook();
  const own = rules.filter(({ id }) => isPlugin(id));
  if (own.length === 0)
    throw new AuditError(
      'config',
      `${loaded.file ? `${loaded.file.name} has` : 'There are'} no rules of your own.`,
      'Describe them under customRules, or name plug-ins. docs/rules-in-cel.md shows how.',
    );
  refuseMistakes(own);
  const tested = own.map((rule) => ({ rule, results: runTests(rule), missing: missingCases(rule) }));
  await print(tested.map(testedJson), describeTested(tested, loaded.file), flags, context);
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

function testedJson({ rule: { id }, results, missing }: Tested) {
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

function describeTested(tested: readonly Tested[], file: ConfigFile | undefined): string {
  const results = tested.flatMap((one) => one.results);
  const failed = results.filter(({ passed }) => !passed).length;
  const missing = tested.reduce((total, one) => total + one.missing.length, 0);
  const untested = tested.filter((one) => one.results.length === 0).length;
  const summary = [
    `${count(results.length - failed, 'test')} passed, ${failed} failed`,
    ...(missing > 0 ? [`${count(missing, 'boundary case is', 'boundary cases are')} missing`] : []),
    ...(untested > 0 ? [`${count(untested, 'rule has', 'rules have')} no tests`] : []),
  ];
  return `${[...tested.flatMap((one) => [...describeTests(one, file), '']), `${summary.join('; ')}.`].join('\n')}\n`;
}

function describeTests({ rule, results, missing }: Tested, file: ConfigFile | undefined): string[] {
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
  const shown = `${outcome}${detail === '' ? '' : `: ${oneLine(detail)}`}`;
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

/** What a rule would have reported over saved reports. Exits 3 if one of them cannot be read. */
export async function backtestCommand(
  [id, ...files]: readonly string[],
  flags: RulesFlags,
  context: CommandContext,
): Promise<ExitCode> {
  if (id === undefined || files.length === 0)
    throw usageError(
      'rules backtest needs a rule and at least one saved report.',
      'Usage: c1-audit rules backtest <rule> reports/*.json',
    );
  const loaded = await loadSettings(context, {}, flags);
  const { rules, inForce: inForceOf } = await loaded.rulebook();
  if (extraRules().some((rule) => rule.id === id))
    throw usageError(
      `${id} compares audits or waivers: it cannot be tried on single reports.`,
      'Choose a rule that judges credentials. c1-audit rules lists them.',
    );
  const [inForce] = inForceOf(new Set([id]));
  if (!inForce) throw unknownRule(id, rules);
  const partialFacts = conditionOf(inForce.rule) !== undefined;
  const nights: Night[] = [];
  const unread = await readEach(files, context, (report, file) => {
    nights.push(judgeReport(file, report, { inForce, rules, partialFacts }));
  });
  if (unread.length > 0)
    context.complain({
      message: `Not every report could be read:\n${unread.map((line) => `  - ${line}`).join('\n')}`,
      hint: nights.length === 0 ? 'Give reports that were written with -f json.' : '',
    });
  if (nights.length === 0) return EXIT.usage;
  const result = backtest(nights);
  await print(backtestJson(inForce.rule, result), backtestText(inForce.rule, result), flags, context);
  return unread.length > 0 ? EXIT.incomplete : EXIT.clean;
}

/** What of it c1-audit does not judge, and why, comes last. */
type Control = readonly [id: string, title: string, limit?: string];

const PROCESS = 'a process of your own, which leaves no trace in ConductorOne';

/** The controls of each framework that concern credentials and accounts that are not people's, judged or not. */
// biome-ignore format: a table
const CONTROL_LISTS: Record<FrameworkName, { readonly source: string; readonly controls: readonly Control[] }> = {
  'owasp-nhi': {
    source: 'https://owasp.org/www-project-non-human-identities-top-10/',
    controls: [
      ['NHI1', 'Improper Offboarding'],
      ['NHI2', 'Secret Leakage', 'c1-audit searches for no secrets'],
      ['NHI3', 'Vulnerable Third-Party NHI', 'how secure a third party is'],
      ['NHI4', 'Insecure Authentication'],
      ['NHI5', 'Overprivileged NHI'],
      ['NHI6', 'Insecure Cloud Deployment Configurations', "everything but ConductorOne's federation trusts"],
      ['NHI7', 'Long-Lived Secrets'],
      ['NHI8', 'Environment Isolation', 'ConductorOne does not record the environment of a credential'],
      ['NHI9', 'NHI Reuse', 'ConductorOne does not record which workloads share a credential'],
      ['NHI10', 'Human Use of NHI', 'ConductorOne does not record whether a person or a program uses a credential'],
    ],
  },
  'cis-controls-8': {
    source: 'https://www.cisecurity.org/controls',
    controls: [
      ['5.1', 'Establish and Maintain an Inventory of Accounts', `the quarterly review: ${PROCESS}`],
      ['5.3', 'Disable Dormant Accounts'],
      ['5.4', 'Restrict Administrator Privileges to Dedicated Administrator Accounts'],
      ['5.5', 'Establish and Maintain an Inventory of Service Accounts', `the quarterly review: ${PROCESS}`],
      ['6.1', 'Establish an Access Granting Process', PROCESS],
      ['6.2', 'Establish an Access Revoking Process'],
      ['6.8', 'Define and Maintain Role-Based Access Control', 'whether a role fits its task'],
    ],
  },
  'nist-800-53': {
    source: 'https://csrc.nist.gov/pubs/sp/800/53/r5/upd1/final',
    controls: [
      ['AC-2', 'Account Management', PROCESS],
      ['AC-2(3)', 'Disable Accounts'],
      ['AC-2(4)', 'Automated Audit Actions', 'changes that were undone between two audits'],
      ['AC-2(11)', 'Usage Conditions', 'conditions other than source networks'],
      ['AC-2(12)', 'Account Monitoring for Atypical Usage', 'use that does not differ from before in time'],
      ['AC-2(13)', 'Disable Accounts for High-risk Individuals', 'ConductorOne does not record who is a risk'],
      ['AC-6', 'Least Privilege', 'whether a narrow role fits its task'],
      ['AC-6(5)', 'Privileged Accounts'],
      ['AC-6(7)', 'Review of User Privileges', PROCESS],
      ['IA-5', 'Authenticator Management', 'how secrets are stored and handed over'],
      ['IA-5(7)', 'No Embedded Unencrypted Static Authenticators', 'c1-audit reads no code and no configuration of yours'],
      ['IA-9', 'Service Identification and Authentication'],
      ['PS-4', 'Personnel Termination', 'how soon after the termination'],
    ],
  },
  'pci-dss-4.0.1': {
    source: 'https://www.pcisecuritystandards.org/document_library/',
    controls: [
      ['7.2.5', 'Application and system accounts have the least privileges they need'],
      ['7.2.5.1', 'Access of application and system accounts is reviewed', PROCESS],
      ['8.2.4', 'Changes of accounts and credentials are authorized', PROCESS],
      ['8.2.5', 'Access of terminated users is revoked immediately'],
      ['8.2.6', 'Inactive accounts are removed or disabled within 90 days'],
      ['8.6.1', 'Interactive use of system accounts is prevented or approved', 'ConductorOne does not record whether a person or a program uses a credential'],
      ['8.6.2', 'Secrets are not hard-coded', 'c1-audit reads no code and no configuration of yours'],
      ['8.6.3', 'Secrets of application and system accounts are changed periodically and protected', 'the frequency that your own risk analysis defines, unless you set it as an option'],
    ],
  },
  'fedramp-20x': {
    source: 'https://www.fedramp.gov/2026/providers/20x/key-security-indicators/identity-and-access-management/',
    controls: [
      ['KSI-IAM-AAM', 'Automating Account Management', 'how accounts are created'],
      ['KSI-IAM-ELP', 'Ensuring Least Privilege', 'whether a narrow role fits its task'],
      ['KSI-IAM-JIT', 'Authorizing Just-in-Time', 'requests and approvals are in ConductorOne, but not in the lists of credentials'],
      ['KSI-IAM-SNU', 'Securing Non-User Authentication'],
      ['KSI-IAM-SUS', 'Responding to Suspicious Activity', 'the response: c1-audit reports'],
      ['KSI-SVC-ASM', 'Automating Secret Management', 'how secrets are stored and distributed'],
    ],
  },
};

type FrameworkCoverage = ReturnType<typeof coverageOf>;

/**
 * Which rules give evidence on which controls of a framework, and which controls no rule judges. A control that only a
 * plug-in names has no title; `notJudged` is null where c1-audit knows of nothing.
 */
export function coverageOf(framework: FrameworkName, rules: readonly DocumentedRule[]) {
  const { source, controls } = CONTROL_LISTS[framework];
  const naming = (id: string) =>
    rules.filter((rule) => rule.controls?.[framework]?.includes(id)).map((rule) => rule.id);
  const listed = new Set(controls.map(([id]) => id));
  const others = new Set(
    rules.flatMap((rule) => rule.controls?.[framework] ?? []).filter((id) => !listed.has(id)),
  );
  return {
    framework,
    name: FRAMEWORKS[framework].name,
    source,
    controls: [...controls, ...[...others].sort().map((id): Control => [id, ''])].map(
      ([id, title, limit]) => ({ id, title, rules: naming(id), notJudged: limit ?? null }),
    ),
  };
}

export function judgedWords({ rules, notJudged }: FrameworkCoverage['controls'][number]): string {
  if (rules.length === 0) return `not judged: ${notJudged}`;
  const part = notJudged === null ? '' : `; not judged: ${notJudged}`;
  return `${rules.join(', ')}${part}`;
}

/** The number of controls that rules give evidence on, and what that means. */
export function coverageSummary({ controls }: FrameworkCoverage): string {
  const judged = controls.filter(({ rules }) => rules.length > 0).length;
  return `${judged} of ${controls.length} controls on non-human credentials are judged, in full or in part. Findings are evidence: a report without findings does not prove compliance.`;
}

export function describeCoverage(coverage: FrameworkCoverage): string {
  const width = Math.max(...coverage.controls.map(({ id }) => id.length));
  const lines = coverage.controls.flatMap((control) => [
    `${control.id.padEnd(width)}  ${control.title}`.trimEnd(),
    `${' '.repeat(width)}  ${judgedWords(control)}`,
  ]);
  return [coverage.name, coverage.source, '', ...lines, '', coverageSummary(coverage), ''].join('\n');
}
