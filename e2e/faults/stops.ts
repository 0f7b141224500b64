import { answerOffer } from './agreements.ts';
import { type Held, obtainCode, redeem, stop } from './connect.ts';
import { now } from './history.ts';
import type { World } from './world.ts';

/** Concurrent transfers of one connection, over all processes of the AM. */
const AT_ONCE = 100;
const SCOPE = 'entries.read';

/**
 * Connections that are stopped during many of their transfers; the checks (I3) compare when each token was handed out.
 */
export async function raceStops(
  world: World,
  { stops, until, tell }: { stops: number; until: number; tell: (line: string) => void },
): Promise<void> {
  for (let round = 1; round <= stops && now() < until; round++) {
    const owner = world.random.pick(world.owners);
    const coded = await obtainCode(world, owner);
    const held = coded === null ? null : await redeem(world, coded);
    if (held !== null) {
      await answerOffer(world, held, 'accepted');
      await raceStop(world, owner, held);
    }
    if (round % 20 === 0) tell(`${round} stops raced`);
  }
}

async function raceStop(world: World, owner: World['owners'][number], held: Held): Promise<void> {
  const { connection, client } = held;
  const { resource } = world.random.pick(world.deployment.hosts);
  const some = 1 + world.random.below(AT_ONCE / 2);
  const reached = Promise.withResolvers<void>();
  let answered = 0;
  const transfers = Array.from({ length: AT_ONCE }, async () => {
    const seen = await client.transfer({ accessToken: connection.token, resource, scope: SCOPE });
    world.history.transfers.push({ ...seen, connection, resource });
    if (++answered === some) reached.resolve();
  });
  await reached.promise;
  if ((await stop(world, owner, held)) === 'ok') world.history.racedStops.push(connection);
  await Promise.all(transfers);
}
