import { type Finding, kindName, type Severity } from '../contract/index.js';
import { MOST_SEVERE_FIRST, partsOf, type Report } from '../engine/report.js';
import { cutTo, forSarif, forTerminal, neutraliseJson } from './escape.js';
import { type Reporter, type ReporterContext, type RuleInfo, rulePageAddress } from './reporter.js';
import { controlsOf, count, credentialName, gaps, number, ownerWords } from './words.js';

/** The open findings, in SARIF 2.1.0 as GitHub's code scanning accepts it. */
export const sarif: Reporter = (report, context) => {
  const { open } = partsOf(report);
  const shown = open.slice(0, MAX_RESULTS);
  const rules = [...new Set(shown.map((finding) => finding.rule))].sort();
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: report.tool.name,
            semanticVersion: report.tool.version,
            rules: rules.map((id) => descriptor(id, shown, report, context)),
          },
        },
        automationDetails: { id: `${report.tool.name}/${segment(report.run.tenant)}/` },
        invocations: [invocation(report, open.length - shown.length)],
        columnKind: 'utf16CodeUnits',
        results: shown.map((finding) => result(finding, rules.indexOf(finding.rule), report.run.tenant)),
      },
    ],
  };
  return `${neutraliseJson(JSON.stringify(log, null, 2))}\n`;
};

/** GitHub rejects a file with more. */
const MAX_RESULTS = 25_000;
/** GitHub's limit for a rule's descriptions. */
const DESCRIPTION = 1024;
const NAME = 200;
/** Keeps 25,000 results below GitHub's 10 MB (gzipped), however long the texts are. */
const MESSAGE = 1000;

type Level = 'error' | 'warning' | 'note';

/** The level, and a CVSS-like score that GitHub reads; info has none. */
const LEVELS: Record<Severity, readonly [level: Level, score?: string]> = {
  critical: ['error', '9.5'],
  high: ['error', '8.0'],
  medium: ['warning', '5.5'],
  low: ['note', '2.0'],
  info: ['note'],
};

/** Neutralised text can be longer, and has to fit; cutting before as well saves work on text nobody sees. */
const safe = (text: string, length: number) => cutTo(forSarif(cutTo(text, length)), length);

function descriptor(id: string, shown: readonly Finding[], report: Report, context: ReporterContext) {
  const info: RuleInfo | undefined = context.rules.get(id);
  const findings = shown.filter((finding) => finding.rule === id);
  // GitHub shows one severity per rule, ours differs by finding: use the worst, so that none looks harmless.
  const worst = MOST_SEVERE_FIRST.find((severity) =>
    findings.some((finding) => finding.severity === severity),
  );
  const severity = worst ?? info?.severity ?? 'info';
  const [level, score] = LEVELS[severity];
  const title = info?.title ?? id;
  const fix = info?.docs.fix ?? findings[0]?.fix ?? '';
  return {
    id,
    name: id,
    shortDescription: { text: safe(title, DESCRIPTION) },
    fullDescription: { text: safe(info?.docs.why ?? title, DESCRIPTION) },
    help: { text: safe(fix.trim() ? fix : title, DESCRIPTION) },
    helpUri: rulePageAddress(id, context),
    defaultConfiguration: { level },
    properties: {
      tags: ['security', 'credentials', ...controlTags(id, report)],
      ...(score ? { 'security-severity': score } : {}),
    },
  };
}

/** GitHub rejects a rule with more tags. */
const MAX_TAGS = 20;

/** `owasp-nhi/NHI7`. */
function controlTags(id: string, report: Report): string[] {
  return controlsOf(report, id)
    .flatMap(({ standard, ids }) => ids.map((control) => safe(`${standard}/${control}`, NAME)))
    .slice(0, MAX_TAGS - 2);
}

function result(finding: Finding, ruleIndex: number, tenant: string) {
  const { credential } = finding;
  const name = safe(credentialName(credential), NAME);
  const owner = credential
    ? ` (${safe(kindName(credential.kind), NAME)}, owner ${safe(ownerWords(credential.owner), NAME)})`
    : '';
  const path = credential
    ? `${segment(credential.kind)}/${segment(credential.id)}`
    : `waiver/${segment(finding.fingerprint)}`;
  return {
    ruleId: finding.rule,
    ruleIndex,
    kind: 'fail',
    level: LEVELS[finding.severity][0],
    message: {
      text: `${name}${owner}: ${safe(finding.message, MESSAGE)}\nFix: ${safe(finding.fix, MESSAGE)}`,
    },
    locations: [
      {
        // There is no line, but importers reject a result without one.
        physicalLocation: { artifactLocation: { uri: `c1-audit/${path}` }, region: { startLine: 1 } },
        logicalLocations: [{ name, fullyQualifiedName: `${tenant}/${path}`, kind: 'resource' }],
      },
    ],
    partialFingerprints: { 'c1AuditFinding/v1': finding.fingerprint },
    properties: { severity: finding.severity, status: finding.status, firstSeen: finding.firstSeen },
  };
}

function invocation(report: Report, left: number) {
  const missing = gaps(report);
  const notices = [
    ...missing.map((gap) => notification('error', `The audit is incomplete: ${gap}`)),
    ...report.coverage.notes.flatMap((note) => (missing.includes(note) ? [] : [notification('note', note)])),
  ];
  if (left > 0) {
    const what = `${count(left, 'less severe finding')} left out: GitHub accepts ${number(MAX_RESULTS)} results`;
    notices.push(notification('warning', what));
  }
  return {
    executionSuccessful: report.coverage.complete,
    startTimeUtc: report.run.startedAt,
    endTimeUtc: report.run.finishedAt,
    ...(notices.length > 0 ? { toolExecutionNotifications: notices } : {}),
  };
}

function notification(level: Level, text: string) {
  return { level, message: { text: safe(text, MESSAGE) } };
}

/** One segment of a relative address; `encodeURIComponent` alone throws on lone surrogates and keeps `..`. */
function segment(text: string): string {
  const encoded = encodeURIComponent(forTerminal(text));
  return /^\.+$/.test(encoded) ? encoded.replace(/\./g, '%2E') : encoded;
}
