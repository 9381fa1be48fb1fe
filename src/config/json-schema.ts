import type { Key, RecordShape, Shape } from './shape.js';

type Schema = Record<string, unknown>;

/** A shape as JSON Schema (draft-07). */
export function jsonSchema(shape: Shape): Schema {
  switch (shape.type) {
    case 'choice': {
      const choices = { enum: shape.choices };
      return shape.also ? { anyOf: [choices, { type: 'string', pattern: shape.also.pattern }] } : choices;
    }
    case 'text':
      return { type: 'string', pattern: shape.rule.pattern };
    case 'boolean':
      return { type: 'boolean' };
    case 'number':
      return {
        type: shape.integer ? 'integer' : 'number',
        ...(shape.min === undefined ? {} : { minimum: shape.min }),
        ...(shape.max === undefined ? {} : { maximum: shape.max }),
      };
    case 'list':
      return {
        type: 'array',
        items: jsonSchema(shape.of),
        uniqueItems: true,
        ...(shape.filled ? { minItems: 1 } : {}),
      };
    case 'record':
      return recordSchema(shape);
    case 'map':
      return {
        type: 'object',
        patternProperties: { [shape.key.pattern]: jsonSchema(shape.value) },
        additionalProperties: false,
      };
    case 'either':
      return { anyOf: [jsonSchema(shape.scalar), jsonSchema(shape.record)] };
    case 'oneOrMore':
      return {
        anyOf: [jsonSchema(shape.of), jsonSchema({ type: 'list', of: shape.of, filled: true })],
      };
    case 'anything':
      return {};
  }
}

function recordSchema({ keys, also }: RecordShape): Schema {
  const entries = Object.entries(keys);
  const required = entries.filter(([, key]) => key.required).map(([name]) => name);
  return {
    type: 'object',
    properties: Object.fromEntries(entries.map(([name, key]) => [name, keySchema(key)])),
    ...(also ? { patternProperties: { [also.key.pattern]: jsonSchema(also.value) } } : {}),
    ...(required.length > 0 ? { required } : {}),
    additionalProperties: false,
  };
}

function keySchema(key: Key): Schema {
  const schema = jsonSchema(key.shape);
  return {
    description: key.describe,
    ...(mayBeEmpty(key) ? { anyOf: [schema, { type: 'null' }] } : schema),
    ...(key.default === undefined ? {} : { default: key.default }),
  };
}

/** A section whose every line is commented out reads as null in YAML, and says nothing. */
export function mayBeEmpty({ shape, required }: Key): boolean {
  return !required && (shape.type === 'list' || shape.type === 'record' || shape.type === 'map');
}
