import { cutTo, forTerminal } from '../reporters/escape.js';
import { count, credentialName, datesOf, kindWord, unknownGroups } from '../reporters/words.js';
import type { Plan, PlannedCredential } from './plan.js';
import { dueWords, findingWords, ownerTitle, planIntro, planLinks, planTitle, reasons } from './words.js';

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
    `${at}. ${safe(credentialName(key), 100)} (${safe(key.id)}, ${safe(kindWord(key.kind))}): ${dueWords(planned)}`,
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
