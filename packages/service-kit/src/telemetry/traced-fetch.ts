import { currentWork } from './work.ts';
import { formatTraceparent } from './traceparent.ts';

type Call<Init, Answer> = (input: string | URL | Request, init?: Init) => Promise<Answer>;

interface WayOut<Init> {
  readonly fetch: Call<Init, Response>;
  readonly stream?: Call<Init, { readonly status: number }>;
}

/**
 * The same way out, with the id of the request it is used for: its calls send a `traceparent`, by which the log lines of all services that one
 * request reaches can be put together. Of a call only the host's name, the method and the outcome are recorded.
 */
export function traced<Outbound extends WayOut<RequestInit>>(outbound: Outbound): Outbound {
  const { fetch, stream } = outbound;
  return { ...outbound, fetch: tracedCall(fetch), ...(stream === undefined ? {} : { stream: tracedCall(stream) }) };
}

function tracedCall<Answer extends { readonly status: number }>(
  call: Call<RequestInit, Answer>,
): Call<RequestInit, Answer> {
  return async (input, init) => {
    const work = currentWork();
    if (work === undefined) return call(input, init);
    const method = init?.method ?? (input instanceof Request ? input.method : 'GET');
    const span = work.tracing.begin({
      name: method,
      kind: 'client',
      parent: work.context,
      attributes: { 'http.request.method': method, 'server.address': hostOf(input) },
    });
    // fetch takes the headers of `init` in the place of the request's, not beside them
    const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : undefined));
    headers.set('traceparent', formatTraceparent(span.context));
    try {
      const answer = await call(input, { ...init, headers });
      const { status } = answer;
      span.end({ attributes: { 'http.response.status_code': status }, failed: status >= 500 });
      return answer;
    } catch (error) {
      const { name } = error as Error;
      span.end({ attributes: { 'error.type': name }, failed: true });
      throw error;
    }
  };
}

/** Without path or query: both may hold what is nobody's business. */
function hostOf(input: string | URL | Request): string {
  const address = input instanceof Request ? input.url : String(input);
  return URL.canParse(address) ? new URL(address).hostname : '';
}
