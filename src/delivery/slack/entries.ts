import type { Finding } from '../../contract/index.js';
import type { Reason } from '../../engine/history.js';
import { type Block, bold, bytesOf, clean, type Element, LIMITS, plain, richText } from './payload.js';
import { address, needsStandIn, ownerInWords, ownerLine, type People, standIns } from './people.js';

/** A finding to tell, and why; no reasons where no history is kept. */
export interface Item {
  readonly finding: Finding;
  readonly reasons: readonly Reason[];
}

/** Shown whole even where that leaves less room to name the others. */
const ALWAYS_WHOLE = 3;
/** Blocks that are not findings: header, counts, warnings, resolved, digest, links, the short list and "N more". */
const OTHER_BLOCKS = 10;
const MORE = (hidden: number) => `and ${hidden} more`;

/**
 * As many findings as the room allows, worst first: the first ones whole, the next in a line each, and the number of
 * those that are left.
 *
 * @param room bytes of JSON.
 */
export function findingBlocks(items: readonly Item[], room: number, people: People): Block[] {
  const whole: Block[] = [];
  const short: Element[][] = [];
  // The list of lines is one block, and the last line says how many are missing.
  let left = room - bytesOf(richText([plain(MORE(items.length))])) - bytesOf(richText([]));
  for (const item of items.slice(0, ALWAYS_WHOLE)) {
    const block = wholeEntry(item, people);
    if (bytesOf(block) > left) break;
    whole.push(block);
    left -= bytesOf(block);
  }
  for (const item of items.slice(whole.length)) {
    const line = shortEntry(item, people);
    if (costOf(line) > left) break;
    short.push(line);
    left -= costOf(line);
  }
  const hidden = items.length - whole.length - short.length;
  // Room to spare goes to details, from the worst down.
  while (hidden === 0 && whole.length < LIMITS.blocks - OTHER_BLOCKS) {
    const item = items[whole.length];
    const [line] = short;
    if (item === undefined || line === undefined) break;
    const block = wholeEntry(item, people);
    if (bytesOf(block) - costOf(line) > left) break;
    left -= bytesOf(block) - costOf(line);
    whole.push(block);
    short.shift();
  }
  const lines = short.flatMap((line, index) => (index === 0 ? line : [plain('\n'), ...line]));
  return [
    ...whole,
    ...(lines.length > 0 ? [richText(lines)] : []),
    ...(hidden > 0 ? [richText([plain(MORE(hidden))])] : []),
  ];
}

function costOf(line: readonly Element[]): number {
  return bytesOf(line);
}

const KIND_WORDS = {
  'personal-client': 'personal client',
  'service-principal-credential': 'service principal credential',
  'federation-trust': 'federation trust',
} as const;

export function subject({ credential }: Finding): string {
  if (credential === null) return 'waiver';
  return clean(credential.name, 60) || '(no name)';
}

function wholeEntry({ finding, reasons }: Item, people: People): Block {
  const { credential } = finding;
  const what = credential ? ` · ${KIND_WORDS[credential.kind]} ${clean(credential.id, 60)}` : '';
  return richText([
    bold(`${finding.severity.toUpperCase()}  ${subject(finding)}`),
    plain(`${what}${label(reasons)}\n${clean(finding.message, 400)}\n`),
    ...(credential === null ? [] : [...ownerLine(finding, people), plain('\n')]),
    plain(`${[...since(finding), `rule ${clean(finding.rule, 60)}`].join(' · ')}\n`),
    plain(`Fix: ${clean(finding.fix, 300)}`),
  ]);
}

function shortEntry({ finding, reasons }: Item, people: People): Element[] {
  return [
    plain(`• ${finding.severity} ${subject(finding)}${label(reasons)}: ${clean(finding.rule, 60)}`),
    ...shortOwner(finding, people),
  ];
}

function shortOwner(finding: Finding, people: People): Element[] {
  const { owner, adviceWithheld } = finding.credential ?? {};
  if (!owner) return [];
  if (adviceWithheld) return [plain(`, owner ${ownerInWords(finding, people)}`)];
  if (needsStandIn(finding, people)) {
    return [plain(`, owner ${ownerInWords(finding, people)}, `), ...standIns(finding, people, 1)];
  }
  const element = address(owner, people);
  return [
    plain(', owner '),
    element.type === 'text' ? plain(clean(owner.name || owner.email || owner.id, 40)) : element,
  ];
}

const LABELS: Readonly<Record<Reason, string>> = {
  new: 'new',
  reopened: 'back again',
  'waiver-ended': 'waiver ended',
  'severity-raised': 'more severe than before',
  milestone: 'reminder',
  untold: '',
};

function label(reasons: readonly Reason[]): string {
  const words = reasons.map((reason) => LABELS[reason]).filter((word) => word !== '');
  return words.length > 0 ? ` (${words.join(', ')})` : '';
}

function since({ firstSeen, status, credential }: Finding): string[] {
  const found = firstSeen !== null && status !== null ? [`since ${firstSeen.slice(0, 10)}`] : [];
  const created = credential?.createdAt ? [`created ${credential.createdAt.slice(0, 10)}`] : [];
  return [...found, ...created];
}
