import { startTestHost } from '../support/test-host.ts';
import { createWorld, eventually, type Person } from '../support/world.ts';

// every top-level await of this folder is here: modules that are loaded side by side and each have one hang
export const hostile = await Promise.all(Array.from({ length: 5 }, (_, n) => startTestHost(`hostile${n}`)));
export const world = await createWorld({ hosts: hostile });
export const person = await world.person();
export const stranger = await world.person();

export const revocations = async (
  linkId: string,
): Promise<{ state: string; attempts: number; last_error: string | null; grant_id: string | null }[]> =>
  (
    await world.pool.query(
      'select state, attempts, last_error, grant_id from revocation where link_id = $1 order by id',
      [linkId],
    )
  ).rows;
export const settled = (linkId: string) =>
  eventually(async () => {
    const rows = await revocations(linkId);
    return rows.length > 0 && rows.every(({ state }) => state === 'confirmed') ? rows : null;
  });
export const live = async (id: string): Promise<boolean> =>
  (await world.pool.query('select 1 from oauth_grant where id = $1 and ended_at is null', [id])).rowCount === 1;
export const stop = (who: Person, id: string) => who.browser.submit('/apps', `/apps/${id}/stop`);
