import { ERROR_MEANINGS, type ErrorCode } from '@chatelaine/protocol';
import { type Field, fieldsOf, type Schema } from './fields-of.ts';

/** One operation of an API, as the page shows it. */
export interface ShownOperation {
  readonly method: string;
  readonly path: string;
  readonly summary: string;
  readonly description: string | undefined;
  /** The token that it requires; with `dpop` also a proof. Undefined if it needs none. */
  readonly security: 'dpop' | 'bearer' | undefined;
  readonly parameters: readonly Field[];
  /** The body, or the alternatives for it. */
  readonly bodies: readonly { readonly mediaType: string; readonly fields: readonly Field[] }[];
  /** Members of a valid body. */
  readonly example: Readonly<Record<string, unknown>> | undefined;
  readonly answers: readonly ShownAnswer[];
}

export interface ShownAnswer {
  readonly status: string;
  readonly description: string;
  /** The error codes in its examples, each with its meaning. */
  readonly codes: readonly { readonly code: string; readonly meaning: string }[];
  /** Empty for an error, since all errors have the same members. */
  readonly fields: readonly Field[];
}

interface Content {
  readonly content?: Readonly<
    Record<
      string,
      {
        readonly schema?: Schema;
        readonly example?: Readonly<Record<string, unknown>>;
        readonly examples?: Readonly<Record<string, unknown>>;
      }
    >
  >;
}
interface Operation {
  readonly summary?: string;
  readonly description?: string;
  readonly security?: readonly Readonly<Record<string, unknown>>[];
  readonly parameters?: readonly { readonly name: string; readonly required?: boolean; readonly schema?: Schema }[];
  readonly requestBody?: Content;
  readonly responses?: Readonly<Record<string, Content & { readonly description: string }>>;
}
export interface OpenApiDocument {
  readonly paths?: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

/** The operations of an OpenAPI document that `openApiDocument` of `protocol` has made, in its order. */
export function operationsIn({ paths = {} }: OpenApiDocument): readonly ShownOperation[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => show(method, path, operation)),
  );
}

function show(method: string, path: string, operation: Operation): ShownOperation {
  const { summary = '', description, security: [scheme = {}] = [], parameters = [], responses = {} } = operation;
  const [security] = Object.keys(scheme) as ('dpop' | 'bearer')[];
  return {
    method: method.toUpperCase(),
    path,
    summary,
    description,
    security,
    parameters: parameters.flatMap(({ name, required = false, schema = {} }) =>
      fieldsOf({ properties: { [name]: schema }, required: required ? [name] : [] }),
    ),
    bodies: Object.entries(operation.requestBody?.content ?? {}).flatMap(([mediaType, { schema = {} }]) =>
      (schema.oneOf ?? [schema]).map((each) => ({ mediaType, fields: fieldsOf(each) })),
    ),
    example: Object.values(operation.requestBody?.content ?? {})[0]?.example,
    answers: Object.entries(responses).map(([status, { description: words, content }]) => ({
      status,
      description: words.split('\n\n')[0] ?? '',
      codes: Object.keys(content?.['application/json']?.examples ?? {}).map((code) => ({
        code,
        meaning: ERROR_MEANINGS[code as ErrorCode],
      })),
      fields: fieldsOf(content?.['application/json']?.schema ?? {}),
    })),
  };
}
