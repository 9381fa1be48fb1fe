import { cutTo, forSlack, forSlackText, oneLine } from '../../reporters/escape.js';

/** A message as Slack accepts it, from a webhook or from `chat.postMessage`. */
export interface SlackPayload {
  readonly text: string;
  readonly blocks?: readonly Block[];
  /** false: `text` is not markup. */
  readonly mrkdwn?: false;
  readonly unfurl_links: false;
  readonly unfurl_media: false;
}

export type Block =
  | { readonly type: 'header'; readonly text: PlainText }
  | { readonly type: 'context'; readonly elements: readonly PlainText[] }
  | {
      readonly type: 'rich_text';
      readonly elements: readonly [
        { readonly type: 'rich_text_section'; readonly elements: readonly Element[] },
      ];
    };

interface PlainText {
  readonly type: 'plain_text';
  readonly text: string;
}

/**
 * Part of a rich text. Slack shows its `text` as it is: no markup, no references, no links. That makes it the right place
 * for text written by others.
 */
export type Element =
  | { readonly type: 'text'; readonly text: string; readonly style?: { readonly bold: true } }
  | { readonly type: 'user'; readonly user_id: string }
  | { readonly type: 'usergroup'; readonly usergroup_id: string }
  | { readonly type: 'link'; readonly url: string; readonly text: string };

/** Slack's limits; the last one is not official, but messages were seen to fail from about 13 kB on. */
export const LIMITS = { blocks: 50, header: 150, text: 3000, bytes: 12_000 } as const;

const QUIET = { unfurl_links: false, unfurl_media: false } as const;

export function payload(title: string, blocks: readonly Block[]): SlackPayload {
  return { text: forSlack(title), blocks, ...QUIET };
}

/** Slack cuts longer texts; three bytes a character at worst keep it below the limit of bytes as well. */
const TEXT_ALONE = 3800;

/** The same message without blocks, for when Slack refuses them. */
export function textPayload(text: string): SlackPayload {
  return { text: cutTo(safeLines(text), TEXT_ALONE), mrkdwn: false, ...QUIET };
}

export function fitsTextPayload(text: string): boolean {
  return safeLines(text).length <= TEXT_ALONE;
}

function safeLines(text: string): string {
  return text.split('\n').map(forSlackText).join('\n');
}

export function header(text: string): Block {
  return { type: 'header', text: { type: 'plain_text', text: cutTo(text, LIMITS.header) } };
}

export function context(text: string): Block {
  return { type: 'context', elements: [{ type: 'plain_text', text: cutTo(text, LIMITS.text) }] };
}

export function richText(elements: readonly Element[]): Block {
  return { type: 'rich_text', elements: [{ type: 'rich_text_section', elements: joined(elements) }] };
}

/** Neighbouring plain texts as one: each element costs some thirty bytes. */
function joined(elements: readonly Element[]): Element[] {
  const result: Element[] = [];
  for (const element of elements) {
    const last = result.at(-1);
    if (isPlain(element) && element.text === '') continue;
    if (isPlain(element) && isPlain(last) && last.text.length + element.text.length <= LIMITS.text)
      result[result.length - 1] = plain(last.text + element.text);
    else result.push(element);
  }
  return result;
}

function isPlain(element: Element | undefined): element is Element & { type: 'text' } {
  return element?.type === 'text' && element.style === undefined;
}

export function plain(text: string): Element & { type: 'text' } {
  return { type: 'text', text: cutTo(text, LIMITS.text) };
}

export function bold(text: string): Element {
  return { ...plain(text), style: { bold: true } };
}

/** Text by others on one line, at most `length` characters before what acts is written out. */
export function clean(text: string, length: number): string {
  return oneLine(cutTo(text.replace(/\s+/g, ' ').trim(), length));
}

/** What a value adds to a message, its comma included. */
export function bytesOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value)) + 1;
}
