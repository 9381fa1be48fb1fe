import type { Finding, Kind, ReportedCredential } from '../../src/contract/index.js';
import { stateText } from '../../src/delivery/state-text.js';
import { Docket, type Entry, Notes } from '../../src/engine/docket.js';
import { type DriftInput, drift } from '../../src/engine/drift.js';
import { fingerprint, type Statement } from '../../src/engine/finding.js';
import { type Comparison, History } from '../../src/engine/history.js';
import type { HistoryRun, State, stateOf } from '../../src/engine/state.js';
import { Table } from '../../src/engine/table.js';
import { type WaiverInput, Waivers } from '../../src/engine/waivers.js';
import { forDocket, sampleCredential } from './sample-report.js';

/*
 * An audit keeps its findings in a docket and never makes objects of them for waivers and history. Tests say more with
 * objects.
 */

function entryOf(finding: Finding): Entry {
  const { credential, outcome } = finding;
  return {
    ...finding,
    credential: 0,
    kind: credential?.kind ?? 'waiver',
    id: credential?.id ?? finding.fingerprint,
    isUnknown: outcome === 'unknown',
  };
}

function findingOf(
  tenant: string,
  rule: string,
  credential: ReportedCredential | null,
  id: string,
  said: Statement,
): Finding {
  return {
    fingerprint: fingerprint(tenant, rule, credential?.kind ?? 'waiver', id),
    rule,
    ...said,
    status: null,
    credential,
    waiver: null,
    firstSeen: null,
  };
}

/** A state as it is in its file. */
export function filed(state: State | undefined): Parameters<typeof stateOf>[0] {
  if (!state) throw new Error('nothing was remembered');
  return JSON.parse(`${[...stateText(state)].join('')}}`) as Parameters<typeof stateOf>[0];
}

/** Compares findings with a state. Gives them with what became of them. */
export function compare({
  previous,
  findings,
  run,
  ...others
}: Partial<Parameters<History['compare']>[0]> & {
  readonly previous: State | undefined;
  readonly findings: readonly Finding[];
  readonly run: HistoryRun;
}): Comparison & { readonly findings: readonly Finding[] } {
  const history = new History(previous, run);
  const judged = findings.map((finding) => ({
    ...finding,
    ...history.judge(entryOf(finding), finding.waiver, () => finding.credential?.expiresAt ?? null),
  }));
  const compared = history.compare({ credentials: Table.of(), ...others });
  return { ...compared, news: compared.news, findings: judged };
}

/** What drifted, as findings. */
export function drifted(input: DriftInput) {
  const found = drift(input);
  const findings = found.findings.map(({ credential, rule, said }) => {
    const { kind, id, name, adviceWithheld } = input.credentials[
      credential
    ] as DriftInput['credentials'][number];
    const shown = sampleCredential({ kind, id, name, ...(adviceWithheld && { adviceWithheld }) });
    return findingOf(input.run.tenant, rule.id, shown, id, said);
  });
  return { ...found, findings };
}

/** Findings after waivers, and those on waivers. */
export function applyWaivers({
  findings,
  credentials,
  wouldSeeAll,
  ...input
}: WaiverInput & {
  readonly findings: readonly Finding[];
  readonly credentials: readonly ReportedCredential[];
  readonly wouldSeeAll: Parameters<Waivers['hygiene']>[0];
}) {
  const waivers = new Waivers(input);
  const seen = [...new Set([...credentials, ...findings.flatMap(({ credential }) => credential ?? [])])];
  for (const credential of seen) waivers.see(credential, credential.owner && { ...credential.owner });
  const after = findings.map((finding): Finding => {
    const { credential, rule } = finding;
    const waiver = waivers.covering(credential ? seen.indexOf(credential) : -1, rule);
    return waiver ? { ...finding, status: 'waived', waiver } : finding;
  });
  const hygiene = waivers
    .hygiene(wouldSeeAll)
    .map(({ rule, id, said }) => findingOf(input.tenant, rule.id, null, id, said));
  return { findings: after, hygiene, covered: waivers.covered };
}

/** Everything that was judged and found. */
export function docketWith(findings: readonly Finding[] = [], credentials: readonly Kind[] = []): Docket {
  const docket = new Docket('acme.conductor.one', new Notes());
  for (const [index, kind] of credentials.entries())
    docket.addCredential(...forDocket({ ...sampleCredential({ kind, id: `${index}` }), live: true }));
  for (const [index, finding] of findings.entries()) {
    docket.sayOfWaiver({ id: finding.rule }, finding, `${index}`);
    docket.mark(() => finding);
  }
  return docket;
}
