import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Reply } from './errors.js';
import type { Effect } from './faults.js';

/** The effects that bend how an answer travels. The first of them decides. */
const TRAVEL = ['reset', 'hang', 'drip', 'truncate'] as const;

type Travel = Extract<Effect, { kind: (typeof TRAVEL)[number] }>;

export function isTravel(effect: Effect): effect is Travel {
  return (TRAVEL as readonly string[]).includes(effect.kind);
}

/** Writes the reply, as far as `travel` lets it. Never throws: a client that has gone needs no answer. */
export async function write(response: ServerResponse, reply: Reply, travel?: Travel): Promise<void> {
  const body = Buffer.from(reply.json === undefined ? (reply.text ?? '') : JSON.stringify(reply.json));
  const half = body.subarray(0, Math.floor(body.length / 2));
  const sent = travel?.kind === 'truncate' ? half : body;
  const type = reply.json === undefined ? 'text/plain; charset=utf-8' : 'application/json';
  response.writeHead(reply.status, {
    'content-type': type,
    ...reply.headers,
    'content-length': String(sent.length),
  });
  switch (travel?.kind) {
    case 'reset':
      await writeSome(response, half);
      // Gives the half a moment to arrive: a reset takes back what the client has not read yet.
      await sleep(10, undefined, { ref: false });
      response.socket?.resetAndDestroy();
      return;
    case 'hang':
      await writeSome(response, half);
      return;
    case 'drip':
      for (let at = 0; at < sent.length && !response.destroyed; at += travel.bytes ?? 1) {
        response.write(sent.subarray(at, at + (travel.bytes ?? 1)));
        await sleep(travel.everyMs, undefined, { ref: false });
      }
      response.end();
      return;
    default:
      response.end(sent);
  }
}

async function writeSome(response: ServerResponse, chunk: Buffer): Promise<void> {
  await new Promise<void>((done) => {
    response.write(chunk, () => done());
  });
}
