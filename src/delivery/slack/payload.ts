import { cutTo, oneLine } from '../../reporters/escape.js';

/** Slack's limits; the last is no official one, but messages were seen to fail from about 13 kB on. */
export const LIMITS = { blocks: 50, header: 150, text: 3000, bytes: 12_000 } as const;

/**
 * Part of a rich text. Slack shows its `text` as it is: no markup, no references, no links. That makes it the right place
 * for what other people wrote.
 */
export type Element =
  | { readonly type: 'text'; readonly text: string; readonly style?: { readonly bold: true } }
  | { readonly type: 'user'; readonly user_id: string }
  | { readonly type: 'usergroup'; readonly usergroup_id: string }
  | { readonly type: 'link'; readonly url: string; readonly text: string };

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

/** A message as Slack takes it, from a webhook or from `chat.postMessage`. */
export interface SlackPayload {
  readonly text: string;
  readonly blocks?: readonly Block[];
  /** false: `text` is no markup. */
  readonly mrkdwn?: false;
  readonly unfurl_links: false;
  readonly unfurl_media: false;
}

export const QUIET = { unfurl_links: false, unfurl_media: false } as const;

/** Somebody else's text on one line, at most `length` characters before what acts is written out. */
export function clean(text: string, length: number): string {
  return oneLine(cutTo(text.replace(/\s+/g, ' ').trim(), length));
}

export function plain(text: string): Element {
  return { type: 'text', text: cutTo(text, LIMITS.text) };
}

export function bold(text: string): Element {
  return { type: 'text', text: cutTo(text, LIMITS.text), style: { bold: true } };
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
    if (
      element.type === 'text' &&
      last?.type === 'text' &&
      element.style === undefined &&
      last.style === undefined &&
      last.text.length + element.text.length <= LIMITS.text
    ) {
      result[result.length - 1] = { type: 'text', text: last.text + element.text };
    } else if (element.type !== 'text' || element.text !== '') {
      result.push(element);
    }
  }
  return result;
}

/** What a value adds to a message, its comma included. */
export function bytesOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value)) + 1;
}
