import {
  type Credential,
  type Exposure,
  hasFact,
  type Kind,
  namesOf,
  type TenantFacts,
  Unknown,
} from '../../contract/index.js';
import { AuditError } from '../../errors.js';
import { asRecord, FieldReader, malformedNote, type WireRecord } from '../record.js';
import { errorNote, joinNotes, type List, nameOf, type Reader, readList } from './lists.js';
import { isAbsent, isOutage } from './request-error.js';

const SEARCH: List = {
  method: 'POST',
  path: '/findings/search',
  narrowed: {
    findingTypes: ['FINDING_TYPE_CREDENTIAL_PUBLICLY_EXPOSED'],
    states: ['FINDING_STATE_OPEN', 'FINDING_STATE_IN_PROGRESS'],
  },
};
const CURE = `Give the audit's credential the right to read findings (${nameOf(SEARCH)}).`;

/** The answer may hold more than was requested. A state that is not known here counts as open. */
const CLOSED: ReadonlySet<string> = new Set(
  ['RESOLVED', 'SNOOZED', 'RISK_ACCEPTED', 'SUPPRESSED'].map((state) => `FINDING_STATE_${state}`),
);

/** The field that holds the type of a finding: this one, or that of another type. */
const EXPOSED = 'credentialPubliclyExposed';
const OTHER_TYPES = [
  'similarUsernameMatch',
  'serviceAccountMisclassification',
  'nhiUnowned',
  'serviceAccountUnowned',
  'decoyCredentialUsed',
  'custom',
  'connectorAnomalyDetectionDisabled',
  'deactivatedOwner',
  'unusedSecret',
  'decoyPubliclyExposed',
  'credentialExpiring',
];

interface ExposuresSeen {
  readonly exposures: TenantFacts['exposures'];
  /** The findings, by their ids, each with every text in it. */
  readonly findings: readonly ReadonlySet<string>[];
  readonly note: string | null;
  readonly failure?: AuditError;
}

/** Reads ConductorOne's own open findings about credentials that are public, if any of these kinds can be named in one. */
export async function readExposures(reader: Reader, kinds: readonly Kind[]): Promise<ExposuresSeen> {
  if (!kinds.some((kind) => hasFact(kind, 'exposure')))
    return { exposures: undefined, findings: [], note: null };
  const byText = new Map<string, Exposure>();
  const findings: ReadonlySet<string>[] = [];
  const malformed: string[] = [];
  const { pages, ending } = await readList(SEARCH, reader, (records, page) => {
    for (const [index, value] of records.entries()) {
      const record = asRecord(value) ?? {};
      if (CLOSED.has(String(record.state)) || OTHER_TYPES.some((type) => asRecord(record[type]))) continue;
      const texts = textsIn(value);
      findings.push(texts);
      const { exposure, problem } = toExposure(record);
      for (const text of texts) byText.set(text, exposure);
      if (problem)
        malformed.push(
          `${new FieldReader(record).text('id') || `record ${index + 1} of page ${page}`}: ${problem}`,
        );
    }
  });
  if (ending instanceof AuditError) {
    const note = `Credentials that are public may not be known: ${errorNote(ending)} ${CURE}`;
    if (pages === 0 && isAbsent(ending)) return { exposures: undefined, findings, note: absentNote(ending) };
    const rest = new Unknown("ConductorOne's findings could not be read", CURE);
    return { exposures: { byText, rest }, findings, note, ...(isOutage(ending) ? { failure: ending } : {}) };
  }
  const problem = joinNotes(
    ending === 'end' ? null : `${nameOf(SEARCH)} repeats itself instead of going on.`,
    malformedNote(malformed, nameOf(SEARCH)),
  );
  if (problem === null) return { exposures: { byText, rest: null }, findings, note: null };
  const rest = new Unknown(
    "ConductorOne's findings could not be read completely",
    "Report it to ConductorOne's support.",
  );
  const failure = new AuditError('api', problem, "Report it to ConductorOne's support.");
  return { exposures: { byText, rest }, findings, note: problem, failure };
}

function absentNote({ message }: AuditError): string {
  return `ConductorOne does not offer its own findings here, so credentials that are public are not known: ${message}`;
}

function toExposure(record: WireRecord): {
  readonly exposure: Exposure;
  readonly problem: string | undefined;
} {
  const read = new FieldReader(asRecord(record[`${EXPOSED}Evidence`]) ?? {});
  const source = read.text('sourceUrl');
  const problem = asRecord(record[EXPOSED]) ? read.problems[0] : 'is of no known type';
  return { exposure: { source: source === '' ? null : source }, problem };
}

/** Its owner chooses it, and could choose the id of somebody else's credential. */
const NAME = 'credentialDisplayName';

/**
 * Which field names the credential is not documented for every kind: any text may be its id. Not recursive: a finding may
 * be nested deeper than the stack.
 */
function textsIn(finding: unknown): ReadonlySet<string> {
  const found = new Set<string>();
  const left = [finding];
  while (left.length > 0) {
    const value = left.pop();
    if (typeof value === 'string' && value !== '') found.add(value);
    if (typeof value !== 'object' || value === null) continue;
    for (const [field, part] of Object.entries(value)) if (field !== NAME) left.push(part);
  }
  return found;
}

/** How many findings name none of the credentials; null where all do. */
export function unmatchedNote(
  findings: ExposuresSeen['findings'],
  credentials: readonly Credential[],
): string | null {
  if (findings.length === 0) return null;
  const names = new Set(credentials.flatMap(namesOf));
  const others = findings.filter((texts) => ![...texts].some((text) => names.has(text))).length;
  if (others === 0) return null;
  const those = others === 1 ? '1 open finding' : `${others} open findings`;
  return `${those} of ConductorOne's own on credentials that are public ${others === 1 ? 'names' : 'name'} none of those that were read. Look at the findings in ConductorOne.`;
}
