import type { Credential, Finding, JudgedCredential, Kind, Rule } from '../contract/index.js';
import { atLeast, compareSeverity, type Severity } from '../contract/severity.js';
import { fingerprint, type Statement } from './finding.js';
import { List, Numbers } from './numbers.js';
import { quote, Records, type Remainder } from './records.js';
import { compareText, isWaived, noneBySeverity, type Report } from './report.js';
import { ByteWriter, TextStore, textOf } from './text-store.js';

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
}

/** What many statements of a rule have in common. */
interface Voice extends Pick<Statement, 'severity' | 'outcome' | 'messageId' | 'fix'> {
  readonly number: number;
  readonly rule: string;
  /** The JSON of a finding between its fingerprint and its message, by status. */
  readonly beginnings: Map<Finding['status'], Buffer>;
  /** And between its data and its credential. */
  readonly end: Buffer;
  /** The latest statement: many credentials have the same. */
  message: string;
  data: string;
  statement: number;
}

/** What rules say, as JSON that is written once. Statements have numbers. */
export class Notes {
  /** Messages and data. */
  readonly #texts = new TextStore();
  /** The number of each statement's voice. */
  readonly #spoken = new Numbers();
  readonly #voices: Voice[] = [];
  readonly #known = new Map<string, Voice>();
  /** Of each rule. */
  readonly #latest = new Map<string, Voice>();
  readonly #out = new ByteWriter();
  /** How rules are broken, by the statements that say so. */
  readonly #failures = new Map<number, string>();

  /**
   * @param failure  how the rule is broken; undefined: it is not
   * @returns the statement's number
   */
  note({ id: rule }: Pick<Rule, 'id'>, said: Statement, failure?: string): number {
    const data = JSON.stringify(said.data);
    const latest = this.#latest.get(rule);
    const voice = latest && isOf(latest, said) ? latest : this.#voiceOf(rule, said);
    if (voice !== latest) this.#latest.set(rule, voice);
    if (voice.message === said.message && voice.data === data) return voice.statement;
    voice.message = said.message;
    voice.data = data;
    voice.statement = this.#texts.add(`${quote(said.message)},"data":${data}`);
    this.#spoken.push(voice.number);
    if (failure !== undefined) this.#failures.set(voice.statement, failure);
    return voice.statement;
  }

  #voiceOf(rule: string, { severity, outcome, messageId, fix }: Statement): Voice {
    const key = JSON.stringify([rule, severity, outcome, messageId, fix]);
    let voice = this.#known.get(key);
    if (!voice) {
      voice = {
        number: this.#voices.length,
        rule,
        severity,
        outcome,
        messageId,
        fix,
        beginnings: new Map(),
        end: Buffer.from(`,"fix":${quote(fix)},"credential":`),
        message: '',
        data: '',
        statement: -1,
      };
      this.#voices.push(voice);
      this.#known.set(key, voice);
    }
    return voice;
  }

  voice(statement: number): Voice {
    return this.#voices[this.#spoken.at(statement)] as Voice;
  }

  isUnknown(statement: number): boolean {
    return this.voice(statement).outcome === 'unknown';
  }

  /** How the statement's rule is broken; undefined: it is not. */
  failure(statement: number): string | undefined {
    return this.#failures.size === 0 ? undefined : this.#failures.get(statement);
  }

  /** Writes the JSON of a finding between its fingerprint and its credential. */
  put(statement: number, status: Finding['status'], out: ByteWriter): void {
    const voice = this.voice(statement);
    out.copy(beginningOf(voice, status));
    this.#texts.put(statement, out);
    out.copy(voice.end);
  }

  said(statement: number): Pick<Statement, 'message' | 'data'> {
    this.#out.write('{"message":');
    this.#texts.put(statement, this.#out);
    this.#out.write('}');
    return JSON.parse(textOf(this.#out.take()));
  }

  /** A statement as the JSON of a finding on nothing. */
  text(statement: number): string {
    this.#out.copy(OPENING);
    this.put(statement, null, this.#out);
    this.#out.write('null}');
    return textOf(this.#out.take());
  }

  *blocks(): Generator<Buffer> {
    yield* this.#texts.blocks();
    for (const voice of this.#voices) {
      yield beginningOf(voice, null);
      yield voice.end;
    }
  }
}

const OPENING = Buffer.from('{"fingerprint":"');

function beginningOf({ rule, severity, outcome, messageId, beginnings }: Voice, status: Finding['status']) {
  let beginning = beginnings.get(status);
  if (!beginning) {
    beginning = Buffer.from(
      `","rule":${quote(rule)},"severity":"${severity}","outcome":"${outcome}","status":${JSON.stringify(status)},"messageId":${quote(messageId)},"message":`,
    );
    beginnings.set(status, beginning);
  }
  return beginning;
}

function isOf(voice: Voice, { severity, outcome, messageId, fix }: Statement): boolean {
  return (
    voice.fix === fix &&
    voice.messageId === messageId &&
    voice.severity === severity &&
    voice.outcome === outcome
  );
}

/** Findings of one rule and severity, in the order of `credentials`: the numbers of their credentials and statements. */
interface Bucket {
  readonly rule: string;
  readonly severity: Severity;
  credentials: Numbers;
  statements: Numbers;
  /** Of those that were marked; fingerprints by number. */
  fingerprints: Numbers;
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
  readonly #kinds: List<Kind>;
  readonly #ids: List<string>;
  readonly #records: Records;
  readonly #notes: Notes;
  /** Ids of the waivers that findings are on; the first has the number -1. */
  readonly #waivers: string[];
  readonly #buckets: Map<string, Bucket>;
  /** Of findings that were marked. */
  readonly #fingerprints: TextStore;
  /** By the numbers of voices. */
  readonly #byVoice: Bucket[] = [];
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
    this.#kinds = of ? of.#kinds : new List();
    this.#ids = of ? of.#ids : new List();
    this.#waivers = of ? of.#waivers : [];
    this.#fingerprints = of ? of.#fingerprints : new TextStore();
    this.#buckets = buckets;
  }

  /** Of each credential. */
  get kinds(): readonly Kind[] {
    return [...this.#kinds];
  }

  /** Each credential. */
  get subjects(): readonly Pick<JudgedCredential, 'kind' | 'id'>[] {
    return this.kinds.map((kind, credential) => ({ kind, id: this.#ids.at(credential) as string }));
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

  /** Adds a finding that says a statement; by default on the credential that was added last. */
  addFinding(statement: number, credential = this.size - 1): void {
    const { credentials, statements } = this.#bucketOf(this.#notes.voice(statement));
    credentials.push(credential);
    statements.push(statement);
  }

  #bucketOf({ number, rule, severity }: Voice): Bucket {
    const known = this.#byVoice[number];
    if (known) return known;
    const key = `${severity} ${rule}`;
    let bucket = this.#buckets.get(key);
    if (!bucket) {
      bucket = {
        rule,
        severity,
        credentials: new Numbers(),
        statements: new Numbers(),
        fingerprints: new Numbers(),
        marks: [],
      };
      this.#buckets.set(key, bucket);
    }
    this.#byVoice[number] = bucket;
    return bucket;
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
        const credential = credentials.at(at);
        const fingerprint = this.#fingerprint(rule, credential);
        const mark = markOf({
          credential,
          kind: this.#kind(credential),
          id: this.#ids.at(credential) ?? fingerprint,
          fingerprint,
          rule,
          severity,
          isUnknown: this.#notes.isUnknown(statements.at(at)),
        });
        // There may be hundreds of thousands, and a few different ones.
        if (mark.status !== last.status || mark.waiver !== last.waiver || mark.firstSeen !== last.firstSeen)
          last = mark;
        marks.push(last);
        fingerprints.push(this.#fingerprints.add(fingerprint));
      }
  }

  #kind(credential: number): Kind | 'waiver' {
    return this.#kinds.at(credential) ?? 'waiver';
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
      for (let at = 0; at < statements.length; at += 1) {
        const mark = marks[at] ?? UNMARKED;
        const part = this.#partOf(statements.at(at), mark);
        counts[part] += 1;
        if (part === 'findings' && mark.status !== null)
          counts[mark.status === 'known' ? 'known' : 'new'] += 1;
      }
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

  /** The part of a summary that a finding counts in. */
  #partOf(statement: number, mark: Mark): 'findings' | 'waived' | 'unknown' {
    if (isWaived(mark)) return 'waived';
    return this.#notes.isUnknown(statement) ? 'unknown' : 'findings';
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
    return [...credentials].map((credential, at) => {
      const { outcome, messageId, fix } = this.#notes.voice(statements.at(at));
      const { message, data } = this.#notes.said(statements.at(at));
      const { status, waiver, firstSeen } = marks[at] ?? UNMARKED;
      const fingerprint = this.#fingerprint(rule, credential);
      const about = this.credentials[credential] ?? null;
      // Field by field, so that all have one shape: reporters read them faster.
      return {
        fingerprint,
        rule,
        severity,
        outcome,
        status,
        messageId,
        message,
        data,
        fix,
        credential: about,
        waiver,
        firstSeen,
      };
    });
  }

  /** All that findings and credentials are written from, many texts in one. */
  *blocks(): Generator<Buffer> {
    yield* this.#records.blocks();
    yield* this.#notes.blocks();
    yield Buffer.from(JSON.stringify([...this.waivers()]));
  }

  /** What is said in findings, each as the JSON of a finding on nothing. */
  *statements(): Generator<string> {
    for (const { statements } of this.#buckets.values())
      for (const statement of new Set(statements)) yield this.#notes.text(statement);
  }

  /** The JSON of each of `credentials`. */
  *credentialTexts(): Generator<string> {
    for (let at = 0; at < this.size; at += 1) yield this.#records.text(at, true);
  }

  /**
   * The JSON of all `credentials`, many in a part, which is valid until the next is asked for.
   *
   * @param before  comes before each
   */
  *credentialParts(before: string): Generator<Buffer> {
    const out = new ByteWriter();
    const opening = Buffer.from(before);
    for (let at = 0; at < this.size; at += 1) {
      out.copy(opening);
      this.#records.put(at, out, true);
      if (out.length > PART) yield out.take();
    }
    if (out.length > 0) yield out.take();
  }

  /**
   * The JSON of all `findings`, many in a part, which is valid until the next is asked for.
   *
   * @param before  comes before what is between the braces of each
   * @param after   comes after it
   */
  *findingParts(before: string, after: string): Generator<Buffer> {
    const out = new ByteWriter();
    const opening = Buffer.from(`${before}"fingerprint":"`);
    let last: Mark | undefined;
    let closing = opening;
    for (const bucket of this.#inOrder()) {
      const { credentials, statements, marks } = bucket;
      for (let at = 0; at < credentials.length; at += 1) {
        const credential = credentials.at(at);
        const mark = marks[at] ?? UNMARKED;
        if (mark !== last) {
          closing = Buffer.from(
            `,"waiver":${JSON.stringify(mark.waiver)},"firstSeen":${JSON.stringify(mark.firstSeen)}${after}`,
          );
          last = mark;
        }
        out.copy(opening);
        this.#putFingerprint(bucket, at, out);
        this.#notes.put(statements.at(at), mark.status, out);
        if (credential < 0) out.copy(NULL);
        else this.#records.put(credential, out);
        out.copy(closing);
        if (out.length > PART) yield out.take();
      }
    }
    if (out.length > 0) yield out.take();
  }

  #putFingerprint({ rule, credentials, fingerprints }: Bucket, at: number, out: ByteWriter): void {
    if (at < fingerprints.length) this.#fingerprints.put(fingerprints.at(at), out);
    else out.write(this.#fingerprint(rule, credentials.at(at)));
  }

  #fingerprint(rule: string, credential: number): string {
    const id = credential < 0 ? this.#waivers[-credential - 1] : this.#ids.at(credential);
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
    const id = (at: number) => this.#ids.at(credentials.at(at)) ?? '';
    let at = 1;
    while (at < credentials.length && id(at - 1) < id(at)) at += 1;
    if (at >= credentials.length) return;
    const made = (at: number) => this.#fingerprint(rule, credentials.at(at));
    const order = Array.from(credentials, (_, at) => at).sort(
      (a, b) => compareText(id(a), id(b)) || compareText(made(a), made(b)),
    );
    const sorted = <T>(items: readonly T[]) => (items.length === 0 ? [] : order.map((at) => items[at] as T));
    bucket.credentials = Numbers.of(sorted([...credentials]));
    bucket.statements = Numbers.of(sorted([...statements]));
    bucket.fingerprints = Numbers.of(sorted([...fingerprints]));
    bucket.marks = sorted(marks);
  }
}

/** Bytes. */
const PART = 256 * 1024;
const NULL = Buffer.from('null');

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
