import type { IncomingMessage } from 'node:http';
import { apiError, Code } from './errors.js';

/** Bytes. */
export const MAX_BODY = 1024 * 1024;
export const MAX_HEADERS = 16 * 1024;

/** The body as text. @throws Refusal 413 above MAX_BODY, without reading the rest. */
export async function readText(request: IncomingMessage): Promise<string> {
  const tooLarge = () =>
    apiError(Code.invalidArgument, 'request body too large', {
      status: 413,
      headers: { connection: 'close' },
    });
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  // Leaving the loop must not take the connection down: the refusal has to travel over it.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** True where the request's content type is `type`, whatever its parameters. */
export function hasContentType(request: IncomingMessage, type: string): boolean {
  const [essence = ''] = (request.headers['content-type'] ?? '').split(';');
  return essence.trim().toLowerCase() === type;
}

/** The JSON object in `text`; an empty body is an empty object. @throws Refusal 400 */
export function parseObject(text: string): Record<string, unknown> {
  if (text === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Record<string, unknown>;
    }
  } catch {
    // Said below, like any other body that is no object.
  }
  throw apiError(Code.invalidArgument, 'proto: syntax error (line 1:1): unexpected token');
}
