import { access as canAccess } from 'node:fs/promises';
import { AuditError } from '../errors.js';
import { createSend, isLoopback, readProxies, refuseUncheckedTls } from '../fetch.js';
import { ASSERTION_SECONDS, certainSkew, SET_CLOCK } from '../sources/c1/clock.js';
import { setting } from '../sources/c1/environment.js';
import { certificateProblem, oneLine, RequestError } from '../sources/c1/request-error.js';
import { attempt, connect, defineCheck, type Outcome, ok, problem, skipped, warning } from './check.js';

export const proxy = defineCheck({
  id: 'proxy',
  title: 'Proxy',
  needs: [],
  run({ io }, { access }) {
    refuseUncheckedTls(io.env);
    const { https, http, except } = readProxies(io.env);
    const send = createSend(io.env);
    const origin = access && new URL(access.origin);
    const used = origin?.protocol === 'http:' ? http : https;
    if (!used) return ok('none: requests go to the tenant directly', { send });
    if (origin && isLoopback(origin.hostname)) return ok(`${used.host}, but not for loopback`, { send });
    const unless = except === '' ? '' : ', except for hosts in NO_PROXY';
    // The host alone: a proxy's URL may hold a password.
    return ok(`${used.host}${unless}`, { send });
  },
});

/** The skew to report, in milliseconds. */
const NOTICEABLE = 30_000;
/** The skew from which tokens may be refused, in milliseconds. */
const REFUSED = ASSERTION_SECONDS * 1000;

export const clock = defineCheck({
  id: 'clock',
  title: 'Clock',
  needs: ['access', 'connection'],
  async run({ signal }, { access, connection }) {
    const range = connection.skew();
    if (!range) return skipped('the tenant sends no date');
    const skew = certainSkew(range);
    const known = { skew };
    const off = Math.abs(skew);
    if (off < NOTICEABLE) return ok(off < 1000 ? "agrees with the tenant's" : words(skew), known);
    if (access.login.by !== 'client-secret')
      return warning(`${words(skew)}; the audit judges credentials by it`, SET_CLOCK, known);
    const detail = `${words(skew)}; a signed assertion is valid for ${ASSERTION_SECONDS} s before and after, so tokens are refused at ${ASSERTION_SECONDS} s or more (perhaps earlier if the clock is ahead)`;
    if (off < REFUSED) return warning(detail, SET_CLOCK, known);
    // Some tenants issue a token anyway: then an audit works.
    const issued = await connection.session.token(signal).catch(() => undefined);
    return (issued ? warning : problem)(detail, SET_CLOCK, known);
  },
});

function words(skew: number): string {
  return `${Math.round(Math.abs(skew) / 1000)} s ${skew > 0 ? 'ahead of' : 'behind'} the tenant's`;
}

const ADDRESS =
  'Check that CONDUCTORONE_SERVER_URL or CONDUCTORONE_TENANT_DOMAIN is the address of a ConductorOne tenant, and that no proxy or login page answers for it.';

/** Sends no credential: what answers may not be the tenant. */
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
      const what = `${status}${type === '' ? '' : ` and ${oneLine(type)}`}`;
      const detail = `${host} answers with ${what} to a request without a token; the API would not`;
      if (status < 300 || /html/i.test(type)) return warning(detail, ADDRESS, { reached });
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

/** OpenSSL's codes for an issuer that is not trusted. */
const UNKNOWN_ISSUER = /^(UNABLE_TO_|SELF_SIGNED_CERT|DEPTH_ZERO_SELF_SIGNED)/;

export const tls = defineCheck({
  id: 'tls',
  title: 'TLS',
  needs: ['access', 'reached'],
  async run({ io }, { access, reached: { connection, certificate } }) {
    const known = { connection };
    if (certificate === undefined && access.origin.startsWith('http:'))
      return ok('plain http, on loopback', known);
    const file = setting(io.env, 'NODE_EXTRA_CA_CERTS');
    const isReadable = file !== undefined && (await canRead(file));
    const how = isReadable ? 'does not contain it' : 'cannot be read';
    const extra = file === undefined ? '' : `; NODE_EXTRA_CA_CERTS is ${file}, which ${how}`;
    if (certificate !== undefined) return untrusted(certificate, extra);
    if (file === undefined || isReadable) return ok('the certificate is trusted', known);
    return warning(
      `the certificate is trusted, but NODE_EXTRA_CA_CERTS is ${file}, which cannot be read`,
      'Correct or unset it.',
      known,
    );
  },
});

/** @param extra what is known about the file that names more authorities */
function untrusted(code: string, extra: string): Outcome {
  if (UNKNOWN_ISSUER.test(code))
    return problem(
      `the certificate's issuer is not one that Node.js trusts (${code}): a private authority, or a proxy that decrypts TLS${extra}`,
      "Get that authority's certificate in PEM format, and set NODE_EXTRA_CA_CERTS to the file before you start c1-audit.",
    );
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID')
    return problem(
      `the certificate is not valid by this machine's clock (${code})`,
      'Check the clock first. If it is right, the certificate of the tenant or of a proxy must be renewed.',
    );
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return problem(
      `the certificate is for another host (${code})`,
      'Check the host in CONDUCTORONE_SERVER_URL or CONDUCTORONE_TENANT_DOMAIN, and any proxy in use.',
    );
  return problem(
    `the certificate is not trusted (${code})`,
    'If a proxy has its own certificate, set NODE_EXTRA_CA_CERTS to its CA file.',
  );
}

const canRead = (file: string) =>
  canAccess(file).then(
    () => true,
    () => false,
  );

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
      return skipped('set in the environment: its first use shows whether the tenant accepts it', {
        token: true,
      });
    const issued = await attempt(connection.session.token(signal));
    if (issued instanceof AuditError) {
      if (Math.abs(skew) < NOTICEABLE) throw issued;
      return problem(issued.message, `${SET_CLOCK} If that does not help: ${issued.hint}`);
    }
    const { type, expiresIn } = issued;
    const kind =
      type === 'dpop' ? 'bound to a key of this run (DPoP)' : 'bearer, without proof of possession';
    const life = expiresIn === undefined ? '' : `, valid for ${expiresIn} s`;
    return ok(`issued ${WAYS[by]}; ${kind}${life}`, { token: true });
  },
});
