// `node ../../scripts/bundle.ts` in the folder of a service: dist/bundle.js, the compiled service and all packages that
// it imports in one file. It starts with half of the processor time that 1,800 files take (docs/adr/0047).

import fs from 'node:fs';
import path from 'node:path';
import { build, type Plugin } from 'esbuild';

const OUT = path.resolve('dist/bundle.js');

/** How a file of ours asks where it is. */
const LOCATION = /\bimport\.meta\.(?=(?:dirname|filename|url)\b)/g;

/**
 * Our files read others beside them: migrations, styles, terms. In the bundle, each is still told its own path,
 * relative to the bundle's.
 */
const ownPaths: Plugin = {
  name: 'own paths',
  setup({ onLoad }) {
    onLoad({ filter: /[/\\]dist[/\\].*\.js$/ }, async ({ path: file }) => {
      if (file.includes('node_modules')) return null;
      const relative = JSON.stringify(path.relative(path.dirname(OUT), file).replaceAll(path.sep, '/'));
      const source = await fs.promises.readFile(file, 'utf8');
      return { contents: source.replaceAll(LOCATION, `bundleLocation(${relative}).`), resolveDir: path.dirname(file) };
    });
  },
};

/** The source map tells of our own files only: Node reads the whole of it, at once, when the first error is logged. */
const EMPTY_MAP = Buffer.from('{"version":3,"sources":[""],"mappings":"AAAA"}').toString('base64');
const REFERENCE = `\n//# sourceMappingURL=data:application/json;base64,${EMPTY_MAP}`;

const ownSourceMaps: Plugin = {
  name: 'own source maps',
  setup({ onLoad }) {
    onLoad({ filter: /[/\\]node_modules[/\\].*\.[cm]?js$/ }, async ({ path: file }) => ({
      contents: (await fs.promises.readFile(file, 'utf8')) + REFERENCE,
      resolveDir: path.dirname(file),
    }));
  },
};

/**
 * Packages with machine code cannot be part of a bundle. They are imported from where the package that needs them does.
 */
const machineCode: Plugin = {
  name: 'machine code',
  setup({ onResolve, resolve }) {
    onResolve({ filter: /^(?:argon2|sharp)$/ }, async ({ path: name, pluginData, ...from }) => {
      if (pluginData === machineCode) return null;
      const found = await resolve(name, { ...from, pluginData: machineCode });
      return { path: path.relative(path.dirname(OUT), found.path).replaceAll(path.sep, '/'), external: true };
    });
  },
};

/** What CommonJS modules and `ownPaths` need in an ES module. */
const BANNER = `
import { createRequire as bundleRequire } from 'node:module';
import { fileURLToPath as bundlePath } from 'node:url';
const require = bundleRequire(import.meta.url);
const __filename = import.meta.filename;
const __dirname = import.meta.dirname;
const bundleLocation = (relative) => {
  const { href } = new URL(relative, import.meta.url);
  const filename = bundlePath(href);
  return { url: href, filename, dirname: filename.slice(0, filename.lastIndexOf('/')) };
};
`;

await build({
  entryPoints: ['dist/main.js'],
  outfile: OUT,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  sourcemap: 'linked',
  sourcesContent: false,
  legalComments: 'none',
  // drops comments; names stay as they are
  minifyWhitespace: true,
  lineLimit: 120,
  banner: { js: BANNER },
  plugins: [ownPaths, ownSourceMaps, machineCode],
  logLevel: 'warning',
});
// V8 keeps the whole text in memory, with two bytes per character if one of them is beyond Latin-1
if (/[^\0-\x7f]/.test(fs.readFileSync(OUT, 'utf8'))) console.warn(`${OUT} is not ASCII, and takes twice the memory.`);
