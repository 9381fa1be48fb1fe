import { ApiClient, type ApiClientOptions, type RepeatableCall } from '../../sources/c1/client.js';
import { type Page, readPage } from '../../sources/c1/lists.js';
import { asRecord, type WireRecord } from '../../sources/record.js';

/** A finding in ConductorOne's form. Texts are Markdown; the target is the owner or the tenant. */
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

/** A change of state of an existing finding. */
export type StateAction =
  | { readonly resolve: { readonly reason: string } }
  | { readonly reopen: Readonly<Record<string, never>> }
  | { readonly acceptRisk: { readonly justification: string; readonly expiresAt: string } };

/** ConductorOne's advice: rows can be large. */
const PAGE_SIZE = 25;

export const SEARCH = 'POST /findings/search';

/**
 * ConductorOne's list of findings: the only thing in a tenant that c1-audit can change. It does not read or change
 * credentials.
 *
 * Every call may be repeated: a finding that is sent twice is one finding, by its key, and resolving, accepting or
 * reopening twice changes nothing more.
 */
export class FindingsClient {
  readonly #client: ApiClient<RepeatableCall>;

  constructor(options: ApiClientOptions) {
    // Answers are compared, not shown: a secret that equals one of our words must not change a finding of ours.
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

  /** Creates a finding, or updates the one with the same key. Returns it. */
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
