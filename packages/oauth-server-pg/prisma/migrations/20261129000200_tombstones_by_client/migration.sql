-- How many ends of what was never heard of a client has left is counted when it leaves another.
create index oauth_transfer_grant_client_tombstone_idx on oauth_transfer_grant (client_id) where grant_id is null;
