import { defineQuery, run, runOne } from '@chatelaine/postgres';
import type { Deps } from '../deps.ts';
import { type Beginning, type Defaults, UNCHOSEN } from './defaults.ts';

interface DefaultsRow {
  new_apps_read: Beginning;
  new_apps_write: Beginning;
  new_services: Beginning;
}

const READ = defineQuery<DefaultsRow>({
  name: 'rules_defaults',
  text: 'select new_apps_read, new_apps_write, new_services from owner where id = $1',
});

/** Reads them; an owner who has never chosen any has {@link UNCHOSEN}. */
export async function readDefaults({ pool }: Pick<Deps, 'pool'>, ownerId: string): Promise<Defaults> {
  return defaultsOf(await runOne(pool, READ, [ownerId]));
}

const defaultsOf = (row: DefaultsRow | null): Defaults =>
  row === null ? UNCHOSEN : { reading: row.new_apps_read, writing: row.new_apps_write, newServices: row.new_services };

const UNUSED = defineQuery<DefaultsRow & { unused: string[] }>({
  name: 'rules_defaults_and_unused_links',
  text: `
    select new_apps_read, new_apps_write, new_services, array(
      select l.id from link l
      where l.owner_id = o.id and l.state = 'active' and not exists (select from connection_host s
        where s.link_id = l.id)
    ) as unused
    from owner o where o.id = $1`,
});

/** The defaults, and which of the owner's links have never been shown to an app. */
export async function readBeginnings(
  { pool }: Pick<Deps, 'pool'>,
  ownerId: string,
): Promise<{ readonly defaults: Defaults; readonly unused: ReadonlySet<string> }> {
  const row = await runOne(pool, UNUSED, [ownerId]);
  return { defaults: defaultsOf(row), unused: new Set(row?.unused ?? []) };
}

const CHANGE = defineQuery({
  name: 'rules_change_defaults',
  text: 'update owner set new_apps_read = $2, new_apps_write = $3, new_services = $4 where id = $1',
});

/** Stores them. They change nothing for connected apps, so the policy version stays. */
export async function changeDefaults(
  { pool }: Pick<Deps, 'pool'>,
  ownerId: string,
  { reading, writing, newServices }: Defaults,
): Promise<void> {
  await run(pool, CHANGE, [ownerId, reading, writing, newServices]);
}
