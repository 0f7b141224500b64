import { z } from 'zod';
import { errorResponseSchema } from './tokens.ts';

/** One operation of a service, for its OpenAPI document. */
export interface ApiOperation {
  readonly method: 'get' | 'post' | 'delete';
  readonly path: string;
  readonly summary: string;
  /** `dpop`: a bound token and a proof. `client`: client authentication in the form. */
  readonly security?: 'dpop' | 'bearer';
  /** Alternatives of a form body. */
  readonly forms?: readonly z.ZodType[];
  readonly json?: z.ZodType;
  readonly query?: z.ZodObject;
  readonly answer: { readonly status: number; readonly schema?: z.ZodType; readonly description: string };
  /** Statuses answered with an OAuth error body. */
  readonly errors: readonly number[];
}

const SECURITY = {
  dpop: { type: 'http', scheme: 'DPoP', description: 'RFC 9449: a token bound to a key, with a proof by that key.' },
  bearer: { type: 'http', scheme: 'bearer' },
} as const;

/** An OpenAPI 3.1 document, made of the schemas that the service itself uses. */
export function openApiDocument(input: {
  title: string;
  version: string;
  issuer: string;
  operations: readonly ApiOperation[];
}): Readonly<Record<string, unknown>> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const operation of input.operations) {
    const item = paths[operation.path] ?? {};
    item[operation.method] = describe(operation);
    paths[operation.path] = item;
  }
  return {
    openapi: '3.1.0',
    info: { title: input.title, version: input.version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    servers: [{ url: input.issuer }],
    paths,
    components: { securitySchemes: SECURITY, schemas: { Error: schemaOf(errorResponseSchema, 'output') } },
  };
}

function describe(operation: ApiOperation): Record<string, unknown> {
  const { summary, security, query, answer, errors } = operation;
  const error = {
    description: 'Refused',
    content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
  };
  return {
    summary,
    ...(security === undefined ? {} : { security: [{ [security]: [] }] }),
    ...parametersOf(operation.path, query),
    ...bodyOf(operation),
    responses: {
      [answer.status]: {
        description: answer.description,
        ...(answer.schema === undefined
          ? {}
          : { content: { 'application/json': { schema: schemaOf(answer.schema, 'output') } } }),
      },
      ...Object.fromEntries(errors.map((status) => [status, error])),
    },
  };
}

function bodyOf({ forms, json }: ApiOperation): Record<string, unknown> {
  if (json !== undefined)
    return { requestBody: { required: true, content: { 'application/json': { schema: schemaOf(json, 'input') } } } };
  if (forms === undefined) return {};
  const [only, ...others] = forms.map((form) => schemaOf(form, 'input'));
  const schema = others.length === 0 ? only : { oneOf: [only, ...others] };
  return { requestBody: { required: true, content: { 'application/x-www-form-urlencoded': { schema } } } };
}

function parametersOf(path: string, query: z.ZodObject | undefined): Record<string, unknown> {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const inQuery = Object.entries(query?.shape ?? {}).map(([name, schema]) => ({
    name,
    in: 'query',
    required: !schema.safeParse(undefined).success,
    schema: schemaOf(schema as z.ZodType, 'input'),
  }));
  const parameters = [...inPath, ...inQuery];
  return parameters.length === 0 ? {} : { parameters };
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): unknown {
  const { $schema: _dialect, ...json } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return json;
}
