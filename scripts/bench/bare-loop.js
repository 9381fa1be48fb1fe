// The least that any audit has to do: it fetches each answer with the same fetch and parses it.
import { json } from 'node:stream/consumers';

const { url, token, calls } = await json(process.stdin);
const headers = { accept: 'application/json', authorization: `Bearer ${token}` };

for (const { method, path, body } of calls) {
  const response = await fetch(
    url + path,
    body === undefined
      ? { method, headers }
      : { method, headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(body) },
  );
  if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}`);
  JSON.parse(await response.text());
}
