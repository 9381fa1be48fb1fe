import type { Finding } from '../contract/index.js';

/** Says nothing of why: whoever reads it in a channel must not learn which names are a decoy's. */
const ASK = 'Ask a Super Administrator before you change or remove it.';

/** The finding as it is; on a credential that nobody is advised about, only the fact and whom to ask. */
export function withoutAdvice(finding: Finding, title: string): Finding {
  if (!finding.credential?.adviceWithheld || finding.outcome !== 'violation') return finding;
  return { ...finding, message: title, fix: ASK };
}
