import { type OptionSpec, type Rule, SEVERITIES } from '../contract/index.js';
import { DRIFT_RULES } from '../engine/drift.js';
import {
  globProblem,
  NAMED_ONLY,
  WAIVER_MAX_DAYS,
  WAIVER_RULES,
  waiverDateProblem,
} from '../engine/waivers.js';
import { PROFILES, SOURCE_KINDS } from './config.js';

/** What the text at some place must look like. */
export interface TextRule {
  /** A regular expression that the whole text matches. */
  readonly pattern: string;
  /** The pattern in words: `must be …`. */
  readonly says: string;
  /** What no pattern can tell; returns what is wrong, or undefined. `now` is the run's clock in milliseconds. */
  readonly refine?: (text: string, now: number) => string | undefined;
}

/** What a place in the configuration may hold. */
export type Shape =
  | {
      readonly type: 'choice';
      readonly choices: readonly string[];
      readonly also?: TextRule;
      /** What a choice is called in messages. */
      readonly noun?: string;
    }
  | { readonly type: 'text'; readonly rule: TextRule }
  | { readonly type: 'boolean' }
  | { readonly type: 'number'; readonly min?: number; readonly max?: number; readonly integer?: boolean }
  /** Without two equal items; items that agree in all keys of `same` are equal. */
  | {
      readonly type: 'list';
      readonly of: Shape;
      readonly filled?: boolean;
      readonly same?: readonly string[];
    }
  | RecordShape
  /** Free keys, told apart without regard to case. */
  | { readonly type: 'map'; readonly key: TextRule; readonly value: Shape }
  /** A scalar, or the longer form. */
  | { readonly type: 'either'; readonly scalar: Shape; readonly record: Shape }
  /** One, or a list of at least one. */
  | { readonly type: 'oneOrMore'; readonly of: Shape }
  | { readonly type: 'anything' };

export interface RecordShape {
  readonly type: 'record';
  readonly keys: Readonly<Record<string, Key>>;
  /** Keys beyond those known by name. */
  readonly also?: { readonly key: TextRule; readonly value: Shape };
  /** What a key is called in messages. */
  readonly noun?: string;
}

export interface Key {
  readonly describe: string;
  readonly shape: Shape;
  readonly required?: boolean;
  /** What to do where a required one is missing; absent: nothing but to set it. */
  readonly missing?: string;
  readonly default?: unknown;
}

type Schema = Record<string, unknown>;

/** A shape as JSON Schema (draft-07). */
function jsonSchema(shape: Shape): Schema {
  switch (shape.type) {
    case 'choice': {
      const choices = { enum: shape.choices };
      return shape.also ? { anyOf: [choices, { type: 'string', pattern: shape.also.pattern }] } : choices;
    }
    case 'text':
      return { type: 'string', pattern: shape.rule.pattern };
    case 'boolean':
      return { type: 'boolean' };
    case 'number':
      return {
        type: shape.integer ? 'integer' : 'number',
        ...(shape.min === undefined ? {} : { minimum: shape.min }),
        ...(shape.max === undefined ? {} : { maximum: shape.max }),
      };
    case 'list':
      return {
        type: 'array',
        items: jsonSchema(shape.of),
        uniqueItems: true,
        ...(shape.filled ? { minItems: 1 } : {}),
      };
    case 'record':
      return recordSchema(shape);
    case 'map':
      return {
        type: 'object',
        patternProperties: { [shape.key.pattern]: jsonSchema(shape.value) },
        additionalProperties: false,
      };
    case 'either':
      return { anyOf: [jsonSchema(shape.scalar), jsonSchema(shape.record)] };
    case 'oneOrMore':
      return {
        anyOf: [jsonSchema(shape.of), jsonSchema({ type: 'list', of: shape.of, filled: true })],
      };
    case 'anything':
      return {};
  }
}

function recordSchema({ keys, also }: RecordShape): Schema {
  const entries = Object.entries(keys);
  const required = entries.filter(([, key]) => key.required).map(([name]) => name);
  return {
    type: 'object',
    properties: Object.fromEntries(entries.map(([name, key]) => [name, keySchema(key)])),
    ...(also ? { patternProperties: { [also.key.pattern]: jsonSchema(also.value) } } : {}),
    ...(required.length > 0 ? { required } : {}),
    additionalProperties: false,
  };
}

function keySchema(key: Key): Schema {
  const schema = jsonSchema(key.shape);
  return {
    description: key.describe,
    ...(mayBeEmpty(key) ? { anyOf: [schema, { type: 'null' }] } : schema),
    ...(key.default === undefined ? {} : { default: key.default }),
  };
}

/** A section whose every line is commented out reads as null in YAML, and says nothing. */
export function mayBeEmpty({ shape, required }: Key): boolean {
  return !required && (shape.type === 'list' || shape.type === 'record' || shape.type === 'map');
}

/** What can be set under `rules`: an id, a title, perhaps options. */
export type SettableRule = Pick<Rule, 'id' | 'title' | 'severity' | 'options'>;

/** What is found between runs and on waivers: on or off and of some severity as rules are, without options. */
export const RUN_RULES: readonly SettableRule[] = [...DRIFT_RULES, ...Object.values(WAIVER_RULES)];

/** Findings on waivers cannot be waived. */
const WAIVABLE_RUN_RULES: readonly SettableRule[] = DRIFT_RULES;

/** What holds where nothing is said. */
export const DEFAULTS = {
  scope: 'mine',
  profile: 'default',
  failOn: 'high',
  minSeverity: 'info',
  slackMinSeverity: 'low',
} as const;

const FILLED: TextRule = { pattern: '\\S', says: 'must not be blank' };

const ANY_TEXT: TextRule = { pattern: '^', says: 'must be text' };

const FOREIGN_RULE: TextRule = {
  pattern: '^[a-z][a-z0-9-]*/[a-z][a-z0-9-]*$',
  says: 'must be the id of a rule, <prefix>/<name> for one of a plug-in',
};

const SEVERITY: Shape = { type: 'choice', choices: SEVERITIES };
const OFF_OR_SEVERITY: Shape = { type: 'choice', choices: ['off', ...SEVERITIES] };
const SEVERITY_KEY: Key = {
  describe: "The severity of all its findings, in place of the rule's own",
  shape: SEVERITY,
};

const WAIVER_DATE: TextRule = {
  pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$',
  says: 'must be a date written YYYY-MM-DD',
  refine: waiverDateProblem,
};

const CREDENTIAL_ID: TextRule = {
  pattern: '^[^\\s*?{}\\[\\]]+$',
  says: 'must be an id or a client id; a pattern on the name is written {name: "ci-*", owner: jo@acme.example}',
};

const NAME_GLOB: TextRule = { ...FILLED, refine: globProblem };

const record = (keys: Record<string, Key>, noun = 'key'): RecordShape => ({ type: 'record', keys, noun });

function optionShape(spec: OptionSpec): Shape {
  if (typeof spec.default === 'boolean') return { type: 'boolean' };
  if (typeof spec.default === 'string') return { type: 'text', rule: ANY_TEXT };
  if (typeof spec.default !== 'number') return { type: 'list', of: { type: 'text', rule: FILLED } };
  const { min, max, integer } = spec as { min?: number; max?: number; integer?: boolean };
  return {
    type: 'number',
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    ...(integer === undefined ? {} : { integer }),
  };
}

function ruleKey(rule: SettableRule): Key {
  const options = Object.entries(rule.options ?? {}).map(([name, spec]): [string, Key] => [
    name,
    { describe: spec.describe, shape: optionShape(spec), default: spec.default },
  ]);
  return {
    describe: rule.title,
    shape: {
      type: 'either',
      scalar: OFF_OR_SEVERITY,
      record: record({ severity: SEVERITY_KEY, ...Object.fromEntries(options) }, `setting of ${rule.id}`),
    },
  };
}

const FOREIGN_SETTING: Shape = {
  type: 'either',
  scalar: OFF_OR_SEVERITY,
  record: {
    ...record({ severity: SEVERITY_KEY }),
    also: { key: FILLED, value: { type: 'anything' } },
  },
};

function waiverShape(ruleIds: readonly string[], foreign: boolean): Shape {
  return record({
    rule: {
      describe: `The id of the rule whose findings it covers, or * for all rules except ${NAMED_ONLY.join(', ')}`,
      shape: {
        type: 'choice',
        choices: ['*', ...ruleIds],
        noun: 'rule',
        ...(foreign ? { also: FOREIGN_RULE } : {}),
      },
      required: true,
    },
    credential: {
      describe:
        "The credential's id or client id, or {name: pattern, owner: id or email} for all credentials of an owner whose name matches",
      shape: {
        type: 'either',
        scalar: { type: 'text', rule: CREDENTIAL_ID },
        record: record({
          name: {
            describe:
              'A pattern on the name: * matches any text, ? one character, [...] one of a set; braces have no meaning',
            shape: { type: 'text', rule: NAME_GLOB },
            required: true,
          },
          owner: {
            describe:
              "The user id or email of the credential's owner, exactly as ConductorOne has it, or a list of them",
            shape: { type: 'oneOrMore', of: { type: 'text', rule: FILLED } },
            required: true,
            missing:
              'a pattern covers the credentials of named owners only, as anybody can choose a name. Add owner with a user id, an email or a list of them, or write the id of the credential in place of the pattern',
          },
        }),
      },
      required: true,
    },
    reason: { describe: 'Why it is accepted', shape: { type: 'text', rule: FILLED }, required: true },
    approvedBy: { describe: 'Who accepted it', shape: { type: 'text', rule: FILLED }, required: true },
    expires: {
      describe: `The last day it holds, YYYY-MM-DD in UTC, at most ${WAIVER_MAX_DAYS} days ahead`,
      shape: { type: 'text', rule: WAIVER_DATE },
      required: true,
    },
  });
}

/** Two waivers that agree in these are one: their findings would be the same. */
const WAIVER_IDENTITY = ['rule', 'credential', 'approvedBy', 'expires'];

const SLACK_KEYS: Record<string, Key> = {
  when: {
    describe:
      'Which runs send a message: those with new findings, with any findings, or all. Without it: new where a state is kept, else findings',
    shape: { type: 'choice', choices: ['new', 'findings', 'always'] },
  },
  minSeverity: {
    describe: 'The least severity that Slack is told about',
    shape: SEVERITY,
    default: DEFAULTS.slackMinSeverity,
  },
  mentions: {
    describe: "Slack user ids by owner's email, for those who want to be mentioned",
    shape: {
      type: 'map',
      key: { pattern: '^[^\\s@]+@[^\\s@]+$', says: 'must be an email address' },
      value: {
        type: 'text',
        rule: { pattern: '^[UW][A-Z0-9]+$', says: 'must be a Slack user id such as U012345' },
      },
    },
  },
  fallback: {
    describe: 'Slack user or user group to address where an owner is inactive and has no active manager',
    shape: {
      type: 'text',
      rule: {
        pattern: '^[UWS][A-Z0-9]{2,20}$',
        says: 'must be a Slack user id such as U012345, or a user group id such as S012345',
      },
    },
  },
  heartbeat: {
    describe: 'How often a run without news says that all is well. Without it: never',
    shape: { type: 'choice', choices: ['daily', 'weekly'] },
  },
  notifyOwners: {
    describe: 'Direct messages to owners; needs a bot token',
    shape: { type: 'boolean' },
    default: false,
  },
};

/** Rules whose ids can be set and waived, and whether those of plug-ins nobody has loaded may be as well. */
interface SchemaScope {
  readonly rules: readonly Rule[];
  readonly foreign: boolean;
}

/** The one description of the configuration: the check, the JSON Schema and every suggestion come from it. */
export function configShape({ rules, foreign }: SchemaScope): RecordShape {
  const waivable = [...rules, ...WAIVABLE_RUN_RULES].map(({ id }) => id);
  return record({
    $schema: { describe: 'The JSON Schema of this file, for editors', shape: { type: 'text', rule: FILLED } },
    scope: {
      describe: 'mine: your own credentials; tenant: everyone’s (needs Super Administrator)',
      shape: { type: 'choice', choices: ['mine', 'tenant'] },
      default: DEFAULTS.scope,
    },
    sources: {
      describe: 'What to audit. Without it: personal-clients for scope mine, all three for scope tenant',
      shape: { type: 'list', of: { type: 'choice', choices: Object.keys(SOURCE_KINDS) }, filled: true },
    },
    callerSeesAll: {
      describe:
        'States that you have checked that the audit sees every credential, although it does not run as a Super Administrator',
      shape: { type: 'boolean' },
      default: false,
    },
    profile: {
      describe: 'A set of rule settings; whatever stands under rules wins over it',
      shape: { type: 'choice', choices: PROFILES },
      default: DEFAULTS.profile,
    },
    failOn: {
      describe: 'The least severity that makes the exit code 1, or never',
      shape: { type: 'choice', choices: ['never', ...SEVERITIES] },
      default: DEFAULTS.failOn,
    },
    minSeverity: {
      describe: 'The least severity that reports show',
      shape: SEVERITY,
      default: DEFAULTS.minSeverity,
    },
    plugins: {
      describe: 'Modules with rules of your own: paths relative to this file (./rules/ours.mjs) or packages',
      shape: { type: 'list', of: { type: 'text', rule: FILLED } },
      default: [],
    },
    rules: {
      describe: 'Settings by rule id: off, a severity, or {severity, …options}',
      shape: {
        type: 'record',
        keys: Object.fromEntries([...rules, ...RUN_RULES].map((rule) => [rule.id, ruleKey(rule)])),
        noun: 'rule',
        ...(foreign ? { also: { key: FOREIGN_RULE, value: FOREIGN_SETTING } } : {}),
      },
    },
    waivers: {
      describe: 'Findings that somebody accepted, for a time',
      shape: { type: 'list', of: waiverShape(waivable, foreign), same: WAIVER_IDENTITY },
      default: [],
    },
    state: {
      describe: 'The file that remembers findings from run to run, relative to this file',
      shape: { type: 'text', rule: FILLED },
    },
    slack: { describe: 'What Slack is told, and when', shape: record(SLACK_KEYS) },
    push: {
      describe: 'Where findings are sent beside the reports',
      shape: record({
        conductorone: {
          describe: 'Send findings to ConductorOne’s own Findings (early access)',
          shape: { type: 'boolean' },
          default: false,
        },
      }),
    },
  });
}

/** The JSON Schema (draft-07) of the configuration file, for editors. */
export function configSchema(rules: readonly Rule[]): Record<string, unknown> {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'c1-audit configuration',
    ...jsonSchema(configShape({ rules, foreign: true })),
  };
}
