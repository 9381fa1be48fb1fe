import type { Finding, JudgedCredential, Kind, Rule } from '../contract/index.js';
import { atLeast, compareSeverity, type Severity } from '../contract/severity.js';
import { fingerprint, type Statement } from './finding.js';
import { compareText, noneBySeverity, type Report } from './report.js';
import { TextStore } from './text-store.js';

/** A finding whose statement was written. */
export interface Noted {
  readonly rule: string;
  readonly severity: Severity;
  readonly isUnknown: boolean;
  /** The statement's number. */
  readonly statement: number;
}

/** What rules say, as JSON that is written once. */
export class Notes {
  readonly #texts = new TextStore();
  /** The latest statement of each rule: many credentials have the same. */
  readonly #latest = new Map<string, { readonly text: string; readonly statement: number }>();

  note({ id: rule }: Pick<Rule, 'id'>, said: Statement): Noted {
    const text = statementText(said);
    let latest = this.#latest.get(rule);
    if (latest?.text !== text) {
      latest = { text, statement: this.#texts.add(text) };
      this.#latest.set(rule, latest);
    }
    const { severity, outcome } = said;
    return { rule, severity, isUnknown: outcome === 'unknown', statement: latest.statement };
  }

  text(statement: number): string {
    return this.#texts.get(statement);
  }

  blocks(): Iterable<string> {
    return this.#texts.blocks();
  }
}

/** Findings of one rule and severity, in the order of `credentials`: the numbers of their credentials and statements. */
interface Bucket {
  readonly rule: string;
  readonly severity: Severity;
  readonly credentials: number[];
  readonly statements: number[];
  /** How many of them could not tell. */
  unknown: number;
}

/** Findings, counted as in a report's summary. */
type Counts = Pick<Report['summary'], 'unknown' | 'bySeverity' | 'byRule'> & { readonly open: number };

/**
 * Everything that was judged and found, as JSON that is written once. It becomes objects only for whoever reads
 * `credentials` or `findings`.
 */
export class Docket {
  readonly #tenant: string;
  readonly #kinds: Kind[];
  readonly #ids: string[];
  /** The JSON of each credential without `live`, and where in it that belongs. */
  readonly #texts: TextStore;
  readonly #places: number[];
  readonly #live: boolean[];
  readonly #notes: Notes;
  readonly #sharedTexts = new Map<object, string>();
  readonly #buckets: Map<string, Bucket>;
  #credentials: readonly JudgedCredential[] | undefined;
  #findings: readonly Finding[] | undefined;

  constructor(tenant: string, notes: Notes, of?: Docket, buckets: Map<string, Bucket> = new Map()) {
    this.#tenant = tenant;
    this.#notes = notes;
    this.#kinds = of ? of.#kinds : [];
    this.#ids = of ? of.#ids : [];
    this.#texts = of ? of.#texts : new TextStore();
    this.#places = of ? of.#places : [];
    this.#live = of ? of.#live : [];
    this.#buckets = buckets;
  }

  /** Of each credential. */
  get kinds(): readonly Kind[] {
    return this.#kinds;
  }

  /** The number of credentials. */
  get size(): number {
    return this.#ids.length;
  }

  /** Adds a credential that was judged; all of a kind one after the other, by id. */
  addCredential(judged: JudgedCredential): void {
    const { kind, id, clientId, name, self, live } = judged;
    this.#kinds.push(kind);
    this.#ids.push(id);
    this.#live.push(live);
    const head = `{"kind":"${kind}","id":${quote(id)},"clientId":${quote(clientId)},"name":${quote(name)},"self":${self}`;
    this.#places.push(head.length);
    this.#texts.add(head + this.#aboutText(judged));
  }

  /** The end of a credential's JSON, after `live`. Keys in the order of the schema. */
  #aboutText(judged: JudgedCredential): string {
    const { owner, createdAt, expiresAt, lastUsedAt, allowedCidrs, scopedRoles, adviceWithheld, use } =
      judged;
    return `,"owner":${owner && this.#shared(owner, ownerText)},"createdAt":${dated(createdAt)},"expiresAt":${dated(expiresAt)},"lastUsedAt":${dated(lastUsedAt)},"allowedCidrs":${allowedCidrs.length === 0 ? '[]' : JSON.stringify(allowedCidrs)},"scopedRoles":${scopedRoles.length === 0 ? '[]' : this.#shared(scopedRoles, rolesText)}${adviceWithheld ? ',"adviceWithheld":true' : ''}${use ? `,"use":${JSON.stringify(use)}` : ''}}`;
  }

  /** Owners and lists of roles are shared by many credentials. */
  #shared<T extends object>(value: T, write: (value: T) => string): string {
    const known = this.#sharedTexts.get(value);
    if (known !== undefined) return known;
    const text = write(value);
    this.#sharedTexts.set(value, text);
    return text;
  }

  /** Adds a finding on the credential that was added last. */
  addFinding({ rule, severity, isUnknown, statement }: Noted): void {
    const key = `${severity} ${rule}`;
    let bucket = this.#buckets.get(key);
    if (!bucket) {
      bucket = { rule, severity, credentials: [], statements: [], unknown: 0 };
      this.#buckets.set(key, bucket);
    }
    bucket.credentials.push(this.size - 1);
    bucket.statements.push(statement);
    if (isUnknown) bucket.unknown += 1;
  }

  /** The same with the findings of this severity and above, or with those below. */
  part(lowest: Severity, which: 'from' | 'below'): Docket {
    const kept = [...this.#buckets].filter(
      ([, { severity }]) => atLeast(severity, lowest) === (which === 'from'),
    );
    return new Docket(this.#tenant, this.#notes, this, new Map(kept));
  }

  count(): Counts {
    const bySeverity = noneBySeverity();
    const byRule = new Map<string, number>();
    let open = 0;
    let unknown = 0;
    for (const bucket of this.#buckets.values()) {
      const violations = bucket.statements.length - bucket.unknown;
      bySeverity[bucket.severity] += violations;
      if (violations > 0) byRule.set(bucket.rule, (byRule.get(bucket.rule) ?? 0) + violations);
      open += violations;
      unknown += bucket.unknown;
    }
    return {
      open,
      unknown,
      bySeverity,
      byRule: Object.fromEntries([...byRule].sort(([a], [b]) => compareText(a, b))),
    };
  }

  /** In the order of the report. */
  get credentials(): readonly JudgedCredential[] {
    this.#credentials ??= [...this.credentialTexts()].map((text) => JSON.parse(text) as JudgedCredential);
    return this.#credentials;
  }

  /** In the order of the report. Findings on one credential share it. */
  get findings(): readonly Finding[] {
    this.#findings ??= this.#inOrder().flatMap((bucket) => this.#findingsOf(bucket));
    return this.#findings;
  }

  #findingsOf({ rule, severity, credentials, statements }: Bucket): Finding[] {
    return credentials.map((credential, at) => ({
      fingerprint: this.#fingerprint(rule, credential),
      rule,
      severity,
      ...(JSON.parse(`{${this.#notes.text(statements[at] as number)}}`) as Omit<Statement, 'severity'> & {
        readonly status: null;
      }),
      credential: this.credentials[credential] as JudgedCredential,
      waiver: null,
      firstSeen: null,
    }));
  }

  /** All JSON that came from outside, many texts in one. */
  *blocks(): Generator<string> {
    yield* this.#texts.blocks();
    yield* this.#notes.blocks();
  }

  /** What is said in each finding, as JSON. */
  *statements(): Generator<{ readonly rule: string; readonly json: string }> {
    for (const { rule, statements } of this.#buckets.values())
      for (const [at, statement] of statements.entries())
        if (statement !== statements[at - 1]) yield { rule, json: `{${this.#notes.text(statement)}}` };
  }

  /** The JSON of each of `credentials`. */
  *credentialTexts(): Generator<string> {
    for (let at = 0; at < this.size; at += 1) {
      const text = this.#texts.get(at);
      const place = this.#places[at];
      yield `${text.slice(0, place)},"live":${this.#live[at]}${text.slice(place)}`;
    }
  }

  /** The JSON of each of `findings`. */
  *findingTexts(): Generator<string> {
    for (const { rule, severity, credentials, statements } of this.#inOrder()) {
      const about = `","rule":${quote(rule)},"severity":"${severity}",`;
      for (let at = 0; at < credentials.length; at += 1) {
        const credential = credentials[at] as number;
        yield `{"fingerprint":"${this.#fingerprint(rule, credential)}${about}${this.#notes.text(statements[at] as number)},"credential":${this.#texts.get(credential)},"waiver":null,"firstSeen":null}`;
      }
    }
  }

  #fingerprint(rule: string, credential: number): string {
    return fingerprint(this.#tenant, rule, this.#kinds[credential] as Kind, this.#ids[credential] as string);
  }

  /** By severity, then rule; each bucket by the ids of its credentials. */
  #inOrder(): Bucket[] {
    const inOrder = [...this.#buckets.values()].sort(
      (a, b) => compareSeverity(a.severity, b.severity) || compareText(a.rule, b.rule),
    );
    for (const bucket of inOrder) this.#sort(bucket);
    return inOrder;
  }

  /** Credentials come by kind and id, so only a rule of several kinds finds them in another order. */
  #sort({ rule, credentials, statements }: Bucket): void {
    const idAt = (credential: number | undefined) => this.#ids[credential ?? 0] ?? '';
    if (credentials.every((credential, at) => at === 0 || idAt(credentials[at - 1]) < idAt(credential)))
      return;
    const sorted = credentials
      .map((credential, at) => [credential, statements[at] as number] as const)
      .sort(
        ([a], [b]) =>
          compareText(idAt(a), idAt(b)) ||
          compareText(this.#fingerprint(rule, a), this.#fingerprint(rule, b)),
      );
    for (const [at, [credential, statement]] of sorted.entries()) {
      credentials[at] = credential;
      statements[at] = statement;
    }
  }
}

const dockets = new WeakMap<object, Docket>();

/** A report whose credentials and findings are those of a docket. */
export function reportOn(docket: Docket, about: Omit<Report, 'credentials' | 'findings'>): Report {
  const report: Report = {
    ...about,
    get findings() {
      return docket.findings;
    },
    get credentials() {
      return docket.credentials;
    },
  };
  dockets.set(report, docket);
  return report;
}

/** What a report was made from, for whoever can do without objects; undefined for a report that was read or changed. */
export function docketOf(report: Report): Docket | undefined {
  return dockets.get(report);
}

/** Texts that JSON writes as they are: nearly all. */
const PLAIN = /^[ !#-[\]-~]*$/;

function quote(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}

function dated(instant: string | null): string {
  return instant === null ? 'null' : `"${instant}"`;
}

function ownerText({ id, name, email }: NonNullable<JudgedCredential['owner']>): string {
  return JSON.stringify({ id, name, email });
}

function rolesText(roles: JudgedCredential['scopedRoles']): string {
  return JSON.stringify(roles.map(({ id, name }) => ({ id, name })));
}

/** A statement's part of a finding's JSON, with the status that a finding has before waivers and history. */
function statementText({ outcome, messageId, message, data, fix }: Statement): string {
  return `"outcome":"${outcome}","status":null,"messageId":${quote(messageId)},"message":${quote(message)},"data":${dataText(data)},"fix":${quote(fix)}`;
}

/** Nearly always texts and numbers: then many times as fast as JSON.stringify. */
function dataText(data: Finding['data']): string {
  let text = '';
  for (const name of Object.keys(data)) {
    const value = data[name];
    const written = typeof value === 'string' ? quote(value) : JSON.stringify(value);
    text += `${text === '' ? '' : ','}${quote(name)}:${written}`;
  }
  return `{${text}}`;
}
