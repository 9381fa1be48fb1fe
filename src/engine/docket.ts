import type { Credential, Finding, JudgedCredential, Kind, Rule } from '../contract/index.js';
import { atLeast, compareSeverity, type Severity } from '../contract/severity.js';
import { fingerprint, type Statement } from './finding.js';
import { quote, Records, type Remainder } from './records.js';
import { compareText, isWaived, noneBySeverity, type Report } from './report.js';
import { TextStore } from './text-store.js';

/** A finding whose statement was written. */
export interface Noted {
  readonly rule: string;
  readonly severity: Severity;
  /** The statement's number. */
  readonly statement: number;
}

/** What waivers and earlier audits make of a finding. Findings share it. */
export type Mark = Pick<Finding, 'status' | 'waiver' | 'firstSeen'>;

const UNMARKED: Mark = { status: null, waiver: null, firstSeen: null };

/** A finding, for those who mark it. */
export interface Entry {
  /** The number of its credential; below 0: it is on a waiver. */
  readonly credential: number;
  readonly kind: Kind | 'waiver';
  /** Of the credential. For a finding on a waiver its own fingerprint. */
  readonly id: string;
  readonly fingerprint: string;
  readonly rule: string;
  readonly severity: Severity;
  readonly isUnknown: boolean;
  /** When its credential expires. */
  expiresAt(): string | null;
}

/** What rules say, as JSON that is written once. */
export class Notes {
  readonly #texts = new TextStore();
  /** The latest statement of each rule: many credentials have the same. */
  readonly #latest = new Map<string, { readonly text: string; readonly statement: number }>();
  /** What ends the statements with a fix: a few texts for all of them. */
  readonly #fixes = new Map<string, string>();
  /** The end of each statement. */
  readonly #ends: string[] = [];
  /** Statements that a rule could not tell. */
  readonly #unknown = new Set<number>();

  note({ id: rule }: Pick<Rule, 'id'>, said: Statement): Noted {
    const text = statementText(said);
    const end = this.#fixes.get(said.fix) ?? `,"fix":${quote(said.fix)}`;
    let latest = this.#latest.get(rule);
    if (latest?.text !== text || this.#ends[latest.statement] !== end) {
      latest = { text, statement: this.#texts.add(text) };
      this.#fixes.set(said.fix, end);
      this.#ends.push(end);
      this.#latest.set(rule, latest);
      if (said.outcome === 'unknown') this.#unknown.add(latest.statement);
    }
    return { rule, severity: said.severity, statement: latest.statement };
  }

  isUnknown(statement: number): boolean {
    return this.#unknown.has(statement);
  }

  text(statement: number): string {
    return this.#texts.get(statement) + this.#ends[statement];
  }

  *blocks(): Generator<string> {
    yield* this.#texts.blocks();
    yield* this.#fixes.values();
  }
}

/** Findings of one rule and severity, in the order of `credentials`: the numbers of their credentials and statements. */
interface Bucket {
  readonly rule: string;
  readonly severity: Severity;
  credentials: number[];
  statements: number[];
  /** Of those that were marked. */
  fingerprints: string[];
  marks: Mark[];
}

/** Findings, counted as in a report's summary, and all of them. */
type Counts = Pick<
  Report['summary'],
  'findings' | 'waived' | 'unknown' | 'bySeverity' | 'byRule' | 'new' | 'known'
> & { readonly all: number };

/**
 * Everything that was judged and found, as JSON that is written once. It becomes objects only for whoever reads
 * `credentials` or `findings`.
 */
export class Docket {
  readonly #tenant: string;
  readonly #kinds: Kind[];
  readonly #ids: string[];
  readonly #records: Records;
  readonly #notes: Notes;
  /** Ids of the waivers that findings are on; the first has the number -1. */
  readonly #waivers: string[];
  readonly #buckets: Map<string, Bucket>;
  #credentials: readonly JudgedCredential[] | undefined;
  #findings: readonly Finding[] | undefined;

  constructor(
    tenant: string,
    notes: Notes,
    records = new Records(),
    of?: Docket,
    buckets: Map<string, Bucket> = new Map(),
  ) {
    this.#tenant = tenant;
    this.#notes = notes;
    this.#records = records;
    this.#kinds = of ? of.#kinds : [];
    this.#ids = of ? of.#ids : [];
    this.#waivers = of ? of.#waivers : [];
    this.#buckets = buckets;
  }

  /** Of each credential. */
  get kinds(): readonly Kind[] {
    return this.#kinds;
  }

  /** Each credential. */
  get subjects(): readonly Pick<JudgedCredential, 'kind' | 'id'>[] {
    return this.#kinds.map((kind, credential) => ({ kind, id: this.#ids[credential] as string }));
  }

  /** The number of credentials. */
  get size(): number {
    return this.#ids.length;
  }

  /**
   * Adds a credential that was judged; all of a kind one after the other, by id.
   *
   * @param written  the number of what its record says, where that was written before
   */
  addCredential(credential: Credential, rest: Remainder, written?: number): void {
    this.#kinds.push(credential.kind);
    this.#ids.push(credential.id);
    this.#records.complete(written ?? this.#records.write(credential), rest);
  }

  /** Adds a finding; by default on the credential that was added last. */
  addFinding({ rule, severity, statement }: Noted, credential = this.size - 1): void {
    const key = `${severity} ${rule}`;
    let bucket = this.#buckets.get(key);
    if (!bucket) {
      bucket = { rule, severity, credentials: [], statements: [], fingerprints: [], marks: [] };
      this.#buckets.set(key, bucket);
    }
    bucket.credentials.push(credential);
    bucket.statements.push(statement);
  }

  /** Adds what a rule says of a credential. */
  say(rule: Pick<Rule, 'id'>, said: Statement, credential: number): void {
    this.addFinding(this.#notes.note(rule, said), credential);
  }

  /** Adds what a rule says of a waiver. */
  sayOfWaiver(rule: Pick<Rule, 'id'>, said: Statement, id: string): void {
    this.say(rule, said, -this.#waivers.push(id));
  }

  /** Marks the findings that were added since the last time. */
  mark(markOf: (finding: Entry) => Mark): void {
    let last = UNMARKED;
    for (const { rule, severity, credentials, statements, fingerprints, marks } of this.#buckets.values())
      for (let at = marks.length; at < credentials.length; at += 1) {
        const credential = credentials[at] as number;
        const made = this.#fingerprint(rule, credential);
        const mark = markOf({
          credential,
          kind: this.#kind(credential),
          id: this.#ids[credential] ?? made,
          fingerprint: made,
          rule,
          severity,
          isUnknown: this.#notes.isUnknown(statements[at] as number),
          expiresAt: () => this.#expiresAt(credential),
        });
        // There may be hundreds of thousands, and a few different ones.
        if (mark.status !== last.status || mark.waiver !== last.waiver || mark.firstSeen !== last.firstSeen)
          last = mark;
        fingerprints.push(made);
        marks.push(last);
      }
  }

  #kind(credential: number): Kind | 'waiver' {
    return this.#kinds[credential] ?? 'waiver';
  }

  #expiresAt(credential: number): string | null {
    // A quote in a name is escaped, so this is the key.
    return /,"expiresAt":"([^"]*)"/.exec(this.#records.text(credential))?.[1] ?? null;
  }

  /** Every waiver that a finding is marked with. */
  waivers(): ReadonlySet<NonNullable<Mark['waiver']>> {
    const waivers = [...this.#buckets.values()].flatMap(({ marks }) =>
      marks.flatMap(({ waiver }) => waiver ?? []),
    );
    return new Set(waivers);
  }

  /** The same with the findings of this severity and above, or with those below. */
  part(lowest: Severity, which: 'from' | 'below'): Docket {
    const kept = [...this.#buckets].filter(
      ([, { severity }]) => atLeast(severity, lowest) === (which === 'from'),
    );
    return new Docket(this.#tenant, this.#notes, this.#records, this, new Map(kept));
  }

  count(): Counts {
    const bySeverity = noneBySeverity();
    const byRule = new Map<string, number>();
    const counts = { all: 0, findings: 0, waived: 0, unknown: 0, bySeverity, byRule: {}, new: 0, known: 0 };
    for (const { rule, severity, statements, marks } of this.#buckets.values()) {
      const before = counts.findings;
      for (const [at, statement] of statements.entries())
        for (const part of this.#partsOf(statement, marks[at] ?? UNMARKED)) counts[part] += 1;
      const open = counts.findings - before;
      counts.all += statements.length;
      bySeverity[severity] += open;
      if (open > 0) byRule.set(rule, (byRule.get(rule) ?? 0) + open);
    }
    return {
      ...counts,
      byRule: Object.fromEntries([...byRule].sort(([a], [b]) => compareText(a, b))),
    };
  }

  /** The parts of a summary that a finding counts in. */
  #partsOf(statement: number, mark: Mark): readonly ('findings' | 'waived' | 'unknown' | 'new' | 'known')[] {
    if (isWaived(mark)) return ['waived'];
    if (this.#notes.isUnknown(statement)) return ['unknown'];
    return mark.status === null ? ['findings'] : ['findings', mark.status === 'known' ? 'known' : 'new'];
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

  #findingsOf({ rule, severity, credentials, statements, marks }: Bucket): Finding[] {
    return credentials.map((credential, at) => ({
      fingerprint: this.#fingerprint(rule, credential),
      rule,
      severity,
      ...(JSON.parse(`{${this.#notes.text(statements[at] as number)}}`) as Omit<Statement, 'severity'> & {
        readonly status: null;
      }),
      credential: this.credentials[credential] ?? null,
      ...(marks[at] ?? UNMARKED),
    }));
  }

  /** All JSON that came from outside, many texts in one. */
  *blocks(): Generator<string> {
    yield* this.#records.blocks();
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
    for (let at = 0; at < this.size; at += 1) yield this.#records.text(at, true);
  }

  /** The JSON of each of `findings`. */
  *findingTexts(): Generator<string> {
    let last: Mark | undefined;
    let end = '';
    for (const { rule, severity, credentials, statements, fingerprints, marks } of this.#inOrder()) {
      const about = `","rule":${quote(rule)},"severity":"${severity}",`;
      for (let at = 0; at < credentials.length; at += 1) {
        const credential = credentials[at] as number;
        const mark = marks[at] ?? UNMARKED;
        if (mark !== last) {
          end = `,"waiver":${JSON.stringify(mark.waiver)},"firstSeen":${JSON.stringify(mark.firstSeen)}}`;
          last = mark;
        }
        const said = this.#notes.text(statements[at] as number);
        yield `{"fingerprint":"${fingerprints[at] ?? this.#fingerprint(rule, credential)}${about}${mark.status === null ? said : said.replace(NO_STATUS, `"status":"${mark.status}"`)},"credential":${credential < 0 ? 'null' : this.#records.text(credential)}${end}`;
      }
    }
  }

  #fingerprint(rule: string, credential: number): string {
    const id = credential < 0 ? this.#waivers[-credential - 1] : this.#ids[credential];
    return fingerprint(this.#tenant, rule, this.#kind(credential), id as string);
  }

  /** By severity, then rule; each bucket by the ids of its credentials. */
  #inOrder(): Bucket[] {
    const inOrder = [...this.#buckets.values()].sort(
      (a, b) => compareSeverity(a.severity, b.severity) || compareText(a.rule, b.rule),
    );
    for (const bucket of inOrder) this.#sort(bucket);
    return inOrder;
  }

  /** Credentials come by kind and id, so only a rule of several kinds, or on waivers, finds them in another order. */
  #sort(bucket: Bucket): void {
    const { rule, credentials, statements, fingerprints, marks } = bucket;
    const idAt = (credential: number | undefined) => this.#ids[credential ?? 0] ?? '';
    if (credentials.every((credential, at) => at === 0 || idAt(credentials[at - 1]) < idAt(credential)))
      return;
    const made = (at: number) => fingerprints[at] ?? this.#fingerprint(rule, credentials[at] as number);
    const order = [...credentials.keys()].sort(
      (a, b) => compareText(idAt(credentials[a]), idAt(credentials[b])) || compareText(made(a), made(b)),
    );
    const sorted = <T>(items: readonly T[]) => (items.length === 0 ? [] : order.map((at) => items[at] as T));
    bucket.credentials = sorted(credentials);
    bucket.statements = sorted(statements);
    bucket.fingerprints = sorted(fingerprints);
    bucket.marks = sorted(marks);
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

/** See `statementText`. */
const NO_STATUS = '"status":null';

/** A statement's part of a finding's JSON but for its fix, with the status that a finding has before waivers and history. */
function statementText({ outcome, messageId, message, data }: Statement): string {
  return `"outcome":"${outcome}","status":null,"messageId":${quote(messageId)},"message":${quote(message)},"data":${dataText(data)}`;
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
