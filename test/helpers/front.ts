import { createServer, type IncomingMessage, type ServerResponse, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** A request on its way to the tenant. */
export interface Passing {
  readonly method: string;
  /** Path without query. */
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface Front {
  readonly url: string;
  /** Everything that came by. */
  readonly passed: Passing[];
  close(): Promise<void>;
}

/**
 * A server in front of a tenant that hands requests on, but for those that `instead` answers itself (and then returns
 * true).
 */
export async function startFront(
  tenantUrl: string,
  instead: (passing: Passing, response: ServerResponse) => boolean,
): Promise<Front> {
  const passed: Passing[] = [];
  const server = createServer((request, response) => {
    void buffer(request).then((body) => {
      const { method = 'GET', url = '/', headers } = request;
      const { host: _, ...others } = headers;
      const passing = { method, path: url.split('?')[0] ?? '', headers, body: body.toString() };
      passed.push(passing);
      if (instead(passing, response)) return;
      const onward = send(new URL(url, tenantUrl), { method, headers: others }, (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(response);
      });
      onward.on('error', () => response.destroy());
      onward.end(body);
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    passed,
    async close() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
