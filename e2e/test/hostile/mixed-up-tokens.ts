import { beforeAll, describe, expect, test } from '@jest/globals';
import { createDpopProof } from '@chatelaine/crypto';
import { keptBy, type Reader, type World } from './world.ts';
import { createRandom } from '../../faults/random.ts';
import type { Person } from '@chatelaine/constellation';

const SEED = 8;
const ROUNDS = 72;
const AT_ONCE = 12;

interface Pair {
  readonly owner: Person;
  readonly reader: Reader;
}

/** Many owners, Requesters and Hosts at once: nobody gets what belongs to another. */
export function mixedUpTokens(worldOf: () => World): void {
  let world: World;
  const pairs: Pair[] = [];
  beforeAll(async () => {
    world = worldOf();
    for (const owner of world.owners) {
      for (const name of ['First', 'Second']) {
        pairs.push({ owner, reader: await world.connect(owner, { name: `${name} of ${owner.username}` }) });
      }
    }
  });

  describe('tokens of several owners, Requesters and Hosts', () => {
    test('obtained all at once fit only their own owner, Requester, Host, scope and key', async () => {
      const random = createRandom(SEED);
      const { hosts } = world.deployment;
      const jobs = Array.from({ length: ROUNDS }, () => ({ ...random.pick(pairs), host: random.pick(hosts) }));
      const mixed: unknown[] = [];
      const one = async ({ owner, reader, host }: (typeof jobs)[number]) => {
        const { client, accessToken } = reader;
        const seen = await client.transfer({ accessToken, resource: host.resource, scope: 'entries.read' });
        if (seen.outcome.kind !== 'ok') return void mixed.push(seen.outcome);
        const { access_token: token, ...rest } = seen.outcome.json;
        const read = await client.call({ accessToken: String(token), url: `${host.resource}/entries` });
        const text = JSON.stringify(read.outcome);
        const right =
          rest['iss'] === host.url &&
          rest['resource'] === host.resource &&
          rest['scope'] === 'entries.read' &&
          (rest['cnf'] as { jkt?: unknown }).jkt === client.key.kid &&
          text.includes(keptBy(owner, host)) &&
          !world.owners.some((other) => other !== owner && text.includes(`kept by ${other.username}`));
        if (!right) mixed.push({ owner: owner.username, host: host.name, rest, text });
      };
      for (let next = 0; next < jobs.length; next += AT_ONCE)
        await Promise.all(jobs.slice(next, next + AT_ONCE).map(one));
      expect(mixed).toEqual([]);
    });

    test('open nothing at another Host, nor with another Requester’s key', async () => {
      const [mine, other] = pairs;
      if (mine === undefined || other === undefined) throw new Error('Nobody is connected.');
      const [photos, notes] = [world.deployment.host('photos'), world.deployment.host('notes')];
      const { json } = await mine.reader.transfer(photos.resource);
      const accessToken = String(json['access_token']);
      const outcomes = [
        await mine.reader.client.call({ accessToken, url: `${photos.resource}/entries` }),
        await mine.reader.client.call({ accessToken, url: `${notes.resource}/entries` }),
        await other.reader.client.call({ accessToken, url: `${photos.resource}/entries` }),
      ].map(({ outcome }) => (outcome.kind === 'refused' ? outcome.status : outcome.kind));
      expect(outcomes).toEqual(['ok', 401, 401]);
    });

    test('of a connection are not to be had with it by another Requester, of the same owner or another', async () => {
      const [mine, ...others] = pairs;
      const { resource } = world.deployment.host('photos');
      for (const { reader } of others) {
        const { outcome } = await reader.client.transfer({
          accessToken: mine?.reader.accessToken ?? '',
          resource,
          scope: 'entries.read',
        });
        expect(outcome).toEqual({ kind: 'refused', status: 400, error: 'invalid_request' });
      }
      expect((await mine?.reader.transfer(resource))?.status).toBe(200);
    });

    test('a proof made for the AM is worth nothing at a Host, and the other way round', async () => {
      const [mine] = pairs;
      const photos = world.deployment.host('photos');
      const clock = { now: () => Date.now() / 1_000 };
      const { json } = await (mine as Pair).reader.transfer(photos.resource);
      const accessToken = String(json['access_token']);
      const dpop = await createDpopProof({
        key: (mine as Pair).reader.client.key,
        htm: 'GET',
        htu: `${world.deployment.am.url}/api/entries`,
        accessToken,
        clock,
      });
      const headers = { authorization: `DPoP ${accessToken}`, dpop };
      expect((await world.deployment.fetch(`${photos.resource}/entries`, { headers })).status).toBe(401);
    });
  });

  describe('the database', () => {
    test('lets no service look into another’s tables', async () => {
      const { database, services } = world.deployment;
      const roles = services.map(({ name }) => name);
      for (const role of roles) {
        await expect(database.query(role, `select count(*) from "${role}".session`)).resolves.toHaveLength(1);
        for (const other of roles.filter((name) => name !== role)) {
          await expect(database.query(role, `select * from "${other}".session`)).rejects.toThrow(/permission denied/);
          await expect(database.query(role, `delete from "${other}".account`)).rejects.toThrow(/permission denied/);
        }
        await expect(database.query(role, 'create table public.mine (a int)')).rejects.toThrow(/permission denied/);
      }
    });
  });
}
