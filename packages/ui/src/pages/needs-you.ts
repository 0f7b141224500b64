import type { FastifyInstance, FastifyRequest } from 'fastify';

/** How much waits for the person who is signed in. */
export type CountNeeds = (request: FastifyRequest) => Promise<number>;

const COUNT = 'countNeeds';
const COUNTED = 'needsYou';

/** Every page of this server shows the number beside the link home. */
export function showNeeds(app: FastifyInstance, count: CountNeeds): void {
  app.decorate(COUNT, { count });
}

/** Once a server, whether it has such a number or not. */
export function rememberNeeds(app: FastifyInstance): void {
  app.decorateRequest(COUNTED, 0);
}

/** Before a page is made. */
export async function countNeeds(request: FastifyRequest): Promise<void> {
  const { server } = request;
  if (request.method !== 'GET' || !server.hasDecorator(COUNT)) return;
  request.setDecorator(COUNTED, await server.getDecorator<{ count: CountNeeds }>(COUNT).count(request));
}

export const needsOf = (request: FastifyRequest): number => request.getDecorator<number>(COUNTED);
