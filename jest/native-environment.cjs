'use strict';

const { startFile } = require('./cost.cjs');

const ENDED = Symbol.for('chatelaine.test.ended');

/**
 * The environment that goes with native-runtime.cjs: the process as it is, and back to how it was after each test file.
 */
class NativeEnvironment {
  constructor(_config, { testPath }) {
    this.global = globalThis;
    this.fakeTimers = null;
    this.fakeTimersModern = null;
    this.console = globalThis.console;
    this.exit = process.exit;
    this.env = { ...process.env };
    this.endFile = startFile(testPath);
  }

  async setup() {}

  /** Waits that outlive their test end with it: test-kit's `eventually`. */
  handleTestEvent({ name }) {
    if (name === 'test_done' || name === 'run_finish') for (const tell of globalThis[ENDED] ?? []) tell();
  }

  async teardown() {
    this.endFile();
    globalThis.console = this.console;
    process.exit = this.exit;
    for (const name of Object.keys(process.env)) if (!(name in this.env)) delete process.env[name];
    Object.assign(process.env, this.env);
  }

  getVmContext() {
    return null;
  }

  exportConditions() {
    return ['source', 'node', 'node-addons'];
  }
}

module.exports = NativeEnvironment;
