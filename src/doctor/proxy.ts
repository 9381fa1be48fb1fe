import { createFetch, isLoopback, readProxies, refuseUncheckedTls } from '../network.js';
import { defineCheck, ok } from './check.js';

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
