import { stringify } from 'csv-stringify/sync';
import type { Finding } from '../contract/index.js';
import { forCsv } from './escape.js';
import type { Reporter } from './reporter.js';
import { roleWord } from './words.js';

/** One row per finding. */
export const csv: Reporter = (report) =>
  stringify(
    report.findings.map((finding) => Object.values(COLUMNS).map((cell) => forCsv(cell(finding) ?? ''))),
    { header: true, columns: Object.keys(COLUMNS) },
  );

/** The cell of each column, in order. An empty cell means never, not known, or not applicable. */
const COLUMNS: Readonly<Record<string, (finding: Finding) => string | null | undefined>> = {
  severity: (finding) => finding.severity,
  outcome: (finding) => finding.outcome,
  status: (finding) => finding.status,
  rule: (finding) => finding.rule,
  message: (finding) => finding.message,
  kind: ({ credential }) => credential?.kind,
  id: ({ credential }) => credential?.id,
  clientId: ({ credential }) => credential?.clientId,
  name: ({ credential }) => credential?.name,
  ownerId: ({ credential }) => credential?.owner?.id,
  ownerName: ({ credential }) => credential?.owner?.name,
  ownerEmail: ({ credential }) => credential?.owner?.email,
  createdAt: ({ credential }) => credential?.createdAt,
  expiresAt: ({ credential }) => credential?.expiresAt,
  lastUsedAt: ({ credential }) => credential?.lastUsedAt,
  allowedCidrs: ({ credential }) => credential?.allowedCidrs.join(', '),
  scopedRoles: ({ credential }) => credential?.scopedRoles.map(roleWord).join(', '),
  fix: (finding) => finding.fix,
  fingerprint: (finding) => finding.fingerprint,
  firstSeen: (finding) => finding.firstSeen,
  waivedUntil: (finding) => finding.waiver?.expires,
  waiverReason: (finding) => finding.waiver?.reason,
};
