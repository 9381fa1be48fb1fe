import { describe, expect, test } from '@jest/globals';
import { type Role, Unknown } from '../../../src/contract/index.js';
import {
  type Caller,
  holdsNoAdministratorRole,
  isServiceRole,
  isSuperAdministrator,
} from '../../../src/sources/c1/tenant-facts.js';

const ROLES: ReadonlyMap<string, Role> = new Map([
  ['r-owner', { id: 'r-owner', name: 'system:owner', displayName: '' }],
  ['r-user', { id: 'r-user', name: 'system:user', displayName: '' }],
  ['r-viewer', { id: 'r-viewer', name: 'system:viewer', displayName: '' }],
]);
const HIDDEN = new Unknown('the roles are hidden', 'Grant them.');

const caller = (...roles: string[]): Caller => ({
  userId: 'u',
  principal: undefined,
  roles,
  note: null,
});

test('a service role is one of a service, not of the tenant', () => {
  expect(isServiceRole('role/c1.api.auth.v1.Auth:owner')).toBe(true);
  expect(isServiceRole('r-role/owner')).toBe(false);
  expect(isServiceRole('system:owner')).toBe(false);
});

describe('a caller sees everything', () => {
  test.each<[string, string[], boolean | undefined]>([
    ['not known, without roles', [], undefined],
    ['yes, as Super Administrator by name', ['system:owner'], true],
    ['yes, as Super Administrator by id', ['r-owner'], true],
    ['yes, if one of several roles is Super Administrator', ['r-viewer', 'r-owner'], true],
    ['yes, by the service role of the tenant', ['role/c1.api.tenant.v1.Tenant:owner'], true],
    ['yes, by the service role of auth', ['role/c1.api.auth.v1.Auth:owner'], true],
    ['no, by another service role', ['role/c1.api.tenant.v1.Tenant:viewer'], false],
    ['no, by a text that holds the service role', ['x-role/c1.api.tenant.v1.Tenant:owner'], false],
    ['no, as viewer', ['r-viewer'], false],
    ['no, by a role that is not listed', ['nowhere'], false],
    ['no, as viewer with a service role', ['role/c1.api.x:viewer', 'r-viewer'], false],
    ['yes, as owner with a lesser service role', ['role/c1.api.x:viewer', 'r-owner'], true],
  ])('%s', (_, roles, expected) => {
    expect(isSuperAdministrator(caller(...roles), ROLES)).toBe(expected);
  });

  test('is not known by ids if the roles of the tenant are not, but by name it is', () => {
    expect(isSuperAdministrator(caller('r-owner'), HIDDEN)).toBeUndefined();
    expect(isSuperAdministrator(caller('system:owner'), HIDDEN)).toBe(true);
    expect(isSuperAdministrator(caller('role/c1.api.x:viewer'), HIDDEN)).toBe(false);
  });
});

describe('a caller holds no administrator role', () => {
  const user: Role = { id: 'r-user', name: 'system:user', displayName: '' };
  const viewer: Role = { id: 'r-viewer', name: 'system:viewer', displayName: '' };
  const holds = (held: string[], scope: string[] | undefined, owner: Role[] | undefined, roles = ROLES) =>
    holdsNoAdministratorRole(caller(...held), roles, { scope, owner });

  test.each<[string, string[], string[] | undefined, Role[] | undefined, boolean]>([
    ['nothing is known', [], undefined, undefined, false],
    ['nothing is held', [], [], [], false],
    ['all of its own are Basic User', ['r-user', 'system:user'], undefined, undefined, true],
    ['one of its own is more', ['r-user', 'r-viewer'], undefined, undefined, false],
    ['one of its own is not listed', ['r-user', 'nowhere'], undefined, undefined, false],
    [
      'it has a service role beside Basic User',
      ['role/c1.api.x:viewer', 'r-user'],
      undefined,
      undefined,
      false,
    ],
    ['its role scope is Basic User', ['role/c1.api.x:viewer'], ['system:user'], [viewer], true],
    ['its role scope is more, its owner Basic User', [], ['r-viewer'], [user], true],
    ['its role scope is more', [], ['r-viewer'], [viewer], false],
    ['its owner is Basic User', [], undefined, [user], true],
    ['its owner is more', [], undefined, [user, viewer], false],
  ])('%s', (_, held, scope, owner, expected) => {
    expect(holds(held, scope, owner)).toBe(expected);
  });

  test('is not known by ids if the roles of the tenant are not', () => {
    expect(holdsNoAdministratorRole(caller('r-user'), HIDDEN, { owner: undefined })).toBe(false);
    expect(holdsNoAdministratorRole(caller('system:user'), HIDDEN, { owner: undefined })).toBe(true);
  });
});
