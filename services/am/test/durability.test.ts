import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startEmbedded } from '@chatelaine/dev-postgres';
import { createWorld, eventually, makeConnection, makeLink, type World } from './support/world.ts';

let world: World;

beforeAll(async () => {
  world = await createWorld({ postgres: await startEmbedded() });
});
afterAll(() => world.close());

describe('a crash of Postgres right after the answer', () => {
  test('what was stopped stays stopped, and its Host is told; until then 503, without a restart', async () => {
    const person = await world.person();
    const linkId = await makeLink(world, person);
    const { id, grantIds } = await makeConnection(world, person, [linkId]);
    world.host.behaviour.revoke = () => ({ status: 503 });
    expect((await person.browser.submit('/apps', `/apps/${id}/stop`)).status).toBe(303);
    await eventually(
      async () => (await world.pool.query('select 1 from revocation where attempts > 0')).rowCount === 1,
    );
    await world.embedded.crash();
    expect((await person.browser.get('/apps')).status).toBe(503);
    await world.embedded.restart();
    world.host.behaviour = {};
    const before = world.host.calls.length;
    await eventually(async () => (await person.browser.get('/apps')).status === 200);
    expect((await person.browser.get('/apps')).words).not.toContain('Stop Reader');
    // PROTOCOL §7: within a minute, even if the process died with the job
    await eventually(async () => world.host.calls.slice(before).some(({ form }) => form.get('token') === grantIds[0]));
    await eventually(async () => (await person.browser.get('/apps')).words.includes('Photos confirmed'));
  });
});
