import fs from 'node:fs/promises';
import path from 'node:path';
import { ConfigError } from '@chatelaine/service-kit';
import { readDefinition } from './read-definition.ts';
import type { Service } from './service.ts';

/** The folder of definitions that ship with the bridge. */
export const SHIPPED_DEFINITIONS: string = path.join(import.meta.dirname, '..', '..', 'services');

/**
 * Reads every `*.yaml` of the folders, in the order of their names; a file replaces one of the same name from an
 * earlier folder.
 *
 * @throws ConfigError with a sentence for every problem, each with file and line
 */
export async function loadDefinitions(folders: readonly string[]): Promise<readonly Service[]> {
  const services = new Map<string, Service>();
  const problems: string[] = [];
  for (const folder of folders) {
    for (const name of (await fs.readdir(folder)).filter((file) => file.endsWith('.yaml')).toSorted()) {
      const file = path.join(folder, name);
      const read = readDefinition(file, await fs.readFile(file, 'utf8'));
      if (read.kind === 'wrong') problems.push(...read.problems);
      else services.set(read.service.id, read.service);
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return [...services.values()].toSorted((one, other) => one.title.localeCompare(other.title, 'en'));
}
