import { ifKnown, isKnown, type Role } from '../contract/index.js';
import { AuditError } from '../errors.js';
import type { ApiClient } from '../sources/c1/client.js';
import {
  type Caller,
  holdsNoAdministratorRole,
  isServiceRole,
  isSuperAdministrator,
} from '../sources/c1/introspect.js';
import { toOwner } from '../sources/c1/people.js';
import { GRANT_OWNER } from '../sources/c1/personal-clients.js';
import { type RolesSeen, readRoles } from '../sources/c1/roles.js';
import { readUser } from '../sources/c1/users.js';
import { defineCheck, obstacle, ok, problem, shortName } from './check.js';

/** What a role allows, as far as an audit is concerned. */
const ALLOWS: Readonly<Record<string, string>> = {
  'system:viewer':
    "to read; ConductorOne does not say whether this includes everyone's keys, see the sources below",
  'system:user': 'your own keys: enough for --scope mine',
  'system:application-admin': "applications; of an audit's sources only your own keys",
  'system:campaign-admin': "campaigns; of an audit's sources only your own keys",
  'system:system-logs-reader': "the system log; of an audit's sources only your own keys",
};

export const roles = defineCheck({
  id: 'roles',
  title: 'Roles',
  needs: ['plan', 'connection', 'caller'],
  async run(_, { plan, connection, caller }) {
    const seen = await readRoles(connection.reader);
    const learnt = { roles: seen };
    const { scope, callerSeesAll } = plan.config;
    const superAdministrator = isSuperAdministrator(caller, seen.roles);
    const owner = await ownerRoles(connection.reader.client, caller, seen);
    const detail = [...credentialLines(caller, seen, superAdministrator === true), ...owner.lines];
    if (scope === 'mine' || superAdministrator) return ok(detail, learnt);
    if (!callerSeesAll)
      return problem(
        [
          ...detail,
          `scope tenant is complete only for a Super Administrator (system:owner), which this credential is not known to be`,
        ],
        `${GRANT_OWNER} If you have checked that it sees every credential, set callerSeesAll: true in the configuration.`,
        learnt,
      );
    if (holdsNoAdministratorRole(caller, seen.roles, { owner: owner.roles }))
      return obstacle(
        [...detail, 'callerSeesAll is true, but this credential holds no administrator role'],
        'Remove callerSeesAll, or run the audit with a credential of a Super Administrator.',
        learnt,
      );
    return ok([...detail, 'callerSeesAll is true: the configuration states that it sees everything'], learnt);
  },
});

function credentialLines(
  { roles: held, failure }: Caller,
  { roles: seen }: RolesSeen,
  all: boolean,
): string[] {
  if (all)
    return [
      "this credential is a Super Administrator (system:owner): it can read all that --scope tenant needs, everyone's keys included",
    ];
  if (failure) return ['what this credential can do is not known: the tenant does not answer who it is'];
  if (held.length === 0) return ['what this credential can do is not known: the tenant names no roles'];
  const known = ifKnown(seen);
  return held.map((name) => {
    if (isServiceRole(name)) return `this credential holds the service role ${shortName(name.slice(5))}`;
    const role = known?.get(name) ?? [...(known?.values() ?? [])].find((each) => each.name === name);
    return `this credential is ${role ? title(role) : shortName(name)}: ${allows(role?.name ?? name)}`;
  });
}

/** What the owner is does not say what the credential can do: its role scope may be narrower. */
async function ownerRoles(
  client: ApiClient,
  { userId }: Caller,
  { roles: seen }: RolesSeen,
): Promise<{ readonly lines: string[]; readonly roles: readonly Role[] | undefined }> {
  const unknown = (why: string) => ({
    lines: [`the roles of its owner are not known${why}`],
    roles: undefined,
  });
  if (userId === undefined) return unknown('');
  try {
    const user = await readUser(client, userId);
    const owner = user === 'gone' ? undefined : toOwner(userId, user, seen);
    const held = owner && isKnown(owner) ? owner.roles : undefined;
    if (held === undefined) return unknown('');
    if (held.length === 0) return { lines: ['its owner holds no role'], roles: held };
    return { lines: held.map((role) => `its owner is ${title(role)}`), roles: held };
  } catch (error) {
    if (!(error instanceof AuditError) || error.code === 'interrupted') throw error;
    return unknown(`: ${error.message}`);
  }
}

function title({ name, displayName }: Role): string {
  const short = shortName(name);
  return displayName === '' || displayName === name ? short : `${shortName(displayName)} (${short})`;
}

function allows(name: string): string {
  return (
    (Object.hasOwn(ALLOWS, name) ? ALLOWS[name] : undefined) ?? "see the tenant's settings for its rights"
  );
}
