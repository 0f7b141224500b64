import type { FastifyReply } from 'fastify';

/** Kinds of pictures that browsers show and that cannot hold a script; SVG is not one of them. */
export const PICTURE_TYPES = ['image/png', 'image/jpeg', 'image/webp', 'image/gif'] as const;
export type PictureType = (typeof PICTURE_TYPES)[number];

export interface Picture {
  type: PictureType;
  bytes: Uint8Array;
}

/**
 * What the first bytes say it is (https://mimesniff.spec.whatwg.org/#matching-an-image-type-pattern), whatever it was
 * called; null: no picture we know.
 */
export function pictureTypeOf(bytes: Uint8Array): PictureType | null {
  const head = Buffer.from(bytes.subarray(0, 16)).toString('latin1');
  if (head.startsWith('\x89PNG\r\n\x1a\n')) return 'image/png';
  if (head.startsWith('\xff\xd8\xff')) return 'image/jpeg';
  if (head.startsWith('RIFF') && head.slice(8, 14) === 'WEBPVP') return 'image/webp';
  if (head.startsWith('GIF87a') || head.startsWith('GIF89a')) return 'image/gif';
  return null;
}

/**
 * Sends a picture that somebody else made: under the type its bytes have (`X-Content-Type-Options: nosniff` is on every
 * answer), and, opened on its own, in a sandbox where nothing runs or loads. Never stored by caches: it is somebody's.
 */
export function sendPicture(reply: FastifyReply, { type, bytes }: Picture): FastifyReply {
  return reply
    .header('content-security-policy', "default-src 'none'; sandbox")
    .header('content-disposition', 'inline')
    .header('cache-control', 'no-store')
    .type(type)
    .send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
}
