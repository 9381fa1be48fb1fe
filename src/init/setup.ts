import type { FailOn, ProfileName, Scope } from '../config/config.js';

/** How the nightly run logs in: by a federation trust, or with a client secret. */
export const LOGINS = ['federation', 'secret'] as const;
export type Auth = (typeof LOGINS)[number];

/** What a nightly audit is set up from. Every text has been checked: it stands in YAML, CEL and shell as it is. */
export interface Setup {
  /** Host of the tenant, in lower case. */
  readonly tenant: string;
  readonly auth: Auth;
  readonly scope: Scope;
  readonly profile: ProfileName;
  readonly failOn: FailOn;
  readonly slack: boolean;
  /** `owner/name` on github.com; known wherever the login is by federation. */
  readonly repository: string | undefined;
  readonly branch: string;
  /** Five fields, in UTC. */
  readonly schedule: string;
}

export const CONFIG_FILE = 'c1-audit.config.yaml';
export const WORKFLOW_FILE = '.github/workflows/c1-audit.yml';

/** An example of the client id that the nightly run logs in with. */
export function exampleClientId({ tenant, auth, scope }: Pick<Setup, 'tenant' | 'auth' | 'scope'>): string {
  const kind = auth === 'federation' ? 'wfe' : scope === 'tenant' ? 'spc' : 'pcc';
  return `strange-hydra-68836@${tenant}/${kind}`;
}
