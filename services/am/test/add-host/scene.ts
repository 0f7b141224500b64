import { startTestHost } from '../support/test-host.ts';
import { createWorld } from '../support/world.ts';

// every top-level await of this folder is here: modules that are loaded side by side and each have one hang
export const other = await startTestHost('notes');
export const world = await createWorld({ hosts: [other] });
export const person = await world.person();

export const add = (address: string) => person.browser.submit('/hosts/add', '/hosts/add', { host: address });
export const hosts = async (): Promise<string[]> =>
  (await world.pool.query<{ issuer: string }>('select issuer from host')).rows.map(({ issuer }) => issuer);

export const NEUTRAL = 'is not a service that can be linked, or could not be reached';
