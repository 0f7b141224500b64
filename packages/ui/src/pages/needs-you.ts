import type { FastifyInstance, FastifyRequest } from 'fastify';

/** Counts what waits for the person who is signed in. */
export type CountNeeds = (request: FastifyRequest) => Promise<number>;

const COUNT = 'countNeeds';
const COUNTED = 'needsYou';

/** Makes every page of this server show that number beside the link to the front page. */
export function showNeeds(app: FastifyInstance, count: CountNeeds): void {
  app.decorate(COUNT, { count });
}

/** Registers the request's property; once per server, whether it has such a number or not. */
export function rememberNeeds(app: FastifyInstance): void {
  app.decorateRequest(COUNTED, 0);
}

/** Runs before a page is made. */
export async function countNeeds(request: FastifyRequest): Promise<void> {
  const { server } = request;
  if (request.method !== 'GET' || !server.hasDecorator(COUNT)) return;
  request.setDecorator(COUNTED, await server.getDecorator<{ count: CountNeeds }>(COUNT).count(request));
}

export const needsOf = (request: FastifyRequest): number => request.getDecorator<number>(COUNTED);
