import http from 'node:http';
import net from 'node:net';

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
  readonly bytes: Buffer;
  readonly json: Record<string, unknown>;
}

export interface Sent {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** One request to a service on this machine. */
export function send(port: number, sent: Sent): Promise<Answer> {
  const framing = sent.body === undefined ? {} : { 'content-length': String(Buffer.byteLength(sent.body)) };
  const options = {
    host: '127.0.0.1',
    port,
    method: sent.method ?? 'GET',
    path: sent.path,
    headers: { ...framing, ...sent.headers },
    agent: false,
  };
  return new Promise((resolve, reject) => {
    const request = http.request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const bytes = Buffer.concat(chunks);
        const text = bytes.toString();
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, bytes, json: asObject(text) });
      });
    });
    request.on('error', reject);
    request.end(sent.body);
  });
}

type Form = Readonly<Record<string, string | undefined>>;

export function postForm(
  port: number,
  path: string,
  form: Form,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const body = new URLSearchParams();
  for (const [name, value] of Object.entries(form)) if (value !== undefined) body.append(name, value);
  return send(port, {
    method: 'POST',
    path,
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: body.toString(),
  });
}

export async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** A browser: keeps cookies, follows nothing, fills in forms. */
export class Browser {
  readonly #port: number;
  readonly #cookies = new Map<string, string>();

  constructor(port: number) {
    this.#port = port;
  }

  get(path: string): Promise<Answer> {
    return this.#keep(send(this.#port, { path, headers: { accept: 'text/html', ...this.#cookieHeader() } }));
  }

  /** Posts without looking at any page first. */
  post(path: string, form: Form, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.#keep(postForm(this.#port, path, form, { accept: 'text/html', ...this.#cookieHeader(), ...headers }));
  }

  /** Posts these bytes. */
  postRaw(path: string, body: Buffer, headers: Readonly<Record<string, string>>): Promise<Answer> {
    const sent = { method: 'POST', path, body, headers: { accept: 'text/html', ...this.#cookieHeader(), ...headers } };
    return this.#keep(send(this.#port, sent));
  }

  /** Opens a page and submits the form on it that posts to `action`. */
  async submit(page: string, action: string, fields: Form): Promise<Answer> {
    const { text } = await this.get(page);
    return this.post(action, { ...hiddenFields(text, action), ...fields });
  }

  async signUp(username: string): Promise<this> {
    const answer = await this.submit('/sign-up', '/sign-up', { username, password: 'correct horse battery' });
    if (answer.status !== 303) throw new Error(`no account: ${answer.status}`);
    return this;
  }

  #cookieHeader(): Record<string, string> {
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

/** The hidden fields of the first form that posts to `action`. */
export function hiddenFields(html: string, action: string): Record<string, string> {
  const forms = html.split('<form ').slice(1);
  const form = forms.find((each) => each.slice(0, each.indexOf('>')).includes(`action="${action}"`)) ?? '';
  const fields = [...form.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)];
  return Object.fromEntries(fields.map(([, name = '', value = '']) => [name, value.replaceAll('&amp;', '&')]));
}

function asObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
