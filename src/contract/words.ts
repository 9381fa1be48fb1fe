import type { Kind } from './credential.js';

/** `finding` for one, `findings` for any other number. */
export function plural(n: number, one: string, many = `${one}s`): string {
  return n === 1 ? one : many;
}

/** `1 finding`, `3 findings`. */
export function count(n: number, one: string, many?: string): string {
  return `${n} ${plural(n, one, many)}`;
}

/** `1,204`, the same on every machine. */
export function number(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+$)/g, ',');
}

const KIND_NAMES: Readonly<Record<Kind, string>> = {
  'personal-client': 'personal client',
  'service-principal-credential': 'service-principal credential',
  'federation-trust': 'federation trust',
  'external-client': 'external client',
  'tunnel-credential': 'tunnel credential',
  'llm-gateway-key': 'LLM gateway key',
  function: 'function',
};

/** `personal client`, or `personal clients` for any number but one. A saved report may hold a kind not known here. */
export function kindName(kind: string, n = 1): string {
  return Object.hasOwn(KIND_NAMES, kind) ? plural(n, KIND_NAMES[kind as Kind]) : kind;
}
