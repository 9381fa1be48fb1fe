import type { Rule } from '../src/contract/index.js';
import adminScope from './admin-scope.js';
import defaultName from './default-name.js';
import expired from './expired.js';
import expiringSoon from './expiring-soon.js';
import exposed from './exposed.js';
import lifetimeTooLong from './lifetime-too-long.js';
import looseTrustCondition from './loose-trust-condition.js';
import malformedCidr from './malformed-cidr.js';
import networkWiderThanUse from './network-wider-than-use.js';
import noExpiry from './no-expiry.js';
import noProofOfPossession from './no-proof-of-possession.js';
import noScopedRoles from './no-scoped-roles.js';
import notRotated from './not-rotated.js';
import openCidr from './open-cidr.js';
import ownerInactive from './owner-inactive.js';
import ownerLeaving from './owner-leaving.js';
import refusedUse from './refused-use.js';
import rotationUnfinished from './rotation-unfinished.js';
import scopeBeyondOwner from './scope-beyond-owner.js';
import staticBesideFederation from './static-beside-federation.js';
import tooManyCredentials from './too-many-credentials.js';
import trustLeftover from './trust-leftover.js';
import unknownRole from './unknown-role.js';
import unreachableCidr from './unreachable-cidr.js';
import unused from './unused.js';
import unverifiedClient from './unverified-client.js';

/** The built-in rules, in the order in which they are documented: the only registry. */
export const rules: readonly Rule[] = [
  expiringSoon,
  expired,
  noExpiry,
  lifetimeTooLong,
  notRotated,
  unused,
  refusedUse,
  openCidr,
  malformedCidr,
  unreachableCidr,
  networkWiderThanUse,
  noScopedRoles,
  adminScope,
  scopeBeyondOwner,
  unknownRole,
  exposed,
  ownerInactive,
  ownerLeaving,
  tooManyCredentials,
  defaultName,
  rotationUnfinished,
  noProofOfPossession,
  staticBesideFederation,
  looseTrustCondition,
  trustLeftover,
  unverifiedClient,
];
