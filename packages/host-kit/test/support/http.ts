import http from 'node:http';
import net from 'node:net';

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
  readonly json: Record<string, unknown>;
}

export interface Sent {
  readonly method?: string;
  readonly path: string;
  /** A list sends the header that many times. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Buffer;
}

/** One request, as raw as a client can send it. */
export function send(port: number, sent: Sent): Promise<Answer> {
  // node frames no body of a GET or DELETE by itself
  const framing = sent.body === undefined ? {} : { 'content-length': String(Buffer.byteLength(sent.body)) };
  const headers = Object.fromEntries(
    Object.entries({ ...framing, ...sent.headers }).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : [...value],
    ]),
  );
  return new Promise((resolve, reject) => {
    const request = http.request(
      { host: '127.0.0.1', port, method: sent.method ?? 'GET', path: sent.path, headers, agent: false },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json: asObject(text) });
        });
      },
    );
    request.on('error', reject);
    request.end(sent.body);
  });
}

export function postForm(
  port: number,
  path: string,
  params: Readonly<Record<string, string | undefined>>,
  headers: Sent['headers'] = {},
): Promise<Answer> {
  const body = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) if (value !== undefined) body.append(name, value);
  return send(port, {
    method: 'POST',
    path,
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: body.toString(),
  });
}

function asObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

/** Issuers contain their port, so it must be known before anything listens. */
export async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** A browser at one Host: keeps cookies, follows nothing. */
export class Browser {
  readonly #port: number;
  readonly #cookies = new Map<string, string>();

  constructor(port: number, user?: string) {
    this.#port = port;
    if (user !== undefined) this.#cookies.set('user', user);
  }

  get(path: string): Promise<Answer> {
    return this.#keep(send(this.#port, { path, headers: this.#headers() }));
  }

  post(
    path: string,
    form: Readonly<Record<string, string | undefined>>,
    headers: Sent['headers'] = {},
  ): Promise<Answer> {
    return this.#keep(postForm(this.#port, path, form, { ...this.#headers(), ...headers }));
  }

  #headers(): Record<string, string> {
    return this.#cookies.size === 0
      ? {}
      : { cookie: [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ') };
  }

  async #keep(pending: Promise<Answer>): Promise<Answer> {
    const answer = await pending;
    for (const line of answer.headers['set-cookie'] ?? []) {
      const [pair = ''] = line.split(';');
      const cut = pair.indexOf('=');
      this.#cookies.set(pair.slice(0, cut), pair.slice(cut + 1));
    }
    return answer;
  }
}

/** The hidden fields of the one form on a page. */
export function hiddenFields(html: string): Record<string, string> {
  const fields = [...html.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)];
  return Object.fromEntries(fields.map(([, name = '', value = '']) => [name, value.replaceAll('&amp;', '&')]));
}
