import { describe, expect, test } from '@jest/globals';
import { Environment } from '@marcbachmann/cel-js';
import fc from 'fast-check';
import { judgeCondition } from '../../src/condition/judge.js';
import { character } from '../fuzz/arbitraries.js';

const ORDER = ['never', 'named', 'loose', 'ownerWide', 'anyone', 'always'] as const;

/** 0 (`never`) … 5 (`always`). Fails the test on a condition that cannot be judged. */
function admits(condition: string): number {
  const judged = judgeCondition(condition);
  if ('unknown' in judged) throw new Error(`${judged.unknown.reason}: ${condition}`);
  if (judged.admits === 'undecided') throw new Error(`undecided: ${condition}`);
  return ORDER.indexOf(judged.admits);
}

const NAMED = ORDER.indexOf('named');
const LOOSE = ORDER.indexOf('loose');
const ANYONE = ORDER.indexOf('anyone');

const quoted = (text: string) => JSON.stringify(text);

/** Values that name acme's infra or app, whole or cut off anywhere, by the claim they belong to. */
const ACME: Record<string, readonly string[]> = {
  'claims.sub': [
    'repo:acme/infra:ref:refs/heads/main',
    'repo:acme/app:environment:production',
    'repo:acme@91/infra@1111:environment:production',
    'project_path:acme/infra:ref_type:branch:ref:main',
    'organization:acme:project:core:workspace:infra:run_phase:apply',
    'spiffe://acme.example/ns/infra/sa/app',
    'arn:aws:iam::111111111111:role/infra',
    'system:serviceaccount:acme:infra',
    'org/acme/project/infra/user/u',
  ],
  'claims.repository': ['acme/infra', 'acme/app'],
  'claims["repository"]': ['acme/infra', 'acme/app'],
  'claims.repository.lowerAscii()': ['acme/infra', 'acme/app'],
  'claims.project_path': ['acme/infra', 'acme/group/app'],
  'claims.repository_id': ['1111', '1112'],
  'claims.project_id': ['1111'],
  'claims.terraform_workspace_id': ['ws-acmeinfra'],
  'claims.terraform_workspace_name': ['infra', 'app'],
  'claims["https://sts.amazonaws.com/"].aws_account': ['111111111111'],
  'claims["https://sts.amazonaws.com/"].principal_id': ['arn:aws:iam::111111111111:role/infra'],
  'claims["https://sts.amazonaws.com/"].org_id': ['o-acme'],
  'claims.repository_owner': ['acme'],
  'claims.repository_owner_id': ['91'],
  'claims.namespace_path': ['acme', 'acme/group'],
  'claims.namespace_id': ['91'],
  'claims.terraform_organization_name': ['acme'],
  'claims.terraform_organization_id': ['org-acme'],
  'url(claims.sub).host': ['acme.example'],
  'url(claims.sub).path': ['/ns/infra/sa/app'],
};

/** Claims that anyone's token may hold, acme's words in them included. */
const FREE: Record<string, readonly string[]> = {
  'claims.actor': ['octocat', 'acme', ''],
  'claims.ref': ['refs/heads/main', 'refs/tags/acme', 'acme/infra', ''],
  'claims.environment': ['production', 'acme/infra'],
  'claims.job_workflow_ref': ['acme/infra/.github/workflows/ci.yml@refs/heads/main'],
  'claims.aud': ['acme.conductor.one'],
};

const escaped = (text: string) => text.replace(/[.+*?^$()[\]{}|\\]/g, '\\$&');

interface Options {
  /** Whether to test naming claims by `contains` and unanchored patterns, which are `loose` by decree. */
  readonly middles: boolean;
}

/** Tests of one claim. */
function atoms({ middles }: Options): fc.Arbitrary<string> {
  const ofClaim = (claims: Record<string, readonly string[]>, free: boolean) =>
    fc.constantFrom(...Object.entries(claims)).chain(([claim, values]) => {
      const literal = fc.constantFrom(...values);
      const cut = literal.chain((text) => fc.nat(text.length).map((length) => text.slice(0, length)));
      const tail = literal.chain((text) => fc.nat(text.length).map((length) => text.slice(length)));
      const start = fc.constantFrom('^', free || middles ? '' : '^');
      const joined = (...parts: fc.Arbitrary<string>[]) => fc.tuple(...parts).map((all) => all.join(''));
      // What is cut off stays open: closed, it would be somebody's whole name.
      const open = joined(
        start,
        fc.oneof(
          cut.map(escaped),
          fc.tuple(literal, cut).map((parts) => `(${parts.map(escaped).join('|')})`),
          fc.tuple(literal, cut).map((parts) => parts.map(escaped).join('|^')),
        ),
        fc.constantFrom('.*$', '', '[a-z/:]*'),
      );
      const shut = joined(
        start,
        fc.oneof(
          literal.map(escaped),
          fc.tuple(literal, literal).map((parts) => `(${parts.map(escaped).join('|')})`),
          literal.map((text) => escaped(text).replace(/[a-z]+$/, '[a-z]+')),
          literal.map((text) => escaped(text).replace('acme', '[^/]+')),
          literal.map((text) => escaped(text).replace(/a/, '.')),
          literal.map((text) => escaped(text).replace(/[a-z1]{2}/, '(?:$&)?')),
          literal.map((text) => escaped(text).replace(/@\d+/g, '@[0-9]+')),
          literal.map((text) => escaped(text).replace(/@\d+/g, '(@[^/:]+)?')),
          literal.map((text) => escaped(text).replace(/acme|infra/g, '$&(@[0-9]+)?')),
          literal.map((text) => escaped(text).replace(/acme|infra/g, '$&[0-9]*')),
        ),
        fc.constantFrom('$', '.*$', '', '(:.*)?$'),
      );
      const pattern = fc.oneof(open, shut);
      const tests: fc.Arbitrary<string>[] = [
        literal.map((text) => `${claim} == ${quoted(text)}`),
        literal.map((text) => `${quoted(text)} == ${claim}`),
        literal.map((text) => `${claim} != ${quoted(text)}`),
        fc.constantFrom(`${claim} != ""`, `${claim} == ""`, `size(${claim}) > 0`, `${claim} == ${claim}`),
        fc.array(literal, { maxLength: 3 }).map((list) => `${claim} in [${list.map(quoted).join(', ')}]`),
        fc.uniqueArray(literal, { minLength: 1, maxLength: 2 }).map((list) => {
          return `[${list.map(quoted).join(', ')}].exists(x, ${claim} == x)`;
        }),
        cut.map((text) => `${claim}.startsWith(${quoted(text)})`),
        tail.map((text) => `${claim}.endsWith(${quoted(text)})`),
        pattern.map((text) => `${claim}.matches(${quoted(text)})`),
      ];
      if (middles || free) {
        tests.push(
          fc.tuple(cut, fc.nat(4)).map(([text, skip]) => `${claim}.contains(${quoted(text.slice(skip))})`),
        );
      }
      return fc.oneof(...tests);
    });
  return fc.oneof(
    { weight: 6, arbitrary: ofClaim(ACME, false) },
    { weight: 2, arbitrary: ofClaim(FREE, true) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        'true',
        'false',
        '1 < 2',
        '"a" == "b"',
        'has(claims.sub)',
        'has(claims.repository)',
        '"repository" in claims',
        'claims.repository == claims.project_path',
        'claims.flag',
        '"acme" in claims.groups',
        'claims.groups.exists(g, g == "acme")',
        'claims.groups.all(g, g == "acme")',
      ),
    },
  );
}

/** Whole conditions: every operator, a few levels deep. */
function conditions(options: Options): fc.Arbitrary<string> {
  const atom = atoms(options);
  return fc.letrec<{ tree: string }>((tie) => {
    const pair = fc.tuple(tie('tree'), tie('tree'));
    return {
      tree: fc.oneof(
        { maxDepth: 4, depthSize: 'small' },
        { weight: 3, arbitrary: atom },
        { weight: 4, arbitrary: pair.map(([a, b]) => `(${a}) && (${b})`) },
        { weight: 3, arbitrary: pair.map(([a, b]) => `(${a}) || (${b})`) },
        { weight: 2, arbitrary: tie('tree').map((a) => `!(${a})`) },
        {
          weight: 1,
          arbitrary: fc.tuple(tie('tree'), pair).map(([c, [a, b]]) => `(${c}) ? (${a}) : (${b})`),
        },
        { weight: 1, arbitrary: pair.map(([a, b]) => `(${a}) == (${b})`) },
        { weight: 1, arbitrary: pair.map(([a, b]) => `(${a}) != (${b})`) },
        { weight: 1, arbitrary: tie('tree').map((a) => `["x"].all(y, ${a})`) },
        { weight: 1, arbitrary: tie('tree').map((a) => `claims.groups.exists(g, g != "" && (${a}))`) },
        { weight: 1, arbitrary: tie('tree').map((a) => `cel.bind(b, ${a}, b)`) },
      ),
    };
  }).tree;
}

const ANY = conditions({ middles: true });

describe('the verdict is monotone', () => {
  test('another conjunct never makes it worse', () => {
    fc.assert(
      fc.property(ANY, ANY, (a, b) => {
        expect(admits(`(${a}) && (${b})`)).toBeLessThanOrEqual(Math.min(admits(a), admits(b)));
      }),
      { numRuns: 60 },
    );
  });

  test('another disjunct never makes it better', () => {
    fc.assert(
      fc.property(ANY, ANY, (a, b) => {
        expect(admits(`(${a}) || (${b})`)).toBeGreaterThanOrEqual(Math.max(admits(a), admits(b)));
      }),
      { numRuns: 60 },
    );
  });

  test('also deep inside', () => {
    fc.assert(
      fc.property(ANY, ANY, ANY, ANY, (a, b, c, d) => {
        const around = (inner: string) => `((${a}) && (${inner})) || (${d})`;
        expect(admits(around(`(${b}) && (${c})`))).toBeLessThanOrEqual(admits(around(b)));
        expect(admits(around(`(${b}) || (${c})`))).toBeGreaterThanOrEqual(admits(around(b)));
      }),
      { numRuns: 50 },
    );
  });

  test('double negation and De Morgan change nothing', () => {
    fc.assert(
      fc.property(ANY, ANY, (a, b) => {
        expect(admits(`!(!(${a}))`)).toBe(admits(a));
        expect(admits(`!((${a}) && (${b}))`)).toBe(admits(`!(${a}) || !(${b})`));
        expect(admits(`!((${a}) || (${b}))`)).toBe(admits(`!(${a}) && !(${b})`));
        expect(admits(`(${a}) && (${b})`)).toBe(admits(`(${b}) && (${a})`));
        expect(admits(`(${a}) || (${b})`)).toBe(admits(`(${b}) || (${a})`));
        expect(admits(`(${a}) && true`)).toBe(admits(a));
        expect(admits(`(${a}) || false`)).toBe(admits(a));
      }),
      { numRuns: 50 },
    );
  });
});

const service = new Environment({ homogeneousAggregateLiterals: false })
  .registerVariable('claims', 'map<string, dyn>')
  .registerFunction('url(string): dyn', (text: string) => {
    // An error of this realm, which the library tells apart from a value.
    if (!URL.canParse(text)) throw new Error('not a URL');
    const { host, pathname } = new URL(text);
    return { host, path: pathname };
  });

/** What the service would do: only `true` lets a token in, and an error does not. */
function doorOf(condition: string): (claims: Record<string, unknown>) => boolean {
  const evaluate = service.parse(condition);
  return (claims) => {
    try {
      return evaluate({ claims }) === true;
    } catch {
      return false;
    }
  };
}

interface Holder {
  readonly owner: string;
  readonly ownerId: string;
  readonly name: string;
  readonly id: string;
  readonly account: string;
}

const free = fc.record(
  {
    actor: fc.constantFrom('octocat', 'acme', '', 'x'),
    ref: fc.constantFrom('refs/heads/main', 'refs/tags/acme', 'acme/infra', 'refs/heads/x'),
    environment: fc.constantFrom('production', 'acme/infra', 'x'),
    job_workflow_ref: fc.constantFrom('acme/infra/.github/workflows/ci.yml@refs/heads/main', 'x'),
    aud: fc.constant('acme.conductor.one'),
    groups: fc.subarray(['acme', 'x', 'acme/infra']),
    flag: fc.boolean(),
  },
  { requiredKeys: ['aud'] },
);

/**
 * A token as each issuer writes it for a holder, or one that holds all of their claims at once. A path alone names a
 * workload, as an issuer of SPIFFE ids stands for one trust domain: a stranger's are others.
 */
function tokens(holder: fc.Arbitrary<Holder>): fc.Arbitrary<Record<string, unknown>> {
  return fc.tuple(holder, free, fc.nat(8)).map(([{ owner, ownerId, name, id, account }, others, form]) => {
    const github = {
      repository: `${owner}/${name}`,
      repository_id: id,
      repository_owner: owner,
      repository_owner_id: ownerId,
    };
    const gitlab = {
      project_path: `${owner}/${name}`,
      project_id: id,
      namespace_path: owner,
      namespace_id: ownerId,
    };
    const terraform = {
      terraform_organization_name: owner,
      terraform_organization_id: `org-${owner}`,
      terraform_workspace_name: name,
      terraform_workspace_id: `ws-${owner}${name}`,
    };
    const arn = `arn:aws:iam::${account}:role/${name}`;
    const aws = {
      'https://sts.amazonaws.com/': { aws_account: account, principal_id: arn, org_id: `o-${owner}` },
    };
    const ref = others.ref ?? 'refs/heads/main';
    const repo = `repo:${owner}/${name}:ref:${ref}`;
    return [
      { ...others, ...github, sub: repo },
      {
        ...others,
        ...github,
        sub: `repo:${owner}@${ownerId}/${name}@${id}:environment:${others.environment ?? 'x'}`,
      },
      { ...others, ...gitlab, sub: `project_path:${owner}/${name}:ref_type:branch:ref:main` },
      {
        ...others,
        ...terraform,
        sub: `organization:${owner}:project:core:workspace:${name}:run_phase:apply`,
      },
      { ...others, ...aws, sub: arn },
      { ...others, sub: `spiffe://${owner}.example/${owner === 'acme' ? 'ns' : 'evil'}/${name}/sa/app` },
      { ...others, sub: `system:serviceaccount:${owner}:${name}` },
      { ...others, sub: `org/${owner}/project/${name}/user/u` },
      { ...others, ...github, ...gitlab, ...terraform, ...aws, sub: repo },
    ][form] as Record<string, unknown>;
  });
}

/** Names that stand near acme's without being it; what they own may be called like anything of acme's. */
const stranger = fc.record({
  owner: fc.constantFrom('evil-corp', 'acme-evil', 'acmee', 'evil-acme', 'acm', 'xacme', 'bcme', 'infra'),
  ownerId: fc.constantFrom('912', '9', '191'),
  name: fc.constantFrom('infra', 'app', 'acme', 'infra-acme', 'infra-x'),
  id: fc.constantFrom('11113', '111', '21111'),
  account: fc.constantFrom('111111111112', '211111111111', '999999999999'),
});

/** Acme's other workloads: near infra and app, and neither. */
const colleague = fc.record({
  owner: fc.constant('acme'),
  ownerId: fc.constant('91'),
  name: fc.constantFrom('infra-evil', 'infr', 'xinfra', 'app2', 'infraa', 'other', 'inframain'),
  id: fc.constantFrom('11113', '21111'),
  account: fc.constantFrom('111111111112', '999999999999'),
});

const sealed = conditions({ middles: false });

describe('the verdict never admits less than the condition does', () => {
  const table: readonly (readonly [string, fc.Arbitrary<string>, fc.Arbitrary<Holder>, number])[] = [
    ['a stranger who gets in makes it anyone', sealed, stranger, ANYONE],
    ['a stranger who gets in makes it loose at least', ANY, stranger, LOOSE],
    ['a colleague who gets in makes it loose at least', ANY, colleague, LOOSE],
  ];

  test.each(table)('%s', (_name, condition, holder, least) => {
    let letIn = 0;
    fc.assert(
      fc.property(condition, fc.array(tokens(holder), { minLength: 12, maxLength: 24 }), (text, held) => {
        const intruder = held.find(doorOf(text));
        if (!intruder) return;
        letIn++;
        if (admits(text) < least) {
          throw new Error(`${ORDER[admits(text)]}: ${text} lets in ${JSON.stringify(intruder)}`);
        }
      }),
      { numRuns: 200 },
    );
    // Else the property would hold for want of intruders.
    expect(letIn).toBeGreaterThan(50);
  });

  test('single tests of a claim', () => {
    fc.assert(
      fc.property(
        atoms({ middles: false }),
        fc.array(tokens(stranger), { minLength: 40, maxLength: 40 }),
        (text, held) => {
          const intruder = held.find(doorOf(text));
          if (intruder && admits(text) < ANYONE) {
            throw new Error(`${ORDER[admits(text)]}: ${text} lets in ${JSON.stringify(intruder)}`);
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  test('a condition that is never true admits nobody, one that is always true everybody', () => {
    const holder = fc.oneof(stranger, colleague);
    fc.assert(
      fc.property(ANY, fc.array(tokens(holder), { minLength: 10, maxLength: 10 }), (text, held) => {
        const rank = admits(text);
        if (rank === 0) expect(held.some(doorOf(text))).toBe(false);
        if (rank === 5) expect(held.every(doorOf(text))).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  test('admits acme itself by the claims that name it', () => {
    // The tokens of the checks above are such that conditions can be met at all.
    const acme = fc.record({
      owner: fc.constant('acme'),
      ownerId: fc.constant('91'),
      name: fc.constantFrom('infra', 'app'),
      id: fc.constant('1111'),
      account: fc.constant('111111111111'),
    });
    let letIn = 0;
    fc.assert(
      fc.property(ANY, fc.array(tokens(acme), { minLength: 20, maxLength: 20 }), (text, held) => {
        if (admits(text) === NAMED && held.some(doorOf(text))) letIn++;
      }),
      { numRuns: 250 },
    );
    expect(letIn).toBeGreaterThan(0);
  });
});

describe('returns a verdict for any text', () => {
  const answers = (text: string) => {
    const judged = judgeCondition(text);
    return 'unknown' in judged
      ? judged.unknown.reason.length > 0
      : [...ORDER, 'undecided'].includes(judged.admits);
  };

  test('any string', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: character }), fc.string({ unit: 'grapheme' })), answers),
      { numRuns: 100 },
    );
  });

  test('any sequence of tokens', () => {
    const token = fc.constantFrom(
      ...'claims . sub [ ] ( ) { } && || ! == != < in ? : , + - * / % true false null 1 1.5 2u "a" "^a.*(b|c)$" b"x"'.split(
        ' ',
      ),
      ...'has url matches startsWith size exists all exists_one map filter cel bind string x google'.split(
        ' ',
      ),
    );
    fc.assert(
      fc.property(
        fc.array(token, { maxLength: 25 }),
        (parts) => answers(parts.join('')) && answers(parts.join(' ')),
      ),
      { numRuns: 250 },
    );
  });

  test('any pattern', () => {
    const piece = fc.constantFrom(
      ...'a b / : . * + ? ^ $ | ( ) [ ] { } \\ - , 1 2 (?: (?i) (?m) (?P<n> \\d \\A \\z \\Q \\E \\x41 \\pL [[:alpha:]] {2} {2,} {1,900} (?='.split(
        ' ',
      ),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (parts) =>
        answers(`claims.repository.matches(${quoted(parts.join(''))})`),
      ),
      { numRuns: 250 },
    );
  });

  const long = (text: string, times: number) => text.repeat(times);
  test.each([
    ['a long string', `claims.sub == "${long('x', 5000)}"`, 'named'],
    ['a far too long one', `claims.sub == "${long('x', 100_000)}"`, 'named'],
    ['one longer than is read', `true || claims.sub == "${long('x', 1_000_000)}"`, 'undecided'],
    ['many conjuncts', `claims.sub == "a"${long(' && claims.actor == "b"', 200)}`, 'named'],
    ['many disjuncts', `claims.sub == "a"${long(' || claims.sub == "b"', 300)}`, 'named'],
    ['too many of them', `a${long('||a', 2700)}`, 'undecided'],
    ['deep parentheses', `${long('(', 4000)}true${long(')', 4000)}`, 'undecided'],
    ['deep negations', `${long('!', 8000)}true`, 'undecided'],
    ['some negations', `${long('!', 200)}true`, 'always'],
    ['deep ternaries', `${long('claims.a?', 600)}true${long(':true', 600)}`, 'undecided'],
    ['deep equality', `(claims.sub == "a")${long(' == (claims.a == "b")', 150)}`, 'anyone'],
    ['deep access', `claims${long('.a', 3000)} == "x"`, 'undecided'],
    ['deep lists', `claims.a == ${long('[', 2000)}${long(']', 2000)}`, 'undecided'],
    ['a long list', `claims.sub in [${Array.from({ length: 1500 }, (_, at) => `"${at}"`).join()}]`, 'named'],
    [
      'a list of some length',
      `claims.sub in [${Array.from({ length: 900 }, (_, at) => `"${at}"`).join()}]`,
      'named',
    ],
  ])('%s', (_name, text, expected) => {
    const judged = judgeCondition(text);
    expect('unknown' in judged ? 'unknown' : judged.admits).toBe(expected);
  });

  test('macros within macros', () => {
    const items = `[${Array.from({ length: 30 }, (_, at) => `"${at}"`).join()}]`;
    let nested = 'claims.sub == a + b + c + d + e';
    for (const name of 'abcde') nested = `${items}.exists(${name}, ${nested})`;
    expect(answers(nested)).toBe(true);
    expect(answers(nested.replaceAll('exists', 'all'))).toBe(true);
    expect(answers(nested.replace('claims.sub', '"x"'))).toBe(true);
  });

  test.each([
    '((((a*)*)*)*)*b',
    '(a|b|c|d)(a|b|c|d)(a|b|c|d)(a|b|c|d)(a|b|c|d)$',
    'a{1000}{1000}{1000}',
    '((a{8}){8}){8}',
  ])('pattern %s', (pattern) => {
    expect(answers(`claims.sub.matches("^${pattern}")`)).toBe(true);
  });
});
