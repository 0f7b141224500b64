'use strict';

const { pathToFileURL } = require('node:url');
const { spend } = require('./cost.cjs');

const GLOBALS = Symbol.for('chatelaine.jest.globals');
const CIRCUS_HANDLERS = Symbol.for('EVENT_HANDLERS');

/**
 * Jest's module loader (`runtime` of its configuration) in terms of Node's. The usual one gives each test file a realm
 * and all modules anew, and that was half of what a run cost: Fastify, Prisma and the services were read, compiled and
 * started for each of a hundred files. Here the test files of one worker share their modules, as they would in Node.
 * What Jest keeps of a test file (its tests, hooks, `expect`) is new for each all the same.
 */
class NativeRuntime {
  /** Jest's own parts. Its collection of tests is evaluated anew for each test file: it holds the state of one. */
  requireInternalModule(file) {
    delete globalThis[CIRCUS_HANDLERS];
    delete require.cache[file];
    return require(file);
  }

  setGlobalsForRuntime(globals) {
    globalThis[GLOBALS] = globals;
  }

  unstable_shouldLoadAsEsm() {
    return true;
  }

  async unstable_importModule(file) {
    await spend('modules', () => import(pathToFileURL(file).href));
  }

  requireModule(file) {
    return require(file);
  }

  /** Node maps stacks itself: `--enable-source-maps`. */
  getSourceMaps() {
    return new Map();
  }

  enterTestCode() {}

  leaveTestCode() {}

  getAllCoverageInfoCopy() {
    return undefined;
  }

  teardown() {
    delete globalThis[GLOBALS];
  }
}

module.exports = NativeRuntime;
module.exports.default = NativeRuntime;
module.exports.__esModule = true;
