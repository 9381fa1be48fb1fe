import type { TenantData } from './records.js';
import { find } from './tables.js';

/** What follows the slash of a client id, by kind of credential. */
export const SUFFIXES = {
  'personal-client': 'pcc',
  'service-principal-credential': 'spc',
  'federation-trust': 'wfe',
} as const;

export type ClientKind = keyof typeof SUFFIXES;

/** A credential as the token endpoint sees it. */
export interface Client {
  readonly kind: ClientKind;
  readonly clientId: string;
  readonly principalId: string;
  readonly scopedRoleIds: readonly string[];
  /** Why it lets nobody in, or undefined. */
  readonly barred: string | undefined;
  readonly requireDpop: boolean;
}

/**
 * `<name>@<host>/<suffix>`, from a bare name or from an id that is whole already.
 *
 * @param host without port, as in the ids of a real tenant: an id is the same whatever port the tenant listens on
 */
export function fullClientId(nameOrId: string, host: string, kind: ClientKind): string {
  return nameOrId.includes('@') ? nameOrId : `${nameOrId}@${host}/${SUFFIXES[kind]}`;
}

/** The credential with this whole client id. */
export function findClient(
  data: TenantData,
  host: string,
  clientId: string,
  now: number,
): Client | undefined {
  const is = (kind: ClientKind) => (record: { readonly clientId: string }) =>
    fullClientId(record.clientId, host, kind) === clientId;
  switch (clientId.slice(clientId.lastIndexOf('/') + 1)) {
    case 'pcc': {
      const client = find(data.personalClients, is('personal-client'));
      return (
        client && {
          kind: 'personal-client',
          clientId,
          principalId: client.userId,
          scopedRoleIds: client.scopedRoles,
          barred: barred(client.deletedAt, client.expiresTime, now),
          requireDpop: false,
        }
      );
    }
    case 'spc': {
      const credential = find(data.credentials, is('service-principal-credential'));
      return (
        credential && {
          kind: 'service-principal-credential',
          clientId,
          principalId: credential.servicePrincipalId,
          scopedRoleIds: credential.scopedRoleIds,
          barred: barred(null, credential.expiresAt, now),
          requireDpop: credential.requireDpop,
        }
      );
    }
    case 'wfe': {
      const trust = find(data.trusts, is('federation-trust'));
      return (
        trust && {
          kind: 'federation-trust',
          clientId,
          principalId: trust.servicePrincipalId,
          scopedRoleIds: trust.scopedRoleIds,
          barred: trust.disabled ? 'the trust is disabled' : undefined,
          requireDpop: false,
        }
      );
    }
    default:
      return undefined;
  }
}

function barred(deletedAt: string | null, expiresAt: string | null, now: number): string | undefined {
  if (deletedAt !== null) return 'the credential is deleted';
  if (expiresAt !== null && Date.parse(expiresAt) <= now) return 'the credential has expired';
  return undefined;
}
