import type { FailOn, ProfileName, Scope } from '../config/config.js';

/** How the nightly run logs in: by a federation trust, or with a client secret. */
export const LOGINS = ['federation', 'secret'] as const;
export type Auth = (typeof LOGINS)[number];

/** What a nightly audit is set up from. Every text has been checked and can be used in YAML, CEL and shell as it is. */
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

/** Where the repository keeps its copy of the program. */
export const COPY_FOLDER = '.github/c1-audit';
/** The program, and the sums of all files, below that folder. */
export const PROGRAM = 'dist/bin.js';
export const SUMS_FILE = 'SHA256SUMS';
/** How people and the workflow start the copy, from the root of the repository. */
export const RUN_COPY = `node ${COPY_FOLDER}/${PROGRAM}`;

/** An example of the client id that the nightly run logs in with. */
export function exampleClientId({ tenant, auth, scope }: Pick<Setup, 'tenant' | 'auth' | 'scope'>): string {
  const kind = auth === 'federation' ? 'wfe' : scope === 'tenant' ? 'spc' : 'pcc';
  return `strange-hydra-68836@${tenant}/${kind}`;
}
