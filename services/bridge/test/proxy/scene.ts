import { misbehaviour, startWorld } from '../support/world.ts';

export const serviceBehaviour = misbehaviour();

// every top-level await of this folder is here: modules that are loaded side by side and each have one hang
export const world = await startWorld({
  oauth2: { chirp: { misbehave: serviceBehaviour.misbehave } },
  env: { ANSWER_MEGABYTES: '2', ANSWER_SECONDS: '60' },
});
export const { am, bridge } = world;
export const { chirp } = world.oauth2;
export const { link, tokens } = await world.person('proxied', ['chirp']);
export const token = tokens.chirp;

/** Sends one request while the service does something else. */
export async function callWhile(does: NonNullable<typeof serviceBehaviour.does>, path = '/api/chirp/entries') {
  serviceBehaviour.does = does;
  try {
    return await am.call(bridge, token, { path });
  } finally {
    serviceBehaviour.does = null;
  }
}
export const called = (): number => chirp.calls.length;
