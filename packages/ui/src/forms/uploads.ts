import multipart from '@fastify/multipart';
import { type FormResult, invalidRequest, LIMIT, parseForm } from '@chatelaine/protocol';
import type { FastifyError, FastifyInstance, FastifyRequest } from 'fastify';
import { currentSessionAccount } from '../signed-in/current-account.ts';
import { Problem } from '../errors/problem.ts';
import { formNotOurs } from './form-not-ours.ts';

export interface UploadOptions {
  /** The largest file. */
  maxBytes: number;
}

/** What a multipart form becomes: the same body as any other form, and its file beside it. */
interface UploadedBody {
  form: FormResult;
  file: UploadedFile | null;
}

/** `field` is the name of the control. File name and declared type are the sender's say-so and not kept. */
export interface UploadedFile {
  field: string;
  bytes: Buffer;
}

const MAX_FIELDS = 20;
const MAX_PART_HEADERS = 10;

/**
 * Inside `pages`: routes whose forms may bring one file (`<Form upload>`). They take ordinary forms as well. Everything
 * that holds for forms holds here too: the fields go through the same strict parser, and CSRF, origin and session are
 * checked before the route is called. Nothing is read from somebody who is not signed in.
 */
export async function uploads(
  scope: FastifyInstance,
  { maxBytes }: UploadOptions,
  routes: (scope: FastifyInstance) => void | Promise<void>,
): Promise<void> {
  await scope.register(async (inner) => {
    await inner.register(multipart, {
      limits: {
        fileSize: maxBytes,
        files: 1,
        fields: MAX_FIELDS,
        fieldSize: LIMIT.fieldChars,
        fieldNameSize: 100,
        parts: MAX_FIELDS + 1,
        headerPairs: MAX_PART_HEADERS,
      },
    });
    await routes(inner);
  });
}

/** The file in this field, or null when none was chosen. */
export function fileOf(request: FastifyRequest, field: string): Buffer | null {
  const file = (request.body as Partial<UploadedBody> | null | undefined)?.file ?? null;
  return file?.field === field ? file.bytes : null;
}

/** Turns a multipart body into a form, once, before anything looks at it. Throws 400, 403 or 413. */
export async function readUpload(request: FastifyRequest): Promise<void> {
  // only inside `uploads` is there a parser for it; elsewhere multipart is a 415
  if (!('isMultipart' in request) || !request.isMultipart()) return;
  if (currentSessionAccount(request) === null) throw formNotOurs('an upload by somebody not signed in');
  const { fields, files } = await readParts(request);
  const form = parseForm(new URLSearchParams(fields).toString());
  request.body = { form, file: files[0] ?? null } satisfies UploadedBody;
}

interface Parts {
  fields: [name: string, value: string][];
  files: UploadedFile[];
}

async function readParts(request: FastifyRequest): Promise<Parts> {
  const fields: Parts['fields'] = [];
  const files: UploadedFile[] = [];
  try {
    for await (const part of request.parts()) {
      if (part.type === 'field') fields.push([part.fieldname, textOf(part)]);
      else {
        const bytes = await part.toBuffer();
        // a file control in which nothing was chosen is sent as an empty file without a name
        if (bytes.length > 0) files.push({ field: part.fieldname, bytes });
      }
    }
  } catch (error) {
    throw asRefusal(error);
  }
  return { fields, files };
}

function textOf(part: { value: unknown; valueTruncated: boolean; fieldnameTruncated: boolean }): string {
  if (part.valueTruncated || part.fieldnameTruncated) throw invalidRequest('A field of the form is too long.');
  if (typeof part.value !== 'string') throw invalidRequest('The form could not be read.');
  // what was no UTF-8 has become this character on the way; nobody types it
  if (part.value.includes('\uFFFD')) throw invalidRequest('A field of the form is not valid UTF-8.');
  return part.value;
}

/** The parser's own complaints carry no status we could trust: they are all about what was sent. */
function asRefusal(error: unknown): unknown {
  const { code, statusCode } = error as Partial<FastifyError>;
  if (statusCode === 413)
    return new Problem(413, 'The file is too large. Nothing was kept; choose a smaller one and send the form again.', {
      cause: code,
    });
  if (error instanceof Error && 'status' in error) return error;
  return invalidRequest('The form could not be read: it broke off, or is not the form of this page.', { cause: error });
}
