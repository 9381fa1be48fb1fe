import { Calendar, sessionSettings } from './build.js';
import { decoys } from './seed/decoys.js';
import {
  credentials,
  machineUsers,
  NIGHTLY_TRUST,
  providers,
  servicePrincipals,
  trusts,
} from './seed/machines.js';
import { OFFICE, VPN } from './seed/networks.js';
import { people, roles } from './seed/people.js';
import { isSelf, personalClients } from './seed/personal-clients.js';
import type { TenantRecords } from './tenant/records.js';

/**
 * A company of a dozen people and seven service principals whose credentials show every rule, and some that are
 * sound. The same `now` (milliseconds since the epoch) gives the same records; ids do not depend on it.
 */
export function seed(now: number): TenantRecords {
  const calendar = new Calendar(now);
  const clients = personalClients(calendar);
  const trusted = trusts(calendar);
  return {
    personalClients: clients,
    users: [...people(calendar), ...machineUsers(calendar)],
    roles: roles(calendar),
    servicePrincipals: servicePrincipals(calendar),
    credentials: credentials(calendar),
    trusts: trusted,
    providers: providers(calendar),
    decoys: decoys(clients, trusted),
    sessionSettings: {
      ...sessionSettings(),
      // Ordinary users are held to the company's networks, administrators are not.
      pccUserSource: { enabled: true, sourceCidr: [OFFICE, VPN] },
    },
    caller: clients.find(isSelf)?.clientId ?? '',
    federatedCaller: NIGHTLY_TRUST,
  };
}
