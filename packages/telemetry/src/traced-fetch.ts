import { currentWork, type Work } from './work.ts';
import { formatTraceparent } from './traceparent.ts';

interface Answered {
  readonly status: number;
}
type Call<Init, Answer> = (input: string | URL | Request, init?: Init) => Promise<Answer>;
interface Posted {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}
type Post<Input, Answer> = (input: Input) => Promise<Answer>;

interface Sending<Init, Input extends Posted> {
  readonly fetch: Call<Init, Response>;
  readonly post?: Post<Input, Answered>;
  readonly stream?: Call<Init, Answered>;
}

/**
 * The same HTTP client, but its calls send a `traceparent` for the current request, so that the log lines of all
 * services that a request reaches can be found together. Of a call only the host name, the method and the outcome are
 * recorded.
 */
export function traced<Input extends Posted, Outbound extends Sending<RequestInit, Input>>(
  outbound: Outbound & Sending<RequestInit, Input>,
): Outbound {
  const { fetch, post, stream } = outbound;
  return {
    ...outbound,
    fetch: tracedCall(fetch),
    ...(post && { post: tracedPost(post) }),
    ...(stream && { stream: tracedCall(stream) }),
  };
}

function tracedCall<Answer extends Answered>(call: Call<RequestInit, Answer>): Call<RequestInit, Answer> {
  return async (input, init) => {
    const work = currentWork();
    if (work === undefined) return call(input, init);
    const method = init?.method ?? (input instanceof Request ? input.method : 'GET');
    const address = input instanceof Request ? input.url : String(input);
    return recorded(work, { method, address }, (traceparent) => {
      // headers in `init` replace those of the request, so all are copied
      const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : undefined));
      headers.set('traceparent', traceparent);
      return call(input, { ...init, headers });
    });
  };
}

function tracedPost<Input extends Posted, Answer extends Answered>(post: Post<Input, Answer>): Post<Input, Answer> {
  return async (input) => {
    const work = currentWork();
    if (work === undefined) return post(input);
    return recorded(work, { method: 'POST', address: input.url }, (traceparent) =>
      post({ ...input, headers: { ...input.headers, traceparent } }),
    );
  };
}

/** Makes one call as a span of this request. */
async function recorded<Answer extends Answered>(
  { tracing, context }: Work,
  { method, address }: { method: string; address: string },
  call: (traceparent: string) => Promise<Answer>,
): Promise<Answer> {
  const span = tracing.begin({
    name: method,
    kind: 'client',
    parent: context,
    attributes: () => ({ 'http.request.method': method, 'server.address': hostOf(address) }),
  });
  try {
    const answer = await call(formatTraceparent(span.context));
    const { status } = answer;
    span.end({ attributes: { 'http.response.status_code': status }, failed: status >= 500 });
    return answer;
  } catch (error) {
    const { name } = error as Error;
    span.end({ attributes: { 'error.type': name }, failed: true });
    throw error;
  }
}

/** The host name without path or query, which may hold personal data. */
const hostOf = (address: string): string => (URL.canParse(address) ? new URL(address).hostname : '');
