import { randomId } from '@chatelaine/crypto';
import { defineQuery, run, runForRow, runOne } from '@chatelaine/postgres';
import type { Deps } from '../deps.ts';

type StoreDeps = Pick<Deps, 'pool'>;

/** How many icons may wait to be fetched; others are queued the next time they are to be shown. */
const WAITING = 200;
/**
 * How many icons all processes together fetch in a minute: clients choose the addresses, which may be somebody else's.
 */
const A_MINUTE = 60;
/** How many icons that no connection names are kept, the most recently wanted ones. */
const LOOSE = 1_000;

const WANT = defineQuery({
  name: 'icons_want',
  text: `
    insert into icon (uri, wanted_at, due_at) select $1, now(), now()
    where exists (select from icon where uri = $1)
      or (select count(*) from (select from icon where due_at is not null limit ${WAITING}) one) < ${WAITING}
    on conflict (uri) do update set wanted_at = now(),
      due_at = case when icon.due_at is null and icon.again_at <= now() then now() else icon.due_at end
      where icon.wanted_at < now() - interval '1 hour' or (icon.due_at is null and icon.again_at <= now())`,
});
const SHOWN = defineQuery<{ id: string }>({
  name: 'icons_shown',
  text: 'select id from icon where uri = $1 and id is not null',
});

/** Queues an icon to be fetched in the background, unless it was fetched recently. */
export async function wantIcon({ pool }: StoreDeps, uri: string): Promise<void> {
  await run(pool, WANT, [uri]);
}

/** The id of the icon from this URI; null if there is none yet, or none that can be shown. */
export async function shownIcon({ pool }: StoreDeps, uri: string): Promise<string | null> {
  return (await runOne(pool, SHOWN, [uri]))?.id ?? null;
}

const PICTURE = defineQuery<{ picture: Buffer }>({
  name: 'icons_picture',
  text: 'select picture from icon where id = $1',
});

/** The picture; null if there is none with this id. */
export async function readPicture({ pool }: StoreDeps, id: string): Promise<Buffer | null> {
  return (await runOne(pool, PICTURE, [id]))?.picture ?? null;
}

const CLAIM = defineQuery<{ uri: string }>({
  name: 'icons_claim',
  text: `
    update icon set tried_at = now(), due_at = now() + interval '2 minutes' where uri in (
      select uri from icon where due_at <= now() order by due_at
      limit least($1::int, greatest(0, ${A_MINUTE} -
        (select count(*)::int from icon where tried_at > now() - interval '1 minute')))
      for update skip locked
    ) returning uri`,
});

/** Claims up to this many icons that are due; no other process gets them for two minutes. */
export async function claimIcons({ pool }: StoreDeps, most: number): Promise<readonly { readonly uri: string }[]> {
  return run(pool, CLAIM, [most]);
}

const KEEP = defineQuery({
  name: 'icons_keep',
  text: `
    update icon set id = case when picture = $2 then id else $3 end, picture = $2, due_at = null,
      again_at = now() + interval '7 days'
    where uri = $1`,
});
const FAIL = defineQuery({
  name: 'icons_fail',
  text: `update icon set due_at = null, again_at = now() + interval '6 hours' where uri = $1`,
});

/** Stores a picture, under a new id if it differs from the one before. */
export async function keepIcon(
  { pool }: StoreDeps,
  { uri, picture }: { uri: string; picture: Uint8Array },
): Promise<void> {
  await run(pool, KEEP, [uri, picture, randomId('icon')]);
}

/** Records that no icon could be had; it is not fetched again for hours. */
export async function failIcon({ pool }: StoreDeps, uri: string): Promise<void> {
  await run(pool, FAIL, [uri]);
}

const REAP = defineQuery<{ n: number }>({
  name: 'icons_reap',
  text: `
    with loose as (
      select uri, wanted_at, row_number() over (order by wanted_at desc) as place from icon
      where not exists (select from connection c where c.logo_uri = icon.uri)
    ), gone as (
      delete from icon using loose where icon.uri = loose.uri
        and (loose.place > ${LOOSE} or loose.wanted_at < now() - interval '1 day')
      returning 1
    )
    select count(*)::int as n from gone`,
});

/**
 * Deletes icons that no connection names and nobody has wanted for a day, and those beyond the limit; returns how many.
 */
export async function reapIcons({ pool }: StoreDeps): Promise<number> {
  return (await runForRow(pool, REAP, [])).n;
}
