import { defineQuery } from '@chatelaine/postgres';

export const FIND = defineQuery<{ sealed: Buffer }>({
  name: 'kept_secret.find',
  text: 'select sealed from kept_secret where name = $1',
});
export const LOCK = defineQuery<{ sealed: Buffer }>({
  name: 'kept_secret.lock',
  text: 'select sealed from kept_secret where name = $1 for update',
});
export const INSERT = defineQuery({
  name: 'kept_secret.insert',
  text: 'insert into kept_secret (name, sealed) values ($1, $2) on conflict do nothing',
});
export const UPDATE = defineQuery({
  name: 'kept_secret.update',
  text: 'update kept_secret set sealed = $2 where name = $1',
});
export const REPLACE = defineQuery({
  name: 'kept_secret.replace',
  text: `insert into kept_secret (name, sealed) values ($1, $2)
    on conflict (name) do update set sealed = excluded.sealed`,
});
