import type { Credential, Fact, FactName, Facts } from '../contract/index.js';

/** Where a rule's facts come from. */
export interface FactSource {
  /** A credential's fact, or why it is not known. */
  fact<Name extends FactName>(name: Name, credential: Credential): Fact<Facts[Name]>;
}

/** Facts that stand in a credential's own record: they are known as soon as it is. */
export const OWN_FACTS = {
  name: ({ name }) => name,
  clientId: ({ clientId }) => clientId,
  createdAt: ({ createdAt }) => createdAt,
  expiresAt: ({ expiresAt }) => expiresAt,
  lastUsedAt: ({ lastUsedAt }) => lastUsedAt,
  allowedCidrs: ({ allowedCidrs }) => allowedCidrs,
  requireDpop: ({ requireDpop }) => requireDpop,
  condition: ({ condition }) => condition,
} satisfies { [Name in FactName]?: (credential: Credential) => Fact<Facts[Name]> };
