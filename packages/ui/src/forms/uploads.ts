import multipart from '@fastify/multipart';
import { type FormResult, invalidRequest, LIMIT, parseForm } from '@chatelaine/protocol';
import type { FastifyError, FastifyInstance, FastifyRequest } from 'fastify';
import { currentSessionAccount } from '../signed-in/current-account.ts';
import { Problem } from '../errors/problem.ts';
import { formNotOurs } from './form-not-ours.ts';

export interface UploadOptions {
  /** In bytes, for a file. */
  maxBytes: number;
}

/** The body that a multipart form is parsed to: that of any other form, and the file. */
interface UploadedBody {
  form: FormResult;
  file: UploadedFile | null;
}

/**
 * `field` is the name of the control. File name and declared type are not kept, because the sender may claim anything.
 */
export interface UploadedFile {
  field: string;
  bytes: Buffer;
}

const MAX_FIELDS = 20;
const MAX_PART_HEADERS = 10;

/**
 * Registers routes, inside `pages`, whose forms may have one file (`<Form upload>`). They accept ordinary forms as
 * well, and all that holds for forms holds here: the fields go through the same strict parser, and CSRF token, origin
 * and session are checked before the route is called. Nothing is read from somebody who is not signed in.
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

/** The file in this field; null if none was chosen. */
export function fileOf(request: FastifyRequest, field: string): Buffer | null {
  const file = (request.body as Partial<UploadedBody> | null | undefined)?.file ?? null;
  return file?.field === field ? file.bytes : null;
}

/** Parses a multipart body into a form, once, before anything reads it. Throws 400, 403 or 413. */
export async function readUpload(request: FastifyRequest): Promise<void> {
  // only inside `uploads` is there a parser for multipart; elsewhere it is a 415
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
        // if no file was chosen, browsers send an empty one without a name
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
  // the plugin has decoded invalid UTF-8 to this character, which nobody types
  if (part.value.includes('\uFFFD')) throw invalidRequest('A field of the form is not valid UTF-8.');
  return part.value;
}

/** Errors of the parser are all about what was sent, so they become a 400 or 413 whatever their status is. */
function asRefusal(error: unknown): unknown {
  const { code, statusCode } = error as Partial<FastifyError>;
  if (statusCode === 413)
    return new Problem(413, 'The file is too large. Nothing was kept; choose a smaller one and send the form again.', {
      cause: code,
    });
  if (error instanceof Error && 'status' in error) return error;
  return invalidRequest('The form could not be read: it broke off, or is not the form of this page.', { cause: error });
}
