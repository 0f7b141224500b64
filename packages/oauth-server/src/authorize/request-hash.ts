import { hashToken } from '@chatelaine/crypto';
import { REQUEST_URI_PREFIX } from '@chatelaine/protocol';

/** The stored form of a request_uri. */
export function requestHash(requestUri: string): Buffer {
  return hashToken(
    requestUri.startsWith(REQUEST_URI_PREFIX) ? requestUri.slice(REQUEST_URI_PREFIX.length) : requestUri,
  );
}
