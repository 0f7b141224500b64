// Loaded into every process of Jest (`node --import`): what Node's own loader needs in order to run our tests from
// their sources.

import { registerHooks } from 'node:module';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const globals = new URL('globals.js', import.meta.url).href;

registerHooks({
  resolve(specifier, context, nextResolve) {
    if (specifier === '@jest/globals') return { url: globals, shortCircuit: true };
    if (specifier.startsWith('@chatelaine/')) return nextResolve(specifier, context);
    // others' packages have sources, too, which are not for us
    const conditions = context.conditions.filter((condition) => condition !== 'source');
    return nextResolve(specifier, { ...context, conditions });
  },
  load(url, context, nextLoad) {
    return url.endsWith('.tsx')
      ? { format: 'module', source: compiled(url), shortCircuit: true }
      : nextLoad(url, context);
  },
});

let swc;

/** Node strips types, but does not know JSX. */
function compiled(url) {
  swc ??= process.getBuiltinModule('node:module').createRequire(import.meta.url)('@swc/core');
  const filename = fileURLToPath(url);
  return swc.transformSync(readFileSync(filename, 'utf8'), {
    filename,
    configFile: false,
    swcrc: false,
    jsc: {
      target: 'es2024',
      parser: { syntax: 'typescript', tsx: true },
      transform: { react: { runtime: 'automatic', importSource: 'preact' } },
    },
    module: { type: 'es6' },
    sourceMaps: 'inline',
  }).code;
}
