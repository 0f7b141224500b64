import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

/** The shell without a window first: the same engine for half the processor time. */
const CHROMIUM_NAMES = ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome'];
const ENGINE_ANSWERS_WITHIN_MS = 10_000;

/** The path of a Chromium on this machine: CHROMIUM, or the first known name on the PATH. */
export function chromium(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(path.delimiter).filter((folder) => folder !== '');
  const named = process.env['CHROMIUM'];
  const candidates = named
    ? [named]
    : CHROMIUM_NAMES.flatMap((name) => folders.map((folder) => path.join(folder, name)));
  return candidates.find((candidate) => isExecutable(candidate));
}

/** Whether a Docker engine answers; the client alone is not enough. */
export function containerEngineAnswers(): boolean {
  const version = spawnSync('docker', ['version', '--format', '{{.Server.Version}}'], {
    encoding: 'utf8',
    timeout: ENGINE_ANSWERS_WITHIN_MS,
  });
  return version.status === 0 && version.stdout.trim() !== '';
}

function isExecutable(file: string): boolean {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
