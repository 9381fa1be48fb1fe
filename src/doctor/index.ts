import type { Check } from './check.js';
import { clock } from './clock.js';
import { configuration } from './configuration.js';
import { credential } from './credential.js';
import { facts } from './facts.js';
import { github, heartbeat } from './github.js';
import { identity } from './identity.js';
import { ownCredential } from './own-credential.js';
import { paging } from './paging.js';
import { proxy } from './proxy.js';
import { push } from './push.js';
import { reachability } from './reachability.js';
import { roles } from './roles.js';
import { slack } from './slack.js';
import { sources } from './sources.js';
import { state } from './state.js';
import { tls } from './tls.js';
import { token } from './token.js';

export type { Exam, Plan, Result } from './check.js';
export { examine } from './examine.js';
export { jsonOf, summaryOf, TextLines } from './render.js';

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
  github,
  heartbeat,
  state,
];
