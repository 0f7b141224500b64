/** SQL: whether the owner has paused the connection whose grant is `g`. PROTOCOL §7. */
export const IS_PAUSED = 'coalesce(g.paused_until > clock_timestamp(), false)';

/** SQL: seconds until the pause ends, infinity until they resume it; null if it is not paused. */
export const PAUSED_FOR = `case when g.paused_until = 'infinity' then 'infinity'::float8
    when g.paused_until > now() then extract(epoch from g.paused_until - now())::float8 end`;
