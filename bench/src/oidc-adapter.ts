import { type Adapter, type AdapterPayload, errors } from 'oidc-provider';
import type { Pool } from 'pg';

/**
 * `example`: oidc-provider's Adapter interface as its documentation and its example adapters implement it. `strict`:
 * `consume` and the replay store throw if another request was first, which the interface allows but does not require.
 */
export type AdapterKind = 'example' | 'strict';

export const OIDC_TABLE = `
  create table oidc_model (
    model text not null,
    id text not null,
    payload jsonb not null,
    grant_id text,
    uid text,
    user_code text,
    expires_at timestamptz,
    consumed_at timestamptz,
    primary key (model, id)
  );
  create index on oidc_model (grant_id) where grant_id is not null;
  create index on oidc_model (expires_at);
`;

const FIND = `select payload, extract(epoch from consumed_at)::float8 as consumed from oidc_model
  where model = $1 and (expires_at is null or expires_at > now())`;
const UPSERT = `insert into oidc_model (model, id, payload, grant_id, uid, user_code, expires_at)
  values ($1, $2, $3, $4, $5, $6, now() + $7::float8 * interval '1 second')
  on conflict (model, id) do update set payload = excluded.payload, grant_id = excluded.grant_id, uid = excluded.uid,
    user_code = excluded.user_code, expires_at = excluded.expires_at`;

interface Row {
  payload: AdapterPayload;
  consumed: number | null;
}

/** One table for all models, and one prepared statement for each call. */
export function createAdapter(pool: Pool, input: { model: string; kind: AdapterKind }): Adapter {
  const { model, kind } = input;
  const findBy = async (column: 'id' | 'uid' | 'user_code', value: string): Promise<AdapterPayload | undefined> => {
    const text = `${FIND} and ${column} = $2`;
    const { rows } = await pool.query<Row>({ name: `oidc_find_by_${column}`, text, values: [model, value] });
    const [row] = rows;
    if (row === undefined) return undefined;
    return row.consumed === null ? row.payload : { ...row.payload, consumed: row.consumed };
  };
  return {
    find: (id) => findBy('id', id),
    findByUid: (uid) => findBy('uid', uid),
    findByUserCode: (userCode) => findBy('user_code', userCode),
    async upsert(id, payload, expiresIn) {
      const { grantId = null, uid = null, userCode = null } = payload;
      const values = [model, id, payload, grantId, uid, userCode, expiresIn ?? null];
      const once = kind === 'strict' && model === 'ReplayDetection';
      const text = once ? `${UPSERT} where oidc_model.expires_at <= now()` : UPSERT;
      const { rowCount } = await pool.query({ name: once ? 'oidc_insert_once' : 'oidc_upsert', text, values });
      if (once && rowCount === 0) throw new errors.InvalidRequest('replayed');
    },
    async consume(id) {
      const unless = kind === 'strict' ? 'and consumed_at is null' : '';
      const text = `update oidc_model set consumed_at = now() where model = $1 and id = $2 ${unless}`;
      const { rowCount } = await pool.query({ name: 'oidc_consume', text, values: [model, id] });
      if (kind === 'strict' && rowCount === 0) throw new errors.InvalidGrant('already consumed');
    },
    async destroy(id) {
      const text = 'delete from oidc_model where model = $1 and id = $2';
      await pool.query({ name: 'oidc_destroy', text, values: [model, id] });
    },
    async revokeByGrantId(grantId) {
      const text = 'delete from oidc_model where model = $1 and grant_id = $2';
      await pool.query({ name: 'oidc_revoke', text, values: [model, grantId] });
    },
  };
}
