/**
 * What SARIF 2.1.0 and GitHub's code scanning demand of a file, as far as this project writes any of it; empty where
 * all is well. GitHub refuses a whole file for one result it does not like.
 */
export function sarifProblems(text: string): string[] {
  const problems: string[] = [];
  const check = (holds: boolean, problem: string) => {
    if (!holds) problems.push(problem);
  };
  const log: Json = JSON.parse(text);
  check(log.version === '2.1.0', 'version');
  check(/^https:.*2\.1\.0\.json$/.test(String(log.$schema)), '$schema');
  check(Array.isArray(log.runs) && log.runs.length === 1, 'one run');
  const run: Json = list(log.runs)[0] ?? {};
  const driver = object(object(run.tool).driver);
  check(isText(driver.name), 'driver.name');
  check(/\/$/.test(String(object(run.automationDetails).id)), 'automationDetails.id ends in /');
  const rules = list(driver.rules);
  check(new Set(rules.map((rule) => rule.id)).size === rules.length, 'rule ids are unique');
  for (const rule of rules) {
    check(isText(rule.id), 'rule id');
    for (const key of ['shortDescription', 'fullDescription'])
      check(isText(object(rule[key]).text, 1024), `${key} of ${rule.id}`);
    check(isText(object(rule.help).text), `help of ${rule.id}`);
    check(/^https:\/\/[^\s<>]+$/.test(String(rule.helpUri)), `helpUri of ${rule.id}`);
    const severity = object(rule.properties)['security-severity'];
    check(
      severity === undefined || /^(?:10|\d)(?:\.\d)?$/.test(String(severity)),
      `security-severity of ${rule.id}`,
    );
  }
  const invocations = list(run.invocations);
  check(
    invocations.every((invocation) => typeof invocation.executionSuccessful === 'boolean'),
    'executionSuccessful',
  );
  const results = list(run.results);
  check(Array.isArray(run.results), 'results, even without any');
  check(results.length <= 25_000, 'at most 25,000 results');
  for (const result of results) {
    const { ruleId, ruleIndex, level } = result;
    check(rules[Number(ruleIndex)]?.id === ruleId, `ruleIndex of ${ruleId}`);
    check(['error', 'warning', 'note'].includes(String(level)), `level of ${ruleId}`);
    check(isText(object(result.message).text), `message of ${ruleId}`);
    const fingerprints = object(result.partialFingerprints);
    check(/^[0-9a-f]{64}$/.test(String(fingerprints['c1AuditFinding/v1'])), `fingerprint of ${ruleId}`);
    check(result.suppressions === undefined, `suppressions of ${ruleId}`);
    const locations = list(result.locations);
    check(locations.length === 1, `one location of ${ruleId}`);
    const physical = object(locations[0]?.physicalLocation);
    check(JSON.stringify(physical.region) === '{"startLine":1}', `region of ${ruleId}`);
    const uri = String(object(physical.artifactLocation).uri);
    check(/^c1-audit(\/(?!\.\.?(\/|$))([\w.~!$&'()*+,;=:@-]|%[0-9A-F]{2})+){2}$/.test(uri), `uri ${uri}`);
  }
  return problems;
}

type Json = Record<string, unknown>;

const object = (value: unknown): Json => (typeof value === 'object' && value !== null ? (value as Json) : {});
const list = (value: unknown): Json[] => (Array.isArray(value) ? value.map(object) : []);
const isText = (value: unknown, length = Number.POSITIVE_INFINITY) =>
  typeof value === 'string' && value.trim() !== '' && value.length <= length;
