import http from 'node:http';

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
  /** The body as a JSON object; empty when it is none. */
  readonly json: Readonly<Record<string, unknown>>;
}

export interface Sent {
  readonly method?: string;
  readonly path: string;
  /** A list sends the header that many times. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Buffer;
  readonly agent?: http.Agent;
}

/** One request, as raw as a client can send it; redirects are not followed. */
export function send(port: number, sent: Sent): Promise<Answer> {
  const { method = 'GET', path, body, agent = false } = sent;
  // node frames no body of a GET or DELETE by itself
  const framing = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  const headers = Object.fromEntries(
    Object.entries({ ...framing, ...sent.headers }).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : [...value],
    ]),
  );
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, method, path, headers, agent, maxHeaderSize: 131_072 };
    const request = http.request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json: asObject(text) });
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}

export type Form = Readonly<Record<string, string | undefined>>;

export function postForm(port: number, path: string, form: Form, headers: Sent['headers'] = {}): Promise<Answer> {
  return send(port, {
    method: 'POST',
    path,
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: encode(form),
  });
}

export function postJson(port: number, path: string, body: unknown): Promise<Answer> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return send(port, { method: 'POST', path, headers: { 'content-type': 'application/json' }, body: text });
}

export function encode(form: Form): string {
  const out = new URLSearchParams();
  for (const [name, value] of Object.entries(form)) if (value !== undefined) out.append(name, value);
  return out.toString();
}

function asObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
