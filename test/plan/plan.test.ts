import { describe, expect, test } from '@jest/globals';
import { rules } from '../../rules/index.js';
import type { Finding, ReportedCredential } from '../../src/contract/index.js';
import { makePlan, type Plan } from '../../src/plan/plan.js';
import { renderPlan } from '../../src/plan/render.js';
import { ruleInfos } from '../../src/reporters/reporter.js';
import { HOSTILE_NAMES } from '../helpers/hostile.js';
import {
  daysAgo,
  fullReport,
  ruleInfo,
  sampleCredential,
  sampleFinding,
  sampleReport,
  sampleUnknown,
  TENANT,
} from '../helpers/sample-report.js';

const infos = ruleInfos(rules);
const WAIVER = { reason: 'quarterly job', approvedBy: 'security@acme.example', expires: '2026-12-31' };

function plan(findings: readonly Finding[], owner?: string, over = {}): Plan {
  const made = makePlan(sampleReport({ findings, ...over }), infos, owner);
  if (!made) throw new Error('no such owner');
  return made;
}

const of = (credential: ReportedCredential, ...ids: readonly string[]) =>
  ids.map((rule) => sampleFinding({ rule, messageId: 'x', message: `says ${rule}`, credential }));

/** The steps for one credential on which these rules found something. */
function steps(credential: ReportedCredential, ...ids: readonly string[]): string[] {
  const [one] = plan(of(credential, ...ids)).owners;
  return one?.credentials[0]?.steps.map(({ text }) => text) ?? [];
}

const key = sampleCredential({ id: 'a', clientId: `calm-lynx-1@${TENANT}/pcc` });

describe('the findings of one credential make one list of steps', () => {
  test('four rules that ask for rotation lead to one rotation without an outage', () => {
    const said = steps(key, 'no-expiry', 'not-rotated', 'expiring-soon', 'lifetime-too-long');
    expect(said).toEqual([
      expect.stringMatching(/^Create its successor and keep the old one.*end date.*networks.*roles/),
      expect.stringMatching(/^Replace it with the new client id and secret/),
      expect.stringMatching(/^Wait until its least frequent job has run/),
      expect.stringMatching(/^Then delete it/),
    ]);
  });

  test('settings that the successor gets when it is created are not separate steps', () => {
    const said = steps(key, 'no-expiry', 'open-cidr', 'no-scoped-roles', 'default-name');
    expect(said).toHaveLength(4);
    expect(said[0]).toContain('a name that says what uses it');
  });

  test('several settings are changed in one call', () => {
    const [one] = plan(of(key, 'open-cidr', 'admin-scope', 'malformed-cidr')).owners;
    const commands = one?.credentials[0]?.steps.flatMap(({ command }) => command ?? []);
    expect(commands).toEqual([expect.stringContaining('"updateMask":"scopedRoles,allowSourceCidr"')]);
  });

  test('a credential that must go is not rotated first', () => {
    expect(steps(key, 'owner-inactive', 'no-expiry', 'open-cidr', 'unused')).toEqual([
      expect.stringMatching(/^An administrator has to do this/),
      expect.stringMatching(/^Make sure that nothing depends on it/),
      expect.stringMatching(/^Then delete it/),
    ]);
  });

  test('a credential that has a successor is not given another', () => {
    const found = sampleFinding({
      rule: 'rotation-unfinished',
      credential: key,
      data: { newerId: 'pc-new' },
    });
    const [one] = plan([found, ...of(key, 'not-rotated')]).owners;
    expect(one?.credentials[0]?.steps.map(({ text }) => text)).toEqual([
      'Switch everything that still uses it to its successor (pc-new).',
      expect.stringMatching(/^Wait until its least frequent job has run/),
      expect.stringMatching(/^Then delete it/),
    ]);
  });

  test('the first step for an unused credential is to ask whether it is needed', () => {
    expect(steps(key, 'unused', 'no-expiry')).toEqual([
      expect.stringMatching(/^Find out whether anything still needs it \(it was last used on 2026-06-01\)/),
      expect.stringMatching(/^If something does, create its successor/),
      expect.stringMatching(/^Replace it with the new/),
      expect.stringMatching(/^Wait until/),
      expect.stringMatching(/^Then, or if nothing needs it, delete it/),
    ]);
    expect(steps(key, 'unused', 'open-cidr').map((text) => text.slice(0, 12))).toEqual([
      'Find out whe',
      'If something',
      'Check that i',
      'If not: dele',
    ]);
    expect(steps(key, 'unused').at(-1)).toMatch(/waive the finding/);
  });

  test('a federation trust can replace a secret', () => {
    const secret = sampleCredential({ kind: 'service-principal-credential', id: 's' });
    expect(steps(secret, 'static-beside-federation')[0]).toMatch(/^Let its workloads sign in through/);
    expect(steps(secret, 'static-beside-federation', 'expiring-soon')[1]).toMatch(/^Or use no secret/);
    expect(steps(secret, 'static-beside-federation', 'open-cidr').at(-1)).toMatch(/^Or use no secret/);
  });

  test('the steps for the credential that runs the audit name its environment variables and do not ask whether it is used', () => {
    const said = steps({ ...key, self: true }, 'expiring-soon', 'too-many-credentials');
    expect(said[0]).toMatch(/^Create/);
    expect(said[1]).toContain('CONDUCTORONE_CLIENT_SECRET');
  });

  test.each([['too-many-credentials'], ['unused'], ['unused', 'too-many-credentials']])(
    'the credential that runs the audit is kept, or the audit switched first: %s %s',
    (...ids) => {
      expect(steps({ ...key, self: true }, ...ids)).toEqual([
        expect.stringMatching(
          /^This credential runs the audit\. Keep it .*; or switch the audit .* first .*, then delete it\.$/,
        ),
      ]);
    },
  );

  test('so is one with the name that a CLI login gives it', () => {
    const login = sampleFinding({
      rule: 'default-name',
      messageId: 'cliLogin',
      credential: { ...key, self: true },
    });
    expect(plan([login]).owners[0]?.credentials[0]?.steps).toHaveLength(1);
  });

  test('every built-in rule leads to at least one step', () => {
    for (const rule of [...infos.values()].filter(({ kinds }) => kinds).map(({ id }) => id))
      for (const self of [false, true])
        expect([rule, self, steps({ ...key, self }, rule).length > 0]).toEqual([rule, self, true]);
  });

  describe("the fix of a plug-in's rule appears", () => {
    const FIX = 'Put the ticket number into its name.';
    const FOR_SUCCESSOR = `So that acme/ticket does not report the successor as well: ${FIX}`;
    const secret = sampleCredential({ kind: 'service-principal-credential', id: 's' });
    const withOurs = (credential: ReportedCredential, ...ids: readonly string[]) => {
      const ours = ['acme/ticket', 'acme/ticket-2'].map((rule) =>
        sampleFinding({ rule, fix: FIX, severity: 'critical', credential }),
      );
      const [one] = plan([...ours, ...of(credential, ...ids)]).owners;
      return one?.credentials[0]?.steps.map(({ text }) => text) ?? [];
    };
    /** The steps without the plug-in's, and its words put in at this place. */
    const put = (at: number, words: string, credential: ReportedCredential, ...ids: readonly string[]) =>
      steps(credential, ...ids).toSpliced(at, 0, words);

    test.each<[string, ReportedCredential, number, string, readonly string[]]>([
      ['alone', key, 0, FIX, []],
      ['first, if the credential is changed', key, 0, FIX, ['open-cidr', 'no-scoped-roles']],
      ['after the question whose it is', key, 1, FIX, ['credential-appeared']],
      ['about the successor, right after it is created', key, 1, FOR_SUCCESSOR, ['no-expiry', 'open-cidr']],
      ['about the successor, if one is needed', key, 2, FOR_SUCCESSOR, ['unused', 'no-expiry']],
      [
        'about the successor, before the alternative without a secret',
        secret,
        1,
        FOR_SUCCESSOR,
        ['expiring-soon', 'static-beside-federation'],
      ],
      ['on condition that it stays', key, 2, `If something does: ${FIX}`, ['unused']],
      [
        'on condition that it stays, before it is changed',
        key,
        1,
        `If something does: ${FIX}`,
        ['unused', 'open-cidr'],
      ],
      ['first, if the audit needs it', { ...key, self: true }, 0, FIX, ['unused']],
    ])('%s', (_, credential, at, words, ids) => {
      expect(withOurs(credential, ...ids)).toEqual(put(at, words, credential, ...ids));
    });

    test.each<[string, ReportedCredential, readonly string[]]>([
      ['must go', key, ['expired', 'no-expiry']],
      ['has a successor already', key, ['rotation-unfinished', 'open-cidr']],
      ['is replaced by a trust', secret, ['static-beside-federation']],
    ])('not at all if the credential %s', (_, credential, ids) => {
      expect(withOurs(credential, ...ids)).toEqual(steps(credential, ...ids));
      expect(withOurs(credential, ...ids)).not.toEqual([]);
    });
  });
});

describe('by owner', () => {
  const owned = (id: string, owner: ReportedCredential['owner'], severity: Finding['severity']) =>
    sampleFinding({ severity, credential: sampleCredential({ id, owner }) });
  const jo = { id: 'u-1', name: 'Jo', email: 'Jane@Acme.example' };
  const al = { id: 'u-2', name: 'Al', email: 'al@acme.example' };
  const findings = [
    owned('none', null, 'critical'),
    owned('j-low', jo, 'low'),
    owned('a-high', al, 'high'),
    owned('j-high', jo, 'high'),
    sampleFinding({ severity: 'critical', status: 'waived', waiver: WAIVER, credential: key }),
  ];

  test('lists the worst first and unknown owners last, and leaves out waived findings', () => {
    expect(
      plan(findings).owners.map(({ owner, credentials }) => [
        owner?.id,
        ...credentials.map(({ credential: { id } }) => id),
      ]),
    ).toEqual([
      ['u-2', 'a-high'],
      ['u-1', 'j-high', 'j-low'],
      [undefined, 'none'],
    ]);
  });

  test.each(['jane@acme.example', 'JANE@ACME.EXAMPLE', 'u-1'])('makes a plan for %s alone', (owner) => {
    const { owners, only } = plan(findings, owner);
    expect(only).toEqual(jo);
    expect(owners.map((one) => one.owner)).toEqual([jo]);
  });

  test('makes no plan for an owner that the report does not know', () => {
    expect(makePlan(sampleReport({ findings }), infos, 'jane@acme.exampl')).toBeUndefined();
    expect(makePlan(sampleReport({ findings }), infos, '')).toBeUndefined();
  });

  test('tells an owner without findings so, and whether the audit was complete', () => {
    const credentials = [sampleCredential({ owner: jo })];
    const said = (complete: boolean) =>
      [...renderPlan('text', plan([], jo.id, { credentials, complete }))].join('');
    expect(said(true)).toContain('found no credential of yours that needs attention.');
    expect(said(false)).toMatch(/INCOMPLETE[\s\S]*needs attention among those it read\./);
  });

  describe('says what was left out, to an owner too', () => {
    const credentials = [sampleCredential({ owner: jo })];
    const base = sampleReport({ credentials });
    const hidden = { critical: 0, high: 0, medium: 2, low: 0, info: 0 };
    const covering = (over: Partial<typeof base.coverage>) => ({
      ...base,
      coverage: { ...base.coverage, ...over },
    });
    const said = (report: typeof base, owner?: string) =>
      [...renderPlan('text', makePlan(report, infos, owner) as Plan)].join('');

    test.each<[string, typeof base, RegExp]>([
      ['less severe findings', { ...base, summary: { ...base.summary, hidden } }, /^Less severe findings/m],
      [
        'less severe unknown outcomes',
        covering({ notes: ['1 finding below high is not shown.'] }),
        /^Less severe findings/m,
      ],
      [
        'findings of one rule that did not run',
        covering({ rulesNotRun: ['unused'] }),
        /^The findings of rules that did not run are not in this plan: unused\.$/m,
      ],
      [
        'findings of rules that did not run',
        covering({ rulesNotRun: ['open-cidr', 'unused'] }),
        /^The findings of rules that did not run are not in this plan: open-cidr, unused\.$/m,
      ],
      ['credentials', covering({ mayBeFiltered: true }), /^ConductorOne may not have shown/m],
    ])('%s', (_, report, line) => {
      for (const text of [said(report), said(report, jo.id)]) {
        expect(text).toMatch(line);
        expect(text).toContain('that needs attention, but this plan does not cover everything (see below).');
      }
    });

    test('says so next to the number of credentials as well', () => {
      const found = sampleReport({ findings: of(key, 'no-expiry') });
      const report = { ...found, coverage: { ...found.coverage, rulesNotRun: ['unused'] } };
      expect(said(report)).toContain(
        'found 1 credential that needs attention, but this plan does not cover everything (see below). A cred',
      );
      expect(said(found)).toContain('found 1 credential that needs attention. A cred');
    });
  });

  test("puts unknown outcomes into the plan of the credential's owner", () => {
    const unknown = [
      sampleUnknown({ credential: sampleCredential({ id: 'x', owner: jo }) }),
      sampleUnknown({ credential: sampleCredential({ id: 'y', owner: al }) }),
    ];
    expect(plan(unknown).unknown).toHaveLength(2);
    expect(plan(unknown, 'u-1').unknown).toEqual([unknown[0]]);
  });
});

describe('due', () => {
  test.each<[Finding['severity'], string | null, string | null]>([
    ['critical', null, '2026-09-03'],
    ['high', null, '2026-09-08'],
    ['medium', null, '2026-10-01'],
    ['low', null, '2026-11-30'],
    ['info', null, null],
    ['low', daysAgo(-5), '2026-09-06'],
    ['low', daysAgo(5), '2026-11-30'],
    ['info', daysAgo(-5), null],
  ])('a %s finding on a credential that expires %s', (severity, expiresAt, expected) => {
    const found = sampleFinding({ severity, credential: sampleCredential({ expiresAt }) });
    expect(plan([found]).owners[0]?.credentials[0]?.due).toBe(expected);
  });
});

describe('as text and markdown', () => {
  const whole = plan(fullReport().findings);
  const text = [...renderPlan('text', whole)].join('');
  const markdown = [...renderPlan('markdown', whole)].join('');

  test("an owner's plan says what to do, why, by when, and that c1-audit changes nothing", () => {
    const mine = [...renderPlan('text', plan(of(key, 'no-expiry'), 'jo@acme.example'))].join('');
    expect(mine).toMatch(/^API credentials of Jo Doe in acme\.conductor\.one: what to do\n/);
    expect(mine).toContain('found 1 credential of yours that needs attention');
    expect(mine).toContain('This plan changes nothing');
    expect(mine).toContain('C1_TOKEN is an access token');
    expect(mine).toContain('1. nightly export (a, personal client): medium, by 2026-10-01');
    expect(mine).toContain('     medium no-expiry: says no-expiry\n');
    expect(mine).toMatch(/\n {5}4\. Then delete it: your name at the bottom/);
    expect(mine).toMatch(/WHY\n {2}no-expiry: A leaked secret/);
    expect(mine).toContain('\n  https://acme.conductor.one/\n');
  });

  test('unknown outcomes and waivers have sections of their own', () => {
    for (const form of [text, markdown]) {
      expect(form).toMatch(/unknown: 1 check/i);
      expect(form).toContain('grant the audit the right to read users');
      expect(form).toMatch(/waivers, for whoever maintains the configuration/i);
    }
  });

  test('says first that an audit is incomplete', () => {
    const part = [...renderPlan('text', plan([], undefined, { complete: false }))].join('').split('\n');
    expect(part[2]).toMatch(/^INCOMPLETE: .* What was not read is not in this plan\.$/);
  });

  test('puts commands into fenced code blocks', () => {
    expect(markdown).toMatch(/\n\n {3}```sh\n {3}curl -sS -X DELETE [^\n`]*\n {3}```\n/);
  });

  test("explains C1_HOST if the tenant's host is unknown", () => {
    const bare = [...renderPlan('text', plan(of(key, 'no-expiry'), undefined, { tenant: '' }))].join('');
    expect(bare).toContain('C1_HOST is the host');
    expect(text).not.toContain('C1_HOST');
  });
});

describe('hostile text', () => {
  test.each(HOSTILE_NAMES)('%s has no effect', (_, name) => {
    const made = (word: string) => {
      const credential = sampleCredential({
        id: word,
        clientId: word,
        name: word,
        owner: { id: word || 'x', name: word, email: word },
      });
      const found = [
        ...of(credential, 'no-expiry', 'rotation-unfinished'),
        sampleFinding({ rule: `x/${word}`, message: word, fix: word, credential }),
        sampleUnknown({ credential, message: word, fix: word }),
        sampleFinding({ rule: 'waiver-expired', credential: null, message: word, fix: word }),
      ];
      return makePlan(
        sampleReport({ findings: found, tenant: word, notes: [word] }),
        new Map([[`x/${word}`, ruleInfo({ ...rules[0], id: `x/${word}` } as never)]]),
      ) as Plan;
    };
    const hostile = [...renderPlan('text', made(name))].join('');
    expect(hostile).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
    for (const line of hostile.split('\n').filter((one) => one.includes('C1_TOKEN"')))
      expect(line).toMatch(/^ {8}curl -sS -X/);
    const markdown = [...renderPlan('markdown', made(name))].join('');
    const outside = markdown.replace(/^ {3}```sh\n {3}curl [^\n]*\n {3}```$/gm, '');
    expect(outside).not.toMatch(/```/);
    expect(outside.replace(/^- <https:\/\/[a-z./-]+>$/gm, '')).not.toMatch(/<(?!!-- -->)[a-z!/]/i);
    expect(outside).not.toMatch(/(?<!\\)\]\(/);
  });
});
