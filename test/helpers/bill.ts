import { Ajv2020 } from 'ajv/dist/2020.js';

/** A bill of what is bundled, as far as it is looked at. */
export interface Bill {
  readonly metadata: { readonly component: { readonly version: string } };
  readonly components: readonly {
    readonly 'bom-ref': string;
    readonly group?: string;
    readonly name: string;
    readonly version: string;
  }[];
  readonly dependencies: readonly { readonly ref: string }[];
}

/** What CycloneDX 1.6 asks of the parts that are used here, and no part beside them. */
export function billErrors(bill: unknown): unknown[] {
  const text = { type: 'string', minLength: 1 };
  const object = (properties: Record<string, unknown>, optional: readonly string[] = []) => ({
    type: 'object',
    properties,
    additionalProperties: false,
    required: Object.keys(properties).filter((name) => !optional.includes(name)),
  });
  const component = (type: string) =>
    object(
      {
        type: { const: type },
        'bom-ref': text,
        group: { type: 'string', pattern: '^@' },
        name: text,
        version: text,
        purl: { type: 'string', pattern: '^pkg:npm/(%40[\\w.-]+/)?[\\w.-]+@\\d+\\.\\d+\\.\\d+' },
        licenses: {
          type: 'array',
          minItems: 1,
          maxItems: 1,
          items: { oneOf: [object({ license: object({ id: text }) }), object({ expression: text })] },
        },
      },
      ['group'],
    );
  const schema = object({
    $schema: { const: 'http://cyclonedx.org/schema/bom-1.6.schema.json' },
    bomFormat: { const: 'CycloneDX' },
    specVersion: { const: '1.6' },
    version: { const: 1 },
    metadata: object({
      lifecycles: { type: 'array', items: object({ phase: { enum: ['build'] } }) },
      tools: object({
        components: {
          type: 'array',
          items: object({ type: { const: 'application' }, name: text, version: text }),
        },
      }),
      component: component('application'),
    }),
    components: { type: 'array', minItems: 1, uniqueItems: true, items: component('library') },
    dependencies: {
      type: 'array',
      items: object({ ref: text, dependsOn: { type: 'array', items: text } }, ['dependsOn']),
    },
  });
  const validate = new Ajv2020({ allErrors: true }).compile(schema);
  return validate(bill) ? [] : (validate.errors ?? []);
}
