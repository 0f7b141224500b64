import { defineQuery, type Pool, run } from '@chatelaine/postgres';
import type { ServedTerms } from '../deps.ts';

const KEEP = defineQuery<{ name: string }>({
  name: 'terms_keep_documents',
  text: `with given as (
    select * from unnest($1::text[], $2::text[]) as given (name, text)
  ), kept as (
    insert into terms_document (name, text) select name, text from given on conflict (name) do nothing
  )
  select given.name from given join terms_document d on d.name = given.name and d.text <> given.text`,
});

/** Stores new documents; returns the names of those that were served with other octets before. */
export async function keepDocuments(
  pool: Pool,
  given: readonly Pick<ServedTerms, 'name' | 'octets'>[],
): Promise<string[]> {
  const rows = await run(pool, KEEP, [given.map(({ name }) => name), given.map(({ octets }) => octets.toString())]);
  return rows.map(({ name }) => name);
}

const READ = defineQuery<{ name: string; text: string }>({
  name: 'terms_read_documents',
  text: 'select name, text from terms_document where name = any ($1)',
});

/** The text of these documents, as far as they are stored. */
export function readDocuments(pool: Pool, names: readonly string[]): Promise<{ name: string; text: string }[]> {
  return run(pool, READ, [names]);
}
