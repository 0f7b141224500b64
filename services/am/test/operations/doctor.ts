import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { runCli } from '@chatelaine/service-kit';
import { commands } from '../../src/cli/commands.ts';
import { findRunningDemo } from '../../src/cli/running-demo.ts';
import { type Config, namesAnAm, readConfig } from '../../src/config.ts';
import { ask, chatelaine, deployment, story } from './scene.ts';

/** The `doctor` command. */
export function doctor(): void {
  describe('chatelaine doctor', () => {
    const problems = async (config: Partial<Config> = {}) =>
      (await chatelaine('doctor', config)).lines
        .filter((line) => line.startsWith('  WRONG'))
        .map((line) => line.slice(8));

    test('finds nothing wrong here, but that a Postgres for tests does not wait for its disk', async () => {
      expect(await problems()).toEqual([
        expect.stringMatching(/^Postgres says that it has committed what is not on disk/),
      ]);
    });

    test.each<[string, () => Partial<Config>, RegExp]>([
      ['a wrong ENCRYPTION_KEY', () => ({ encryptionKey: randomBytes(32) }), /^ENCRYPTION_KEY is not the key/],
      [
        'a database that is not there',
        () => ({ databaseUrl: 'postgresql://am@127.0.0.1:1/x' }),
        /^The database cannot be used/,
      ],
      ['a role that is a superuser', () => ({ databaseUrl: deployment.embedded.url('postgres') }), /is a superuser/],
      [
        'an issuer that nobody answers at',
        () => ({ issuer: 'http://am.localhost:1' as Config['issuer'] }),
        /^The AM is not reachable/,
      ],
      [
        'an issuer at which another answers',
        () => ({ issuer: deployment.issuer.replace('am.localhost', '127.0.0.1') as Config['issuer'] }),
        /^At \S+ somebody answers who says to be "http:\/\/am\.localhost/,
      ],
      [
        'an exception without TLS',
        () => ({ demo: false, exceptions: [{ host: 'h.example', port: 80, scheme: 'http', cidr: '10.1.0.0/16' }] }),
        /without TLS/,
      ],
      [
        'an exception for most of the network',
        () => ({ exceptions: [{ host: 'h.example', port: 443, scheme: 'https', cidr: '0.0.0.0/0' }] }),
        /that is most of the network/,
      ],
    ])('finds %s', async (_what, config, says) => {
      expect(await problems(config())).toEqual(expect.arrayContaining([expect.stringMatching(says)]));
    });

    describe('without settings', () => {
      const checkout = (): string => {
        const folder = mkdtempSync(path.join(tmpdir(), 'checkout-'));
        writeFileSync(path.join(folder, 'pnpm-workspace.yaml'), '');
        mkdirSync(path.join(folder, '.run'));
        mkdirSync(path.join(folder, 'services', 'am'), { recursive: true });
        return folder;
      };
      const running = (folder: string, file: unknown) =>
        writeFileSync(path.join(folder, '.run', 'am.json'), typeof file === 'string' ? file : JSON.stringify(file));
      const env = () => ({
        ISSUER: deployment.issuer,
        DATABASE_URL: deployment.config.databaseUrl,
        ENCRYPTION_KEY: Buffer.from(deployment.config.encryptionKey).toString('base64url'),
        PORT: '4800',
        DEMO: 'true',
      });
      const examined = async (folder: string): Promise<{ code: number; lines: string[] }> => {
        const lines: string[] = [];
        const take = (line: string) => void lines.push(line);
        const words = commands(() => readConfig({}), { demo: () => findRunningDemo(folder) });
        const code = await runCli(
          { name: 'chatelaine', argv: ['doctor'], commands: words },
          { out: take, problem: take },
        );
        return { code, lines };
      };

      test('examines the demo that runs of the checkout, from any folder of it, and says so', async () => {
        const folder = checkout();
        try {
          running(folder, { pid: process.pid, env: env() });
          const { code, lines } = await examined(path.join(folder, 'services', 'am'));
          expect(lines[0]).toBe(
            `Examined: ${deployment.issuer}, the demo that npm start runs in ${folder} (process ${process.pid}).`,
          );
          expect(code).toBe(1);
          expect(lines.filter((line) => line.startsWith('  WRONG'))).toEqual([
            expect.stringContaining('Postgres says that it has committed what is not on disk'),
          ]);
          expect(lines.join('\n')).not.toContain(env().ENCRYPTION_KEY);
        } finally {
          rmSync(folder, { recursive: true });
        }
      });

      test.each<[string, unknown]>([
        ['nothing runs', null],
        ['what ran was killed', { pid: 4_194_304, env: {} }],
        ['the file is half of one', '{"pid":'],
        ['the file is of another kind', { pid: 'x', env: [] }],
      ])('says which settings it needs where %s', async (_what, file) => {
        const folder = checkout();
        try {
          if (file !== null) running(folder, file);
          const { code, lines } = await examined(folder);
          expect([code, lines.join('\n')]).toEqual([78, expect.stringContaining('DATABASE_URL')]);
        } finally {
          rmSync(folder, { recursive: true });
        }
      });

      test('of an environment that names an AM it examines that one, whatever runs', async () => {
        expect([{}, { ISSUER: '' }, { PORT: '1' }].map(namesAnAm)).toEqual([false, false, false]);
        expect([{ ISSUER: 'x' }, { DATABASE_URL: 'x' }, { ENCRYPTION_KEY: 'x' }].map(namesAnAm)).toEqual([
          true,
          true,
          true,
        ]);
        expect((await chatelaine('doctor')).lines[0]).toBe(
          `Examined: ${deployment.issuer}, by the settings in the environment.`,
        );
      });
    });

    test('finds ends that wait for their Host for long', async () => {
      deployment.host.script = { revoke: () => ({ status: 503, json: {} }) };
      await deployment.rows(
        `insert into revocation (id, owner_id, link_id, host_id, created_at, grant_id)
         select 'rev_old', owner_id, id, host_id, now() - interval '1 hour', 'g' from link where id = $1`,
        [story.linkId],
      );
      const found = await problems();
      await deployment.rows(`delete from revocation where id = 'rev_old'`);
      deployment.host.reset();
      expect(found).toContainEqual(
        expect.stringMatching(/^1 revocations have waited for their Host for more than ten minutes\./),
      );
    });

    test('stops everything when it is asked to', async () => {
      expect((await chatelaine('stop everything --yes')).text).toMatch(/nobody has access through this AM/);
      expect((await ask(story, deployment.ams[1])).status).toBe(400);
    });
  });
}
