/** The members of a JSON Schema that are shown. */
export interface Schema {
  readonly type?: string;
  readonly format?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly oneOf?: readonly Schema[];
}

/** One member of a form or of a JSON object. */
export interface Field {
  readonly name: string;
  readonly required: boolean;
  /** The type of its value, in a few words. */
  readonly kind: string;
  readonly description: string | undefined;
}

/** The members of an object; empty for any other schema. */
export function fieldsOf({ properties = {}, required = [] }: Schema): readonly Field[] {
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    required: required.includes(name),
    kind: kindOf(schema),
    description: schema.description,
  }));
}

function kindOf(schema: Schema): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(' or ');
  if (schema.type === 'array') return schema.items === undefined ? 'list' : `list of ${kindOf(schema.items)}`;
  if (schema.type === 'object' && schema.properties !== undefined)
    return `object: ${Object.keys(schema.properties).join(', ')}`;
  return schema.format ?? schema.type ?? 'JSON';
}
