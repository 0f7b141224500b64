import { OAuthError } from '@chatelaine/protocol';
import type { ServerDeps } from '../deps.ts';
import { Guards, refuseReplay } from './guards.ts';

/**
 * Runs one request with its replay guards. What the request's own steps did not burn is burned before the answer: a proof that came
 * with a refused request is as spent as any other, and a replayed one is refused as replayed.
 */
export async function withGuards<T>(
  deps: Pick<ServerDeps, 'storage'>,
  serve: (guards: Guards) => Promise<T>,
): Promise<T> {
  const guards = new Guards();
  try {
    const answer = await serve(guards);
    await burnRest(deps, guards);
    return answer;
  } catch (error) {
    // an overloaded or broken server must answer as such, not fail again on the same database
    if (error instanceof OAuthError && error.status < 500) await burnRest(deps, guards);
    throw error;
  }
}

async function burnRest(deps: Pick<ServerDeps, 'storage'>, guards: Guards): Promise<void> {
  const rest = guards.take();
  if (rest.length === 0) return;
  const burned = await deps.storage.burn(rest);
  if (burned.kind === 'replayed') refuseReplay(burned);
}
