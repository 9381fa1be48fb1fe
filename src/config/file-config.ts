import type { OptionSpec, Severity } from '../contract/index.js';
import type { FailOn, ProfileName, Scope, SlackSettings, SourceName, Waiver } from './config.js';

export type FileRule =
  | 'off'
  | Severity
  | ({ readonly severity?: Severity } & Readonly<Record<string, OptionSpec['default']>>);

/** What a file says once the check has passed. Sections may be null: in YAML, all their lines commented out. */
export interface FileConfig {
  readonly scope?: Scope;
  readonly sources?: readonly SourceName[] | null;
  readonly callerSeesAll?: boolean;
  readonly profile?: ProfileName;
  readonly failOn?: FailOn;
  readonly minSeverity?: Severity;
  readonly plugins?: readonly string[] | null;
  readonly rules?: Readonly<Record<string, FileRule>> | null;
  readonly waivers?: readonly Waiver[] | null;
  readonly state?: string;
  readonly slack?:
    | (Partial<Omit<SlackSettings, 'mentions'>> & { mentions?: Record<string, string> | null })
    | null;
  readonly push?: { readonly conductorone?: boolean } | null;
}
