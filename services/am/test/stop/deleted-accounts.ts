import { describe, expect, it } from '@jest/globals';
import { eventually } from '@chatelaine/test-kit';
import type { Story } from '../support/deployment.ts';
import { gate } from '../support/scripted-host.ts';
import { whileLocked, waitingBackends } from '../support/locks.ts';
import { ANSWERS, ask, deployment } from './scene.ts';

const remove = async ({ owner }: Story) => {
  const [account] = await deployment.rows<{ username: string }>('select username from account where id = $1', [
    owner.id,
  ]);
  return owner.browser.submit('/account/delete', '/account/delete', { confirmation: account?.username ?? '' });
};

/** The tables of the AM that hold data of this owner. */
async function tablesWith(ownerId: string): Promise<string[]> {
  const tables = await deployment.rows<{ name: string }>(
    `select distinct c.table_name as name from information_schema.columns c
      join information_schema.tables t using (table_schema, table_name)
     where c.table_schema = current_schema() and c.column_name = 'owner_id' and t.table_type = 'BASE TABLE'
       and not exists (
       select from pg_inherits i where i.inhrelid = format('%I.%I', c.table_schema, c.table_name)::regclass)
     order by 1`,
  );
  const kept: string[] = [];
  for (const { name } of tables) {
    const rows = await deployment.rows(`select 1 from "${name}" where owner_id = $1 limit 1`, [ownerId]);
    if (rows.length > 0) kept.push(name);
  }
  const owners = await deployment.rows('select 1 from owner where id = $1', [ownerId]);
  return owners.length > 0 ? [...kept, 'owner'] : kept;
}

/** Holds the time before which everything begun is void; kept for a day, when the owner no longer exists. */
const NOTES = ['stop_epoch'];

const isErased = ({ owner }: Story) =>
  eventually(() => tablesWith(owner.id), { until: (kept) => kept.every((name) => NOTES.includes(name)) });

const callHostAndAm = ({ owner, connection }: Story) =>
  owner.browser.submit(`/apps/${connection.id}`, `/apps/${connection.id}/name`, { name: 'Holiday planner' });

/** An account is deleted: Hosts are told first, and only what that takes is kept. */
export function deletedAccounts(): void {
  describe('an account that is deleted', () => {
    it('ends everything, its Host is told, and nothing of it is left', async () => {
      const by = await deployment.story(ANSWERS);
      await callHostAndAm(by);
      expect((await ask(by)).status).toBe(200);
      expect((await ask(by, { scope: 'photos.write' })).status).toBe(400);
      const answer = await remove(by);
      expect(answer.status).toBe(303);
      expect((await ask(by)).status).toBeGreaterThanOrEqual(400);
      await isErased(by);
      expect(deployment.host.revoked.length).toBeGreaterThan(0);
      expect((await by.owner.browser.get(String(answer.headers['location']))).words).toContain('Nothing of it is left');
    });

    it('keeps what its Host has yet to be told, and only that, until the Host knows', async () => {
      const by = await deployment.story(ANSWERS);
      await callHostAndAm(by);
      expect((await ask(by)).status).toBe(200);
      deployment.host.script.revoke = async () => ({ status: 503, json: {} });
      const { location = '' } = (await remove(by)).headers;
      await eventually(async () => {
        const kept = await tablesWith(by.owner.id);
        return kept.join() === 'link,revocation,revocation_due,stop_epoch,owner' && kept;
      });
      expect((await by.owner.browser.get(location)).words).toMatch(/is being deleted.*have yet to confirm/);
      deployment.host.reset();
      await isErased(by);
    });

    it('leaves nothing of a confirmation that comes while it is being deleted', async () => {
      const by = await deployment.story(ANSWERS);
      expect((await ask(by)).status).toBe(200);
      const paused = gate();
      deployment.host.script.revoke = async () => {
        await paused.opened;
        return { status: 200, json: {} };
      };
      let removing: Promise<unknown> = Promise.resolve();
      await whileLocked(
        deployment,
        `select 1 from connection where owner_id = '${by.owner.id}' for key share`,
        async () => {
          removing = remove(by);
          // the history is deleted by now, and the connection is about to be
          await waitingBackends(deployment);
          paused.open();
          await eventually(
            () => deployment.rows(`select 1 from revocation where owner_id = $1 and state = 'pending'`, [by.owner.id]),
            {
              until: (pending) => pending.length === 0,
            },
          );
        },
      );
      await removing;
      await isErased(by);
    });

    it('takes nothing of anybody else', async () => {
      const [by, other] = [await deployment.story(ANSWERS), await deployment.story(ANSWERS)];
      const before = await tablesWith(other.owner.id);
      await remove(by);
      await eventually(async () => !(await tablesWith(by.owner.id)).includes('owner'));
      expect(await tablesWith(other.owner.id)).toEqual(before);
      expect((await ask(other)).status).toBe(200);
    });
  });
}
