import fs from 'node:fs';
import path from 'node:path';

export const root = path.join(import.meta.dirname, '..');

export interface WorkspacePackage {
  readonly name: string;
  /** Relative to the root, with slashes: `packages/protocol`. */
  readonly folder: string;
  readonly scripts: Readonly<Record<string, string>>;
  /** Names of its run-time dependencies, our packages and others. */
  readonly dependencies: readonly string[];
}

/** The packages of this workspace, in the order of their folders. */
export function workspacePackages(): WorkspacePackage[] {
  const manifests = fs.globSync(
    ['packages/*/package.json', 'services/*/package.json', 'e2e/package.json', 'scripts/package.json'],
    {
      cwd: root,
    },
  );
  return manifests.toSorted().map((manifest) => {
    const { name, scripts, dependencies } = JSON.parse(fs.readFileSync(path.join(root, manifest), 'utf8')) as {
      name: string;
      scripts?: Record<string, string>;
      dependencies?: Record<string, string>;
    };
    return {
      name,
      folder: path.dirname(manifest).replaceAll(path.sep, '/'),
      scripts: scripts ?? {},
      dependencies: Object.keys(dependencies ?? {}),
    };
  });
}
