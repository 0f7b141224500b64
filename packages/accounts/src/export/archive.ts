import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { ZipFile } from 'yazl';

/** A file in an archive. */
export interface ExportFile {
  /** Its path in the archive. */
  readonly path: string;
  /** Read when the archive reaches this file, and only as fast as the archive is sent. */
  readonly content: () => AsyncIterable<string | Uint8Array>;
}

/**
 * A ZIP archive of these files, in the order in which they come. It buffers only what is being sent. An error of a file
 * ends it.
 */
export function zipped(files: AsyncIterable<ExportFile>): Readable {
  const zip = new ZipFile();
  const archive = zip.outputStream as Readable;
  addAll(zip, files, archive).catch((error: Error) => archive.destroy(error));
  return archive;
}

async function addAll(zip: ZipFile, files: AsyncIterable<ExportFile>, archive: Readable): Promise<void> {
  for await (const { path, content } of files) {
    // the client has disconnected, so no further file is read
    if (archive.destroyed) return;
    const stream = Readable.from(content(), { objectMode: false });
    const stop = (): void => void stream.destroy();
    archive.once('close', stop);
    zip.addReadStream(stream, path);
    await finished(stream);
    archive.off('close', stop);
  }
  zip.end();
}

/** A JSON array, written row by row. */
export async function* jsonList(rows: AsyncIterable<object>): AsyncGenerator<string> {
  let before = '[\n';
  for await (const row of rows) {
    yield `${before}${JSON.stringify(row)}`;
    before = ',\n';
  }
  yield before === '[\n' ? '[]\n' : '\n]\n';
}

/** All rows of a list that is read in parts, each after the last key of the part before. */
export async function* inParts<Row, Key>(
  read: (after: Key) => Promise<readonly Row[]>,
  { first, keyOf }: { first: Key; keyOf: (row: Row) => Key },
): AsyncGenerator<Row> {
  let after = first;
  for (;;) {
    const rows = await read(after);
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined) return;
    after = keyOf(last);
  }
}
