import { defineQuery, run, runOne } from '@chatelaine/postgres';
import type { Deps } from '../deps.ts';

/** What an owner offers new apps by default. */
export interface OwnTerms {
  /** Names of documents, the preferred first. */
  readonly names: readonly string[];
  /** Only apps that have signed get tokens. */
  readonly signersOnly: boolean;
}

const READ = defineQuery<{ terms: string[]; signers_only: boolean }>({
  name: 'terms_read_own',
  text: 'select terms, signers_only from owner where id = $1',
});

/** Reads them; an owner who has never chosen terms has none. */
export async function readOwnTerms({ pool }: Pick<Deps, 'pool'>, ownerId: string): Promise<OwnTerms> {
  const row = await runOne(pool, READ, [ownerId]);
  return { names: row?.terms ?? [], signersOnly: row?.signers_only ?? false };
}

const CHANGE = defineQuery({
  name: 'terms_change_own',
  text: 'update owner set terms = $2::text[], signers_only = $3, policy_version = policy_version + 1 where id = $1',
});

/** Stores them. The policy version increases, so no transfer begins while the old value of `signersOnly` is assumed. */
export async function changeOwnTerms({ pool }: Pick<Deps, 'pool'>, ownerId: string, own: OwnTerms): Promise<void> {
  await run(pool, CHANGE, [ownerId, own.names, own.signersOnly]);
}

const REPLACE = defineQuery({
  name: 'terms_replace_in_own',
  text: `update owner set policy_version = policy_version + 1, terms = array(
      select named.name from (
        select case when t.name = any ($2) then $3 else t.name end as name, min(t.at) as at
        from unnest(terms) with ordinality as t (name, at) group by 1
      ) named order by named.at
    ) where id = $1 and terms && $2`,
});

/**
 * Replaces documents by another one, wherever the owner's current choice names them, and leaves the rest of it as it
 * is.
 */
export async function replaceInOwnTerms(
  { pool }: Pick<Deps, 'pool'>,
  { ownerId, replaced, by }: { ownerId: string; replaced: readonly string[]; by: string },
): Promise<void> {
  await run(pool, REPLACE, [ownerId, replaced, by]);
}
