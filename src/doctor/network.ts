import { access as canAccess } from 'node:fs/promises';
import { AuditError } from '../errors.js';
import { createFetch, isLoopback, readProxies, refuseUncheckedTls } from '../fetch.js';
import { certainSkew, SET_CLOCK } from '../sources/c1/clock.js';
import { setting } from '../sources/c1/environment.js';
import { certificateProblem, oneLine, RequestError } from '../sources/c1/request-error.js';
import { ASSERTION_SECONDS } from '../sources/c1/session.js';
import { connect, defineCheck, type Exam, ok, problem, skipped, warning } from './check.js';

export const proxy = defineCheck({
  id: 'proxy',
  title: 'Proxy',
  needs: [],
  run({ io }, { access }) {
    refuseUncheckedTls(io.env);
    const { https, http, except } = readProxies(io.env);
    const send = createFetch(io.env);
    const origin = access && new URL(access.origin);
    const used = origin?.protocol === 'http:' ? http : https;
    if (!used) return ok('none: the tenant is asked directly', { send });
    if (origin && isLoopback(origin.hostname))
      return ok(`${used.host}, but loopback is never asked of a proxy`, { send });
    const unless = except === '' ? '' : ', but for hosts in NO_PROXY';
    // The host alone: a proxy's URL may hold a password.
    return ok(`${used.host}${unless}`, { send });
  },
});

/** From here on (ms) somebody should look at the clock. */
const NOTICEABLE = 30_000;
const REFUSED = ASSERTION_SECONDS * 1000;

export const clock = defineCheck({
  id: 'clock',
  title: 'Clock',
  needs: ['access', 'connection'],
  async run({ signal }, { access, connection }) {
    const range = connection.skew();
    if (!range) return skipped('the tenant tells no date');
    const skew = certainSkew(range);
    const learnt = { skew };
    const off = Math.abs(skew);
    if (off < NOTICEABLE) return ok(off < 1000 ? "agrees with the tenant's" : words(skew), learnt);
    if (access.login.by !== 'client-secret')
      return warning(`${words(skew)}; credentials are judged by it`, SET_CLOCK, learnt);
    const detail = `${words(skew)}; a signed assertion holds for ${ASSERTION_SECONDS} s before and after, so that from ${ASSERTION_SECONDS} s on (ahead perhaps earlier) tokens are refused`;
    if (off < REFUSED) return warning(detail, SET_CLOCK, learnt);
    // A tenant may be lenient: then an audit works all the same.
    const given = await connection.session.token(signal).then(
      () => true,
      () => false,
    );
    return (given ? warning : problem)(detail, SET_CLOCK, learnt);
  },
});

function words(skew: number): string {
  return `${Math.round(Math.abs(skew) / 1000)} s ${skew > 0 ? 'ahead of' : 'behind'} the tenant's`;
}

const ADDRESS =
  'Check that CONDUCTORONE_SERVER_URL or CONDUCTORONE_TENANT_DOMAIN names a ConductorOne tenant and that no proxy or login page answers for it.';

/** Asks without a credential: what answers is not known to be the tenant yet. */
export const reachability = defineCheck({
  id: 'reachability',
  title: 'Reachability',
  needs: ['access', 'send'],
  async run(exam, { access, send }) {
    const connection = connect(access, send, exam);
    const { host } = new URL(access.origin);
    const url = new URL('/api/v1/auth/introspect', access.origin);
    const request = { method: 'GET' as const, url, headers: { accept: 'application/json' } };
    const reached = { connection, certificate: undefined };
    try {
      const { status, headers } = await connection.transport(request, exam.signal);
      const type = headers.get('content-type') ?? '';
      if (status >= 500) return warning(`${host} answers with ${status}`, 'Try again later.', { reached });
      if (status < 300 || /html/i.test(type)) {
        const what = `${status}${type === '' ? '' : ` and ${oneLine(type)}`}`;
        return warning(`${host} answers without a token with ${what}, as no API does`, ADDRESS, { reached });
      }
      return ok(`${host} answers`, { reached });
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      const certificate = certificateProblem(error);
      if (certificate !== undefined) return ok(`${host} answers`, { reached: { connection, certificate } });
      if (error.status === undefined) return problem(error.message, error.hint);
      return warning(error.message, error.hint, { reached });
    }
  },
});

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

const WAYS = {
  'client-secret': 'for a signed assertion',
  'oidc-token': 'in exchange for CONDUCTORONE_OIDC_TOKEN',
  'github-oidc': "in exchange for this job's OIDC token",
} as const;

export const token = defineCheck({
  id: 'token',
  title: 'Access token',
  needs: ['access', 'connection'],
  async run({ signal }, { access, connection, skew = 0 }) {
    const { by } = access.login;
    if (by === 'access-token')
      return skipped('given, not asked for: its first use tells whether it is taken', { token: true });
    try {
      const { type, expiresIn } = await connection.session.token(signal);
      const kind =
        type === 'dpop' ? 'bound to a key of this run (DPoP)' : 'bearer, without proof of possession';
      const life = expiresIn === undefined ? '' : `, good for ${expiresIn} s`;
      return ok(`given ${WAYS[by]}; ${kind}${life}`, { token: true });
    } catch (error) {
      if (!(error instanceof AuditError) || Math.abs(skew) < NOTICEABLE) throw error;
      return problem(error.message, `${SET_CLOCK} If that does not help: ${error.hint}`);
    }
  },
});
