import {
  type Credential,
  type FactName,
  type Finding,
  ifKnown,
  KINDS,
  type Kind,
  kindName,
  type ReportedCredential,
  type Rule,
  SEVERITIES,
  type Severity,
  type Snapshot,
} from '../contract/index.js';
import { judge, type RuleInForce, type Verdict } from './judge.js';
import { fingerprint } from './waivers.js';
import { withoutAdvice } from './withheld.js';
import { compareText, type FactSource, isDeleted, isExpired, isLive, OWN_FACTS, World } from './world.js';

type CredentialState = 'live' | 'expired' | 'disabled';

function stateOf(credential: Credential, now: number): CredentialState {
  return isLive(credential, now) ? 'live' : isExpired(credential, now) ? 'expired' : 'disabled';
}

/** Which rules judge a credential, sorted out once for all credentials. */
function rulesByJudged(
  rules: readonly RuleInForce[],
): (kind: Kind, state: CredentialState) => readonly RuleInForce[] {
  const of = (kind: Kind, state: CredentialState) =>
    rules.filter(({ rule }) => (rule.judges ?? 'live') === state && rule.kinds.includes(kind));
  const live = new Map(KINDS.map((kind) => [kind, of(kind, 'live')]));
  const expired = new Map(KINDS.map((kind) => [kind, of(kind, 'expired')]));
  const none: readonly RuleInForce[] = [];
  return (kind, state) =>
    (state === 'live' ? live.get(kind) : state === 'expired' ? expired.get(kind) : none) ?? none;
}

const NOTHING: readonly undefined[] = [];

const own: FactSource = {
  fact(name, credential) {
    return OWN_FACTS[name as keyof typeof OWN_FACTS](credential) as never;
  },
};

/** Whether a rule asks for nothing but what stands in the credential's own record. */
export function isEarly({ needs, optional = [] }: Pick<Rule, 'needs' | 'optional'>): boolean {
  return [...needs, ...optional].every((name: FactName) => Object.hasOwn(OWN_FACTS, name));
}

/**
 * Verdicts that need not wait for the whole snapshot: most rules look at the credential alone, and judge it while the next
 * page is on its way.
 */
export class EarlyVerdicts {
  readonly #rules: (kind: Kind, state: ReturnType<typeof stateOf>) => readonly RuleInForce[];
  readonly #now: number;
  readonly #verdicts = new Map<Credential, readonly (Verdict | undefined)[]>();

  /** @param now milliseconds since the epoch, the same that the snapshot will be judged at */
  constructor(rules: readonly RuleInForce[], now: number) {
    this.#rules = rulesByJudged(rules.filter(({ rule }) => isEarly(rule)));
    this.#now = now;
  }

  judge(credentials: readonly Credential[]): void {
    for (const credential of credentials) {
      if (isDeleted(credential, this.#now)) continue;
      const rules = this.#rules(credential.kind, stateOf(credential, this.#now));
      const verdicts = rules.map((inForce) => judge(inForce, credential, own, this.#now));
      // Most have nothing to say, and there may be hundreds of thousands.
      this.#verdicts.set(credential, verdicts.some((verdict) => verdict) ? verdicts : NOTHING);
    }
  }

  /**
   * Hands out what was said of a credential, once: it is not kept any longer.
   *
   * @returns in the order of the rules that are early; undefined where the credential was not judged yet
   */
  take(credential: Credential): readonly (Verdict | undefined)[] | undefined {
    const verdicts = this.#verdicts.get(credential);
    this.#verdicts.delete(credential);
    return verdicts;
  }
}

interface JudgedCredential extends ReportedCredential {
  readonly live: boolean;
}

/** Everything the rules said of a snapshot. */
export interface Verdicts {
  /** In the order of the report. */
  readonly findings: readonly Finding[];
  /** All that were judged, by kind and id. */
  readonly credentials: readonly JudgedCredential[];
  /** Listed as deleted, by kind. */
  readonly deleted: Readonly<Record<Kind, number>>;
  /** Rules that threw or returned what they may not: the audit is not complete. */
  readonly brokenRules: readonly {
    readonly rule: string;
    readonly credentials: number;
    readonly reason: string;
  }[];
  /** Rules that could not be run for want of a source. */
  readonly skippedRules: readonly SkippedRule[];
}

/** A rule in force that could not be run. */
export interface SkippedRule {
  readonly rule: string;
  /** Worded to follow "because": `no federation trusts were read`. */
  readonly because: string;
}

/**
 * Judges every credential of a snapshot by every rule in force. Pure; the order of the snapshot does not matter.
 *
 * @param early  what was judged already, by the same rules at the same time
 */
export function audit(
  snapshot: Snapshot,
  rules: readonly RuleInForce[],
  now: number,
  early?: EarlyVerdicts,
): Verdicts {
  const world = new World(snapshot, now);
  const skippedRules = withoutSource(snapshot, rules);
  const skipped = new Set(skippedRules.map(({ rule }) => rule));
  const running = rules.filter(({ rule }) => !skipped.has(rule.id));
  const findings: Finding[] = [];
  const credentials: JudgedCredential[] = [];
  const deleted: Record<Kind, number> = Object.fromEntries(KINDS.map((kind) => [kind, 0])) as Record<
    Kind,
    number
  >;
  const broken = new Map<string, { credentials: number; reason: string }>();

  const judging = rulesByJudged(running);
  const shared = sharedTexts();
  const isEarlyRule = new Map(rules.map((inForce) => [inForce, isEarly(inForce.rule)]));
  for (const credential of inOrder(snapshot.credentials)) {
    if (isDeleted(credential, now)) {
      deleted[credential.kind] += 1;
      continue;
    }
    const state = stateOf(credential, now);
    const judged = toJudged(credential, world, state === 'live');
    credentials.push(judged);
    const known = early?.take(credential);
    let next = 0;
    for (const inForce of judging(credential.kind, state)) {
      const verdict =
        known && isEarlyRule.get(inForce) ? known[next++] : judge(inForce, credential, world, now);
      if (!verdict) continue;
      findings.push(toFinding(verdict, inForce, judged, snapshot.tenant, shared));
      if (verdict.outcome === 'failed') {
        const { rule } = inForce;
        const before = broken.get(rule.id);
        broken.set(rule.id, {
          credentials: (before?.credentials ?? 0) + 1,
          reason: before?.reason ?? verdict.reason,
        });
      }
    }
  }
  return {
    findings: sortFindings(findings),
    credentials,
    deleted,
    brokenRules: [...broken].map(([rule, about]) => ({ rule, ...about })),
    skippedRules,
  };
}

/** An empty file has no sources at all, and says so itself. */
function withoutSource(
  { sources, credentials, facts }: Snapshot,
  rules: readonly RuleInForce[],
): SkippedRule[] {
  const read = new Set(credentials.map(({ kind }) => kind));
  for (const { kind, status } of sources) if (status !== 'unavailable') read.add(kind);
  return rules.flatMap(({ rule }) => {
    const judged = sources.length === 0 || rule.kinds.some((kind) => read.has(kind));
    const lacking: readonly Kind[] = !judged
      ? rule.kinds
      : rule.needs.includes('principalTrusts') && !facts.trusts
        ? ['federation-trust']
        : [];
    if (lacking.length === 0) return [];
    const names = lacking.map((kind) => kindName(kind, 2));
    return [{ rule: rule.id, because: `no ${names.join(' or ')} were read` }];
  });
}

function inOrder(credentials: readonly Credential[]): Credential[] {
  return [...credentials].sort((a, b) => compareText(a.kind, b.kind) || compareText(a.id, b.id));
}

/**
 * By severity, most severe first, then rule, then credential id.
 *
 * Credentials are judged in the order of their ids, so that what one rule finds is nearly sorted already: a heap a rule
 * and severity takes a step or two a finding, where sorting all of them together takes a dozen comparisons of texts.
 */
export function sortFindings(findings: readonly Finding[]): Finding[] {
  const heaps = Object.fromEntries(
    SEVERITIES.map((severity) => [severity, new Map<string, Finding[]>()]),
  ) as Record<Severity, Map<string, Finding[]>>;
  for (const finding of findings) {
    const ofSeverity = heaps[finding.severity];
    const heap = ofSeverity.get(finding.rule);
    if (heap) heap.push(finding);
    else ofSeverity.set(finding.rule, [finding]);
  }
  const inOrder = [...SEVERITIES]
    .reverse()
    .flatMap((severity) => [...heaps[severity]].sort(([a], [b]) => compareText(a, b)))
    .map(([, heap]) => heap.sort(byCredential));
  // Not flatMap, which adds the findings one by one.
  return ([] as Finding[]).concat(...inOrder);
}

function byCredential(a: Finding, b: Finding): number {
  return (
    compareText(a.credential?.id ?? '', b.credential?.id ?? '') || compareText(a.fingerprint, b.fingerprint)
  );
}

/** What is reported of a credential; its findings share it. */
function toJudged(credential: Credential, world: World, live: boolean): JudgedCredential {
  return {
    kind: credential.kind,
    id: credential.id,
    clientId: credential.clientId,
    name: credential.name,
    self: world.isSelf(credential),
    live,
    owner: world.owner(credential).reported,
    createdAt: instantOf(credential.createdAt),
    expiresAt: instantOf(credential.expiresAt),
    lastUsedAt: instantOf(credential.lastUsedAt),
    allowedCidrs: ifKnown(credential.allowedCidrs) ?? [],
    scopedRoles: ifKnown(world.scopedRoles(credential)) ?? [],
    ...(credential.adviceWithheld ? { adviceWithheld: true } : {}),
  };
}

function instantOf(fact: Credential['expiresAt']): string | null {
  const instant = ifKnown(fact);
  return instant ? instant.toISOString() : null;
}

function toFinding(
  verdict: Verdict,
  { rule, severity }: RuleInForce,
  credential: ReportedCredential,
  tenant: string,
  shared: (text: string) => string,
): Finding {
  const said = wordsOf(verdict, rule);
  const finding: Finding = {
    fingerprint: fingerprint(tenant, rule.id, credential.kind, credential.id),
    rule: rule.id,
    severity: verdict.outcome === 'violation' ? verdict.severity : (severity ?? rule.severity),
    outcome: verdict.outcome === 'violation' ? 'violation' : 'unknown',
    status: null,
    messageId: said.messageId,
    message: shared(said.message),
    data: said.data,
    fix: said.fix,
    credential,
    waiver: null,
    firstSeen: null,
  };
  return withoutAdvice(finding, rule.title);
}

/** Many findings say the same: one text for all of them takes a fraction of the memory, and is in one piece. */
function sharedTexts(): (text: string) => string {
  const texts = new Map<string, string>();
  return (text) => {
    const known = texts.get(text);
    if (known === undefined) texts.set(text, text);
    return known ?? text;
  };
}

function wordsOf(verdict: Verdict, { docs }: Rule): Pick<Finding, 'messageId' | 'message' | 'data' | 'fix'> {
  switch (verdict.outcome) {
    case 'violation': {
      const { messageId, message, data } = verdict;
      return { messageId, message, data, fix: docs.fix };
    }
    case 'unknown': {
      const { reason, cure } = verdict;
      return {
        messageId: 'unknown',
        message: `unknown: ${reason}`,
        data: { reason, cure },
        fix: cure,
      };
    }
    case 'failed':
      return {
        messageId: 'rule-failed',
        message: `unknown: the rule failed (${verdict.reason})`,
        data: { reason: verdict.reason },
        fix: 'Report it to the author of the rule, or turn the rule off.',
      };
  }
}
