// The least that an audit has to do. It authenticates; with a list of calls it fetches each answer and parses it; with a
// number of bytes it also writes that much JSON, made of the records that it has just read.
//   node floor.mjs [<calls.json> [<bytes>]]
import { createPrivateKey, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';

const { CONDUCTORONE_SERVER_URL, CONDUCTORONE_CLIENT_ID, CONDUCTORONE_CLIENT_SECRET } = process.env;
const [callsFile, bytes = '0'] = process.argv.slice(2);

const { access_token } = await ask('/auth/v1/token', {
  method: 'POST',
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
  body: new URLSearchParams({
    client_id: CONDUCTORONE_CLIENT_ID,
    grant_type: 'client_credentials',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertion(),
  }).toString(),
});
const headers = {
  accept: 'application/json',
  authorization: `Bearer ${access_token}`,
  'content-type': 'application/json',
};
const calls = callsFile === undefined ? [] : JSON.parse(readFileSync(callsFile, 'utf8'));
let written = 0;
for (const [index, { method, path, body }] of calls.entries()) {
  const { list = [] } = await ask(path, { method, headers, body: body || undefined });
  const due = (Number(bytes) * (index + 1)) / calls.length;
  while (list.length > 0 && written < due) {
    const text = JSON.stringify(list);
    await new Promise((done) => process.stdout.write(text, done));
    written += text.length;
  }
}

async function ask(path, init) {
  const response = await fetch(CONDUCTORONE_SERVER_URL + path, init);
  if (!response.ok) throw new Error(`${init.method} ${path} answered ${response.status}`);
  return JSON.parse(await response.text());
}

function assertion() {
  const jwk = JSON.parse(Buffer.from(CONDUCTORONE_CLIENT_SECRET.split(':')[3], 'base64url'));
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    iss: CONDUCTORONE_CLIENT_ID,
    sub: CONDUCTORONE_CLIENT_ID,
    aud: ['127.0.0.1'],
    iat: now,
    nbf: now - 60,
    exp: now + 120,
  };
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const input = `${encode({ alg: 'EdDSA' })}.${encode(claims)}`;
  const signature = sign(null, Buffer.from(input), createPrivateKey({ key: jwk, format: 'jwk' }));
  return `${input}.${signature.toString('base64url')}`;
}
