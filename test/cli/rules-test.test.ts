import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { emptyFolder, runProgram } from '../helpers/program.js';

let cwd: string;
beforeEach(() => {
  cwd = emptyFolder();
});

const save = (name: string, text: string) => writeFileSync(join(cwd, name), text);
const rulesTest = (...argv: string[]) => runProgram(['rules', 'test', ...argv], { cwd });

const RULE = `customRules:
  - id: acme/ci-keys
    title: A CI key lives longer than 30 days
    severity: high
    kinds: [personal-client]
    when: credential.name.startsWith("ci-") && (credential.expiresAt == null || credential.expiresAt - credential.createdAt > duration("720h"))
    message: '"{name}" lives {days(expiresAt - createdAt)} days; CI keys may live 30'
    fix: Create it again with an end date within 30 days.
    tests:
      - { credential: { name: ci-deploy, createdAt: 2026-01-01, expiresAt: null }, expect: finding }
      - { credential: { name: ci-deploy, createdAt: 2026-01-01, expiresAt: 2026-01-31 }, expect: pass }
      - { credential: { name: ci-deploy, createdAt: unknown }, expect: unknown }
`;

const PLUGIN = `export default [
  { id: 'acme/plug', title: 'T', severity: 'low', kinds: ['personal-client'], docs: { why: 'w', fix: 'f' },
    needs: ['name'], optional: ['owner', 'createdAt'], messages: { found: ({ name }) => name },
    tests: [
      { name: 'a bot', credential: { name: 'bot', createdAt: '2026-05-01' }, expect: 'finding' },
      { credential: { name: 'x' }, expect: 'pass' },
      { credential: {}, expect: 'unknown' },
      { name: 'it throws', credential: { name: 'throw' }, expect: 'pass' },
    ],
    check({ facts, now }) {
      if (facts.name === 'throw') throw new Error('no');
      return facts.createdAt < now - 1 ? { messageId: 'found', data: { name: facts.name } } : undefined;
    } },
  { id: 'acme/untested', title: 'T', severity: 'low', kinds: ['personal-client'], docs: { why: 'w', fix: 'f' },
    needs: [], messages: { m: () => 'm' }, check() {} },
];`;

describe('rules test', () => {
  test('runs the tests of the configuration, and suggests what is missing', async () => {
    save('c1-audit.config.yaml', RULE);
    const { code, stdout, stderr } = await rulesTest();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toBe(
      [
        'acme/ci-keys',
        '  pass  test 1: finding: "ci-deploy" lives (none) days; CI keys may live 30',
        '  pass  test 2: pass',
        '  pass  test 3: unknown: the test gives no expiresAt',
        '  Missing boundary cases. Add them if what the rule reports now is what you mean:',
        '    # credential.expiresAt - credential.createdAt > duration("720h"), just above the limit',
        '    - { credential: { name: ci-deploy, createdAt: 2026-01-01, expiresAt: 2026-01-31T00:00:01Z }, expect: finding }',
        '',
        '3 tests passed, 0 failed; 1 boundary case is missing.',
        '',
      ].join('\n'),
    );
  });

  test('a suggestion that is added as it is leaves nothing to suggest', async () => {
    save('rules.yaml', RULE);
    const { stdout } = await rulesTest('rules.yaml');
    const line = stdout.split('\n').find((one) => one.startsWith('    - '));
    save('rules.yaml', `${RULE}  ${line}\n`);
    const after = await rulesTest('rules.yaml');
    expect(after.code).toBe(0);
    expect(after.stdout).toContain('4 tests passed, 0 failed.\n');
  });

  test('exits 1 where a test fails, and says where it is', async () => {
    save(
      'rules.yaml',
      RULE.replace('expect: pass', 'expect: finding').replace(
        'expect: unknown',
        'expect: unknown, message: x',
      ),
    );
    const { code, stdout } = await rulesTest('rules.yaml');
    expect(code).toBe(1);
    expect(stdout).toContain('  FAIL  test 2 (rules.yaml:11): expected finding, but it is pass\n');
    expect(stdout).toContain(
      '  FAIL  test 3 (rules.yaml:12): expected unknown with the message "x", but it is unknown: the test gives no expiresAt. Give expiresAt.\n',
    );
    expect(stdout).toContain('1 test passed, 2 failed;');
  });

  test('runs the tests of plug-ins, and says which rules have none', async () => {
    save('c1-audit.config.yaml', 'plugins: [./ours.mjs]');
    save('ours.mjs', PLUGIN);
    const { code, stdout } = await rulesTest();
    expect(code).toBe(1);
    expect(stdout).toBe(
      [
        'acme/plug',
        '  pass  test 1 "a bot": finding: bot',
        '  pass  test 2: pass',
        '  pass  test 3: unknown: the test gives no name',
        '  FAIL  test 4 "it throws": expected pass, but it is failed: it threw no',
        '',
        'acme/untested',
        '  no tests: add some under tests',
        '',
        '3 tests passed, 1 failed; 1 rule has no tests.',
        '',
      ].join('\n'),
    );
  });

  test('checks the tests of plug-ins', async () => {
    save('c1-audit.config.yaml', 'plugins: [./ours.mjs]');
    save('ours.mjs', PLUGIN.replace("{ name: 'bot',", "{ nme: 'bot',"));
    const { code, stderr } = await rulesTest();
    expect(code).toBe(2);
    expect(stderr).toContain('acme/plug: tests[0].credential.nme: no such fact; did you mean "name"?');
  });

  test('writes JSON', async () => {
    save('rules.yaml', RULE);
    const { stdout } = await rulesTest('rules.yaml', '-f', 'json');
    expect(JSON.parse(stdout)).toMatchObject([
      {
        rule: 'acme/ci-keys',
        tests: [{ expect: 'finding', outcome: 'finding', passed: true }, { passed: true }, { passed: true }],
        missing: [{ place: 'just above the limit', test: { expect: 'finding' } }],
      },
    ]);
  });

  test.each([
    [
      'a mistake in a rule',
      ['wrong.yaml'],
      'wrong.yaml:6:22: customRules[0].when: a personal client has no fact nme',
    ],
    ['a file without rules', ['none.yaml'], 'none.yaml has no rules of your own.'],
    ['no configuration', [], 'There are no rules of your own.'],
    ['a file that is missing', ['missing.yaml'], 'there is no configuration file missing.yaml'],
    ['two files', ['none.yaml', 'wrong.yaml'], 'rules test takes one file.'],
    ['a file and a flag', ['none.yaml', '-c', 'wrong.yaml'], 'rules test takes one file.'],
  ])('exits 2 for %s', async (_, argv, says) => {
    save('wrong.yaml', RULE.replace('credential.name', 'credential.nme'));
    save('none.yaml', 'scope: mine');
    const { code, stdout, stderr } = await rulesTest(...argv);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(says);
  });

  test('text of a rule cannot write to the terminal', async () => {
    save(
      'rules.yaml',
      RULE.replace(
        'name: ci-deploy, createdAt: 2026-01-01, expiresAt: null',
        'name: "ci-\\e[2J\\nFAIL", expiresAt: null',
      ),
    );
    const { stdout } = await rulesTest('rules.yaml');
    expect(stdout).not.toContain('\u001b');
    expect(stdout).not.toMatch(/^FAIL/m);
  });
});

describe('a rule in CEL in an audit', () => {
  test('is a rule like any other: report, SARIF, plan, rules and --rule', async () => {
    const broad = RULE.replace(/when: .*/, 'when: credential.expiresAt == null').replace(
      /message: .*/,
      "message: 'never ends; created {createdAt}'",
    );
    save('c1-audit.config.yaml', broad);
    const demo = (...argv: string[]) => runProgram(['demo', '--rule', 'acme/ci-keys', ...argv], { cwd });
    const { report } = await demo('-f', 'json');
    const builtIn = (await runProgram(['demo', '--rule', 'no-expiry', '-f', 'json'], { cwd: emptyFolder() }))
      .report;
    const ids = ({ findings }: typeof report) =>
      findings
        .filter(({ credential }) => credential?.kind === 'personal-client')
        .map(({ credential }) => credential?.id);
    expect(ids(report)).toEqual(ids(builtIn));
    expect(report.findings[0]).toMatchObject({
      rule: 'acme/ci-keys',
      severity: 'high',
      messageId: 'found',
      message: expect.stringMatching(/^never ends; created \d{4}-\d\d-\d\d$/),
      fix: 'Create it again with an end date within 30 days.',
    });
    const sarif = JSON.parse((await demo('-f', 'sarif')).stdout);
    expect(sarif.runs[0].tool.driver.rules).toMatchObject([{ id: 'acme/ci-keys' }]);
    expect(sarif.runs[0].results.length).toBe(report.findings.length);
    save('report.json', JSON.stringify(report));
    expect((await runProgram(['plan', 'report.json'], { cwd })).stdout).toContain(
      'Create it again with an end date within 30 days',
    );
    const page = await runProgram(['rules', 'acme/ci-keys'], { cwd });
    expect(page.stdout).toContain(
      'Why: It reports a credential when this is true: credential.expiresAt == null\n',
    );
  });

  test('is unknown, and the run complete, where a fact cannot be read or the condition cannot be computed', async () => {
    save(
      'c1-audit.config.yaml',
      RULE.replace(/when: .*/, 'when: credential.expiresAt - now < duration("24h")').replace(
        / {4}tests:.*/s,
        '',
      ),
    );
    const { report, code } = await runProgram(['demo', '--rule', 'acme/ci-keys', '-f', 'json'], { cwd });
    expect(code).toBe(0);
    expect(report.coverage.complete).toBe(true);
    const unknown = report.findings.filter(({ outcome }) => outcome === 'unknown');
    expect(unknown.length).toBeGreaterThan(0);
    expect(unknown[0]?.message).toBe(
      'unknown: the condition has no value: null - timestamp cannot be computed',
    );
  });
});
