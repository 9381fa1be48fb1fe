// A tenant in a process of its own, made by bench/tenant.js: argv has the address of the bundled demo and options as
// JSON. The embedded tenant makes each answer once. From then on the bytes it sent are sent again, to whoever has a token
// that it gave out: measured programs share their two cores with a server that has nothing to compute.
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { dataOf } from './tenants.js';

const [demo, options] = process.argv.slice(2);
const { latency, ...tenantOptions } = JSON.parse(options);
const { bulk, startTenant } = await import(demo);

const tenant = await startTenant({
  data: dataOf(bulk, { now: Date.now(), ...tenantOptions }),
  // Lists that repeat themselves would make the audit search as well.
  paging: { ignoring: [] },
  // Longer than any run.
  lifetimes: { 'personal-client': 86_400 },
});

const answers = new Map();
const allowed = new Set();
let calls = [];
let prepared = false;

const server = createServer(async (request, response) => {
  const { method, url: path } = request;
  const { authorization, 'content-type': type } = request.headers;
  const isToken = path === '/auth/v1/token';
  if (isToken) process.send(['token', Number(process.hrtime.bigint()) / 1e6]);
  const body = method === 'GET' ? '' : await text(request);
  if (latency) await sleep(latency);

  const key = `${method} ${path} ${body}`;
  let answer = allowed.has(authorization) ? answers.get(key) : undefined;
  if (answer === undefined) {
    answer = await fromTenant(path, { method, authorization, type, body });
    if (isToken && answer.status === 200) allowed.add(`Bearer ${JSON.parse(answer.body).access_token}`);
    if (allowed.has(authorization)) {
      if (prepared) console.error(`bench: ${method} ${path} was not prepared and had to be computed.`);
      answers.set(key, answer);
      calls.push({ method, path, body });
    }
  }
  response.writeHead(answer.status, answer.headers).end(answer.body);
});

async function fromTenant(path, { method, authorization, type, body }) {
  const response = await fetch(tenant.url + path, {
    method,
    headers: { ...(authorization && { authorization }), ...(type && { 'content-type': type }) },
    ...(body !== '' && { body }),
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  const kept = [...response.headers].filter(([name]) => !['connection', 'keep-alive', 'date'].includes(name));
  return { status: response.status, headers: Object.fromEntries(kept), body: bytes };
}

process.on('message', () => {
  process.send(['calls', calls]);
  calls = [];
  prepared = true;
});
process.on('disconnect', () => process.exit());
server.listen(0, '127.0.0.1', () => {
  const url = `http://127.0.0.1:${server.address().port}`;
  process.send(['ready', { ...tenant.environment, CONDUCTORONE_SERVER_URL: url }]);
});
