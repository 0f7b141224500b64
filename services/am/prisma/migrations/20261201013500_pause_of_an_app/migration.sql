-- A connection that is made while its app is paused is paused as long as the others. Triggers fire in the order of their names: this one after
-- grant_was_not_stopped_before, which has locked the owner's row. So a pause that holds that row is over, and seen, when this one reads.
CREATE FUNCTION on_grant_of_paused_app() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.paused_until := greatest(NEW.paused_until, (SELECT max(g.paused_until) FROM oauth_grant g
    WHERE g.bucket = NEW.bucket AND g.subject = NEW.subject AND g.client_id = NEW.client_id AND g.ended_at IS NULL
      AND (g.expires_at IS NULL OR g.expires_at > now()) AND g.paused_until > clock_timestamp()));
  RETURN NEW;
END $$;

CREATE TRIGGER grant_was_paused_with_its_app BEFORE INSERT ON oauth_grant FOR EACH ROW EXECUTE FUNCTION on_grant_of_paused_app();
