import { defineQuery } from '@chatelaine/postgres';

export interface EncryptionKeyRow {
  id: number;
  fingerprint: Buffer;
  retired: boolean;
}

export const LOCK = defineQuery({ name: 'keys.lock', text: `select pg_advisory_xact_lock(4823002)` });
export const FIND = defineQuery<EncryptionKeyRow>({
  name: 'keys.find',
  text: 'select id, fingerprint, retired_at is not null as retired from encryption_key order by id',
});
export const ADD = defineQuery({
  name: 'keys.add',
  text: 'insert into encryption_key (id, fingerprint) values ($1, $2)',
});
export const USE = defineQuery({ name: 'keys.use', text: 'update encryption_key set retired_at = null where id = $1' });
export const RETIRE = defineQuery({
  name: 'keys.retire',
  text: 'update encryption_key set retired_at = now() where id = $1',
});
