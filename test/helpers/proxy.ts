import { createServer, request as send } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import type { Duplex } from 'node:stream';

export interface ForwardProxy {
  readonly port: number;
  /** `host:port` of each tunnel asked for, and the URL of each plain request. */
  readonly asked: string[];
  close(): Promise<void>;
}

/**
 * An HTTP proxy on loopback that leads every tunnel and every plain request to one port of this machine, whatever name
 * was asked for.
 *
 * @param credentials `user:password` to insist on
 */
export async function startProxy(target: number, credentials?: string): Promise<ForwardProxy> {
  const asked: string[] = [];
  const wanted = credentials && `Basic ${Buffer.from(credentials).toString('base64')}`;
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    if (wanted !== undefined && request.headers['proxy-authorization'] !== wanted) {
      response.writeHead(407, { 'proxy-authenticate': 'Basic' }).end();
      return;
    }
    const { pathname } = new URL(request.url ?? '');
    const onward = send({ port: target, path: pathname, method: request.method }, (answer) => {
      response.writeHead(answer.statusCode ?? 500);
      answer.pipe(response);
    });
    response.on('close', () => onward.destroy());
    request.pipe(onward);
  });
  const tunnels = new Set<Duplex>();
  server.on('connect', (request, socket) => {
    asked.push(request.url ?? '');
    if (wanted !== undefined && request.headers['proxy-authorization'] !== wanted) {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic\r\n\r\n');
      return;
    }
    const onward = connect(target, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      onward.pipe(socket);
      socket.pipe(onward);
    });
    // The server counts them no more as its own.
    tunnels.add(onward).add(socket);
    onward.on('error', () => socket.destroy());
    socket.on('error', () => onward.destroy());
    socket.on('close', () => onward.destroy());
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    async close() {
      for (const tunnel of tunnels) tunnel.destroy();
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
