import { OAuthError, temporarilyUnavailable } from '@chatelaine/protocol';

/** Calls a function of the app. If it throws, nothing is decided: 503. */
export async function askApp<T>(ask: () => Promise<T> | T): Promise<T> {
  try {
    return await ask();
  } catch (cause) {
    if (cause instanceof OAuthError) throw cause;
    throw temporarilyUnavailable('The server cannot decide right now.', { cause, retryAfter: 5 });
  }
}
