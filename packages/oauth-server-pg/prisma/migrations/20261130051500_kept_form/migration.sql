-- What a browser had filled in when it had to leave the page (to sign in, to add a service): it finds it there when it comes back.
alter table oauth_request add column form text;
