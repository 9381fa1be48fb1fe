import { type Finding, type Kind, kindName } from '../contract/index.js';
import { hidesFindings, type Report } from '../engine/report.js';
import { cutTo, forMarkdown, forTerminal } from '../reporters/escape.js';
import {
  count,
  coverageLine,
  credentialName,
  datesOf,
  minute,
  ownerWords,
  unknownGroups,
} from '../reporters/words.js';
import { hostOf } from './calls.js';
import type { OwnerPlan, Plan, PlannedCredential } from './plan.js';

/*
 * The wording that all forms of a plan share; other people's text is in it as it came.
 */

function planTitle({ report, only }: Plan): string {
  const tenant = report.run.tenant || 'an unnamed tenant';
  return only
    ? `API credentials of ${nameOf(only)} in ${tenant}: what to do`
    : `What to do about the API credentials of ${tenant}`;
}

function nameOf(owner: NonNullable<Plan['only']>): string {
  return owner.name.trim() ? owner.name : owner.email || owner.id;
}

/** What this is, why, and by when: it may be all that its reader ever hears of the audit. */
function planIntro(plan: Plan): string[] {
  const { report, only, owners } = plan;
  const { complete, notes } = report.coverage;
  const left = leftOut(report);
  const sight = `${complete ? '' : ' among those it saw'}${left.length > 0 ? ', as far as it looked' : ''}`;
  const credentials = owners.reduce((sum, one) => sum + one.credentials.length, 0);
  const found = (many: string) => (only ? `${many} of yours` : many);
  return [
    ...(complete ? [] : [`${coverageLine(report)}. What was not seen is not in this plan.`]),
    credentials > 0
      ? `An audit on ${minute(report.run.asOf)} found ${found(count(credentials, 'credential'))} that ${credentials === 1 ? 'needs' : 'need'} attention${sight}. A credential lets programs act in ConductorOne with its owner's rights; whoever gets hold of one can do the same. The dates say by when each should be put right.`
      : `An audit on ${minute(report.run.asOf)} found ${found('no credential')} that needs attention${sight}.`,
    ...left,
    'This plan changes nothing: every step is for a person to take. Steps of one credential go in their order, which keeps its jobs running.',
    ...(hasCommands(plan) ? [commandWords(plan)] : []),
    ...(complete && !only ? [coverageLine(report)] : []),
    ...(only ? [] : notes.map((note) => `Note: ${note}`)),
  ];
}

/** What else there may be to do: it stands in an owner's part as well, who sees nothing but this. */
function leftOut(report: Report): string[] {
  const { mayBeFiltered, rulesNotRun = [] } = report.coverage;
  return [
    ...(hidesFindings(report)
      ? ['Less severe findings were left out, and are not in this plan: there may be more to do.']
      : []),
    ...(rulesNotRun.length > 0
      ? [
          `Not looked for, as ${rulesNotRun.length === 1 ? 'this rule' : 'these rules'} did not run: ${rulesNotRun.join(', ')}.`,
        ]
      : []),
    ...(mayBeFiltered
      ? [
          'ConductorOne may not have shown the audit every credential: what it did not show is not in this plan.',
        ]
      : []),
  ];
}

function commandWords({ report, owners }: Plan): string {
  const host = hostOf(report.run.tenant)
    ? ''
    : ' C1_HOST is the host of your tenant, as in acme.conductor.one.';
  const principal = owners.some(({ owner, credentials }) =>
    credentials.some(({ credential: { kind } }) => kind !== 'personal-client' && !owner?.id),
  )
    ? ' SERVICE_PRINCIPAL_ID is the id of the service principal.'
    : '';
  return `The curl lines do the same over the API, with C1_TOKEN as an access token of somebody who may.${host}${principal} They follow ConductorOne's published API, early access in part: read them, and put your own values for the words in capitals, before you run them.`;
}

function hasCommands({ owners }: Plan): boolean {
  return owners.some(({ credentials }) =>
    credentials.some(({ steps }) => steps.some(({ command }) => command !== undefined)),
  );
}

const DOCS: Readonly<Record<Kind, string>> = {
  'personal-client': 'https://www.conductorone.com/docs/conductorone-api/authenticate',
  'service-principal-credential': 'https://www.conductorone.com/docs/product/admin/service-principals/manage',
  'federation-trust':
    'https://www.conductorone.com/docs/product/admin/service-principals/workload-federation',
};

/** Pages to open: the tenant itself, and what ConductorOne says about the kinds at hand. */
function planLinks({ report, owners }: Plan): string[] {
  const host = hostOf(report.run.tenant);
  const kinds = new Set(
    owners.flatMap(({ credentials }) => credentials.map(({ credential: { kind } }) => kind)),
  );
  return [...(host && kinds.size > 0 ? [`https://${host}/`] : []), ...[...kinds].map((kind) => DOCS[kind])];
}

function ownerTitle({ owner, credentials }: OwnerPlan): string {
  const who = owner === null ? 'Credentials whose owner is not known' : `Owner: ${ownerWords(owner)}`;
  return `${who} – ${count(credentials.length, 'credential')}`;
}

function dueWords({ severity, due }: PlannedCredential): string {
  return `${severity}, ${due === null ? 'when there is time' : `by ${due}`}`;
}

/** Why it matters, each rule once, in the order of its first finding. */
function reasons({ owners, rules }: Plan): { readonly rule: string; readonly why: string }[] {
  const ids = new Set(
    owners.flatMap(({ credentials }) =>
      credentials.flatMap(({ findings }) => findings.map(({ rule }) => rule)),
    ),
  );
  return [...ids].flatMap((rule) => {
    const why = rules.get(rule)?.docs.why;
    return why ? [{ rule, why }] : [];
  });
}

function findingWords({ severity, rule, message }: Finding): string {
  return `${severity} ${rule}: ${message}`;
}

const safe = (text: string, length = 1000) => forTerminal(cutTo(text, length));

/** A plan for people at a terminal, or in a mail. */
export function* planText(plan: Plan): Generator<string> {
  yield `${safe(planTitle(plan))}\n\n`;
  for (const line of planIntro(plan)) yield `${safe(line, 2000)}\n`;
  for (const link of planLinks(plan)) yield `  ${link}\n`;
  for (const one of plan.owners) {
    if (!plan.only || plan.owners.length > 1) yield `\n=== ${safe(ownerTitle(one))} ===\n`;
    let at = 1;
    for (const planned of one.credentials) yield credential(planned, at++, plan);
  }
  yield* unknownPart(plan);
  if (plan.waivers.length > 0) {
    yield '\nWAIVERS, for whoever keeps the configuration\n';
    for (const finding of plan.waivers)
      yield `  ${safe(findingWords(finding))}\n    To do: ${safe(finding.fix)}\n`;
  }
  const why = reasons(plan);
  if (why.length > 0) yield '\nWHY\n';
  for (const { rule, why: reason } of why) yield `  ${safe(rule)}: ${safe(reason)}\n`;
}

function credential(planned: PlannedCredential, at: number, { report }: Plan): string {
  const { credential: key, findings, steps } = planned;
  const lines = [
    '',
    `${at}. ${safe(credentialName(key), 100)} (${safe(key.id)}, ${safe(kindName(key.kind))}): ${dueWords(planned)}`,
    `   ${safe(datesOf(key, report.run.asOf))}`,
    '   Found:',
    ...findings.map((finding) => `     ${safe(findingWords(finding))}`),
    '   To do:',
    ...steps.flatMap(({ text, command }, index) => [
      `     ${index + 1}. ${safe(text)}`,
      ...(command === undefined ? [] : [`        ${command}`]),
    ]),
  ];
  return `${lines.join('\n')}\n`;
}

function* unknownPart({ unknown }: Plan): Generator<string> {
  if (unknown.length === 0) return;
  yield `\nCOULD NOT BE JUDGED: ${count(unknown.length, 'check')}, for whoever runs the audit\n`;
  for (const { rule, reason, cure, count: checks } of unknownGroups(unknown))
    yield `  ${safe(rule)}, ${count(checks, 'credential')}: ${safe(reason)}\n    To do: ${safe(cure)}\n`;
}

const markdownSafe = (text: string, length = 1000) => forMarkdown(cutTo(text, length));

/** A plan for an issue, a wiki or a chat that reads Markdown. */
export function* planMarkdown(plan: Plan): Generator<string> {
  yield `# ${markdownSafe(planTitle(plan))}\n\n`;
  for (const line of planIntro(plan)) yield `${markdownSafe(line, 2000)}\n\n`;
  for (const link of planLinks(plan)) yield `- <${link}>\n`;
  for (const one of plan.owners) {
    if (!plan.only || plan.owners.length > 1) yield `\n## ${markdownSafe(ownerTitle(one))}\n`;
    for (const planned of one.credentials) yield markdownCredential(planned, plan);
  }
  yield* markdownUnknownPart(plan);
  if (plan.waivers.length > 0) {
    yield '\n## Waivers, for whoever keeps the configuration\n\n';
    for (const finding of plan.waivers)
      yield `- ${markdownSafe(findingWords(finding))}\n  - To do: ${markdownSafe(finding.fix)}\n`;
  }
  const why = reasons(plan);
  if (why.length > 0) yield '\n## Why\n\n';
  for (const { rule, why: reason } of why) yield `- **${markdownSafe(rule)}**: ${markdownSafe(reason)}\n`;
}

/** Commands hold no backtick, so that nothing in them ends the fence. */
function markdownCredential(planned: PlannedCredential, { report }: Plan): string {
  const { credential: key, findings, steps } = planned;
  const lines = [
    '',
    `### ${markdownSafe(credentialName(key), 100)}: ${dueWords(planned)}`,
    '',
    `${markdownSafe(key.id)}, ${markdownSafe(kindName(key.kind))}, ${markdownSafe(datesOf(key, report.run.asOf))}`,
    '',
    ...findings.map((finding) => `- ${markdownSafe(findingWords(finding))}`),
    '',
    ...steps.flatMap(({ text, command }, index) => [
      `${index + 1}. ${markdownSafe(text)}`,
      ...(command === undefined ? [] : ['', '   ```sh', `   ${command}`, '   ```', '']),
    ]),
  ];
  return `${lines.join('\n')}\n`;
}

function* markdownUnknownPart({ unknown }: Plan): Generator<string> {
  if (unknown.length === 0) return;
  yield `\n## Could not be judged: ${count(unknown.length, 'check')}, for whoever runs the audit\n\n`;
  for (const { rule, reason, cure, count: checks } of unknownGroups(unknown))
    yield `- ${markdownSafe(rule)}, ${count(checks, 'credential')}: ${markdownSafe(reason)}\n  - To do: ${markdownSafe(cure)}\n`;
}
