// A service that knows nothing of AMs, as a process of its own: the stand-in of the tests, with a large file to
// download.

import type http from 'node:http';
import { Readable } from 'node:stream';
import { startOAuth2Service } from '@chatelaine/stand-in-services';
import { serve } from '../child.ts';

const { PORT = '', CLIENT = '{}' } = process.env;
const PIECE = Buffer.alloc(65_536, 'x');

const service = await startOAuth2Service({
  title: 'Chirp',
  client: JSON.parse(CLIENT) as { id: string; secret: string; redirectUri: string },
  accounts: ['robin'],
  entries: new Map([['robin', [{ id: 'e1', text: 'A walk along the river', date: '2026-11-01' }]]]),
  port: Number(PORT),
  accessTokenSeconds: 86_400,
  misbehave(request, response) {
    const [, bytes] = /^\/files\/(\d+)$/.exec(request.url ?? '') ?? [];
    if (bytes !== undefined) download(Number(bytes), response);
    return bytes !== undefined;
  },
});
serve({ accessToken: async () => service.issued.find((token) => token.startsWith('stand-in-access-')) });

/** As fast as it is read, and no faster. */
function download(bytes: number, response: http.ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': bytes });
  const pieces = function* () {
    for (let left = bytes; left > 0; left -= PIECE.length) yield left < PIECE.length ? PIECE.subarray(0, left) : PIECE;
  };
  Readable.from(pieces(), { objectMode: false }).pipe(response);
}
