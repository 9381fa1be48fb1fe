import net from 'node:net';

/**
 * Loaded before every test file: the tests see loopback and nothing else, and no variable of the machine they run on
 * decides what they find.
 */
for (const name of Object.keys(process.env)) {
  if (
    /^(CONDUCTORONE|CONE|SLACK|GITHUB|ACTIONS|C1_AUDIT_)|^(HTTPS?|NO)_PROXY$|^(NO|FORCE)_COLOR$/i.test(name)
  )
    delete process.env[name];
}

type Connect = (this: net.Socket, ...args: unknown[]) => net.Socket;

const connect = net.Socket.prototype.connect as unknown as Connect;

function closed(this: net.Socket, ...args: unknown[]): net.Socket {
  const [first] = args.flat() as unknown[];
  const options = (typeof first === 'object' && first !== null ? first : {}) as {
    host?: string;
    path?: string;
  };
  const host =
    options.host ?? (typeof first === 'number' && typeof args[1] === 'string' ? args[1] : 'localhost');
  if (options.path === undefined && !/^(localhost|127\.\d+\.\d+\.\d+|::1)$/.test(host)) {
    const error = Object.assign(new Error(`The tests' network is closed: ${host} is not loopback.`), {
      code: 'ENOTFOUND',
    });
    process.nextTick(() => this.destroy(error));
    return this;
  }
  return connect.apply(this, args);
}

net.Socket.prototype.connect = closed as unknown as typeof net.Socket.prototype.connect;
