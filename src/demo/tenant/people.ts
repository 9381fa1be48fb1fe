import { jsonName, readFields } from './body.js';
import { type Call, declaredPage, may, notFound, require, searchPage } from './call.js';
import { apiError, Code } from './errors.js';
import { Permission } from './permissions.js';
import type { Role, User } from './records.js';
import { filter, findById, findByIds } from './tables.js';

const SEARCH_USERS = {
  pageSize: 'integer',
  pageToken: 'string',
  query: 'string',
  email: 'string',
  refs: 'refs',
  ids: 'strings',
  excludeIds: 'strings',
  roleIds: 'strings',
  managerIds: 'strings',
  userStatuses: 'strings',
  expandMask: 'object',
  delegateStatus: 'string',
  delegatedUserIds: 'strings',
  departments: 'strings',
  excludeOrigins: 'strings',
  excludeTypes: 'strings',
  isDelegate: 'boolean',
  jobTitles: 'strings',
  origins: 'strings',
  sourceAppIds: 'strings',
} as const;

/** Filters of the real search that this tenant does not know: refused, lest a list look narrowed that is not. */
const NOT_SERVED = [
  'expandMask',
  'delegateStatus',
  'delegatedUserIds',
  'departments',
  'excludeOrigins',
  'excludeTypes',
  'isDelegate',
  'jobTitles',
  'origins',
  'sourceAppIds',
] as const;

/** POST /search/users */
export function searchUsers(call: Call) {
  const ask = readFields(call.body, SEARCH_USERS);
  const given = Object.keys(call.body).map(jsonName);
  const unknown = NOT_SERVED.find((name) => given.includes(name));
  if (unknown) throw apiError(Code.unimplemented, `the embedded tenant does not filter users by ${unknown}`);
  if (call.state.withoutRights === 'refuse') require(call, Permission.readUsers);

  const { users } = call.state.data;
  const ids = new Set([...ask.refs, ...ask.ids]);
  const chosen = ids.size === 0 ? users : findByIds(users, ids);
  const tests: ((user: User) => boolean)[] = [];
  const text = ask.query.toLowerCase();
  if (text !== '') tests.push((u) => `${u.displayName} ${u.email}`.toLowerCase().includes(text));
  if (ask.email !== '') tests.push((u) => u.email === ask.email);
  if (ask.excludeIds.length > 0) tests.push((u) => !ask.excludeIds.includes(u.id));
  if (ask.roleIds.length > 0) tests.push((u) => u.roleIds.some((id) => ask.roleIds.includes(id)));
  if (ask.managerIds.length > 0) tests.push((u) => u.managerIds.some((id) => ask.managerIds.includes(id)));
  if (ask.userStatuses.length > 0) tests.push((u) => ask.userStatuses.includes(u.status));
  const matching = tests.length === 0 ? chosen : filter(chosen, (user) => tests.every((test) => test(user)));

  const { pageSize: _size, pageToken: _token, ...query } = ask;
  const { list, nextPageToken } = searchPage(call, matching, ask, query);
  return { list: list.map((user) => userView(call, user)), expanded: [], nextPageToken };
}

/** GET /users */
export function listUsers(call: Call) {
  if (call.state.withoutRights === 'refuse') require(call, Permission.readUsers);
  const { list, nextPageToken } = declaredPage(call, call.state.data.users);
  return { list: list.map((user) => userView(call, user)), expanded: [], nextPageToken };
}

/** GET /users/{id} */
export function getUser(call: Call) {
  if (call.state.withoutRights === 'refuse') require(call, Permission.readUsers);
  const user = findById(call.state.data.users, call.params.id ?? '');
  if (!user) throw notFound('user');
  return { userView: userView(call, user), expanded: [] };
}

function userView(call: Call, user: User) {
  return {
    user: visibleUser(call, user),
    userId: user.id,
    rolesPath: '',
    managersPath: '',
    delegatedUserPath: '',
    directoriesPath: '',
    objectPermissions: null,
  };
}

/** The whole user, or one with blank fields for a caller who may not read others. */
export function visibleUser(call: Call, user: User) {
  const whole = {
    ...user,
    emails: user.email === '' ? [] : [user.email],
    usernames: user.username === '' ? [] : [user.username],
    employeeIds: [],
    directoryIds: [],
    delegatedUserId: '',
    employmentStatus: '',
    employmentType: '',
    profile: null,
  };
  if (user.id === call.caller.userId || may(call, Permission.readUsers)) return whole;
  return {
    ...whole,
    email: '',
    emails: [],
    username: '',
    usernames: [],
    department: '',
    jobTitle: '',
    status: 'UNKNOWN',
    directoryStatus: 'UNKNOWN',
    type: 'USER_TYPE_UNSPECIFIED',
    origin: 'USER_ORIGIN_UNSPECIFIED',
    roleIds: [],
    managerIds: [],
    createdAt: null,
    updatedAt: null,
    deletedAt: null,
  };
}

/** GET /iam/roles */
export function listRoles(call: Call) {
  if (call.state.withoutRights === 'refuse') require(call, Permission.readRoles);
  const { list, nextPageToken } = declaredPage(call, call.state.data.roles);
  return { list: list.map((role) => visibleRole(call, role)), nextPageToken };
}

/** GET /iam/roles/{id} */
export function getRole(call: Call) {
  if (call.state.withoutRights === 'refuse') require(call, Permission.readRoles);
  const role = findById(call.state.data.roles, call.params.id ?? '');
  if (!role) throw notFound('role');
  return { role: visibleRole(call, role) };
}

function visibleRole(call: Call, role: Role): Role {
  if (may(call, Permission.readRoles)) return role;
  return { ...role, name: '', displayName: '', permissions: [], createdAt: null, updatedAt: null };
}
