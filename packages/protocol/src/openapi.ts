import { z } from 'zod';
import { ERROR_MEANINGS } from './error-meanings.ts';
import { ERROR_STATUS, type ErrorCode } from './errors.ts';
import { errorResponseSchema } from './tokens.ts';

/** One operation of a service, for its OpenAPI document. */
export interface ApiOperation {
  readonly method: 'get' | 'post' | 'delete';
  readonly path: string;
  readonly summary: string;
  /** More about it, as CommonMark. */
  readonly description?: string;
  /** `dpop`: a bound token and a proof. `client`: client authentication in the form. */
  readonly security?: 'dpop' | 'bearer';
  /** Alternatives of a form body. */
  readonly forms?: readonly z.ZodType[];
  readonly json?: z.ZodType;
  readonly query?: z.ZodObject;
  /** A valid request, as members of its form or JSON body. */
  readonly example?: Readonly<Record<string, unknown>>;
  readonly answer: { readonly status: number; readonly schema?: z.ZodType; readonly description: string };
  /**
   * Error codes it may answer, each with the status it always has, besides those implied by {@link errors} and {@link
   * security}.
   */
  readonly codes?: readonly ErrorCode[];
  /** Statuses answered with an OAuth error body. */
  readonly errors: readonly number[];
}

/** Statuses that have nothing to do with the particular request. */
const OF_STATUS: Readonly<Record<number, readonly ErrorCode[]>> = {
  404: ['invalid_request'],
  405: ['invalid_request'],
  409: ['invalid_request'],
  413: ['invalid_request'],
  415: ['invalid_request'],
  429: ['temporarily_unavailable'],
  502: ['server_error'],
  503: ['temporarily_unavailable'],
  504: ['temporarily_unavailable'],
};
const TITLES: Readonly<Record<number, string>> = {
  400: 'Refused',
  401: 'Not authenticated',
  403: 'Not allowed with this token',
  404: 'Not there',
  405: 'Another method is meant',
  409: 'Already otherwise',
  413: 'Too large',
  415: 'Of another media type',
  429: 'Too many requests',
  502: 'Another server’s answer was no good',
  503: 'Not right now',
  504: 'Another server was too slow',
};

/** The codes that an operation may answer with a status. */
export function codesOf({ codes = [], security }: ApiOperation, status: number): readonly ErrorCode[] {
  const own = codes.filter((code) => ERROR_STATUS[code] === status);
  // RFC 9449 §7.1: at a resource, a bad proof is a 401 as well
  const ofToken: readonly ErrorCode[] =
    status !== 401 || security === undefined
      ? []
      : security === 'dpop'
        ? ['invalid_token', 'invalid_dpop_proof']
        : ['invalid_token'];
  return [...new Set([...(OF_STATUS[status] ?? []), ...ofToken, ...own])];
}

const SECURITY = {
  dpop: { type: 'http', scheme: 'DPoP', description: 'RFC 9449: a token bound to a key, with a proof by that key.' },
  bearer: { type: 'http', scheme: 'bearer' },
} as const;

/** An OpenAPI 3.1 document, generated from the schemas that the service itself uses. */
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
  const { summary, description, security, query, answer, errors } = operation;
  return {
    summary,
    ...(description !== undefined && { description }),
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
      ...Object.fromEntries(errors.map((status) => [status, refusalOf(operation, status)])),
    },
  };
}

/** Each code with its meaning, and an example of the answer. */
function refusalOf(operation: ApiOperation, status: number): Record<string, unknown> {
  const codes = codesOf(operation, status);
  const meanings = codes.map((code) => `- \`${code}\`: ${ERROR_MEANINGS[code]}`);
  const examples = codes.map((error) => [
    error,
    { value: { error, error_description: 'One sentence about this request.' } },
  ]);
  return {
    description: [`${TITLES[status] ?? 'Refused'}.`, '', ...meanings].join('\n').trim(),
    content: {
      'application/json': {
        schema: { $ref: '#/components/schemas/Error' },
        ...(codes.length > 0 && { examples: Object.fromEntries(examples) }),
      },
    },
  };
}

function bodyOf({ forms, json, example }: ApiOperation): Record<string, unknown> {
  const shown = example === undefined ? {} : { example };
  if (json !== undefined)
    return {
      requestBody: { required: true, content: { 'application/json': { schema: schemaOf(json, 'input'), ...shown } } },
    };
  if (forms === undefined) return {};
  const [only, ...others] = forms.map((form) => schemaOf(form, 'input'));
  const schema = others.length === 0 ? only : { oneOf: [only, ...others] };
  return { requestBody: { required: true, content: { 'application/x-www-form-urlencoded': { schema, ...shown } } } };
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
