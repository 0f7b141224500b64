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
 * A plugin whose hooks pass by the routes that only programs call (`forPeople: false`). A session that is made for each
 * of their requests, and never read, is a thirtieth of what a transfer costs a process. Its hooks must take callbacks.
 *
 * @param name of the plugin, by which others find that it is there
 */
export function forPeople<Options extends FastifyPluginOptions>(
  plugin: (...given: Parameters<FastifyPluginCallback<Options>>) => unknown,
  name: string,
): FastifyPluginCallback<Options> {
  // it says that it is done by a promise, or by calling `done`
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
