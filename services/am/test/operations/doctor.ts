import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import type { Config } from '../../src/config.ts';
import { ask, chatelaine, deployment, story } from './scene.ts';

/** The doctor. */
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
        expect.stringMatching(/^1 ends have waited for their Host for more than ten minutes\./),
      );
    });

    test('stops everything when it is asked to', async () => {
      expect((await chatelaine('stop everything --yes')).text).toMatch(/nobody has access through this AM/);
      expect((await ask(story, deployment.ams[1])).status).toBe(400);
    });
  });
}
