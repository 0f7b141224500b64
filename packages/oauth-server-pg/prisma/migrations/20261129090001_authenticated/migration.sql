-- Whether the client authenticated when it asked for the grant or first used it: from then on it never comes with less, whatever its document says later.
alter table oauth_request add column authenticated boolean not null default false;
alter table oauth_grant add column authenticated boolean not null default false;
