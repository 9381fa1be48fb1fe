import { describe, expect, test } from '@jest/globals';
import { judgeCondition } from '../../src/condition/judge.js';

const SUB = 'repo:acme/infra:ref:refs/heads/main';

/** The rank of a condition, or `unknown`. */
function admits(condition: string): string {
  const judged = judgeCondition(condition);
  return 'unknown' in judged ? 'unknown' : judged.admits;
}

const TABLE: Record<string, readonly string[]> = {
  always: [
    '',
    ' \n\t',
    'true',
    '!false',
    '"a" == "a"',
    '1 < 2',
    '"a" in ["a", "b"]',
    'size("acme") == 4',
    '"acme".startsWith("a")',
    `true || claims.sub == "${SUB}"`,
    `claims.sub == "${SUB}" || 1 == 1`,
    '!(claims.sub == "x" && false)',
    'claims.actor == "x" || !("a" == "b")',
    'true ? true : false',
    '["a", "b"].exists(x, x == "b")',
    '["a"].all(x, x != "b")',
    // constants that are true in roundabout ways
    '"a".matches("a")',
    '"abc".matches("^a")',
    '"abc".matches("c$")',
    '"abc".matches("^abc$")',
    '"abc".matches("^.*b.*$")',
    '"abc".matches("x|b")',
    '"".matches("")',
    '{"a": true}.a',
    '{"a": 1}["a"] == 1',
    'timestamp("2020-01-01T00:00:00Z") < timestamp("2021-01-01T00:00:00Z")',
    '[1, 2].map(x, x + 1) == [2, 3]',
    '[1, 2].filter(x, x > 1).size() == 1',
    '"abc".substring(1) == "bc"',
    'claims.sub == "x" || "abc".indexOf("b") == 1',
    'cel.bind(x, true, x)',
    '(1 < 2) == true',
  ],
  anyone: [
    // names nobody
    'claims.actor.reverse() == "tacotco"',
    'claims.flags.exists(x, x)',
    `!["${SUB}"].exists_one(x, claims.sub == x)`,
    'claims.actor == "octocat"',
    'claims.ref == "refs/heads/main"',
    'claims.environment == "production"',
    'claims.aud == "acme.conductor.one"',
    'claims.iss == "https://token.actions.githubusercontent.com"',
    'claims.ref_protected == "true"',
    'claims.email_verified',
    '!claims.pull_request',
    'claims.email_verified == true',
    'claims.job_workflow_ref == "acme/shared/.github/workflows/deploy.yml@refs/heads/main"',
    'claims.job_workflow_ref.startsWith("acme/")',
    'claims.ref == "refs/heads/main" && claims.environment == "production"',
    'url(claims.iss).host == "gitlab.com"',
    'claims.terraform_workspace_name == "infra-prod"',
    'claims.terraform_workspace_name == "infra-prod" && claims.terraform_run_phase == "apply"',
    '(claims.terraform_organization_name == "acme" || claims.actor == "x") && claims.terraform_workspace_name == "infra"',
    // only there, only long, only not
    'has(claims.sub)',
    '!has(claims.sub)',
    '"sub" in claims',
    'claims.sub != ""',
    'claims["sub"] != ""',
    'claims.sub == ""',
    'claims.repository != "evil/repo"',
    '!(claims.repository == "evil/repo")',
    '!(claims.repository in ["evil/repo"])',
    'size(claims.sub) > 0',
    'claims.sub.size() >= 10',
    'claims.sub >= "repo:acme/"',
    'claims.sub != null',
    'type(claims.sub) == string',
    '!claims.sub.startsWith("repo:evil/")',
    '!(claims.repository.matches("^evil/"))',
    // themselves
    'claims.sub == claims.sub',
    'claims.repository == claims.project_path',
    'claims.sub.startsWith(claims.repository)',
    'claims.sub in [claims.actor]',
    'claims.sub in claims.allowed',
    '"acme/infra" in claims.groups',
    'claims.groups.exists(g, g == "acme/infra")',
    `claims.groups.all(g, claims.sub == "${SUB}")`,
    'has(claims.sub) || !has(claims.sub)',
    // prefixes that end too early
    'claims.repository.startsWith("")',
    'claims.sub.startsWith("repo:")',
    'claims.sub.startsWith("repo:acme")',
    'claims.sub.startsWith("re")',
    'claims.repository.startsWith("acme")',
    'claims.project_path.startsWith("acme")',
    'claims.project_path.startsWith("/")',
    'claims.repository_owner.startsWith("acme")',
    'claims.repository_id.startsWith("123")',
    'claims.sub.startsWith("spiffe://acme.example")',
    'claims.sub.startsWith("organization:acme")',
    'claims.sub.startsWith("system:serviceaccount:prod")',
    'claims.sub.startsWith("arn:aws:iam::1234")',
    'url(claims.sub).path.startsWith("/")',
    // ends and middles
    'claims.repository.endsWith("/infra")',
    'claims.sub.endsWith(":ref:refs/heads/main")',
    'claims.sub.contains("")',
    'claims.sub.contains("repo:")',
    'claims.sub.contains(":ref:refs/heads/main")',
    'claims.sub.contains("environment:production")',
    'claims.repository.contains("/")',
    'claims.repository_owner.contains("acme")',
    // patterns
    'claims.repository.matches("")',
    'claims.repository.matches(".*")',
    'claims.repository.matches("^.*$")',
    'claims.repository.matches("^acme")',
    'claims.repository.matches("^.+/infra$")',
    'claims.repository.matches("^[^/]+/infra$")',
    'claims.repository.matches("acme/infra$")',
    'claims.repository.matches("^acme/infra|acme/app$")',
    'claims.repository.matches("^(acme/infra|.*)$")',
    'claims.repository.matches("^(acme/infra)?")',
    'claims.repository.matches("^acme.corp/infra$")',
    'claims.sub.matches("^repo:[^/]+/infra:")',
    'claims.repository.matches("(?m)^.*$")',
    'claims.repository_owner.matches("acme")',
    'claims.repository.matches(claims.pattern)',
    // what cannot be decoded, and is only negated
    '"%s".format([claims.iss]) != "x"',
    '"%s".format([claims.sub]) != "x"',
    'claims.sub.split(":")[1] != "evil/repo"',
    '!(claims.sub.substring(0, 5) == "evil:")',
    '!claims.sub.split("/")[0].startsWith("repo:evil")',
    '!claims.sub.substring(5).matches("^evil")',
    'claims.?sub.orValue("x") != "y"',
    // themselves, in pieces
    'claims == claims',
    'claims.sub.split("/")[0] == claims.sub.split("/")[0]',
    // an account's number, cut off
    'claims.sub.matches("^arn:aws:iam::1234")',
    'claims.sub.matches("arn:aws:iam::1234")',
    'claims.sub.contains("arn:aws:iam::1234")',
    'claims["https://sts.amazonaws.com/"].aws_account.startsWith("1234")',
    'claims["https://sts.amazonaws.com/"].aws_account.startsWith("123456789012")',
    'claims["https://sts.amazonaws.com/"].principal_id.startsWith("arn:aws:iam::12345678901")',
    'claims["https://sts.amazonaws.com/"].principal_id.startsWith("arn:aws:iam::123456789012")',
    // ids that are not where an id stands
    'claims.sub.matches("^repo:[0-9]+/infra:")',
    'claims.sub.matches("^[a-z]+@[0-9]+/infra:")',
    'claims.sub.matches("^deploy@[a-z]+$")',
    'claims.sub.matches("^repo:acme[0-9]+/infra:")',
    // loosest branch
    'claims.repository == "acme/infra" || claims.actor == "x"',
    'claims.repository in ["acme/infra", ""]',
    'claims.actor == "x" ? claims.ref == "y" : claims.repository == "acme/infra"',
    'claims.repository == "acme/infra" ? true : claims.actor == "x"',
    '!(claims.repository != "acme/infra" && claims.actor != "x")',
    '(claims.repository == "acme/infra") == (claims.actor == "x")',
    '(claims.repository == "acme/infra") != true',
    '["acme/infra", claims.actor].exists(x, claims.repository == x)',
    '["acme/infra"].all(x, claims.repository != x)',
    '[claims.sub, claims.actor].exists(x, x == "acme")',
  ],
  ownerWide: [
    'claims.repository_owner == "acme"',
    'claims.repository_owner_id == "1234"',
    'claims.repository_owner in ["acme", "acme-labs"]',
    'claims.repository_owner.matches("^acme$")',
    'claims.namespace_path == "acme/platform"',
    'claims.namespace_path.startsWith("acme/")',
    'claims.namespace_id == "77"',
    'claims.terraform_organization == "acme"',
    'claims.terraform_organization_name == "acme" && claims.terraform_run_phase == "apply"',
    'claims["https://sts.amazonaws.com/"].org_id == "o-abc1234567"',
    'url(claims.sub).host == "acme.example"',
    'claims.sub.startsWith("repo:acme/")',
    'claims.sub.startsWith("repo:acme@1234/")',
    'claims.sub.startsWith("repo:acme@")',
    'claims.sub.startsWith("repository_owner:acme:")',
    'claims.sub.startsWith("project_path:acme/")',
    'claims.sub.startsWith("organization:acme:project:infra:workspace:")',
    'claims.sub.startsWith("spiffe://acme.example/")',
    'claims.sub.startsWith("spiffe://acme.example/ns/")',
    'claims.sub.startsWith("system:serviceaccount:prod:")',
    'claims.sub.startsWith("org/0a1b/project/")',
    'claims.repository.startsWith("acme/")',
    'claims.project_path.startsWith("acme/platform/")',
    'claims.repository.lowerAscii().startsWith("acme/")',
    'claims.repository.matches("^acme/.*$")',
    'claims.repository.matches("^acme/")',
    'claims.repository.matches("^(acme|acme-labs)/.+")',
    'claims.sub.matches("^repo:acme/[^:]+:ref:refs/heads/main$")',
    'claims.sub.matches("^repo:acme@[0-9]+/")',
    'claims.sub.matches("^repo:acme@.+/infra@[0-9]+:")',
    'claims.sub.matches("^repo:acme@[!-~]+/infra@[0-9]+:")',
    'claims.sub.matches("^repo:acme@[[:punct:]]+/infra@[0-9]+:")',
    'claims.repository_owner == "acme" && claims.environment == "production"',
    'claims.repository_owner == "acme" && claims.repository.endsWith("/infra")',
    'claims.repository == "acme/infra" || claims.repository_owner == "acme"',
    'claims.repository_owner == "acme" ? claims.ref != "" : false',
  ],
  loose: [
    'claims.repository.contains("acme/infra")',
    'claims.sub.contains("acme")',
    'claims.sub.contains("repo:acme/infra:ref:refs/heads/main")',
    'claims.repository.matches("acme/infra")',
    'claims.repository.matches("^.*acme/infra.*$")',
    'claims.repository.startsWith("acme/in")',
    'claims.repository.startsWith("acme/infra")',
    'claims.sub.startsWith("repo:acme/infra")',
    'claims.sub.startsWith("repo:acme@1/infra")',
    'claims.project_path.startsWith("acme/infra")',
    'claims.sub.startsWith("project_path:acme/infra")',
    'claims.sub.startsWith("organization:acme:project:p:workspace:inf")',
    'claims.sub.startsWith("spiffe://acme.example/ns/prod")',
    'url(claims.sub).path.startsWith("/ns/prod")',
    'claims.sub.startsWith("system:serviceaccount:prod:build")',
    'claims.repository.matches("^acme/infra.prod$")',
    'claims.sub.matches("^repo:acme@[0-9]+/infra[0-9]+:")',
    'claims.sub.matches("^repo:acme@[0-9]+/infra")',
    'claims.sub.matches("^repo:acme(@[0-9]+)?/infra(@[0-9]+)?")',
    'claims.sub.startsWith("spiffe://acme.example/ns/prod/sa/build")',
    'claims.sub.startsWith("spiffe://acme.example/ns/sa/sa/build")',
    'claims.sub.startsWith("spiffe://acme.example/payments/api")',
    'claims.sub.matches("^spiffe://acme\\\\.example/ns/prod/sa/build")',
    'claims.sub.matches("^spiffe://acme\\\\.example/ns/prod/sa/build-[a-z]+$")',
    'claims.sub.matches("spiffe://acme.example/ns/prod/sa/build")',
    'url(claims.sub).path.startsWith("/ns/prod/sa/build")',
    'claims.sub.contains("arn:aws:iam::123456789012:role/")',
    'claims.repository.matches("^acme/infra-[a-z]+$")',
    'claims.repository.matches("^acme/infra")',
    'claims.repository.matches("^acme/infra.*$")',
    'claims.repository_owner == "acme" && claims.repository.contains("infra")',
    'claims.repository_owner == "acme" && claims.repository.startsWith("acme/infra-")',
    'claims.terraform_organization_name == "acme" && claims.terraform_workspace_name.startsWith("infra-")',
    'claims.terraform_organization_name == "acme" && claims.terraform_workspace_name.contains("infra")',
    'claims.repository == "acme/infra" || claims.repository.contains("app")',
  ],
  named: [
    `claims.sub == "${SUB}"`,
    `"${SUB}" == claims.sub`,
    `claims["sub"] == '${SUB}'`,
    `claims["su" + "b"] == "${SUB}"`,
    'claims.repository == "acme/infra"',
    'claims.repository.lowerAscii() == "acme/infra"',
    'string(claims.repository_id) == "1234"',
    'int(claims.project_id) == 1234',
    'claims.repository == "acme/infra" && claims.environment == "production"',
    'claims.project_path == "acme/infra" && claims.ref_protected == "true"',
    'claims.terraform_workspace_id == "ws-abc123"',
    'claims.terraform_organization_name == "acme" && claims.terraform_workspace_name == "infra-prod"',
    'claims.terraform_organization == "acme" && claims.terraform_workspace_name == "infra-prod"',
    'claims.terraform_workspace_name in ["a", "b"] && claims.terraform_organization_id == "org-1"',
    'claims.sub.startsWith("organization:acme:") && claims.terraform_workspace_name == "infra-prod"',
    '(claims.terraform_organization == "a" && claims.terraform_workspace_name == "x") || (claims.terraform_organization == "b" && claims.terraform_workspace_name == "y")',
    'claims["https://sts.amazonaws.com/"].aws_account == "123456789012"',
    'claims["https://sts.amazonaws.com/"]["principal_id"] == "arn:aws:iam::123456789012:role/x"',
    'url(claims.sub).path == "/ns/prod/sa/build"',
    'url(claims.sub).host == "acme.example" && url(claims.sub).path == "/ns/prod/sa/build"',
    'claims.sub == "spiffe://acme.example/ns/prod/sa/build"',
    'claims.sub == "system:serviceaccount:prod:build"',
    'claims.sub.startsWith("repo:acme/infra:")',
    'claims.sub.startsWith("repo:acme@1/infra@2:")',
    'claims.sub.startsWith("repo:acme/infra:ref:refs/heads/")',
    'claims.sub.startsWith("project_path:acme/platform/infra:ref_type:branch:")',
    'claims.sub.startsWith("organization:acme:project:p:workspace:infra:run_phase:")',
    'claims.sub.startsWith("spiffe://acme.example/ns/prod/")',
    'claims.sub.startsWith("arn:aws:iam::123456789012:role/")',
    'claims.sub.startsWith("org/0a1b/project/2c3d/")',
    'claims.sub.startsWith("repo:acme/" + "infra:")',
    'claims.repository in ["acme/infra", "acme/app"]',
    'claims.repository in ["acme/infra"] + ["acme/app"]',
    'claims.repository in {"acme/infra": true}',
    'claims.repository.matches("^acme/infra$")',
    'claims.sub.matches("^repo:acme@[0-9]+/infra@[0-9]+:ref:refs/heads/main$")',
    'claims.sub.matches("^repo:acme(@[0-9]+)?/infra(@[0-9]+)?:ref:refs/heads/main$")',
    'claims.sub.matches("^repo:acme(?:@\\\\d+)?/infra(?:@\\\\d+)?:environment:production$")',
    'claims.sub.matches("^repo:acme@[[:digit:]]{1,20}/infra@[0-9]*:.*$")',
    'claims.sub.matches("^repo:acme@[^/]+/infra@[^:]+:")',
    'claims.sub.matches("^repo:acme@1234/infra@[0-9]+:")',
    'claims.sub.startsWith("spiffe://acme.example/ns/prod/sa/")',
    'claims.sub.startsWith("spiffe://acme.example/ns/prod/sa/build/")',
    'claims.sub.startsWith("spiffe://acme.example/ns/prod/sa/build/pod-")',
    'claims.repository.matches("^(acme/infra|acme/app)$")',
    'claims.repository.matches("^acme/(infra|app)(-prod)?$")',
    'claims.repository.matches("^[Aa]cme/infra$")',
    'claims.repository.matches("(?i)^acme/infra$")',
    'claims.repository.matches("\\\\Aacme/infra\\\\z")',
    'claims.repository.matches("^acme/infra\\\\.prod$")',
    'claims.repository.matches(r"^\\Qacme/infra.prod\\E$")',
    'claims.sub.matches("^repo:acme/infra:.*$")',
    'claims.sub.matches("^repo:acme/infra:ref:refs/heads/(main|release/.*)$")',
    '!(claims.repository != "acme/infra")',
    '!!(claims.repository == "acme/infra")',
    '!(!(claims.repository == "acme/infra") || claims.ref != "refs/heads/main")',
    '(claims.repository == "acme/infra") == true',
    'false != (claims.repository == "acme/infra")',
    'claims.repository == "acme/infra" ? claims.ref != "" : false',
    'claims.ref == "main" ? claims.repository == "acme/infra" : claims.repository == "acme/app"',
    '(claims.ref == "main" ? claims.sub : claims.repository) == "acme/infra"',
    '["acme/infra", "acme/app"].exists(x, claims.repository == x)',
    '["infra", "app"].exists(x, claims.sub.startsWith("repo:acme/" + x + ":"))',
    '["refs/heads/main"].all(x, claims.ref == x && claims.repository == "acme/infra")',
    'claims.groups.exists(g, g == "deploy" && claims.repository == "acme/infra")',
    'cel.bind(s, claims.sub, s.startsWith("repo:acme/infra:"))',
    `cel.bind(s, claims.sub, s) == "${SUB}"`,
    `"${SUB}" == cel.bind(s, claims.sub, s)`,
    `bool(claims.sub == "${SUB}")`,
    `dyn(claims.sub == "${SUB}")`,
    `["${SUB}", "x"].exists_one(x, claims.sub == x)`,
    'has(claims.repository) && claims.repository == "acme/infra"',
    'claims.repository == "acme/infra" || false',
    'claims.repository == "acme/infra" && true',
    'claims.repository == "acme/infra" && claims.repository.matches("(?=x)")',
    'claims.repository_owner == "acme" && claims.repository == "acme/infra"',
    'claims.repository == "acme/infra" || claims.sub == "x" && claims.sub == "y"',
  ],
  never: [
    'false',
    '1 > 2',
    '"a" == "b"',
    'claims.sub in []',
    'claims.actor == "a" && claims.actor == "b"',
    'claims.actor == "a" && claims["actor"] != "a"',
    'claims.actor in ["a", "b"] && claims.actor in ["c"]',
    'claims.actor in ["a", "b"] && claims.actor != "a" && claims.actor != "b"',
    'has(claims.sub) && !has(claims.sub)',
    'claims.sub.startsWith("x") && !claims.sub.startsWith("x")',
    '!claims.sub.startsWith("")',
    'claims.actor == "x" && false',
    '[].exists(x, x == claims.sub)',
    'claims.groups.exists(g, g == "a" && g == "b")',
  ],
  undecided: [
    'claims.sub.replace("a", "b") == "x"',
    'claims.sub.split(":")[1] == "acme/infra"',
    'claims.sub.substring(0, 5) == "repo:"',
    'claims.sub.charAt(0) == "r"',
    'claims.sub.split("/")[0].startsWith("repo:acme")',
    'claims.sub.substring(0, 5) != claims.iss',
    'claims.?sub.orValue("x") == "y"',
    'claims[?"sub"].hasValue() && claims.sub.reverse() == "x"',
    'claims.sub.reverse() == "x"',
    '"%s".format([claims.sub]) == "x"',
    'claims.sub.indexOf("repo:acme/infra:") != -1',
    'claims.repository + "@" + claims.ref == "acme/infra@refs/heads/main"',
    'claims.exists(k, claims[k] == "acme/infra")',
    'claims[claims.key] == "acme/infra"',
    'claims.repository.matches("^acme/(?!evil)")',
    'claims.repository.matches("^acme/infra(")',
    'claims.sub.split(":")[1] == "x" && claims.actor == "x"',
    '1 / 0 == 1',
    // constants that the library does not find true, or that are not run
    '"a".matches("b")',
    '"abc".matches("^b")',
    '"abc".matches("b$")',
    '"abc".matches("^ab$")',
    '"a".matches("a^")',
    '"a".matches("$a")',
    '"a\\nb".matches("^.*b$")',
    '"abc".matches("a[b]c[d]?e*")',
    '"A".matches("(?i)a")',
    '"a b".matches("a\\\\b")',
    '"%s".format(["a"]) == "a"',
    '"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".matches("^(a+)+$")',
    '[1].map(x, [x].map(y, y)) == [[1]]',
  ],
  unknown: [
    'claims.sub ==',
    'claims.sub = "x"',
    '"unterminated',
    'claim.sub == "x"',
    'assertion.repository == "acme/infra"',
    'hasPrefix(claims.sub, "x")',
    'claims.sub.hasPrefix("x")',
    'true || claims.sub.hasPrefix("x")',
    'claims',
    'claims.sub',
    'claims["repository"]',
    '"acme/infra"',
    '1',
    'null',
    'size(claims.sub)',
    '1 == "a"',
  ],
};

const CASES = Object.entries(TABLE).flatMap(([expected, conditions]) =>
  conditions.map((condition) => [expected, condition] as const),
);

describe('what a condition admits', () => {
  test.each(CASES)('%s: %s', (expected, condition) => {
    expect(admits(condition)).toBe(expected);
  });

  test('the table has no condition twice', () => {
    expect(new Set(CASES.map(([, condition]) => condition)).size).toBe(CASES.length);
  });
});

describe('what one test proves is not used for another', () => {
  test('two elements of a list may differ', () => {
    expect(admits('claims.groups.exists(g, g == "a") && claims.groups.exists(g, g == "b")')).toBe('anyone');
  });

  test('two spellings of a claim may differ', () => {
    expect(admits('claims.actor == "A" && claims.actor.lowerAscii() == "a"')).toBe('anyone');
  });

  test('a number is not its text', () => {
    expect(admits('claims.run == 1 && claims.run == 1.0')).toBe('anyone');
    expect(admits('claims.run == 9007199254740993 && claims.run != 9007199254740992')).toBe('anyone');
  });

  test('a macro may hide the claims behind its variable', () => {
    expect(admits('["a"].exists(claims, claims == "a")')).toBe('always');
    expect(admits('claims.list.exists(claims, claims.repository == "acme/infra")')).toBe('anyone');
    expect(admits('["x"].exists(s, ["y"].exists(s, claims.repository == s))')).toBe('named');
  });
});

describe('the part that lets them in', () => {
  const part = (condition: string) => {
    const judged = judgeCondition(condition);
    return 'unknown' in judged ? judged.unknown.reason : judged.part;
  };

  test.each([
    ['claims.repository == "acme/infra" || claims.actor == "x"', 'claims.actor == "x"'],
    [
      'claims.repository.startsWith("acme/") && claims.ref == "main"',
      'claims.repository.startsWith("acme/")',
    ],
    ['claims.ref == "main" && claims.actor == "x"', 'claims.ref == "main" && claims.actor == "x"'],
    ['claims.repository in ["acme/infra", ""]', 'claims.repository == ""'],
    ['!(claims["repository"] == "x")', 'claims.repository != "x"'],
    ['!(has(claims.sub))', '!has(claims.sub)'],
    ['(claims.a == "x") == (claims.b == ("y" + "z"))', '(claims.a == "x") == (claims.b == ("y" + "z"))'],
    ['', ''],
  ])('%s', (condition, expected) => {
    expect(part(condition)).toBe(expected);
  });

  test('is one short line of printable ASCII', () => {
    const hostile = part(`claims.actor == "\\u202e\\n\u001b[31m${'ä'.repeat(500)}"`);
    expect(hostile).toMatch(/^[ -~]+…$/);
    expect(hostile.length).toBeLessThanOrEqual(160);
  });

  test("the parser's message is one short line too", () => {
    for (const condition of [
      'claims.sub == \u202e"x"',
      'claims.sub == "a\nb"',
      `${'x'.repeat(2000)} == 1`,
      '\ud800',
    ]) {
      const message = part(condition);
      expect(message).toMatch(/^the trust's condition cannot be read: [^\n]+$/);
      expect(message).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u);
      expect(message.length).toBeLessThanOrEqual(220);
    }
  });

  test('an unknown says what could not be read', () => {
    expect(part('claim.sub == "x"')).toBe("the trust's condition cannot be read: Unknown variable: claim");
    expect(part('size(claims.sub)')).toBe(
      "the trust's condition cannot be read: it is of type int, not bool",
    );
  });

  test('is what could not be decoded if the condition is undecided', () => {
    expect(part('claims.actor == "x" && claims.sub.split(":")[1] == "acme"')).toBe(
      'claims.sub.split(":")[1] == "acme"',
    );
  });

  test('an undecodable part matters only if it decides the verdict', () => {
    expect(admits('claims.sub.split(":")[1] == "x" && claims.repository == "acme/infra"')).toBe('named');
    expect(admits('claims.sub.split(":")[1] == "x" || claims.actor == "x"')).toBe('anyone');
    expect(admits('claims.sub.split(":")[1] == "x" || claims.sub.contains("x")')).toBe('loose');
  });
});
