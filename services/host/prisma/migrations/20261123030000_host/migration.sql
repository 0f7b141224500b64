-- What a person keeps here. The owner is an account of the chassis.
create table entry (
  id text not null,
  owner text not null,
  text text not null,
  date date not null,
  created_at timestamptz(6) not null default current_timestamp,
  constraint entry_pkey primary key (id),
  constraint entry_text_check check (char_length(text) between 1 and 2000)
);
create index entry_owner_date_id_idx on entry (owner, date desc, id);
