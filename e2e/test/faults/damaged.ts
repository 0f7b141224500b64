/** For each check, the SQL that damages the tables and the finding that it must lead to. */
export const DAMAGED = [
  [
    'a token minted before anybody asked',
    `update photos.oauth_token set created_at = created_at - interval '1 hour'
      where hash = (select min(hash::text)::bytea from photos.oauth_token where kind = 'at')`,
    /^(I5: a token that no|I1: a token was handed out)/,
  ],
  [
    'an open intent',
    `update am.transfer set state = 'intent', started_at = now(), closed_at = null
      where id = (select min(id) from am.transfer)`,
    /^I5: an intent/,
  ],
  [
    'a token under another key',
    `update photos.oauth_token set jkt = 'another' where hash = (select min(hash::text)::bytea from photos.oauth_token
      where kind = 'at')`,
    /^I6: tokens of photos/,
  ],
  [
    'a token without an intent',
    `delete from am.transfer t using am.host h where h.id = t.host_id and h.issuer like '%notes%'`,
    /^(I5: a token that no|I1: a token was handed out)/,
  ],
  [
    'a link that only the Host knows',
    `update am.link set state = 'ended', ended_at = now()
      where id = (select min(id) from am.link where state = 'active')`,
    /^I4: links at/,
  ],
  [
    'an end nobody was told',
    `update am.revocation set state = 'failed', confirmed_at = null where id = (select min(id) from am.revocation)`,
    /^I4: an end/,
  ],
  [
    'a grant at a Host that is nobody’s',
    `insert into photos.oauth_transfer_grant (client_id, id, bucket, grant_id, act_iss, act_sub, last_minted_at)
      select client_id, 'nobody', bucket, id, 'http://am', 'http://app', now() from photos.oauth_grant
      where ended_at is null limit 1`,
    /^I3: a grant of photos lives, and no/,
  ],
  [
    'a refresh token that descends from nothing',
    `insert into am.oauth_token (bucket, hash, kind, grant_id, expires_at, generation)
      select bucket, sha256(hash || 'family'::bytea), 'rt', grant_id, expires_at, generation + 2 from am.oauth_token
      where generation is not null and successor_key is null`,
    /^I2: two families/,
  ],
  [
    'a transfer that was completed after the end of its connection',
    `update am.transfer set state = 'minted', closed_at = now() where id = (select min(t.id) from am.transfer t
      join am.connection c on c.id = t.connection_id where c.ended_at is not null)`,
    /^I3: a token was handed out after the end/,
  ],
  [
    'a Host that goes on after an end',
    `update photos.oauth_transfer_grant set ended_at = null where grant_id is not null`,
    /^I3: a grant of photos/,
  ],
  [
    'a second family of a code',
    `insert into am.oauth_token (bucket, hash, kind, grant_id, expires_at) select bucket, sha256(hash), 'rt',
      grant_id, expires_at from am.oauth_token where kind = 'rt'`,
    /^I2: a code with two families/,
  ],
  [
    'a connection that was lost',
    `update am.oauth_grant set ended_at = now(), ended_by = 'server' where ended_at is null`,
    /^I1: Reader \d+ ended by itself/,
  ],
  [
    'a stop that was lost',
    `update am.oauth_grant set ended_at = null, ended_by = null`,
    /^I1: Reader \d+ was stopped, and lives/,
  ],
  [
    'a connection under other terms than it was offered last',
    `insert into am.timeline_entry (owner_id, kind, data) select subject, 'terms_proffered',
      jsonb_build_object('connection', id) from am.oauth_grant where terms is not null limit 1`,
    /^I10: a connection whose latest offer/,
  ],
  [
    'a token under terms that had been replaced',
    `insert into am.timeline_entry (owner_id, kind, data) select owner_id, 'terms_proffered',
      jsonb_build_object('connection', connection_id) from am.transfer where state = 'minted'; commit;
      update am.transfer set error = error where state = 'minted'`,
    /^I10: a token was handed out under terms/,
  ],
  [
    'a record that was lost',
    `update am.proffer set answer = answer || 'x' where answer is not null`,
    /^I1: a record of Reader/,
  ],
  [
    'a token under terms that nobody has agreed to',
    `update am.proffer set answer = null, decision = null, accepted = null, signer_keys = null, answered_at = null
      where jti in (select proffer_jti from am.transfer where state = 'minted')`,
    /^I10: a token under terms/,
  ],
  ['a link that was lost', `update am.link set id = id || '_'`, /^I1: \d+ links/],
] as const;
