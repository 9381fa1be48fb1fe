import type { Check } from './check.js';
import { clock, proxy, reachability, tls, token } from './network.js';
import { ownCredential } from './own-credential.js';
import { paging } from './paging.js';
import { configuration, credential, github, heartbeat, slack, state, webhook } from './setup.js';
import { facts, identity, push, roles, sources } from './tenant.js';

export type { Exam, Plan, Result } from './check.js';
export { examine, jsonOf, summaryOf, TextLines } from './examine.js';

/** In their order: each builds on those before it. */
export const CHECKS: readonly Check[] = [
  configuration,
  credential,
  proxy,
  reachability,
  tls,
  clock,
  token,
  identity,
  roles,
  ...sources,
  ...facts,
  ...paging,
  ...ownCredential,
  push,
  slack,
  webhook,
  github,
  heartbeat,
  state,
];
