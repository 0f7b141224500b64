import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseJson } from '@chatelaine/protocol';
import { z } from 'zod';

/** A running `npm start` of a checkout. */
export interface RunningDemo {
  /** The checkout's folder. */
  readonly checkout: string;
  /** The id of the `npm start` process. */
  readonly pid: number;
  /** The AM's environment there. */
  readonly env: Readonly<Record<string, string>>;
}

/** Written by `npm start`, and present as long as it runs (scripts/start). */
const FILE = path.join('.run', 'am.json');
const fileSchema = z.object({ pid: z.number().int().positive(), env: z.record(z.string(), z.string()) });

/**
 * The demo that runs in the checkout that contains this folder; null if there is no checkout, or nothing runs in it.
 */
export function findRunningDemo(folder: string): RunningDemo | null {
  const checkout = checkoutOf(folder);
  if (checkout === null) return null;
  const file = path.join(checkout, FILE);
  if (!existsSync(file)) return null;
  const read = parseJson(readFileSync(file));
  const known = fileSchema.safeParse(read.kind === 'json' ? read.value : null);
  // a process that was killed leaves the file behind
  return known.success && isRunning(known.data.pid) ? { checkout, ...known.data } : null;
}

function checkoutOf(folder: string): string | null {
  if (existsSync(path.join(folder, 'pnpm-workspace.yaml'))) return folder;
  const above = path.dirname(folder);
  return above === folder ? null : checkoutOf(above);
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // it runs, as another user
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
