import { isDeepStrictEqual } from 'node:util';
import { type ConversionConfig, toJsonSchema } from '@valibot/to-json-schema';
import type { Schema, TextRule } from '../src/check.js';
import { configSchema } from '../src/config/schema.js';
import type { Rule } from '../src/contract/index.js';
import { REPORT, REPORT_PARTS } from '../src/engine/saved-report.js';

type Json = Record<string, unknown>;

/** The JSON Schema (draft-07) of the configuration file, for editors. Rules of plug-ins may be set as well. */
export function configJsonSchema(rules: readonly Rule[]): Json {
  const schema = toJsonSchema(configSchema({ rules, foreign: true, now: 0 }), OPTIONS);
  return { $schema: schema.$schema, title: 'c1-audit configuration', ...schema };
}

/** What the conversion does not know: our own additions to schemas (src/check.ts). Checks in code have no JSON Schema. */
const OPTIONS: ConversionConfig = {
  errorMode: 'ignore',
  overrideSchema({ valibotSchema, jsonSchema }) {
    const { json, also } = valibotSchema as {
      json?: object;
      also?: { readonly key: TextRule; readonly value: Schema };
    };
    const patterns = also && { [also.key.pattern.source]: convert(also.value) };
    const { required, ...rest } = jsonSchema;
    return {
      ...rest,
      ...(required?.length ? { required } : {}),
      ...(patterns ? { patternProperties: patterns } : {}),
      ...json,
    } as typeof jsonSchema;
  },
};

function convert(schema: Schema): Json {
  const { $schema, ...rest } = toJsonSchema(schema, OPTIONS);
  return rest;
}

/** The JSON Schema (2020-12) of the JSON report. */
export function reportJsonSchema(): Json {
  const { $schema, ...schema } = toJsonSchema(REPORT, {
    ...OPTIONS,
    target: 'draft-2020-12',
    definitions: REPORT_PARTS,
  });
  return {
    $schema,
    title: 'c1-audit report, schema version 1',
    description:
      "The result of one audit of a ConductorOne tenant's API credentials. Instants are RFC 3339 in UTC. Names, reasons and messages can contain text written by others: escape it wherever it is shown.",
    ...schema,
  };
}

/** The TypeScript types of the JSON report: published types cannot be inferred from a package that is not. */
export function reportTypes(): string {
  const { $defs, ...report } = reportJsonSchema();
  const objects = Object.entries({ report, ...($defs as Record<string, Json>) }).filter(
    ([, schema]) => schema.type === 'object',
  );
  const interfaces = objects.map(([name, schema]) => {
    const base = objects.find(([, other]) => isPartOf(other, schema));
    const head = `${typeName(name)} ${base ? `extends ${typeName(base[0])} ` : ''}`;
    return `${comment(schema, '')}export interface ${head}${objectType(base ? without(schema, base[1]) : schema, '')}\n`;
  });
  return `// Generated from src/engine/saved-report.ts: run npm run generate.
import type { Kind } from './credential.js';
import type { Severity } from './severity.js';

${interfaces.join('\n')}`;
}

/** Whether a definition has every field of another one, and more. */
function isPartOf(part: Json, whole: Json): boolean {
  const [some, all] = [part.properties as Json, whole.properties as Json];
  const names = Object.keys(some);
  return (
    names.length < Object.keys(all).length && names.every((name) => isDeepStrictEqual(some[name], all[name]))
  );
}

function without(schema: Json, base: Json): Json {
  const own = Object.entries(schema.properties as Json).filter(
    ([name]) => !(name in (base.properties as Json)),
  );
  return { ...schema, properties: Object.fromEntries(own) };
}

function typeName(definition: string): string {
  return `${definition[0]?.toUpperCase()}${definition.slice(1)}`;
}

function comment({ description }: Json, indent: string): string {
  return description === undefined ? '' : `${indent}/** ${description} */\n`;
}

function typeOf(schema: Json, indent: string): string {
  const { $ref, anyOf, type, items, properties, additionalProperties } = schema;
  if (typeof $ref === 'string') return typeName($ref.replace('#/$defs/', ''));
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (Array.isArray(schema.enum)) return schema.enum.map((value) => `'${value}'`).join(' | ');
  if (Array.isArray(anyOf)) return anyOf.map((one: Json) => typeOf(one, indent)).join(' | ');
  if (type === 'array') return `readonly ${grouped(typeOf(items as Json, indent))}[]`;
  if (properties) return objectType(schema, indent);
  if (type === 'object') return `Readonly<Record<string, ${typeOf(additionalProperties as Json, indent)}>>`;
  if (type === 'integer') return 'number';
  return typeof type === 'string' ? type : 'unknown';
}

function objectType({ properties, required = [] }: Json, indent: string): string {
  const inner = `${indent}  `;
  const fields = Object.entries(properties as Record<string, Json>).map(([name, field]) => {
    const optional = (required as string[]).includes(name) ? '' : '?';
    return `${comment(field, inner)}${inner}readonly ${name}${optional}: ${typeOf(field, inner)};\n`;
  });
  return `{\n${fields.join('')}${indent}}`;
}

function grouped(type: string): string {
  return /^[^{]* \| /.test(type) ? `(${type})` : type;
}
