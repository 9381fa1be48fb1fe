#!/usr/bin/env node
// node scripts/ways-in.js <openapi.json>: lists every path and schema of an OpenAPI description that mentions a client id,
// secret, key, token, credential or trust, and what it belongs to: a way into the tenant (coverage.ledger), or none.
// Exits with 1 if one of them is not classified: then a way in may be missing from src/engine/ledger.ts.
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const MENTIONS = /client.?id|secret|key|token|credential|trust/i;
/** Words that mean no credential. */
const PAGING = /(?:next_?)?page_?token|pagination token/gi;

/** What belongs to what, the first that matches: a name of src/engine/ledger.ts, or why it is no way in. */
export const CLASSES = [
  [/personal_?client/i, { way: 'personal-clients' }],
  [/trust|workload_?federation/i, { way: 'federation-trusts' }],
  [/service_?principal/i, { way: 'service-principals' }],
  [/external_?client/i, { way: 'external-clients' }],
  [/tunnel/i, { way: 'tunnel-credentials' }],
  [/llm.?gateway/i, { way: 'llm-gateway-keys' }],
  [/functions?\b/i, { way: 'functions' }],
  [/IntrospectResponse|device/i, { way: 'devices' }],
  [/mcp/i, { way: 'mcp-server-secrets' }],
  [/\bsso|oidc.?client|saml/i, { way: 'sso-clients' }],
  [/connector/i, { way: 'connector-credentials' }],
  [/decoy/i, { none: 'a decoy lets nobody in' }],
  [/\bfindings?\b/i, { none: 'a finding is about a credential, and is none' }],
  [/iam\.v1\..*Role|\/iam\/roles/, { none: 'a role says what a credential can do' }],
  [/SessionSettings|\/settings\//, { none: 'a setting of the tenant' }],
  [/systemlog/i, { none: 'a log of what credentials did' }],
  [/api\.user\.|\/users/, { none: 'a person, not what they sign in with' }],
];

/** Every path and schema that mentions one of the words, in the order of the description. */
export function mentions({ paths = {}, components: { schemas = {} } = {} }) {
  const parts = [
    ...Object.entries(paths).map(([name, part]) => ({ part: 'path', name, content: part })),
    ...Object.entries(schemas).map(([name, part]) => ({ part: 'schema', name, content: part })),
  ];
  return parts
    .filter(({ name, content }) => MENTIONS.test(`${name} ${JSON.stringify(content).replace(PAGING, '')}`))
    .map(({ part, name }) => ({ part, name, class: CLASSES.find(([pattern]) => pattern.test(name))?.[1] }));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [file, ...rest] = process.argv.slice(2);
  if (file === undefined || rest.length > 0) {
    console.error('usage: node scripts/ways-in.js <openapi.json>');
    process.exit(2);
  }
  const found = mentions(JSON.parse(readFileSync(file, 'utf8')));
  for (const { part, name, class: belongs } of found)
    console.log(`${belongs?.way ?? (belongs ? `none: ${belongs.none}` : 'NOT CLASSIFIED')}\t${part} ${name}`);
  process.exitCode = found.some((each) => each.class === undefined) ? 1 : 0;
}
