/**
 * The condition `source` is ours; where packages of others have one, too, it leads to TypeScript that is not meant to
 * be run.
 */
module.exports = (request, options) =>
  options.defaultResolver(request, {
    ...options,
    conditions: request.startsWith('@chatelaine/')
      ? options.conditions
      : options.conditions?.filter((name) => name !== 'source'),
  });
