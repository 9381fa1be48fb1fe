import { describe, expect, test } from '@jest/globals';
import { type Role, Unknown } from '../../../src/contract/index.js';
import {
  goneOwner,
  notShownNote,
  problemsOf,
  rolesAmong,
  toOwner,
  userOf,
} from '../../../src/sources/c1/people.js';

const ROLES: ReadonlyMap<string, Role> = new Map(
  ['system:owner', 'system:user', 'custom'].map((name) => [
    `role-${name}`,
    { id: `role-${name}`, name, displayName: '' },
  ]),
);
const ROLES_HIDDEN = new Unknown('the roles are hidden', 'Grant them.');

const USER = {
  id: 'u',
  displayName: 'Jo',
  email: 'jo@acme.example',
  status: 'ENABLED',
  directoryStatus: 'ENABLED',
  type: 'USER_TYPE_HUMAN',
  roleIds: ['role-custom'],
  managerIds: [],
  deletedAt: null,
};

const ownerFrom = (over: Record<string, unknown>, roles: Parameters<typeof rolesAmong>[0] = ROLES) =>
  toOwner(userOf('u', { ...USER, ...over }), rolesAmong(roles));

test('an owner has what their record holds', () => {
  expect(ownerFrom({})).toEqual({
    id: 'u',
    name: 'Jo',
    email: 'jo@acme.example',
    employmentStatus: '',
    status: 'active',
    type: 'human',
    roles: [{ id: 'role-custom', name: 'custom', displayName: '' }],
    managers: [],
  });
});

describe('an owner is', () => {
  test.each([
    ['active', { directoryStatus: '' }],
    ['active', { directoryStatus: null, deletedAt: '' }],
    ['disabled', { status: 'DISABLED' }],
    ['disabled', { directoryStatus: 'DISABLED' }],
    ['deleted', { status: 'DELETED' }],
    ['deleted', { directoryStatus: 'DELETED', status: 'DISABLED' }],
    ['deleted', { deletedAt: '2026-01-01T00:00:00Z' }],
  ])('%s where the record says %j', (status, over) => {
    expect(ownerFrom(over)).toMatchObject({ status });
  });

  // A caller with few rights must not read "blank" as "active".
  test.each([
    { status: '' },
    { status: null },
    { status: undefined },
    { status: 'UNKNOWN' },
    { status: '', directoryStatus: 'ENABLED' },
    { status: 5 },
    { directoryStatus: 5 },
    { deletedAt: 'yesterday' },
  ])('not known to be active where the record says %j', (over) => {
    const owner = ownerFrom(over);
    expect(owner).toBeInstanceOf(Unknown);
    expect(owner).toMatchObject({
      reason: 'ConductorOne does not show whether its owner is active',
      cure: expect.stringContaining('POST /search/users, GET /users/{id}'),
    });
  });

  test.each([
    ['USER_TYPE_HUMAN', 'human'],
    ['USER_TYPE_SERVICE', 'service'],
    ['USER_TYPE_AGENT', 'agent'],
    ['USER_TYPE_SYSTEM', 'system'],
    ['USER_TYPE_UNSPECIFIED', 'unknown'],
    ['toString', 'unknown'],
    [undefined, 'unknown'],
  ])('of the type %s: %s', (type, expected) => {
    expect(ownerFrom({ type })).toMatchObject({ type: expected });
  });
});

describe("an owner's roles", () => {
  const names = (over: Record<string, unknown>, roles?: Parameters<typeof rolesAmong>[0]) => {
    const owner = ownerFrom(over, roles);
    return owner instanceof Unknown ? 'unknown owner' : owner.roles?.map(({ name }) => name);
  };

  test.each([
    [[], []],
    [
      ['role-custom', 'role-system:user'],
      ['custom', 'system:user'],
    ],
    // Nothing is above Super Administrator, so the others do not matter.
    [['role-system:owner', 'not listed'], ['system:owner']],
    [['role-custom', 'not listed'], undefined],
    [['not listed'], undefined],
  ])('%j are %j', (roleIds, expected) => {
    expect(names({ roleIds })).toEqual(expected);
  });

  test('are unknown where the list of roles is, or where they cannot be read', () => {
    expect(names({}, ROLES_HIDDEN)).toBeUndefined();
    expect(names({ roleIds: [] }, ROLES_HIDDEN)).toBeUndefined();
    expect(names({ roleIds: 'role-custom' })).toBeUndefined();
  });
});

test('users with the same roles share one list', () => {
  const rolesOf = rolesAmong(ROLES);
  const roles = [['role-custom'], ['role-custom'], ['role-system:user'], ['role-custom']].map((roleIds) => {
    const owner = toOwner(userOf('u', { ...USER, roleIds }), rolesOf);
    return owner instanceof Unknown ? undefined : owner.roles;
  });
  expect(roles.map((held) => held?.[0]?.name)).toEqual(['custom', 'custom', 'system:user', 'custom']);
  expect(roles[1]).toBe(roles[0]);
  expect(roles[3]).toBe(roles[0]);
});

test('managers who are away are left out, and those who could not be read are named by id', () => {
  const boss = { id: 'boss', name: 'Boss', email: 'boss@acme.example' };
  const people = new Map([
    ['boss', boss],
    ['away', null],
  ]);
  const user = { ...USER, managerIds: ['away', 'boss', 'unread'] };
  expect(toOwner(userOf('u', user), rolesAmong(ROLES), people)).toMatchObject({
    managers: [boss, { id: 'unread', name: '', email: '' }],
  });
  expect(toOwner(userOf('u', { ...user, managerIds: 'boss' }), rolesAmong(ROLES), people)).toMatchObject({
    managers: [],
  });
});

test('an owner who is gone has nothing but an id', () => {
  expect(goneOwner('u')).toEqual({
    id: 'u',
    name: '',
    email: '',
    status: 'gone',
    type: 'unknown',
    roles: undefined,
    managers: [],
  });
  expect(goneOwner('u', 'service').type).toBe('service');
});

test('the note counts the owners whose status is not shown, and no others', () => {
  const shown = ownerFrom({});
  const hidden = () => ownerFrom({ status: '' });
  const other = new Unknown('it was not looked up', 'Look.');
  expect(
    notShownNote(
      new Map([
        ['a', shown],
        ['b', other],
      ]),
    ),
  ).toBeNull();
  expect(
    notShownNote(
      new Map([
        ['a', hidden()],
        ['b', other],
      ]),
    ),
  ).toMatch(/^1 owner is not known: ConductorOne does not show whether they are active\. Give /);
  expect(
    notShownNote(
      new Map([
        ['a', hidden()],
        ['b', hidden()],
      ]),
    ),
  ).toMatch(/^2 owners are not known: /);
});

test.each([
  ['displayName', 5, 'is not text'],
  ['email', [], 'is not text'],
  ['status', true, 'is not text'],
  ['directoryStatus', {}, 'is not text'],
  ['type', 5, 'is not text'],
  ['roleIds', 'x', 'is not a list of texts'],
  ['managerIds', [5], 'is not a list of texts'],
  ['deletedAt', 'yesterday', 'is not a timestamp'],
])('a malformed %s is named with the user', (field, value, problem) => {
  expect(problemsOf(userOf('u', { ...USER, [field]: value }))).toEqual([`u: ${field} ${problem}`]);
});

test('all malformed fields of a user are named, and a fine one has none', () => {
  expect(problemsOf(userOf('u', USER))).toEqual([]);
  expect(problemsOf(userOf('u', { ...USER, email: 5, type: 5 }))).toEqual([
    'u: email is not text, type is not text',
  ]);
});
