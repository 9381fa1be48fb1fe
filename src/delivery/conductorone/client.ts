import { ApiClient, type ApiClientOptions, type RepeatableCall } from '../../sources/c1/client.js';
import type { Page } from '../../sources/c1/lists.js';
import { readPage } from '../../sources/c1/lists.js';
import { asRecord, type WireRecord } from '../../sources/record.js';

/** A finding as ConductorOne takes it. Texts are Markdown; a target is the owner, or the tenant as a whole. */
export interface PushedFinding {
  /** The same parts and sub-type are the same finding, whatever else changes. */
  readonly dedupKeyParts: readonly [string, string];
  /** The rule's id. */
  readonly customSubType: string;
  readonly severity: string;
  readonly description: string;
  readonly remediationDescription: string;
  /** At most 16 of at most 256 characters, 4096 bytes together. */
  readonly annotations: Readonly<Record<string, string>>;
  readonly identityUserTarget?: { readonly identityUserId: string };
  readonly tenantTarget?: Readonly<Record<string, never>>;
}

/** What becomes of a finding that stands there. */
export type StateAction =
  | { readonly resolve: { readonly reason: string } }
  | { readonly reopen: Readonly<Record<string, never>> }
  | { readonly acceptRisk: { readonly justification: string; readonly expiresAt: string } };

/** ConductorOne's advice: rows can be large. */
const PAGE_SIZE = 25;

export const SEARCH = 'POST /findings/search';

/**
 * ConductorOne's list of findings: the one thing in this program that can change anything in a tenant, and all it can
 * change. It neither reads nor touches a credential.
 *
 * Every call may be repeated, and is when it fails in passing: a finding that is sent twice is one finding, by its key, and
 * one that is resolved, accepted or reopened twice is what it was after the first time.
 */
export class FindingsClient {
  readonly #client: ApiClient<RepeatableCall>;

  constructor(options: ApiClientOptions) {
    // What is read is compared, not shown: a secret that equals a word of ours must not make a finding a stranger.
    this.#client = new ApiClient({ ...options, scrub: (text) => text });
  }

  /** A page of the custom findings of these sub-types that are not resolved. */
  async search(customSubTypes: readonly string[], pageToken: string): Promise<Page> {
    const body = {
      findingTypes: ['FINDING_TYPE_CUSTOM'],
      states: ['OPEN', 'IN_PROGRESS', 'SNOOZED', 'RISK_ACCEPTED', 'SUPPRESSED'].map(
        (state) => `FINDING_STATE_${state}`,
      ),
      customSubTypes,
      pageSize: PAGE_SIZE,
      pageToken,
    };
    return readPage(await this.#post('/findings/search', body), SEARCH);
  }

  /** Makes a finding, or brings the one with the same key up to date. Returns it as it stands then. */
  async put(finding: PushedFinding): Promise<WireRecord | undefined> {
    const answer = await this.#post('/findings', { ...finding });
    return asRecord(answer.finding);
  }

  async setState(id: string, action: StateAction): Promise<void> {
    await this.#post(`/findings/${encodeURIComponent(id)}/state`, { ...action });
  }

  #post(path: string, body: NonNullable<RepeatableCall['body']>): Promise<WireRecord> {
    return this.#client.call({ method: 'POST', path, body });
  }
}
