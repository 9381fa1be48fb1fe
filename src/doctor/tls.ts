import { access as canAccess } from 'node:fs/promises';
import { setting } from '../sources/c1/environment.js';
import { defineCheck, type Exam, ok, problem, warning } from './check.js';

/** What OpenSSL calls an issuer that is not among the trusted ones. */
const UNKNOWN_ISSUER = /^(UNABLE_TO_|SELF_SIGNED_CERT|DEPTH_ZERO_SELF_SIGNED)/;

export const tls = defineCheck({
  id: 'tls',
  title: 'TLS',
  needs: ['access', 'reached'],
  async run({ io }, { access, reached: { connection, certificate } }) {
    if (certificate !== undefined) return untrusted(certificate, await extraAuthorities(io.env));
    if (access.origin.startsWith('http:')) return ok('plain http, on loopback', { connection });
    const extra = await extraAuthorities(io.env);
    if (extra?.missing)
      return warning(`the certificate is trusted, but ${extra.words}`, 'Correct or unset it.', {
        connection,
      });
    return ok('the certificate is trusted', { connection });
  },
});

function untrusted(code: string, extra: Awaited<ReturnType<typeof extraAuthorities>>) {
  if (UNKNOWN_ISSUER.test(code)) {
    const set = extra ? `; ${extra.words}` : '';
    return problem(
      `the certificate's issuer is not one that Node.js trusts (${code}): a private authority, or a proxy that looks into TLS${set}`,
      "Ask for that authority's certificate in PEM and point NODE_EXTRA_CA_CERTS at the file, before c1-audit starts.",
    );
  }
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID')
    return problem(
      `by this machine's clock the certificate is out of date (${code})`,
      "Check the clock first; if it is right, the tenant's certificate, or that of a proxy in between, must be renewed.",
    );
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return problem(
      `the certificate is for another host (${code})`,
      'Check the host in CONDUCTORONE_SERVER_URL or CONDUCTORONE_TENANT_DOMAIN, and what stands between here and it.',
    );
  return problem(
    `the certificate is not trusted (${code})`,
    'Behind a proxy with a certificate of its own, point NODE_EXTRA_CA_CERTS at its CA file.',
  );
}

/** Node.js itself reads the file when it starts; undefined where none is named. */
async function extraAuthorities(
  env: Exam['io']['env'],
): Promise<{ words: string; missing: boolean } | undefined> {
  const file = setting(env, 'NODE_EXTRA_CA_CERTS');
  if (file === undefined) return undefined;
  const missing = await canAccess(file).then(
    () => false,
    () => true,
  );
  const words = missing
    ? `NODE_EXTRA_CA_CERTS names ${file}, which cannot be read`
    : `NODE_EXTRA_CA_CERTS names ${file}, which does not hold it`;
  return { words, missing };
}
