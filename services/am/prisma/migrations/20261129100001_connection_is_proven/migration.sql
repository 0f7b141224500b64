-- Whether the Requester authenticated by something of its own when the owner agreed: what cannot be proved is said wherever the owner decides on it later.
alter table connection add column is_proven boolean;
