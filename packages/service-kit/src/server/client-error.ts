import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyBaseLogger } from 'fastify';

/**
 * For what Node's HTTP parser refuses before any route is reached: bad framing, headers that are too large, requests
 * that do not end.
 */
const ANSWERS: Record<string, { status: string; sentence: string }> = {
  ERR_HTTP_REQUEST_TIMEOUT: { status: '408 Request Timeout', sentence: 'The request did not arrive in time.' },
  HPE_HEADER_OVERFLOW: { status: '431 Request Header Fields Too Large', sentence: 'The headers are too large.' },
};
const MALFORMED = { status: '400 Bad Request', sentence: 'The request is not valid HTTP.' };

/**
 * Answers with JSON, as all errors are, and closes the connection.
 *
 * @param answer the last one begun on this connection
 */
export function answerClientError(
  error: Error & { code?: string },
  { socket, answer, log }: { socket: Socket; answer: ServerResponse | undefined; log: FastifyBaseLogger },
): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const { status, sentence } = ANSWERS[error.code ?? ''] ?? MALFORMED;
  log.info({ status: Number(status.slice(0, 3)), outcome: error.code }, 'connection refused');
  const body = JSON.stringify({ error: 'invalid_request', error_description: sentence });
  const head =
    `HTTP/1.1 ${status}\r\nContent-Type: application/json; charset=utf-8\r\nCache-Control: no-store\r\n` +
    `${openness(answer)}Connection: close\r\nContent-Length: ${body.length}\r\n\r\n`;
  socket.end(head + body, () => socket.destroy());
}

/** If only the body is at fault, the headers have already decided which origins may read the answer (Fetch §3.2.3). */
function openness(answer: ServerResponse | undefined): string {
  if (answer === undefined || answer.headersSent) return '';
  const headers = Object.entries(answer.getHeaders()).filter(([name]) => name.startsWith('access-control-'));
  return headers.map(([name, value]) => `${name}: ${String(value)}\r\n`).join('');
}
