import { type Finding, hasFact, isPersonal, type Kind, kindName } from '../contract/index.js';
import { hidesFindings, type Report } from '../engine/report.js';
import { safeMarkdown, safeText } from '../reporters/escape.js';
import { unknownGroups } from '../reporters/view.js';
import {
  count,
  coverageLine,
  credentialName,
  datesOf,
  minute,
  ownerWords,
  tenantName,
} from '../reporters/words.js';
import { hostOf } from './calls.js';
import type { OwnerPlan, Plan, PlannedCredential } from './plan.js';

/** How a format writes the parts of a plan. What it gets is not escaped yet, links and commands aside. */
type Form = typeof TEXT;

const TEXT = {
  title: (text: string) => `${safeText(text)}\n\n`,
  paragraph: (text: string) => `${safeText(text, 2000)}\n`,
  link: (address: string) => `  ${address}\n`,
  owner: (text: string) => `\n=== ${safeText(text)} ===\n`,
  credential(planned: PlannedCredential, position: number, asOf: string) {
    const { credential, findings, steps } = planned;
    const lines = [
      '',
      `${position}. ${safeText(credentialName(credential), 100)} (${safeText(credential.id)}, ${safeText(kindName(credential.kind))}): ${dueWords(planned)}`,
      `   ${safeText(datesOf(credential, asOf))}`,
      '   Found:',
      ...findings.map((finding) => `     ${safeText(findingWords(finding))}`),
      '   Steps:',
      ...steps.flatMap(({ text, command }, index) => [
        `     ${index + 1}. ${safeText(text)}`,
        ...(command === undefined ? [] : [`        ${command}`]),
      ]),
    ];
    return `${lines.join('\n')}\n`;
  },
  section: (title: string, detail: string) => `\n${title.toUpperCase()}${detail}\n`,
  /** @param fix what to do about it; empty for nothing. */
  item: (lead: string, text: string, fix: string) =>
    `  ${safeText(lead)}: ${safeText(text)}\n${fix ? `    Fix: ${safeText(fix)}\n` : ''}`,
};

const MARKDOWN: Form = {
  title: (text) => `# ${safeMarkdown(text)}\n\n`,
  paragraph: (text) => `${safeMarkdown(text, 2000)}\n\n`,
  link: (address) => `- <${address}>\n`,
  owner: (text) => `\n## ${safeMarkdown(text)}\n`,
  credential(planned, _position, asOf) {
    const { credential, findings, steps } = planned;
    const lines = [
      '',
      `### ${safeMarkdown(credentialName(credential), 100)}: ${dueWords(planned)}`,
      '',
      [credential.id, kindName(credential.kind), datesOf(credential, asOf)]
        .map((text) => safeMarkdown(text))
        .join(', '),
      '',
      ...findings.map((finding) => `- ${safeMarkdown(findingWords(finding))}`),
      '',
      // Commands hold no backtick: nothing in them ends the fence.
      ...steps.flatMap(({ text, command }, index) => [
        `${index + 1}. ${safeMarkdown(text)}`,
        ...(command === undefined ? [] : ['', '   ```sh', `   ${command}`, '   ```', '']),
      ]),
    ];
    return `${lines.join('\n')}\n`;
  },
  section: (title, detail) => `\n## ${title}${detail}\n\n`,
  item: (lead, text, fix) =>
    `- **${safeMarkdown(lead)}**: ${safeMarkdown(text)}\n${fix ? `  - Fix: ${safeMarkdown(fix)}\n` : ''}`,
};

/** For people at a terminal or in an email, or for an issue, a wiki or a chat that reads Markdown. */
const FORMS = { text: TEXT, markdown: MARKDOWN };

export const PLAN_FORMATS = Object.keys(FORMS) as readonly (keyof typeof FORMS)[];

export function* renderPlan(format: keyof typeof FORMS, plan: Plan): Generator<string> {
  const form: Form = FORMS[format];
  const { report, only, owners } = plan;
  yield form.title(planTitle(plan));
  for (const line of introduction(plan)) yield form.paragraph(line);
  for (const link of links(plan)) yield form.link(link);
  for (const owner of owners) {
    if (!only || owners.length > 1) yield form.owner(ownerTitle(owner));
    for (const [index, planned] of owner.credentials.entries())
      yield form.credential(planned, index + 1, report.run.asOf);
  }
  yield* appendix(plan, form);
}

/** What is not about one owner's credentials, and the reasons of the rules. */
function* appendix(plan: Plan, form: Form): Generator<string> {
  const { unknown, waivers } = plan;
  if (unknown.length > 0)
    yield form.section('Unknown', `: ${count(unknown.length, 'check')}, for whoever runs the audit`);
  for (const { rule, reason, fix, count: checks } of unknownGroups(unknown))
    yield form.item(`${rule}, ${count(checks, 'credential')}`, reason, fix);
  if (waivers.length > 0) yield form.section('Waivers', ', for whoever maintains the configuration');
  for (const { severity, rule, message, fix } of waivers)
    yield form.item(`${severity} ${rule}`, message, fix);
  const why = reasons(plan);
  if (why.length > 0) yield form.section('Why', '');
  for (const { rule, reason } of why) yield form.item(rule, reason, '');
}

function planTitle({ report, only }: Plan): string {
  if (!only) return `What to do about the API credentials of ${tenantName(report)}`;
  const name = only.name.trim() ? only.name : only.email || only.id;
  return `API credentials of ${name} in ${tenantName(report)}: what to do`;
}

/** What this is, why, and by when: an owner may see nothing else of the audit. */
function introduction(plan: Plan): string[] {
  const { report, only } = plan;
  const { complete, notes } = report.coverage;
  const left = leftOut(report);
  const credentials = plannedIn(plan).length;
  const found = credentials === 0 ? 'no credential' : count(credentials, 'credential');
  const needs = credentials > 1 ? 'need' : 'needs';
  const limits = `${complete ? '' : ' among those it read'}${left.length > 0 ? ', but this plan does not cover everything (see below)' : ''}`;
  const why =
    "A credential gives whoever holds it its owner's rights in ConductorOne. Fix each one by the date shown.";
  return [
    ...(complete ? [] : [`${coverageLine(report)}. What was not read is not in this plan.`]),
    `An audit on ${minute(report.run.asOf)} found ${found}${only ? ' of yours' : ''} that ${needs} attention${limits}.${credentials > 0 ? ` ${why}` : ''}`,
    ...left,
    'This plan changes nothing: people carry out the steps. Follow the steps of a credential in order, so that its jobs keep running.',
    ...commandWords(plan),
    ...(complete && !only ? [coverageLine(report)] : []),
    ...(only ? [] : notes.map((note) => `Note: ${note}`)),
  ];
}

/** Why there may be more to do. */
function leftOut(report: Report): string[] {
  const { mayBeFiltered, rulesNotRun = [] } = report.coverage;
  return [
    ...(hidesFindings(report)
      ? ['Less severe findings were left out of the report and are not in this plan.']
      : []),
    ...(rulesNotRun.length > 0
      ? [`The findings of rules that did not run are not in this plan: ${rulesNotRun.join(', ')}.`]
      : []),
    ...(mayBeFiltered
      ? ['ConductorOne may not have shown the audit every credential. Those it hid are not in this plan.']
      : []),
  ];
}

function commandWords(plan: Plan): string[] {
  const planned = plannedIn(plan);
  if (!planned.some(({ steps }) => steps.some(({ command }) => command !== undefined))) return [];
  const host = hostOf(plan.report.run.tenant)
    ? ''
    : ' C1_HOST is the host of your tenant, as in acme.conductor.one.';
  const principal = planned.some(
    ({ credential: { kind, owner } }) => hasFact(kind, 'owner') && !isPersonal(kind) && !owner?.id,
  )
    ? ' SERVICE_PRINCIPAL_ID is the id of the service principal.'
    : '';
  const bridge = planned.some(({ credential }) => credential.kind === 'tunnel-credential')
    ? ' BRIDGE_ID is the id of the bridge.'
    : '';
  return [
    `The curl commands do the same through the API. C1_TOKEN is an access token with the necessary rights.${host}${principal}${bridge} They use ConductorOne's published API, parts of which are early access: read each command and replace the words in capitals before you run it.`,
  ];
}

const DOCS: Readonly<Record<Kind, string>> = {
  'personal-client': 'https://www.conductorone.com/docs/conductorone-api/authenticate',
  'service-principal-credential': 'https://www.conductorone.com/docs/product/admin/service-principals/manage',
  'federation-trust':
    'https://www.conductorone.com/docs/product/admin/service-principals/workload-federation',
  'external-client': 'https://www.c1.ai/docs/product/admin/ai-clients',
  'tunnel-credential': 'https://www.c1.ai/docs/api-reference/tunnel/revoke-bridge-credential',
  'llm-gateway-key': 'https://www.c1.ai/docs/product/admin/aiam-overview',
  function: 'https://www.c1.ai/docs/api-reference/function/update-function',
};

/** All credentials of a plan. */
function plannedIn({ owners }: Plan): PlannedCredential[] {
  return owners.flatMap(({ credentials }) => credentials);
}

/** The tenant itself, and ConductorOne's pages about the kinds in the plan. */
function links(plan: Plan): string[] {
  const host = hostOf(plan.report.run.tenant);
  const kinds = new Set(plannedIn(plan).map(({ credential }) => credential.kind));
  return [...(host && kinds.size > 0 ? [`https://${host}/`] : []), ...[...kinds].map((kind) => DOCS[kind])];
}

function ownerTitle({ owner, credentials }: OwnerPlan): string {
  const who = owner === null ? 'Credentials whose owner is not known' : `Owner: ${ownerWords(owner)}`;
  return `${who} – ${count(credentials.length, 'credential')}`;
}

function dueWords({ severity, due }: PlannedCredential): string {
  return `${severity}, ${due === null ? 'when there is time' : `by ${due}`}`;
}

function findingWords({ severity, rule, message }: Finding): string {
  return `${severity} ${rule}: ${message}`;
}

/** Why it matters, each rule once, in the order of its first finding. */
function reasons(plan: Plan): { readonly rule: string; readonly reason: string }[] {
  const ids = new Set(plannedIn(plan).flatMap(({ findings }) => findings.map(({ rule }) => rule)));
  return [...ids].flatMap((rule) => {
    const reason = plan.rules.get(rule)?.docs.why;
    return reason ? [{ rule, reason }] : [];
  });
}
