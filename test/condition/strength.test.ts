import { describe, expect, test } from '@jest/globals';
import { type Expression, value } from '../../src/condition/expression.js';
import {
  type Admission,
  admission,
  both,
  claimOf,
  containsStrength,
  either,
  equalityStrength,
  everybody,
  memberOf,
  nobody,
  patternStrength,
  prefixStrength,
  RANKS,
  rankOrder,
  type Strength,
  strength,
  type ValueSet,
} from '../../src/condition/strength.js';

type Kind = Parameters<typeof prefixStrength>[0];

/** `rank`; with `/rank` where it is another within an organization, and `+` where it names one. */
function shown({ rank, withinOrganization, organization }: Strength): string {
  return `${rank}${withinOrganization === rank ? '' : `/${withinOrganization}`}${organization ? '+' : ''}`;
}

test('ranks go from nobody to everybody', () => {
  expect(RANKS).toEqual(['never', 'named', 'loose', 'ownerWide', 'anyone', 'always']);
  expect(RANKS.map(rankOrder)).toEqual([0, 1, 2, 3, 4, 5]);
});

describe('a claim that begins with a text', () => {
  test.each<[Kind, string, string]>([
    ['repository', 'acme', 'anyone'],
    ['repository', '/', 'anyone'],
    ['repository', '/infra', 'anyone'],
    ['repository', 'acme/', 'ownerWide'],
    ['repository', 'acme@12', 'ownerWide'],
    ['repository', '@12', 'anyone'],
    ['repository', 'acme/inf', 'loose'],
    ['repository', 'acme/infra@', 'named'],
    ['repository', 'acme/infra:', 'named'],
    ['repository', 'acme/infra/', 'named'],
    ['repository', 'acme//', 'loose'],
    ['repository', 'acme/@', 'loose'],
    ['project', 'acme/', 'ownerWide'],
    ['project', 'acme/team/', 'ownerWide'],
    ['project', 'acme/team', 'loose'],
    ['project', 'acme/team/inf', 'loose'],
    ['project', 'acme/team:', 'named'],
    ['id', '123', 'anyone'],
    ['owner', 'acme', 'anyone'],
    ['organization', 'acme', 'anyone'],
    ['namespace', 'acme', 'anyone'],
    ['namespace', '/acme', 'anyone'],
    ['namespace', 'acme/', 'ownerWide'],
    ['namespace', 'acme/te', 'ownerWide'],
    ['workspace', 'prod', 'anyone/loose'],
    ['workspace', '', 'anyone'],
    ['path', '', 'anyone'],
    ['path', '/', 'anyone'],
    ['path', '//', 'anyone'],
    ['path', '/ns/', 'anyone'],
    ['path', '/ns', 'anyone'],
    ['path', '/sa', 'anyone'],
    ['path', '/prod', 'loose'],
    ['path', 'prod', 'loose'],
    ['path', '//prod', 'loose'],
    ['path', '/prod/', 'named'],
    ['path', '/ns/prod/', 'named'],
    ['path', '/ns/prod/sa', 'named'],
    ['path', '/ns/prod/sa/', 'named'],
    ['path', '/ns/prod/sa/bu', 'loose'],
    ['path', '/ns/prod/sa/build/x', 'named'],
    ['path', '/sa//x', 'loose'],
    ['path', '/ns/prod/x', 'loose'],
  ])('%s %j: %s', (kind, prefix, expected) => {
    expect(shown(prefixStrength(kind, prefix))).toBe(expected);
  });

  test.each([
    ['', 'anyone'],
    ['repo', 'anyone'],
    ['repo:', 'anyone'],
    ['repo:acme', 'anyone'],
    ['repo:acme/', 'ownerWide'],
    ['repo:acme@12', 'ownerWide'],
    ['repo:acme/inf', 'loose'],
    ['repo:acme/infra/', 'named'],
    ['repo:acme/infra:', 'named'],
    ['repo:acme/infra@12', 'named'],
    ['repo:acme/infra:ref:refs/heads/main', 'named'],
    ['repository:acme/infra:', 'named'],
    ['repo::repo:acme/infra:', 'named'],
    ['ref:refs/heads/main:', 'anyone'],
    ['ref:main:repo:acme/infra:', 'named'],
    ['project_path:acme/', 'ownerWide'],
    ['project_path:acme/team/', 'ownerWide'],
    ['project_path:acme/infra', 'loose'],
    ['project_path:acme/infra:', 'named'],
    ['repository_owner:acme', 'anyone'],
    ['repository_owner:acme:', 'ownerWide'],
    ['repository_owner_id:12:', 'ownerWide'],
    ['repository_owner:acme:repo:acme/inf', 'loose'],
    ['repository_id:12', 'anyone'],
    ['repository_id:12:', 'named'],
    ['project_id:12:', 'named'],
    ['organization:acme', 'anyone'],
    ['organization:acme:', 'ownerWide+'],
    ['organization:acme:project:', 'ownerWide+'],
    ['organization:acme:project:x:workspace:', 'ownerWide+'],
    ['organization:acme:project:x:workspace:pro', 'loose'],
    ['organization:acme:project:x:workspace:prod:', 'named'],
    ['organization:acme:pipeline:prod:', 'named'],
    ['workspace:prod:', 'anyone'],
    ['workspace:prod:organization:acme:', 'ownerWide+'],
    ['repository_owner:acme:organization:acme:', 'ownerWide+'],
    ['organization:acme:repository_owner:acme:', 'ownerWide+'],
    ['environment:prod:', 'anyone'],
    ['project:x:', 'anyone'],
    ['ref_type:x:run_phase:x:actor:x:workflow:x:workflow_ref:x:job_workflow_ref:x:event_name:x:', 'anyone'],
  ])('subject of pairs %j: %s', (prefix, expected) => {
    expect(shown(prefixStrength('subject', prefix))).toBe(expected);
  });

  test.each([
    ['spiffe://', 'anyone'],
    ['spiffe://acme.example', 'anyone'],
    ['spiffe:///x', 'anyone'],
    ['spiffe://acme.example/', 'ownerWide'],
    ['spiffe://acme.example/ns/', 'ownerWide'],
    ['spiffe://acme.example/ns/pr', 'loose'],
    ['spiffe://acme.example/ns/prod/', 'named'],
    ['arn:aws:sts::123456789012:assumed-role/x', 'named'],
    ['arn:aws:sts::123456789012:', 'named'],
    ['arn:aws:sts::123456789012', 'anyone'],
    ['arn:aws:sts::12345678901:', 'anyone'],
    ['arn:aws:sts::1234567890123:', 'anyone'],
    ['arn:aws:sts::x123456789012:', 'anyone'],
    ['arn:', 'anyone'],
    ['system:serviceaccount:', 'anyone'],
    ['system:serviceaccount::', 'anyone'],
    ['system:serviceaccount:prod', 'anyone'],
    ['system:serviceaccount:prod:', 'ownerWide'],
    ['system:serviceaccount:prod:bu', 'loose'],
    ['system:serviceaccount:prod:build:x', 'loose'],
    ['org/', 'anyone'],
    ['org/x', 'anyone'],
    ['org/x/', 'ownerWide'],
    ['org/x/project/', 'ownerWide'],
    ['org/x/project/y', 'loose'],
    ['org/x/project/y/', 'named'],
    ['org/x/user/y', 'ownerWide'],
    ['an-org/x/project/y/', 'loose'],
    ['x', 'anyone'],
    ['x:y', 'anyone'],
    ['x:y:', 'loose'],
    ['x:y:z', 'loose'],
    ['x|y|z', 'loose'],
    ['x/y/z', 'loose'],
    ['x:y/z', 'loose'],
    ['::x', 'anyone'],
    ['x::', 'anyone'],
    ['x::y', 'loose'],
  ])('subject of another scheme %j: %s', (prefix, expected) => {
    expect(shown(prefixStrength('subject', prefix))).toBe(expected);
  });
});

describe('a claim that equals a constant', () => {
  test.each<[Kind | undefined, unknown, string]>([
    ['subject', 'x', 'named'],
    ['repository', 'x', 'named'],
    ['project', 'x', 'named'],
    ['path', '/x', 'named'],
    ['id', 12, 'named'],
    ['id', 12n, 'named'],
    ['id', true, 'anyone'],
    ['id', null, 'anyone'],
    ['id', '', 'anyone'],
    ['subject', '', 'anyone'],
    [undefined, 'x', 'anyone'],
    ['owner', 'x', 'ownerWide'],
    ['namespace', 'x', 'ownerWide'],
    ['organization', 'x', 'ownerWide+'],
    ['workspace', 'x', 'anyone/named'],
  ])('%s %p: %s', (kind, constant, expected) => {
    expect(shown(equalityStrength(kind, constant))).toBe(expected);
  });
});

describe('a claim that contains a text', () => {
  test.each<[Kind, string, string]>([
    ['subject', 'acme/infra', 'loose'],
    ['subject', 'é', 'loose'],
    ['subject', '7', 'loose'],
    ['subject', '', 'anyone'],
    ['subject', ':/-', 'anyone'],
    ['subject', 'repo:', 'anyone'],
    ['subject', 'repo:acme', 'loose'],
    ['subject', ':repository:', 'anyone'],
    ['subject', 'project_path:', 'anyone'],
    ['subject', 'organization:', 'anyone'],
    ['subject', 'workspace:', 'anyone'],
    ['subject', 'project:', 'anyone'],
    ['subject', 'pipeline:', 'anyone'],
    ['subject', ':ref:refs/heads/main', 'anyone'],
    ['subject', 'refs/heads/main', 'anyone'],
    ['subject', 'refs', 'anyone'],
    ['subject', 'refsx', 'loose'],
    ['subject', 'x/refs/heads', 'loose'],
    ['subject', 'environment:prod', 'anyone'],
    ['subject', 'ref_type:branch', 'anyone'],
    ['subject', 'run_phase:apply', 'anyone'],
    ['subject', 'pull_request', 'anyone'],
    ['subject', 'actor:jo', 'anyone'],
    ['subject', 'event_name:push', 'anyone'],
    ['subject', 'environment:prod:acme', 'loose'],
    ['subject', 'acme:environment:prod', 'loose'],
    ['subject', 'arn:aws:sts::1234', 'anyone'],
    ['subject', 'arn:aws:sts::123456789012:role', 'loose'],
    ['subject', 'x:arn:aws', 'loose'],
    ['repository', 'arn:aws', 'loose'],
    ['repository', 'infra', 'loose'],
    ['project', 'infra', 'loose'],
    ['path', 'infra', 'loose'],
    ['workspace', 'infra', 'anyone/loose'],
    ['id', '12', 'anyone'],
    ['owner', 'acme', 'anyone'],
    ['namespace', 'acme', 'anyone'],
    ['organization', 'acme', 'anyone'],
  ])('%s %j: %s', (kind, text, expected) => {
    expect(shown(containsStrength(kind, text))).toBe(expected);
  });
});

describe('a claim that matches a pattern', () => {
  test.each<[Kind, string, string]>([
    ['repository', '^acme/infra$', 'named'],
    ['repository', '^acme/infra', 'loose'],
    ['repository', 'acme/infra$', 'anyone'],
    ['repository', 'acme/infra', 'loose'],
    ['repository', '^acme/', 'ownerWide'],
    ['repository', '^acme/.*$', 'ownerWide'],
    ['repository', '^acme/infra.*$', 'loose'],
    ['repository', '^acme/infra.*', 'loose'],
    ['repository', '^.*acme/infra.*$', 'loose'],
    ['repository', '^.*$', 'anyone'],
    ['repository', '.*acme.*infra.*', 'loose'],
    ['repository', '^.*acme/infra$', 'anyone'],
    ['repository', '^acme/[a-z]+$', 'ownerWide'],
    ['repository', '^acme@[0-9]+/infra$', 'loose'],
    ['repository', '^acme@[0-9]+/infra@[0-9]+$', 'named'],
    ['repository', '^acme@.+/infra', 'ownerWide'],
    ['repository', '^[a-z]+/infra$', 'anyone'],
    ['repository', '^(acme|umbrella)/infra$', 'named'],
    ['repository', '^acme/infra$|^umbrella/', 'ownerWide'],
    ['repository', '^acme/infra$|x', 'loose'],
    ['repository', '^acme/infra$|$', 'anyone'],
    ['repository', '', 'anyone'],
    ['repository', '^$', 'anyone'],
    ['repository', '^', 'anyone'],
    ['repository', '$', 'anyone'],
    ['repository', '^^acme/infra$', 'anyone'],
    ['subject', '^repo:acme/infra:.*$', 'named'],
    ['owner', '^acme$', 'ownerWide'],
    ['owner', '^acme', 'anyone'],
    ['workspace', '^prod$', 'anyone/named'],
    ['workspace', '^prod', 'anyone/loose'],
    ['workspace', 'prod', 'anyone/loose'],
    ['organization', '^acme$', 'ownerWide+'],
    ['organization', '^acme$|^umbrella$', 'ownerWide+'],
    ['organization', '^acme$|^um', 'anyone'],
  ])('%s %s: %s', (kind, pattern, expected) => {
    const found = patternStrength(kind, pattern);
    expect(found && shown(found)).toBe(expected);
  });

  test('says nothing of what is not RE2', () => {
    expect(patternStrength('owner', '(?=x)')).toBeUndefined();
  });
});

describe('what a part of a condition reads', () => {
  const claims: Expression = { op: 'id', name: 'claims' };
  const select = (of: Expression, key: unknown): Expression => ({ op: 'select', of, key: value(key) });
  const call = (name: string, target: Expression | undefined, ...args: Expression[]): Expression => ({
    op: 'call',
    name,
    target,
    args,
  });
  const sub = select(claims, 'sub');

  test.each([
    ['sub', 'subject'],
    ['repository', 'repository'],
    ['repository_id', 'id'],
    ['repository_owner', 'owner'],
    ['repository_owner_id', 'owner'],
    ['enterprise', 'owner'],
    ['enterprise_id', 'owner'],
    ['project_path', 'project'],
    ['project_id', 'id'],
    ['namespace_path', 'namespace'],
    ['namespace_id', 'owner'],
    ['terraform_workspace_id', 'id'],
    ['terraform_workspace_name', 'workspace'],
    ['terraform_organization', 'organization'],
    ['terraform_organization_name', 'organization'],
    ['terraform_organization_id', 'organization'],
    ['terraform_project_id', 'organization'],
    ['actor', undefined],
    ['aud', undefined],
  ])('the claim %s is a %s', (name, kind) => {
    expect(claimOf(select(claims, name))).toEqual({ kind });
  });

  test.each([
    ['aws_account', 'id'],
    ['principal_id', 'subject'],
    ['org_id', 'owner'],
    ['source_region', undefined],
  ])('the AWS claim %s is a %s', (name, kind) => {
    expect(claimOf(select(select(claims, 'https://sts.amazonaws.com/'), name))).toEqual({ kind });
    expect(claimOf(select(select(claims, 'https://example.com/'), name))).toEqual({ kind: undefined });
  });

  test.each<[string, Expression, ReturnType<typeof claimOf>]>([
    ['all claims', claims, undefined],
    ['another name', select({ op: 'id', name: 'x' }, 'sub'), undefined],
    ['a constant', value('sub'), undefined],
    ['a claim whose name is not a text', select(claims, 1), undefined],
    ['a claim whose name is another claim', { op: 'select', of: claims, key: sub }, undefined],
    ['an element of a claim', { op: 'element', name: 'x', of: sub }, { kind: undefined }],
    ['an element of something else', { op: 'element', name: 'x', of: value([]) }, undefined],
    ['a part of a claim', select(sub, 'x'), { kind: undefined }],
    ...['lowerAscii', 'upperAscii', 'trim', 'string', 'int', 'uint', 'double', 'dyn'].flatMap(
      (name): [string, Expression, ReturnType<typeof claimOf>][] => [
        [`${name} of a claim`, call(name, undefined, sub), { kind: 'subject' }],
        [`a claim with ${name}`, call(name, sub), { kind: 'subject' }],
      ],
    ),
    ['another function of a claim', call('reverse', sub), undefined],
    ['a function of two', call('string', sub, sub), undefined],
    ['a function of all claims', call('string', undefined, claims), undefined],
    ['a function of nothing', call('string', undefined), undefined],
    ['a claim as a URL', call('url', undefined, sub), { kind: undefined }],
    ['a claim with url', call('url', sub), undefined],
    ['its path', select(call('url', undefined, sub), 'path'), { kind: 'path' }],
    ['its host', select(call('url', undefined, sub), 'host'), { kind: 'owner' }],
    ['its query', select(call('url', undefined, sub), 'query'), { kind: undefined }],
  ])('%s', (_, expression, expected) => {
    expect(claimOf(expression)).toEqual(expected);
  });
});

test.each([
  ['x', '"x'],
  ['', '"'],
  [true, 'true'],
  [false, 'false'],
  [7, '7'],
  [7n, '7'],
  [-7n, '-7'],
  [0.5, '0.5'],
  [Number.MAX_SAFE_INTEGER, '9007199254740991'],
  [BigInt(Number.MAX_SAFE_INTEGER), '9007199254740991'],
  [2 ** 53, undefined],
  [-(2n ** 53n), undefined],
  [null, undefined],
  [undefined, undefined],
  [['x'], undefined],
])('%p as a member of a set is %p', (constant, expected) => {
  expect(memberOf(constant)).toBe(expected);
});

describe('two tests', () => {
  const [left, right, whole] = [value('left'), value('right'), value('whole')];
  const only = (...members: string[]): ValueSet => ({ only: new Set(members) });
  const not = (...members: string[]): ValueSet => ({ not: new Set(members) });
  const knowing = (
    because: Expression,
    known: Record<string, ValueSet>,
    how = strength('loose'),
  ): Admission => admission(how, because, new Map(Object.entries(known)));
  const known = ({ known: sets }: Admission) =>
    Object.fromEntries(
      [...sets].map(([subject, set]) => [
        subject,
        'only' in set ? [...set.only].join() : `not ${[...set.not].join()}`,
      ]),
    );

  test.each<[string, ValueSet, ValueSet, string, string | undefined]>([
    ['two lists', only('a', 'b'), only('b', 'c'), 'b', 'a,b,c'],
    ['a list and an exception', only('a', 'b'), not('b', 'c'), 'a', 'not c'],
    ['an exception and a list', not('b', 'c'), only('a', 'b'), 'a', 'not c'],
    ['two exceptions', not('a', 'b'), not('b', 'c'), 'not a,b,c', 'not b'],
    ['a list and what it holds', only('a', 'b'), not('b'), 'a', undefined],
    ['exceptions that share nothing', not('a'), not('b'), 'not a,b', undefined],
  ])('of %s', (_, a, b, together, any) => {
    expect(known(both(knowing(left, { x: a }), knowing(right, { x: b }), whole))).toEqual({ x: together });
    expect(known(either(knowing(left, { x: a }), knowing(right, { x: b })))).toEqual(any ? { x: any } : {});
  });

  test.each([
    [only('a'), only('b')],
    [only('a'), not('a', 'b')],
    [not('a'), only('a')],
  ])('that contradict each other admit nobody: %#', (a, b) => {
    expect(both(knowing(left, { x: a }), knowing(right, { x: b }), whole)).toEqual(nobody(whole));
    expect(both(knowing(left, { x: a }), knowing(right, { y: b }), whole).rank).toBe('loose');
  });

  test('of which one admits nobody', () => {
    const some = knowing(right, { x: only('a') });
    expect(both(nobody(left), some, whole)).toEqual(nobody(left));
    expect(both(some, nobody(left), whole)).toEqual(nobody(left));
    expect(either(nobody(left), some)).toBe(some);
    expect(either(some, nobody(left))).toBe(some);
    expect(either(nobody(left), nobody(right))).toEqual(nobody(right));
  });

  test('keep what both know of other values, or only what is common', () => {
    const a = knowing(left, { x: only('a'), y: only('b') });
    const b = knowing(right, { y: only('b', 'c'), z: not('d') });
    expect(known(both(a, b, whole))).toEqual({ x: 'a', y: 'b', z: 'not d' });
    expect(known(either(a, b))).toEqual({ y: 'b,c' });
    expect(known(a)).toEqual({ x: 'a', y: 'b' });
  });

  test('remember 200 values', () => {
    const values = (from: number, to: number) =>
      Object.fromEntries([...Array(to - from).keys()].map((n) => [`x${n + from}`, only('a')]));
    const sizeOf = (a: number, b: number) =>
      both(knowing(left, values(0, a)), knowing(right, values(a, a + b)), whole).known.size;
    expect([sizeOf(100, 100), sizeOf(100, 101), sizeOf(200, 1)]).toEqual([200, 200, 200]);
    const contradiction = knowing(right, { x0: only('b') });
    expect(both(knowing(left, values(0, 200)), contradiction, whole).rank).toBe('never');
  });

  test.each<[Strength, Strength, string, string]>([
    [strength('named'), strength('anyone'), 'named left', 'anyone right'],
    [strength('anyone'), strength('named'), 'named right', 'anyone left'],
    [strength('loose'), strength('loose'), 'loose whole', 'loose left'],
    [strength('ownerWide', true), strength('ownerWide'), 'ownerWide+ whole', 'ownerWide left'],
    [strength('ownerWide', true), strength('ownerWide', true), 'ownerWide+ whole', 'ownerWide+ left'],
    [
      { rank: 'anyone', withinOrganization: 'named', organization: false },
      strength('ownerWide', true),
      'named+ whole',
      'anyone/ownerWide left',
    ],
    [
      { rank: 'anyone', withinOrganization: 'loose', organization: false },
      strength('anyone'),
      'anyone/loose whole',
      'anyone left',
    ],
    [strength('always'), strength('anyone'), 'anyone right', 'always left'],
  ])('%j and %j', (a, b, together, any) => {
    const said = ({ because, ...how }: Admission) =>
      `${shown(how)} ${because === left ? 'left' : because === right ? 'right' : 'whole'}`;
    expect(said(both(admission(a, left), admission(b, right), whole))).toBe(together);
    expect(said(either(admission(a, left), admission(b, right)))).toBe(any);
  });

  test('an organization makes names of its workspaces count', () => {
    const workspace: Strength = { rank: 'anyone', withinOrganization: 'named', organization: true };
    expect(admission(workspace, left).rank).toBe('named');
    expect(admission({ ...workspace, organization: false }, left).rank).toBe('anyone');
    expect(everybody(left)).toEqual({ ...strength('always'), known: new Map(), because: left });
    expect(nobody(left)).toEqual({ ...strength('never', true), known: new Map(), because: left });
  });
});
