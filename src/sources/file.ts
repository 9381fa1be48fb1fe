import * as v from 'valibot';
import { flawsOf, list, record, text, writePath } from '../check.js';
import { type Credential, type Kind, type Snapshot, type SourceSeen, Unknown } from '../contract/index.js';
import { AuditError } from '../errors.js';
import {
  asRecord,
  differ,
  doubtBeside,
  draftNote,
  LISTED_TWICE,
  latestBelieved,
  malformedNote,
  normalize,
  type WireRecord,
} from './record.js';
import type { Source } from './source.js';

const NOT_IN_FILE = new Unknown(
  'a file of credentials does not hold it',
  'Audit the tenant itself, without --input.',
);

export interface ExportedList {
  readonly text: string;
  /** As messages call it. */
  readonly name: string;
  /** The tenant it is from, if that is known. */
  readonly tenant: string | undefined;
}

/**
 * An exported list of credentials: a JSON array of records, one or more API answers (`{list, nextPageToken}`; one after
 * the other, or in an array), or NDJSON of either.
 *
 * @param input  `name` is what messages call the file, `tenant` the host it is from; without it, the client ids say
 * @param clocks  what dates are compared with, in milliseconds since the epoch
 * @param scrub  takes secrets out of the ids in notes
 * @throws AuditError `input` when the text is none of these.
 */
export function fileSource(
  { text, name, tenant }: ExportedList,
  { now, asOf }: { readonly now: number; readonly asOf: number },
  scrub: (text: string) => string,
): Source {
  const latest = latestBelieved(now, asOf);
  const parsed = parseInput(text, name);
  const credentials = new Map<string, Credential>();
  const malformed = [...parsed.malformed];
  let drafts = 0;
  const kinds = new Set<Kind>(parsed.records.length === 0 ? ['personal-client'] : []);
  for (const { value, place } of parsed.records) {
    const kind = kindOf(value);
    const { credential, problems, draft } = normalize(kind, value, latest);
    kinds.add(kind);
    if (draft) drafts += 1;
    const where = credential ? `${place} (${credential.id})` : place;
    if (problems.length > 0) malformed.push(`${where}: ${problems.join(', ')}`);
    if (!credential) continue;
    const key = `${kind} ${credential.id}`;
    if (differ(credentials.get(key), credential)) malformed.push(`${where}: ${LISTED_TWICE}`);
    credentials.set(key, credential);
  }
  const list = [...credentials.values()];
  const host = tenant ?? tenantOf(list);
  const snapshot = snapshotOf(list, [...kinds].sort(), malformed.map(scrub), parsed, host, draftNote(drafts));
  return { tenant: host, collect: async () => snapshot };
}

function snapshotOf(
  credentials: readonly Credential[],
  kinds: readonly Kind[],
  malformed: readonly string[],
  parsed: ParsedInput,
  tenant: string,
  drafts: string | null,
): Snapshot {
  const notes = [
    parsed.openEnded
      ? 'The last answer in the file has a nextPageToken: there are pages that the file does not hold.'
      : null,
    malformedNote(malformed),
  ].filter((note) => note !== null);
  const sources = kinds.map(
    (kind): SourceSeen => ({
      kind,
      status: notes.length > 0 ? 'partial' : 'complete',
      required: true,
      pages: parsed.pages,
      note: notes.length > 0 ? notes.join(' ') : null,
    }),
  );
  return {
    tenant,
    scope: 'file',
    self: null,
    credentials,
    sources,
    facts: {
      owners: new Map(),
      roles: NOT_IN_FILE,
      allowList: NOT_IN_FILE,
      providers: { seen: new Map(), rest: NOT_IN_FILE },
      trusts: undefined,
    },
    notes: [
      'A file holds neither owners nor roles nor tenant settings: the outcome of rules that need them is unknown.',
      ...(credentials.length === 0
        ? ['The file holds no credential: make sure that it is the right export.']
        : []),
      ...(drafts === null ? [] : [drafts]),
    ],
    failures: [],
  };
}

/** A JSON value and where in the file it is. */
interface Placed {
  readonly value: unknown;
  readonly place: string;
}

interface ParsedInput {
  readonly records: readonly Placed[];
  readonly malformed: readonly string[];
  readonly pages: number;
  /** The last API answer of some kind says that more pages follow. */
  readonly openEnded: boolean;
}

function parseInput(text: string, name: string): ParsedInput {
  if (text.trim() === '') {
    throw new AuditError(
      'input',
      `${name} is empty.`,
      'Give it a JSON array of credentials, API answers, or NDJSON.',
    );
  }
  const { documents, malformed } = readDocuments(text.replace(/^\uFEFF/, ''), name);
  const records: Placed[] = [];
  let pages = 0;
  /** The last token of each kind's answers: each kind is a list of its own. */
  const tokens = new Map<Kind, unknown>();
  let kind: Kind = 'personal-client';
  for (const { value, place } of documents.flatMap(entriesOf)) {
    const answer = asRecord(value);
    if (!answer || !('list' in answer)) {
      records.push({ value, place });
      continue;
    }
    pages += 1;
    malformed.push(...problemsOf(answer).map((problem) => `answer ${pages}: ${problem}`));
    const listed: readonly unknown[] = Array.isArray(answer.list) ? answer.list : [];
    for (const [at, value] of listed.entries())
      records.push({ value, place: `answer ${pages}, record ${at + 1}` });
    // An empty page belongs to the list before it.
    if (listed.length > 0) kind = kindOf(listed[0]);
    tokens.set(kind, answer.nextPageToken);
  }
  const openEnded = [...tokens.values()].some((token) => typeof token === 'string' && token !== '');
  return { records, malformed, pages: Math.max(pages, 1), openEnded };
}

/** The entries of a document: those of an array, or the document itself. */
function entriesOf({ value, place }: Placed): Placed[] {
  if (!Array.isArray(value)) return [{ value, place: place || 'record 1' }];
  const before = place === '' ? '' : `${place}, `;
  return value.map((entry, index) => ({ value: entry, place: `${before}record ${index + 1}` }));
}

/** An API answer. Its records are read by `normalize`, which takes what it can of each and reports the rest. */
const ANSWER = record({ list: list(), nextPageToken: v.nullish(text()) }, { open: true });

/** What is wrong with an API answer that has a list. */
function problemsOf(answer: WireRecord): string[] {
  const flaws = flawsOf(ANSWER, answer).map(({ path, message }) => `"${writePath(path)}" ${message}`);
  const doubt = doubtBeside(answer);
  return doubt === undefined ? flaws : [...flaws, `has "${doubt}" beside its "list"`];
}

interface Documents {
  readonly documents: readonly Placed[];
  readonly malformed: string[];
}

/** One JSON text, NDJSON, or JSON texts one after the other as `curl … >> file` leaves them. */
function readDocuments(text: string, name: string): Documents {
  const single = tryJson(text);
  if (single) {
    if (typeof single.value !== 'object' || single.value === null) throw notCredentials(name);
    refuseOthers(single.value, name);
    return { documents: [{ value: single.value, place: '' }], malformed: [] };
  }
  const lines = text.split('\n').map((line, index) => ({ text: line.trim(), place: `line ${index + 1}` }));
  const filled = lines.filter((line) => line.text !== '');
  if (filled.length > 1 && filled.some((line) => asRecord(tryJson(line.text)?.value))) return readAll(filled);
  const read = readAll(splitTexts(text).map((part, index) => ({ text: part, place: `answer ${index + 1}` })));
  if (read.documents.length === 0) throw notCredentials(name);
  return read;
}

/** A single object that is neither an answer nor a record is some other file, not a malformed credential. */
function refuseOthers(value: object, name: string): void {
  if (Array.isArray(value) || 'list' in value || 'id' in value || 'clientId' in value) return;
  if ('schemaVersion' in value && 'findings' in value)
    throw new AuditError(
      'input',
      `${name} is a report of c1-audit, not a list of credentials.`,
      'Render it with c1-audit report, or look at it with c1-audit plan.',
    );
  throw notCredentials(name);
}

/** JSON texts with nothing or blanks between them; JSON.parse itself says where the first one ends. */
function splitTexts(text: string): string[] {
  const parts: string[] = [];
  let rest = text.trim();
  while (rest !== '') {
    const end = endOfFirst(rest);
    parts.push(rest.slice(0, end));
    rest = rest.slice(end).trim();
  }
  return parts;
}

function endOfFirst(text: string): number {
  try {
    JSON.parse(text);
  } catch (error) {
    const [, position] = /after JSON at position (\d+)/.exec(String(error)) ?? [];
    if (position !== undefined && Number(position) > 0) return Number(position);
  }
  return text.length;
}

function readAll(texts: readonly { readonly text: string; readonly place: string }[]): Documents {
  const documents: Placed[] = [];
  const malformed: string[] = [];
  for (const { text, place } of texts) {
    const parsed = tryJson(text);
    if (parsed) documents.push({ value: parsed.value, place });
    else malformed.push(`${place}: is not JSON`);
  }
  return { documents, malformed };
}

function tryJson(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

function notCredentials(name: string): AuditError {
  return new AuditError(
    'input',
    `${name} does not contain credentials in JSON.`,
    'Give it a JSON array of credentials, API answers ({"list": […], "nextPageToken": ""}), or NDJSON.',
  );
}

/** Which kind a record is, by the fields that only one kind has. */
function kindOf(value: unknown): Kind {
  const record = asRecord(value) ?? {};
  const has = (...fields: readonly string[]) => fields.some((field) => field in record);
  if (has('conditionExpression', 'providerId')) return 'federation-trust';
  if (has('clientIdType', 'clientName', 'wellKnownClient', 'verifiedDomain', 'roleIds'))
    return 'external-client';
  if (has('credentialStatus', 'bridgeId')) return 'tunnel-credential';
  if (has('keyPrefix')) return 'llm-gateway-key';
  if (has('isDraft', 'useSpn', 'functionType', 'publishedCommitId')) return 'function';
  // Absent fields count as unset, so any field that only this kind has decides.
  return has('servicePrincipalId', 'requireDpop', 'scopedRoleIds', 'allowSourceCidrs', 'expiresAt')
    ? 'service-principal-credential'
    : 'personal-client';
}

/** The host that all client ids name, or "file". */
function tenantOf(credentials: readonly Credential[]): string {
  const hosts = new Set(
    credentials.map(({ clientId }) => /@([^/:]+)/.exec(clientId)?.[1]?.toLowerCase() ?? ''),
  );
  hosts.delete('');
  const [host = 'file'] = hosts;
  return hosts.size === 1 ? host : 'file';
}
