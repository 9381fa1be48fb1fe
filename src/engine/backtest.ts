import {
  type Credential,
  type Fact,
  type FactName,
  type Finding,
  type JudgedCredential,
  type Kind,
  type Owner,
  type Rule,
  type ScopedRole,
  type Snapshot,
  Unknown,
} from '../contract/index.js';
import { type CredentialState, stateOf } from './audit.js';
import { judge, type RuleInForce, type Verdict } from './judge.js';
import { compareText, type Report } from './report.js';
import { credentialKey } from './state.js';
import { type FactSource, World } from './world.js';

/** What a rule reports on the credentials of one saved report. */
export interface Night {
  readonly file: string;
  readonly tenant: string;
  readonly scope: Report['run']['scope'];
  readonly asOf: string;
  readonly complete: boolean;
  /** How many credentials the rule judges there; undefined: none of its kinds was read. */
  readonly judged: number | undefined;
  readonly found: ReadonlyMap<string, Alert>;
  /** Keys of credentials that pass. */
  readonly passed: ReadonlySet<string>;
  /** How many have an unknown outcome, by reason. */
  readonly unknown: ReadonlyMap<string, number>;
}

/** A credential that a rule would have reported, and what it would have said. */
export interface Alert {
  readonly credential: JudgedCredential;
  readonly severity: Finding['severity'];
  readonly message: string;
}

/** What a rule would have reported over time. */
export interface Backtest {
  /** In the order of time. `news`: reported for the first time, or again after a pass. */
  readonly nights: readonly (Night & { readonly news: readonly Alert[] })[];
  /** Every credential that was ever news, with the nights, in the order of the first of them. */
  readonly alerts: readonly (Alert & { readonly nights: readonly string[] })[];
}

interface Options {
  readonly inForce: RuleInForce;
  /** Every rule that a report can have findings of. */
  readonly rules: readonly Rule[];
  /** The rule is in CEL: it can read an owner of whom only id, name and email are known. */
  readonly partialFacts: boolean;
}

/** Judges the credentials of a saved report by a rule, as far as the report carries the facts. Pure. */
export function judgeReport(file: string, report: Report, options: Options): Night {
  const { inForce } = options;
  const { run, coverage } = report;
  const asOf = Date.parse(run.asOf);
  const credentials = new Map(report.credentials.map((one) => [toCredential(one), one]));
  const facts = new ReportFacts(report, credentials, options);
  const night = {
    found: new Map<string, Alert>(),
    passed: new Set<string>(),
    unknown: new Map<string, number>(),
  };
  let judged = 0;
  for (const [credential, shown] of credentials) {
    if (!judges(inForce.rule, credential.kind, stateOf(credential, asOf))) continue;
    judged += 1;
    record(night, judge(inForce, credential, facts, asOf), shown, inForce.rule);
  }
  const { tenant, scope } = run;
  const { complete } = coverage;
  const isRead = judged > 0 || wasRead(report, inForce.rule);
  return { file, tenant, scope, asOf: run.asOf, complete, judged: isRead ? judged : undefined, ...night };
}

function record(
  {
    found,
    passed,
    unknown,
  }: { found: Map<string, Alert>; passed: Set<string>; unknown: Map<string, number> },
  verdict: Verdict | undefined,
  shown: JudgedCredential,
  { title }: Rule,
): void {
  const key = credentialKey(shown.kind, shown.id);
  if (verdict === undefined) passed.add(key);
  else if (verdict.outcome === 'violation') {
    const { severity } = verdict;
    // Its message may give advice, which is not for such a credential.
    found.set(key, { credential: shown, severity, message: shown.adviceWithheld ? title : verdict.message });
  } else {
    const reason = verdict.outcome === 'failed' ? `the rule failed: ${verdict.reason}` : verdict.reason;
    unknown.set(reason, (unknown.get(reason) ?? 0) + 1);
  }
}

/** A report of a file has no sources. */
function wasRead({ coverage: { sources } }: Report, { kinds }: Rule): boolean {
  return (
    sources.length === 0 ||
    sources.some(({ kind, status }) => status !== 'unavailable' && kinds.includes(kind))
  );
}

function judges({ judges: state = 'live', kinds }: Rule, kind: Kind, own: CredentialState): boolean {
  return own === state && kinds.includes(kind);
}

/**
 * Puts the nights in the order of time. A credential stays what it was on a night that does not judge it or on which its
 * outcome is unknown: neither makes it news again.
 */
export function backtest(nights: readonly Night[]): Backtest {
  const inTime = [...nights].sort(
    (a, b) => Date.parse(a.asOf) - Date.parse(b.asOf) || compareText(a.file, b.file),
  );
  const open = new Set<string>();
  const alerts = new Map<string, Alert & { nights: string[] }>();
  const withNews = inTime.map((night) => {
    const keyOf = (key: string) => `${night.tenant} ${key}`;
    for (const key of night.passed) open.delete(keyOf(key));
    const news = [...night.found].filter(([key]) => !open.has(keyOf(key)));
    for (const [key, alert] of news) {
      open.add(keyOf(key));
      alerts.set(keyOf(key), { ...alert, nights: [...(alerts.get(keyOf(key))?.nights ?? []), night.asOf] });
    }
    return { ...night, news: news.map(([, alert]) => alert) };
  });
  return { nights: withNews, alerts: [...alerts.values()] };
}

/** Nobody reads the cures of a backtest. */
const CURE = 'Run an audit to see what the rule reports.';
const NOT_SAVED = new Unknown('saved reports do not carry it', CURE);

function toCredential(shown: JudgedCredential): Credential {
  return {
    kind: shown.kind,
    id: shown.id,
    clientId: shown.clientId,
    name: shown.name,
    ownerId: shown.owner?.id ?? '',
    deletedAt: null,
    disabled: !shown.live,
    createdAt: timeOf(shown.createdAt) ?? new Unknown('the report has no creation date', CURE),
    expiresAt: timeOf(shown.expiresAt),
    lastUsedAt: timeOf(shown.lastUsedAt),
    allowedCidrs: shown.allowedCidrs,
    scopedRoleIds: NOT_SAVED,
    requireDpop: NOT_SAVED,
    registration: NOT_SAVED,
    ...(shown.kind === 'tunnel-credential' ? { connected: NOT_SAVED } : {}),
    condition: NOT_SAVED,
    providerId: '',
  };
}

function timeOf(instant: string | null): number | null {
  return instant === null ? null : Date.parse(instant);
}

/** Facts as far as a saved report carries them. */
class ReportFacts implements FactSource {
  readonly #world: World;
  readonly #shown: ReadonlyMap<Credential, JudgedCredential>;
  readonly #partial: boolean;
  /** Facts that some rule could not read, by credential. A report shows them as null or empty. */
  readonly #unread = new Map<string, Set<FactName>>();

  constructor(
    report: Report,
    shown: ReadonlyMap<Credential, JudgedCredential>,
    { rules, partialFacts }: Options,
  ) {
    this.#shown = shown;
    this.#partial = partialFacts;
    this.#world = new World(snapshotOf(report, [...shown.keys()]), Date.parse(report.run.asOf));
    const needs = new Map(rules.map((rule) => [rule.id, [...rule.needs, ...(rule.optional ?? [])]]));
    for (const { outcome, credential, rule } of report.findings) {
      if (outcome !== 'unknown' || !credential) continue;
      const key = credentialKey(credential.kind, credential.id);
      const unread = this.#unread.get(key) ?? new Set();
      for (const name of needs.get(rule) ?? []) unread.add(name === 'lastUse' ? 'lastUsedAt' : name);
      this.#unread.set(key, unread);
    }
  }

  fact(name: FactName, credential: Credential): never {
    const fact = this.#fact(name, credential);
    return (fact === NOT_SAVED ? new Unknown(`saved reports do not carry ${name}`, CURE) : fact) as never;
  }

  #fact(name: FactName, credential: Credential): unknown {
    const shown = this.#shown.get(credential) as JudgedCredential;
    switch (name) {
      case 'usage':
        return NOT_SAVED;
      case 'lastUse':
        if (shown.kind === 'federation-trust') return NOT_SAVED;
        return (
          this.#mayBeUnread('lastUsedAt', shown, shown.lastUsedAt === null) ??
          this.#world.fact(name, credential)
        );
      case 'self':
        return shown.self;
      case 'owner':
        return this.#owner(shown);
      case 'scopedRoles':
        return (
          this.#mayBeUnread(name, shown, shown.scopedRoles.length === 0) ??
          this.#scopedRoles(shown.scopedRoles)
        );
      case 'expiresAt':
      case 'lastUsedAt':
        return this.#mayBeUnread(name, shown, shown[name] === null) ?? this.#world.fact(name, credential);
      case 'allowedCidrs':
        return this.#mayBeUnread(name, shown, shown.allowedCidrs.length === 0) ?? shown.allowedCidrs;
      default:
        return this.#world.fact(name, credential);
    }
  }

  /** The report does not say whether an empty value is one, but a rule could not read a fact of this credential. */
  #mayBeUnread(name: FactName, { kind, id }: JudgedCredential, empty: boolean): Unknown | undefined {
    if (!empty || !this.#unread.get(credentialKey(kind, id))?.has(name)) return undefined;
    return new Unknown('the audit could not read it, or another fact that a rule needs', CURE);
  }

  #owner({ owner }: JudgedCredential): Fact<Owner> {
    if (!owner || !this.#partial) return NOT_SAVED;
    const { id, name, email } = owner;
    return { id, name: name || undefined, email: email || undefined } as unknown as Owner;
  }

  /** Rules in CEL know that a name may be missing where the tenant's roles are. */
  #scopedRoles(roles: readonly ScopedRole[]): Fact<readonly ScopedRole[]> {
    if (this.#partial || roles.every(({ name }) => name !== null)) return roles;
    return new Unknown('the report has no name for one of its roles', CURE);
  }
}

function snapshotOf(report: Report, credentials: readonly Credential[]): Snapshot {
  const { tenant, scope, self } = report.run;
  return {
    tenant,
    scope,
    self,
    credentials,
    sources: [],
    facts: {
      owners: new Map(),
      roles: NOT_SAVED,
      allowList: NOT_SAVED,
      providers: { seen: new Map(), rest: NOT_SAVED },
      trusts: { byPrincipal: new Map(), rest: NOT_SAVED },
    },
    notes: [],
    failures: [],
  };
}
