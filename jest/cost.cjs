'use strict';

// What test files cost in processor time, for `pnpm test:cost`; Linux only. Nothing of it is done in other runs.

const fs = require('node:fs');

const FILE = process.env.TEST_COST;
const SPENT = Symbol.for('chatelaine.test.spent');
/** Of utime and stime in /proc/<pid>/stat: USER_HZ is 100 on all that Node runs on. */
const TICKS_A_SECOND = 100;

/**
 * Processor time of this process and all below it, in seconds: those that run, and those that have ended and were
 * waited for.
 */
function treeSeconds() {
  const children = new Map();
  const ticks = new Map();
  for (const pid of fs.readdirSync('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const stat = readStat(pid);
    if (stat === null) continue;
    const [parent, spent] = stat;
    ticks.set(pid, spent);
    children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const sum = (pid) =>
    (ticks.get(pid) ?? 0) + (children.get(pid) ?? []).reduce((total, child) => total + sum(child), 0);
  return sum(String(process.pid)) / TICKS_A_SECOND;
}

function readStat(pid) {
  try {
    const text = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return [fields[1], fields.slice(11, 15).reduce((total, field) => total + Number(field), 0)];
  } catch {
    return null; // it has just ended
  }
}

/** Does work, and notes what it cost under a name: test-kit's `spend` is this. */
async function spend(what, work) {
  if (FILE === undefined) return work();
  const before = treeSeconds();
  try {
    return await work();
  } finally {
    const spent = (globalThis[SPENT] ??= new Map());
    spent.set(what, (spent.get(what) ?? 0) + treeSeconds() - before);
  }
}

/** Begins a test file; the function returned ends it and writes down what it cost. */
function startFile(file) {
  if (FILE === undefined) return () => undefined;
  globalThis[SPENT] = new Map();
  const before = treeSeconds();
  return () => {
    const parts = Object.fromEntries(globalThis[SPENT]);
    fs.appendFileSync(FILE, `${JSON.stringify({ file, seconds: treeSeconds() - before, parts })}\n`);
  };
}

globalThis[Symbol.for('chatelaine.test.spend')] = spend;

module.exports = { spend, startFile };
