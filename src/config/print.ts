import { Document, isMap, isScalar, isSeq, type Node, Pair, Scalar, YAMLMap } from 'yaml';
import { optionsInForce } from '../engine/judge.js';
import type { Config, RuleSetting } from './config.js';
import { defaultSources } from './config.js';
import type { Resolved } from './resolve.js';
import type { Rulebook } from './rulebook.js';
import { RUN_RULES, type SettableRule } from './schema.js';

type From = (key: string) => string;

/**
 * The configuration in force, as YAML that can be used as a file: first the file in use, then each value with where it
 * came from.
 *
 * A rule's own severity is in its comment: as a key it would also replace the severities of its messages.
 */
export function printConfig(
  { config, origins }: Resolved,
  { rules, settings, origins: ofRules }: Rulebook,
  file: { readonly name: string } | undefined,
): string {
  const from: From = (key) => (origins.get(key) ?? ofRules.get(key))?.at ?? 'default';
  const root = new YAMLMap();
  const unset: string[] = [];
  const put = (map: YAMLMap, path: string, key: string, value: unknown) => {
    if (value === undefined) unset.push(path);
    else map.add(pair(key, value, from(path)));
  };
  const section = (name: string, values: object) => {
    const map = new YAMLMap();
    for (const [key, value] of Object.entries(values)) put(map, `${name}.${key}`, key, value);
    root.add(new Pair(new Scalar(name), map));
  };

  put(root, 'scope', 'scope', config.scope);
  if (config.sources) put(root, 'sources', 'sources', config.sources);
  else root.add(pair('sources', defaultSources(config.scope), `default for scope ${config.scope}`));
  for (const key of ['callerSeesAll', 'profile', 'failOn', 'failOnNew', 'minSeverity', 'plugins'] as const)
    put(root, key, key, config[key]);
  put(root, 'customRules', 'customRules', config.customRules);
  const ruleMap = new YAMLMap();
  for (const rule of [...rules, ...RUN_RULES])
    ruleMap.add(rulePair(rule, settings[rule.id], config.profile, from));
  root.add(new Pair(new Scalar('rules'), ruleMap));
  root.add(waiversPair(config, from));
  put(root, 'state', 'state', config.state);
  put(root, 'baseline', 'baseline', config.baseline);
  section('slack', config.slack);
  if (config.webhook) section('webhook', config.webhook);
  else unset.push('webhook');
  section('evidence', config.evidence);
  section('push', config.push);

  const document = new Document(root);
  document.commentBefore = ` Configuration file: ${file?.name ?? 'none found'}`;
  document.comment = unset.map((path) => ` ${path}: not set (default)`).join('\n');
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

function rulePair(rule: SettableRule, setting: RuleSetting | undefined, profile: string, from: From): Pair {
  const path = `rules.${rule.id}`;
  if (setting && !setting.enabled) return pair(rule.id, 'off', from(path));
  const map = new YAMLMap();
  if (setting?.severity) map.add(pair('severity', setting.severity, from(`${path}.severity`)));
  for (const [name, value] of Object.entries(optionsInForce(rule, setting?.options)))
    map.add(pair(name, value, from(`${path}.${name}`)));
  return pair(rule.id, map, ruleComment(rule, setting, profile, from(path)));
}

function ruleComment(
  rule: SettableRule,
  setting: RuleSetting | undefined,
  profile: string,
  from: string,
): string {
  const severity = setting?.severity ? [] : [`severity ${rule.severity}: default`];
  const floors = Object.entries(setting?.floors ?? {}).map(
    ([message, floor]) => `${message === '*' ? '' : `${message} `}never below ${floor}: profile ${profile}`,
  );
  return [from, ...severity, ...floors].join('; ');
}

function waiversPair({ waivers }: Config, from: From): Pair {
  const list = pair('waivers', waivers, from('waivers'));
  if (!isSeq(list.value)) return list;
  for (const [index, item] of list.value.items.entries()) {
    const rule = isMap(item) ? item.get('rule', true) : undefined;
    if (isScalar(rule)) rule.comment = ` ${from(`waivers[${index}]`)}`;
  }
  return list;
}

/** The comment follows a value on one line, or the key of a longer one. */
function pair(key: string, value: unknown, comment: string): Pair {
  const node =
    value instanceof YAMLMap
      ? value
      : (new Document(value, { aliasDuplicateObjects: false }).contents as Node);
  const name = new Scalar(key);
  if (!isScalar(node) && fitsOneLine(node)) (node as YAMLMap).flow = true;
  const behind = isScalar(node) || (node as YAMLMap).flow ? node : name;
  behind.comment = ` ${comment}`;
  return new Pair(name, node);
}

function fitsOneLine(node: Node): boolean {
  if (isSeq(node)) return node.items.every(isScalar);
  return isMap(node) && node.items.length === 0;
}
