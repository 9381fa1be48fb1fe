import type { Finding, Kind } from '../contract/index.js';
import { hidesFindings, type Report } from '../engine/report.js';
import { count, coverageLine, minute, ownerWords } from '../reporters/words.js';
import { hostOf } from './calls.js';
import type { OwnerPlan, Plan, PlannedCredential } from './plan.js';

/*
 * The wording that all forms of a plan share; other people's text is in it as it came.
 */

export function planTitle({ report, only }: Plan): string {
  const tenant = report.run.tenant || 'an unnamed tenant';
  return only
    ? `API credentials of ${nameOf(only)} in ${tenant}: what to do`
    : `What to do about the API credentials of ${tenant}`;
}

function nameOf(owner: NonNullable<Plan['only']>): string {
  return owner.name.trim() ? owner.name : owner.email || owner.id;
}

/** What this is, why, and by when: it may be all that its reader ever hears of the audit. */
export function planIntro(plan: Plan): string[] {
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
export function planLinks({ report, owners }: Plan): string[] {
  const host = hostOf(report.run.tenant);
  const kinds = new Set(
    owners.flatMap(({ credentials }) => credentials.map(({ credential: { kind } }) => kind)),
  );
  return [...(host && kinds.size > 0 ? [`https://${host}/`] : []), ...[...kinds].map((kind) => DOCS[kind])];
}

export function ownerTitle({ owner, credentials }: OwnerPlan): string {
  const who = owner === null ? 'Credentials whose owner is not known' : `Owner: ${ownerWords(owner)}`;
  return `${who} – ${count(credentials.length, 'credential')}`;
}

export function dueWords({ severity, due }: PlannedCredential): string {
  return `${severity}, ${due === null ? 'when there is time' : `by ${due}`}`;
}

/** Why it matters, each rule once, in the order of its first finding. */
export function reasons({ owners, rules }: Plan): { readonly rule: string; readonly why: string }[] {
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

export function findingWords({ severity, rule, message }: Finding): string {
  return `${severity} ${rule}: ${message}`;
}
