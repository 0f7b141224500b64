-- Where the Requester got its code: what tells it apart, when it has no document of its own, wherever the owner decides on it later.
alter table connection add column redirect_uri text;
