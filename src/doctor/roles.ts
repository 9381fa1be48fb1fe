import { ifKnown } from '../contract/index.js';
import { GRANT_OWNER } from '../sources/c1/personal-clients.js';
import { readRoles } from '../sources/c1/roles.js';
import { defineCheck, ok, shortName, warning } from './check.js';

/** What a role allows, as far as an audit is concerned. */
const ALLOWS: Readonly<Record<string, string>> = {
  'system:owner': "everything: all that --scope tenant reads, everyone's keys among it",
  'system:viewer':
    "to read; whether everyone's keys are among it ConductorOne does not say, the sources below will tell",
  'system:user': 'your own keys: enough for --scope mine',
  'system:application-admin': "applications; of an audit's sources only your own keys",
  'system:campaign-admin': "campaigns; of an audit's sources only your own keys",
  'system:system-logs-reader': "the system log; of an audit's sources only your own keys",
};
const OWNER = 'system:owner';

export const roles = defineCheck({
  id: 'roles',
  title: 'Roles',
  needs: ['plan', 'connection', 'caller'],
  async run(_, { plan, connection, caller }) {
    const seen = await readRoles(connection.reader);
    const learnt = { roles: seen };
    const all = ifKnown(seen.roles);
    const held = caller.roles.map((id) => {
      const role = all?.get(id) ?? [...(all?.values() ?? [])].find(({ name }) => name === id);
      return { name: shortName(role?.name || id), displayName: shortName(role?.displayName ?? '') };
    });
    const detail =
      held.length === 0
        ? ['the tenant tells none']
        : held.map(({ name, displayName }) => `${title(name, displayName)}: ${allows(name)}`);
    if (plan.config.scope === 'mine' || held.some(({ name }) => name === OWNER)) return ok(detail, learnt);
    return warning(
      [
        ...detail,
        `scope tenant needs Super Administrator (${OWNER}): ConductorOne may leave out credentials or leave fields blank`,
      ],
      GRANT_OWNER,
      learnt,
    );
  },
});

function title(name: string, displayName: string): string {
  return displayName === '' || displayName === name ? name : `${displayName} (${name})`;
}

function allows(name: string): string {
  return (
    (Object.hasOwn(ALLOWS, name) ? ALLOWS[name] : undefined) ??
    "what it allows stands in the tenant's settings"
  );
}
