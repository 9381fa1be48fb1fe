import { createHash } from 'node:crypto';
import { type CustomFinding, type ExposureFinding, Permission } from '../records.js';
import { admits, type Call, filter, notFound, PAGE, require, searchPage } from './call.js';
import { apiError, Code, readFields } from './messages.js';

const SEVERITIES = ['INFO', 'LOW', 'MEDIUM', 'HIGH', 'CRITICAL'].map((name) => `FINDING_SEVERITY_${name}`);

const NOT_ACCEPTED = { riskAcceptanceJustification: '', riskAcceptanceExpiresAt: null };

/** POST /findings: a finding with the same key parts is updated, and reopened if it was resolved. */
export function createFinding(call: Call) {
  const ask = readFields(call.body, {
    dedupKeyParts: 'strings',
    customSubType: 'string',
    severity: 'string',
    description: 'string',
    remediationDescription: 'string',
    annotations: 'object',
    identityUserTarget: 'object',
    tenantTarget: 'object',
  });
  require(call, Permission.writeFindings);
  if (ask.dedupKeyParts.length === 0 || ask.dedupKeyParts.includes(''))
    throw invalid('dedup_key_parts must be non-empty and every part must be non-empty');
  if (!SEVERITIES.includes(ask.severity)) throw invalid('severity must be a defined value');
  if ((ask.identityUserTarget === null) === (ask.tenantTarget === null))
    throw invalid('exactly one target must be set');
  const target = ask.identityUserTarget && readFields(ask.identityUserTarget, { identityUserId: 'string' });
  if (ask.tenantTarget) readFields(ask.tenantTarget, {});

  const { findings } = call.state;
  const at = new Date(call.state.now()).toISOString();
  const fingerprint = fingerprintOf(ask.customSubType, ask.dedupKeyParts);
  const known = findings.find((finding) => finding.fingerprint === fingerprint);
  const content = {
    severity: ask.severity,
    description: ask.description,
    remediationDescription: ask.remediationDescription,
    annotations: readAnnotations(ask.annotations ?? {}),
    identityUserTarget: target && { identityUserId: target.identityUserId },
    tenantTarget: ask.tenantTarget && {},
    updatedAt: at,
    lastObservedAt: at,
  };
  if (known) {
    const reopened =
      known.state === 'FINDING_STATE_RESOLVED' ? { state: 'FINDING_STATE_OPEN', resolvedAt: null } : {};
    Object.assign(known, content, reopened, { recurrenceCount: known.recurrenceCount + 1 });
    return { finding: known };
  }
  const finding: CustomFinding = {
    id: `fnd${fingerprint.slice(0, 24)}`,
    fingerprint,
    dedupKeyParts: ask.dedupKeyParts,
    customSubType: ask.customSubType,
    state: 'FINDING_STATE_OPEN',
    sourceKind: 'FINDING_SOURCE_KIND_EXTERNAL',
    custom: {},
    recurrenceCount: 0,
    createdAt: at,
    firstObservedAt: at,
    resolvedAt: null,
    ...NOT_ACCEPTED,
    ...content,
  };
  findings.push(finding);
  return { finding };
}

/** POST /findings/search */
export function searchFindings(call: Call) {
  const ask = readFields(call.body, {
    ...PAGE,
    refs: 'refs',
    findingTypes: 'strings',
    customSubTypes: 'strings',
    severities: 'strings',
    states: 'strings',
    sourceKinds: 'strings',
  });
  require(call, Permission.readFindings);
  const { state } = call;
  const isWanted = (finding: CustomFinding | ExposureFinding) =>
    admits(ask.refs, finding.id) &&
    admits(ask.severities, finding.severity) &&
    admits(ask.states, finding.state) &&
    admits(ask.sourceKinds, finding.sourceKind);
  const custom = admits(ask.findingTypes, 'FINDING_TYPE_CUSTOM') ? state.findings : [];
  const exposed =
    admits(ask.findingTypes, 'FINDING_TYPE_CREDENTIAL_PUBLICLY_EXPOSED') && ask.customSubTypes.length === 0
      ? state.data.exposures
      : [];
  const matching: (CustomFinding | ExposureFinding)[] = [
    ...filter(exposed, isWanted),
    ...filter(custom, (finding) => isWanted(finding) && admits(ask.customSubTypes, finding.customSubType)),
  ];
  return searchPage(call, matching, ask);
}

/** POST /findings/{id}/state: exactly one action. */
export function setFindingState(call: Call) {
  const actions = readFields(call.body, {
    snooze: 'object',
    suppress: 'object',
    unsuppress: 'object',
    acceptRisk: 'object',
    resolve: 'object',
    reopen: 'object',
  });
  require(call, Permission.writeFindings);
  const [action, ...others] = Object.entries(actions).filter(([, parameters]) => parameters !== null);
  if (!action || others.length > 0) throw invalid('exactly one action must be set');
  const finding = call.state.findings.find(({ id }) => id === call.params.id);
  if (!finding) throw notFound('finding');
  const at = new Date(call.state.now()).toISOString();
  return { finding: Object.assign(finding, { updatedAt: at }, outcomeOf(action[0], action[1] ?? {}, at)) };
}

function outcomeOf(
  action: string,
  parameters: Readonly<Record<string, unknown>>,
  at: string,
): Partial<CustomFinding> {
  switch (action) {
    case 'resolve':
      readFields(parameters, { reason: 'string' });
      return { state: 'FINDING_STATE_RESOLVED', resolvedAt: at, ...NOT_ACCEPTED };
    case 'acceptRisk': {
      const fields = { justification: 'string', expiresAt: 'string' } as const;
      const { justification, expiresAt } = readFields(parameters, fields);
      return {
        state: 'FINDING_STATE_RISK_ACCEPTED',
        resolvedAt: null,
        riskAcceptanceJustification: justification,
        riskAcceptanceExpiresAt: expiresAt === '' ? null : expiresAt,
      };
    }
    case 'snooze':
    case 'suppress':
      return { state: `FINDING_STATE_${action === 'snooze' ? 'SNOOZED' : 'SUPPRESSED'}`, resolvedAt: null };
    default:
      return { state: 'FINDING_STATE_OPEN', resolvedAt: null, ...NOT_ACCEPTED };
  }
}

function fingerprintOf(subType: string, parts: readonly string[]): string {
  // As JSON, so that no two lists of parts give the same text.
  const text = JSON.stringify(['custom', subType, ...parts]);
  return createHash('sha256').update(text).digest('hex');
}

function readAnnotations(annotations: Readonly<Record<string, unknown>>): Record<string, string> {
  const entries = Object.entries(annotations);
  if (entries.length > 16) throw invalid('annotations: at most 16 entries');
  for (const [key, value] of entries) {
    if (!/^[A-Za-z][A-Za-z0-9._/-]{0,127}$/.test(key)) throw invalid(`annotations: bad key "${key}"`);
    if (key.startsWith('c1/')) throw invalid(`annotations: "${key}" is reserved`);
    if (typeof value !== 'string' || value.length > 256) throw invalid(`annotations: bad value of "${key}"`);
  }
  if (Buffer.byteLength(JSON.stringify(annotations)) > 4096) throw invalid('annotations: above 4096 bytes');
  return Object.fromEntries(entries) as Record<string, string>;
}

function invalid(message: string): Error {
  return apiError(Code.invalidArgument, `invalid argument: ${message}`);
}
