import { cutTo, forMarkdown } from '../reporters/escape.js';
import { count, credentialName, datesOf, kindWord, unknownGroups } from '../reporters/words.js';
import type { Plan, PlannedCredential } from './plan.js';
import { dueWords, findingWords, ownerTitle, planIntro, planLinks, planTitle, reasons } from './words.js';

const safe = (text: string, length = 1000) => forMarkdown(cutTo(text, length));

/** A plan for an issue, a wiki or a chat that reads Markdown. */
export function* planMarkdown(plan: Plan): Generator<string> {
  yield `# ${safe(planTitle(plan))}\n\n`;
  for (const line of planIntro(plan)) yield `${safe(line, 2000)}\n\n`;
  for (const link of planLinks(plan)) yield `- <${link}>\n`;
  for (const one of plan.owners) {
    if (!plan.only || plan.owners.length > 1) yield `\n## ${safe(ownerTitle(one))}\n`;
    for (const planned of one.credentials) yield credential(planned, plan);
  }
  yield* unknownPart(plan);
  if (plan.waivers.length > 0) {
    yield '\n## Waivers, for whoever keeps the configuration\n\n';
    for (const finding of plan.waivers)
      yield `- ${safe(findingWords(finding))}\n  - To do: ${safe(finding.fix)}\n`;
  }
  const why = reasons(plan);
  if (why.length > 0) yield '\n## Why\n\n';
  for (const { rule, why: reason } of why) yield `- **${safe(rule)}**: ${safe(reason)}\n`;
}

/** Commands hold no backtick, so that nothing in them ends the fence. */
function credential(planned: PlannedCredential, { report }: Plan): string {
  const { credential: key, findings, steps } = planned;
  const lines = [
    '',
    `### ${safe(credentialName(key), 100)}: ${dueWords(planned)}`,
    '',
    `${safe(key.id)}, ${safe(kindWord(key.kind))}, ${safe(datesOf(key, report.run.asOf))}`,
    '',
    ...findings.map((finding) => `- ${safe(findingWords(finding))}`),
    '',
    ...steps.flatMap(({ text, command }, index) => [
      `${index + 1}. ${safe(text)}`,
      ...(command === undefined ? [] : ['', '   ```sh', `   ${command}`, '   ```', '']),
    ]),
  ];
  return `${lines.join('\n')}\n`;
}

function* unknownPart({ unknown }: Plan): Generator<string> {
  if (unknown.length === 0) return;
  yield `\n## Could not be judged: ${count(unknown.length, 'check')}, for whoever runs the audit\n\n`;
  for (const { rule, reason, cure, count: checks } of unknownGroups(unknown))
    yield `- ${safe(rule)}, ${count(checks, 'credential')}: ${safe(reason)}\n  - To do: ${safe(cure)}\n`;
}
