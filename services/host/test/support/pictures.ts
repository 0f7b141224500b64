/** The smallest of each kind, and things that only call themselves so. */
export const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
export const GIF = Buffer.from('R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==', 'base64');
export const WEBP = Buffer.from('UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA', 'base64');
export const JPEG = Buffer.concat([Buffer.from('ffd8ffe000104a46494600010100000100010000', 'hex'), Buffer.alloc(100)]);
export const SVG = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>');

export interface Part {
  readonly name: string;
  readonly body: string | Buffer;
  readonly filename?: string;
  readonly type?: string;
}

export const BOUNDARY = 'a-boundary-of-ours';

/** A multipart body, exactly as written. RFC 7578. */
export function multipart(parts: readonly Part[]): Buffer {
  const chunks = parts.flatMap(({ name, body, filename, type }) => {
    const named = `name="${name}"${filename === undefined ? '' : `; filename="${filename}"`}`;
    const typed = type === undefined ? '' : `content-type: ${type}\r\n`;
    return [
      Buffer.from(`--${BOUNDARY}\r\ncontent-disposition: form-data; ${named}\r\n${typed}\r\n`),
      Buffer.from(body),
      Buffer.from('\r\n'),
    ];
  });
  return Buffer.concat([...chunks, Buffer.from(`--${BOUNDARY}--\r\n`)]);
}
