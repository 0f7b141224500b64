import type {
  FastifyInstance,
  FastifyPluginCallback,
  FastifyReply,
  FastifyRequest,
  FastifyPluginOptions,
} from 'fastify';
import fp from 'fastify-plugin';

type Hook = (request: FastifyRequest, reply: FastifyReply, ...rest: unknown[]) => unknown;

/**
 * Wraps a plugin so that its hooks skip the routes that only programs call (`forPeople: false`). Making a session for
 * each of their requests, which is never read, would be a thirtieth of the cost of a transfer. Its hooks must take
 * callbacks.
 *
 * @param name of the plugin, by which others check that it is registered
 */
export function forPeople<Options extends FastifyPluginOptions>(
  plugin: (...given: Parameters<FastifyPluginCallback<Options>>) => unknown,
  name: string,
): FastifyPluginCallback<Options> {
  // a plugin is done when its promise resolves, or when it calls `done`
  return fp<Options>((app, options, done) => plugin(withHooksForPeople(app), options, done) as void, { name });
}

const withHooksForPeople = (app: FastifyInstance): FastifyInstance =>
  new Proxy(app, {
    get(target, key) {
      if (key === 'addHook') return (at: 'onRequest', hook: Hook) => target.addHook(at, passing(hook) as never);
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });

const passing =
  (hook: Hook): Hook =>
  (request, reply, ...rest) => {
    if (request.routeOptions.config.forPeople !== false) return hook(request, reply, ...rest);
    const done = rest.at(-1) as () => void;
    return done();
  };
