import type { FastifyReply } from 'fastify';

/** Image types that browsers show and that cannot contain a script, as SVG can. */
export const PICTURE_TYPES = ['image/png', 'image/jpeg', 'image/webp', 'image/gif'] as const;
export type PictureType = (typeof PICTURE_TYPES)[number];

export interface Picture {
  type: PictureType;
  bytes: Uint8Array;
}

/**
 * The type by the first bytes (https://mimesniff.spec.whatwg.org/#matching-an-image-type-pattern), whatever the sender
 * declared; null if it is none of {@link PICTURE_TYPES}.
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
 * Sends a picture that somebody has uploaded, under the type of its bytes (`X-Content-Type-Options: nosniff` is on
 * every answer). If it is opened by itself, it is in a sandbox in which nothing runs or loads. Caches may not store it,
 * because it is somebody's own.
 */
export function sendPicture(reply: FastifyReply, { type, bytes }: Picture): FastifyReply {
  return reply
    .header('content-security-policy', "default-src 'none'; sandbox")
    .header('content-disposition', 'inline')
    .header('cache-control', 'no-store')
    .type(type)
    .send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
}
