/**
 * The end of a step that has taken a request (`request`) and has its grant (`granted`): it stores the code, whose hash
 * is $4 and which lives $5 seconds, and the answer, which is kept for a browser that sends the same again. `press` and
 * `encrypted` are parameters of the query.
 */
export const codeAndAnswer = ({ press, encrypted }: { press: string; encrypted: string }): string => `issued as (
    insert into oauth_code (bucket, hash, grant_id, client_id, redirect_uri, code_challenge, jkt, expires_at)
    select granted.bucket, $4, granted.id, request.client_id, request.redirect_uri, request.code_challenge, request.jkt,
      now() + $5::float8 * interval '1 second'
    from request, granted
  ), answered as (
    insert into oauth_answer (hash, client_id, browser_hash, redirect_uri, press, sealed, code_bucket, code_hash,
      expires_at)
    select request.hash, request.client_id, request.browser_hash, request.redirect_uri, ${press}, ${encrypted},
      granted.bucket, $4, request.expires_at
    from request, granted
  )
  select request.* from request, granted`;
