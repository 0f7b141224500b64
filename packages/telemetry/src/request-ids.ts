import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import { systemRandom } from '@chatelaine/crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { parseTraceparent } from './traceparent.ts';
import type { OpenSpan, Tracing } from './tracing.ts';
import { inWork, type Work } from './work.ts';

const SAFE_ID = /^[A-Za-z0-9_.-]{8,64}$/;

/**
 * Makes the id of a request: the `X-Request-Id` of a trusted proxy if its form is harmless, otherwise one of our own.
 */
export function requestIds(
  trustedProxies: readonly string[],
): (raw: Pick<IncomingMessage, 'headers' | 'socket'>) => string {
  const trusted = addressesOf(trustedProxies);
  return ({ headers, socket }) => {
    const given = headers['x-request-id'];
    if (typeof given === 'string' && SAFE_ID.test(given) && trusted(socket.remoteAddress)) return given;
    return Buffer.from(systemRandom(9)).toString('base64url');
  };
}

function addressesOf(list: readonly string[]): (address: string | undefined) => boolean {
  const trusted = new BlockList();
  for (const one of list) {
    const [address = '', bits] = one.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (bits === undefined) trusted.addAddress(address, family);
    else trusted.addSubnet(address, Number(bits), family);
  }
  return (address) => {
    if (address === undefined) return false;
    const plain = address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
    const family = isIP(plain);
    return family !== 0 && trusted.check(plain, family === 6 ? 'ipv6' : 'ipv4');
  };
}

const SPAN = Symbol('span');

/**
 * Gives every request a trace: the one that its `traceparent` names, or a new one. Anybody may send that header. It
 * only serves to find the log lines that belong together; nothing is decided by it.
 */
export function traceRequests(app: FastifyInstance, tracing: Tracing): void {
  app.decorateRequest(SPAN, null);
  // Fastify keeps this async context while it reads the body, too
  app.addHook('onRequest', (request, _reply, done) => inWork(beginWork(request, tracing), done));
  app.addHook('onResponse', (request, reply, done) => {
    const status = reply.statusCode;
    const route = routeOf(request);
    request.getDecorator<OpenSpan | null>(SPAN)?.end({
      name: `${request.method} ${route}`,
      attributes: { 'http.route': route, 'http.response.status_code': status },
      failed: status >= 500,
    });
    done();
  });
  app.addHook('onClose', () => tracing.close());
}

function beginWork(request: FastifyRequest, tracing: Tracing): Work {
  const span = tracing.begin({
    name: request.method,
    kind: 'server',
    parent: parseTraceparent(request.headers['traceparent']),
    attributes: () => ({ 'http.request.method': request.method, 'chatelaine.request_id': request.id }),
  });
  request.setDecorator(SPAN, span);
  return { requestId: request.id, context: span.context, tracing };
}

/** The pattern of the route, since URLs are not recorded. */
export const routeOf = (request: FastifyRequest): string => request.routeOptions.url ?? 'none';
