import fs from 'node:fs/promises';
import path from 'node:path';
import {
  addHost,
  answerConsent,
  type Constellation,
  type Person,
  signUp,
  startConstellation,
} from '@chatelaine/constellation';
import { createTestDatabase, type TestDatabase } from '@chatelaine/dev-postgres';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { installPacked, type PackedFolder } from './support/packed/folder.ts';
import { startScript } from './support/packed/start.ts';

// host-kit and requester-kit as anybody gets them: packed, and installed by npm in an empty folder

const SUPPORT = path.join(import.meta.dirname, 'support');
const APP = ['tiny-host.ts', 'packed/host.ts', 'packed/requester.ts'];

let deployment: Constellation;
let robin: Person;
let folder: PackedFolder;
let database: TestDatabase;
const running: { stop(): Promise<void> }[] = [];

beforeAll(async () => {
  [folder, deployment] = await Promise.all([
    installPacked(SUPPORT, APP),
    startConstellation({ ams: 1, hosts: [], requester: false, guests: ['recipes', 'reader'], label: 'packed' }),
  ]);
  robin = deployment.person({ username: 'robin' });
  database = await createTestDatabase(deployment.postgres, {
    instances: [{ role: 'recipes' }],
    apply: async () => undefined,
  });
});

afterAll(async () => {
  await Promise.all(running.map((it) => it.stop()));
  await database?.drop();
  await deployment?.stop();
  await folder?.remove();
});

describe('the packages', () => {
  test('name every package that their files import, by a version in the registry or in their tarballs', async () => {
    const brought = new Map(folder.packages.map(({ manifest }) => [manifest.name, manifest.version]));
    for (const { dir, manifest } of folder.packages) {
      const named = { ...manifest.dependencies, ...manifest.peerDependencies };
      const missing = (await importsOf(path.join(dir, 'dist'))).filter((name) => named[name] === undefined);
      expect([manifest.name, missing]).toEqual([manifest.name, []]);
      for (const [name, range] of Object.entries(named)) {
        if (name.startsWith('@chatelaine/')) expect([name, range]).toEqual([name, brought.get(name)]);
        else expect([name, range]).toEqual([name, expect.stringMatching(/^\^?\d+\.\d+\.\d+$/)]);
      }
      expect(manifest).toMatchObject({ license: 'Apache-2.0' });
      expect(manifest).not.toHaveProperty('private');
    }
  });

  test('bring every file that their package.json points to, their licence, and the migrations', async () => {
    for (const { dir, manifest } of folder.packages) {
      const files = Object.values(manifest.exports).flatMap((conditions) => Object.values(conditions));
      for (const file of [...files, 'LICENSE', 'README.md']) await fs.access(path.join(dir, file));
    }
    const migrations = await folder.run(
      process.execPath,
      '--eval',
      'import("@chatelaine/host-kit").then(({ migrationsDir }) => console.log(fs.readdirSync(migrationsDir).join()))',
    );
    expect(migrations).toMatch(/^\d{14}_oauth/);
  });

  test('type-check in a strict project that looks into its libraries, too', async () => {
    const compilerOptions = {
      strict: true,
      noEmit: true,
      skipLibCheck: false,
      target: 'es2024',
      lib: ['es2024'],
      module: 'nodenext',
      types: ['node'],
      allowImportingTsExtensions: true,
    };
    await fs.writeFile(path.join(folder.dir, 'tsconfig.json'), JSON.stringify({ compilerOptions }));
    await expect(folder.run('tsc', '--project', '.')).resolves.toBe('');
  });
});

describe('an app with host-kit and an app with requester-kit', () => {
  const recipes = () => deployment.guest('recipes').url;
  const reader = () => deployment.guest('reader').url;

  test('start with nothing but their packages and a database', async () => {
    const env = { ISSUER: recipes(), DATABASE_URL: database.url('recipes'), AM: deployment.am.url };
    running.push(await startScript(folder.dir, 'packed/host.ts', env));
    running.push(
      await startScript(folder.dir, 'packed/requester.ts', {
        ISSUER: reader(),
        REACHABLE: `${deployment.am.url} ${recipes()}`,
      }),
    );
    const metadata = await deployment.fetch(`${recipes()}/.well-known/oauth-authorization-server`);
    expect(await metadata.json()).toMatchObject({ issuer: recipes(), chatelaine_name: 'Recipes' });
    const refused = await deployment.fetch(`${recipes()}/api/recipes`);
    expect(refused.status).toBe(401);
    expect(refused.headers.get('www-authenticate')).toContain(
      `resource_metadata="${recipes()}/.well-known/oauth-protected-resource/api"`,
    );
  });

  test('join the deployment: the owner links the one, connects the other, and it reads', async () => {
    await signUp(robin, deployment.am.url);
    await addHost(robin, { am: deployment.am, host: { url: recipes() } });
    await robin.visit(recipes());
    await robin.press('Keep', { recipe: 'Bread' });
    const recording = deployment.record();
    const started = await robin.visit(`${reader()}/connect?am=${encodeURIComponent(deployment.am.url)}`);
    recording.stop();
    expect(recording.exchanges).toContainEqual(
      expect.objectContaining({
        request: expect.objectContaining({ method: 'POST', path: '/par' }),
        response: expect.objectContaining({ status: 201 }),
      }),
    );
    await robin.visit((JSON.parse(started.html) as { redirectTo: string }).redirectTo);
    const back = await answerConsent(robin, () => 'allow');
    expect(JSON.parse(back.html)).toMatchObject({ kind: 'connected' });
    const read = await robin.visit(`${reader()}/read?resource=${encodeURIComponent(`${recipes()}/api`)}`);
    expect(JSON.parse(read.html)).toEqual({
      recipes: ['Bread'],
      readBy: { requester: 'Reader', through: deployment.am.url },
    });
  });
});

const IMPORT = /\bfrom '([^'.][^']*)';$|^import '([^'.][^']*)';$|\bimport\(["']([^"'.][^"']*)["']\)/gm;

/** The packages that the files of a folder import, without `node:` modules. */
async function importsOf(dir: string): Promise<string[]> {
  const names = new Set<string>();
  for (const file of await fs.readdir(dir, { recursive: true })) {
    if (!/\.(js|d\.ts)$/.test(file)) continue;
    const text = await fs.readFile(path.join(dir, file), 'utf8');
    for (const [, ...places] of text.matchAll(IMPORT)) {
      const name = places.find((place) => place !== undefined) ?? '';
      if (!name.startsWith('node:'))
        names.add(
          name
            .split('/')
            .slice(0, name.startsWith('@') ? 2 : 1)
            .join('/'),
        );
    }
  }
  return [...names];
}
