/** undici's parts have no declarations of their own: they are those of the whole. */
declare module 'undici/lib/dispatcher/env-http-proxy-agent.js' {
  export { EnvHttpProxyAgent as default } from 'undici';
}

declare module 'undici/lib/dispatcher/dispatcher.js' {
  export { Dispatcher as default } from 'undici';
}

declare module 'undici/lib/api/index.js' {
  const methods: Readonly<Record<string, unknown>>;
  export default methods;
}

declare module 'undici/lib/web/fetch/index.js' {
  const parts: Pick<typeof import('undici'), 'fetch'>;
  export default parts;
}
