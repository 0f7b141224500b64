-- A further code for a connection that lives: what was begun before the owner stopped something of this app counts for nothing here, either. PROTOCOL §7.
CREATE TRIGGER further_code_was_not_stopped_before BEFORE UPDATE OF begun_at ON oauth_grant
  FOR EACH ROW EXECUTE FUNCTION on_grant_begun();
