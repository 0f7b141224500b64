import type { FastifyInstance } from 'fastify';

/** Remembers what this server refuses at its routes: method, path, status and code. */
export function rememberRefusals(app: FastifyInstance, refusals: Set<string>): void {
  app.addHook('onSend', async ({ method, routeOptions: { url = '' } }, { statusCode }, payload) => {
    if (statusCode < 400 || typeof payload !== 'string' || !payload.startsWith('{"error":')) return;
    const { error } = JSON.parse(payload) as { error: string };
    refusals.add(
      `${method} ${url.replaceAll(/:(\w+)/g, (_, name: string) => `{${camelToSnake(name)}}`)} ${statusCode} ${error}`,
    );
  });
}

const camelToSnake = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
