-- The picture of an entry, as it was uploaded. The service checks what its first bytes say; these checks are the last line.
create table entry_picture (
  entry_id text not null,
  type text not null,
  bytes bytea not null,
  constraint entry_picture_pkey primary key (entry_id),
  constraint entry_picture_entry_id_fkey foreign key (entry_id) references entry (id) on delete cascade on update cascade,
  constraint entry_picture_type_check check (type in ('image/png', 'image/jpeg', 'image/webp', 'image/gif')),
  constraint entry_picture_bytes_check check (octet_length(bytes) between 1 and 2097152)
);
-- it is compressed already
alter table entry_picture alter column bytes set storage external;
