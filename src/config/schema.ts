import * as v from 'valibot';
import {
  about,
  choice,
  type Described,
  either,
  FILLED,
  isMapping,
  list,
  map,
  number,
  optional,
  record,
  type Schema,
  type TextRule,
  text,
  withDefault,
} from '../check.js';
import { type OptionSpec, type Rule, SEVERITIES, type Severity, type Waiver } from '../contract/index.js';
import { DRIFT_RULES } from '../engine/drift.js';
import {
  globProblem,
  NAMED_ONLY,
  WAIVER_MAX_DAYS,
  WAIVER_RULES,
  waiverDateProblem,
} from '../engine/waivers.js';
import { WEBHOOK_DEFAULTS, WEBHOOK_FORMATS } from './config.js';
import { CUSTOM_RULES } from './plugins.js';
import { didYouMean, namesSecret, secretMessage } from './problem.js';
import { DEFAULTS, SEVERITY, SHARED_SETTINGS } from './shared.js';

/** What can be set under `rules`: an id, a title, perhaps options. */
export type SettableRule = Pick<Rule, 'id' | 'title' | 'severity' | 'options'>;

/** Rules on changes between runs and on waivers: they have a severity and can be off, but have no options. */
export const RUN_RULES: readonly SettableRule[] = [...DRIFT_RULES, ...Object.values(WAIVER_RULES)];

interface SchemaScope {
  readonly rules: readonly Rule[];
  /** Rules of plug-ins that are not loaded can be set and waived too. */
  readonly foreign: boolean;
  /** The run's clock, in milliseconds: waivers end at most 366 days after it. */
  readonly now: number;
}

/** A file's settings once the check has passed. Sections may be null: in YAML, all their lines commented out. */
export type FileConfig = Described<ReturnType<typeof configSchema>>;

export function configSchema({ rules, foreign, now }: SchemaScope) {
  let homes: Homes | undefined;
  const unknownSetting = (name: string, noun: string, known: readonly string[]) => {
    homes ??= homesIn(schema);
    return unknownKey(name, noun, known, homes);
  };
  const section = <const E extends v.ObjectEntries>(entries: E, noun = 'key') =>
    record(entries, { noun, missing: MISSING, unknownKey: unknownSetting });
  const schema = section({
    $schema: optional('The JSON Schema of this file, for editors', text(FILLED)),
    scope: SHARED_SETTINGS.scope,
    sources: SHARED_SETTINGS.sources,
    callerSeesAll: optional(
      'States that you have checked that the audit sees every credential, although it does not run as a Super Administrator',
      v.boolean(),
      false,
    ),
    profile: SHARED_SETTINGS.profile,
    failOn: SHARED_SETTINGS.failOn,
    failOnNew: SHARED_SETTINGS.failOnNew,
    minSeverity: SHARED_SETTINGS.minSeverity,
    plugins: about(
      'Modules or YAML files with rules of your own: paths relative to this file (./rules/ours.mjs, ./rules/ours.yaml) or packages',
      withDefault(v.nullish(list(text(FILLED), { unique: true })), []),
    ),
    customRules: about(
      'Rules of your own in CEL; see docs/rules-in-cel.md',
      withDefault(v.nullish(CUSTOM_RULES), []),
    ),
    rules: about('Settings by rule id: off, a severity, or {severity, …options}', v.nullish(rulesSchema())),
    waivers: about(
      'Findings that are accepted until a date',
      withDefault(v.nullish(list(waiverSchema(), { unique: waiverIdentity })), []),
    ),
    state: SHARED_SETTINGS.state,
    baseline: SHARED_SETTINGS.baseline,
    evidence: about(
      'Evidence from what really happened',
      v.nullish(
        section({
          systemLog: optional(
            "Judge use by ConductorOne's system log; needs the right to read it",
            v.boolean(),
            false,
          ),
          days: optional(
            'How many days back the first audit reads it; later ones go on from the state',
            number({ integer: true, min: 1, max: 365 }),
            DEFAULTS.evidenceDays,
          ),
        }),
      ),
    ),
    slack: about('What is sent to Slack, and when', v.nullish(section(SLACK))),
    webhook: about(
      'What is sent to the webhook in C1_AUDIT_WEBHOOK_URL, and when',
      v.nullish(record(WEBHOOK, { unknownKey: unknownWebhookKey })),
    ),
    push: about(
      'Where findings are sent beside the reports',
      v.nullish(
        section({
          conductorone: optional(
            'Send findings to ConductorOne’s own Findings (early access)',
            v.boolean(),
            false,
          ),
        }),
      ),
    ),
  });
  return schema;

  function rulesSchema(): Schema<Readonly<Record<string, FileRule>>> {
    const ids = [...rules, ...RUN_RULES].map((rule) => [rule.id, about(rule.title, ruleSchema(rule))]);
    return record(
      Object.fromEntries(ids) as Record<string, v.ExactOptionalSchema<Schema<FileRule>, undefined>>,
      {
        noun: 'rule',
        unknownKey: unknownSetting,
        ...(foreign ? { also: { key: FOREIGN_RULE, value: FOREIGN_SETTING } } : {}),
      },
    ) as Schema<Readonly<Record<string, FileRule>>>;
  }

  function ruleSchema({ id, options = {} }: SettableRule) {
    const entries = Object.entries(options).map(([name, spec]) => [
      name,
      optional(spec.describe, optionSchema(spec), spec.default),
    ]);
    const long = section({ severity: RULE_SEVERITY, ...Object.fromEntries(entries) }, `setting of ${id}`);
    return v.exactOptional(either(isMapping, long as Schema<RuleSettings>, OFF_OR_SEVERITY));
  }

  function waiverSchema(): Schema<Waiver> {
    // Findings on waivers cannot be waived.
    const waivable = [...rules, ...DRIFT_RULES].map(({ id }) => id);
    const pattern = section({
      name: about(
        'A pattern on the name: * matches any text, ? one character, [...] one of a set; braces have no meaning',
        text({ ...FILLED, refine: globProblem }),
      ),
      owner: about(
        "The user id or email of the credential's owner, exactly as ConductorOne has it, or a list of them",
        either(Array.isArray, list(text(FILLED), { filled: true, unique: true }), text(FILLED)),
      ),
    });
    return section({
      rule: about(
        `The id of the rule whose findings it covers, or * for all rules except ${NAMED_ONLY.join(', ')}`,
        choice(['*', ...waivable], { noun: 'rule', also: foreign ? FOREIGN_RULE : undefined }),
      ),
      credential: about(
        "The credential's id or client id, or {name: pattern, owner: id or email} for all credentials of an owner whose name matches",
        either(isMapping, pattern, text(CREDENTIAL_ID)),
      ),
      reason: about('Why it is accepted', text(FILLED)),
      approvedBy: about('Who accepted it', text(FILLED)),
      expires: about(
        `The last day it holds, YYYY-MM-DD in UTC, at most ${WAIVER_MAX_DAYS} days ahead`,
        text({
          pattern: /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/,
          says: 'must be a date written YYYY-MM-DD',
          refine: (date) => waiverDateProblem(date, now),
        }),
      ),
    });
  }
}

type OptionValue = OptionSpec['default'];
type RuleSettings = { readonly severity?: Severity } & Readonly<Record<string, OptionValue>>;
type FileRule = Described<typeof OFF_OR_SEVERITY> | RuleSettings;

const OFF_OR_SEVERITY = choice(['off', ...SEVERITIES]);
const RULE_SEVERITY = optional("The severity of all its findings, in place of the rule's own", SEVERITY);

const FOREIGN_RULE: TextRule = {
  pattern: /^[a-z][a-z0-9-]*\/[a-z][a-z0-9-]*$/,
  says: 'must be the id of a rule, <prefix>/<name> for one of a plug-in',
};

const FOREIGN_SETTING = either(
  isMapping,
  record({ severity: RULE_SEVERITY }, { also: { key: FILLED, value: v.unknown() } }),
  OFF_OR_SEVERITY,
);

const CREDENTIAL_ID: TextRule = {
  // An external client's is its client id, which may be an address, and a user id.
  pattern: /^(?:[^\s*?{}[\]]+|\S+:\/\/\S*(?: \S+)*?)(?: [^\s*?{}[\]]+)?$/,
  says: 'must be an id or a client id; a pattern on the name is written {name: "ci-*", owner: jo@acme.example}',
};

const MISSING = {
  owner:
    'a pattern covers the credentials of named owners only, as anybody can choose a name. Add owner with a user id, an email or a list of them, or write the id of the credential in place of the pattern',
};

const MESSAGES = {
  when: optional(
    'Which runs send a message: those with new findings, with any findings, or all. Without it: new if a state is kept, else findings',
    choice(['new', 'findings', 'always']),
  ),
  minSeverity: optional('The lowest severity that messages list', SEVERITY, DEFAULTS.messageMinSeverity),
};

const WEBHOOK = {
  format: optional(
    'json: a documented JSON object; teams: a card for a Microsoft Teams workflow',
    choice(WEBHOOK_FORMATS),
    WEBHOOK_DEFAULTS.format,
  ),
  ...MESSAGES,
};

/** The URL is a secret, and the first key that people try. */
function unknownWebhookKey(name: string, noun: string, known: readonly string[]): string {
  return /url|address|uri/i.test(name)
    ? secretMessage('C1_AUDIT_WEBHOOK_URL')
    : `no such ${noun}${didYouMean(name, known)}`;
}

const SLACK = {
  ...MESSAGES,
  mentions: about(
    "Slack user ids by owner's email, for those who want to be mentioned",
    v.nullish(
      map(
        { pattern: /^[^\s@]+@[^\s@]+$/, says: 'must be an email address' },
        text({ pattern: /^[UW][A-Z0-9]+$/, says: 'must be a Slack user id such as U012345' }),
        { ignoreCase: true },
      ),
    ),
  ),
  fallback: optional(
    'Slack user or user group to address if an owner is inactive and has no active manager',
    text({
      pattern: /^[UWS][A-Z0-9]{2,20}$/,
      says: 'must be a Slack user id such as U012345, or a user group id such as S012345',
    }),
  ),
  heartbeat: optional(
    'How often a run without news reports that all is well. Without it: never',
    choice(['daily', 'weekly']),
  ),
  notifyOwners: optional('Direct messages to owners; needs a bot token', v.boolean(), false),
};

function optionSchema(spec: OptionSpec): Schema<OptionValue> {
  if (typeof spec.default === 'boolean') return v.boolean();
  if (typeof spec.default === 'string') return text();
  if (typeof spec.default === 'number') return number(spec);
  return list(text(FILLED), { unique: true });
}

/**
 * Two waivers with the same rule, credential, approver and end would give the same findings.
 *
 * Written as text, and not deeper than a waiver is: a value from JavaScript can contain itself, which JSON cannot write.
 */
function waiverIdentity(waiver: unknown): unknown {
  if (!isMapping(waiver)) return waiver;
  const { rule, credential, approvedBy, expires } = waiver;
  const parts = isMapping(credential) ? [credential.name, credential.owner] : [credential];
  return JSON.stringify([rule, approvedBy, expires, ...parts].map(textsIn));
}

function textsIn(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => (typeof item === 'string' ? item : null));
  return typeof value === 'string' ? value : null;
}

/** Where each key belongs: its name, and the paths that have it (empty for the top level). */
type Homes = Map<string, string[]>;

function homesIn(schema: Schema): Homes {
  const homes: Homes = new Map();
  collectHomes(schema, '', homes);
  return homes;
}

function collectHomes(schema: Schema, path: string, homes: Homes): void {
  const { entries, wrapped, item, options } = schema as Schema & {
    entries?: Record<string, Schema>;
    wrapped?: Schema;
    item?: Schema;
    options?: readonly (Schema | string)[];
  };
  if (wrapped) collectHomes(wrapped, path, homes);
  if (item) collectHomes(item, `${path}[]`, homes);
  for (const option of options ?? []) if (typeof option !== 'string') collectHomes(option, path, homes);
  for (const [name, value] of Object.entries(entries ?? {})) {
    homes.set(name, [...(homes.get(name) ?? []), path]);
    collectHomes(value, path === '' ? name : `${path}.${name}`, homes);
  }
}

/** More homes than this are not worth listing. */
const LISTED = 4;

function unknownKey(name: string, noun: string, known: readonly string[], homes: Homes): string {
  const paths = homes.get(name) ?? [];
  if (paths.length === 0 && namesSecret(name)) return secretMessage(name);
  const inRules = paths.filter((path) => path.startsWith('rules.'));
  const shown =
    inRules.length > LISTED ? [...paths.filter((path) => !inRules.includes(path)), 'rules.<id>'] : paths;
  const named = shown.map((path) => (path === '' ? 'the top level' : path)).join(', ');
  const home = named === '' ? '' : `; it belongs under ${named.replace(/, ([^,]*)$/, ' or $1')}`;
  return `no such ${noun}${home}${didYouMean(name, known)}`;
}
