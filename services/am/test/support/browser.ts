import http from 'node:http';

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
}

export interface Sent {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** One request; nothing is followed. */
export function send(port: number, { method = 'GET', path, headers = {}, body }: Sent): Promise<Answer> {
  const framing = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, method, path, headers: { ...framing, ...headers }, agent: false };
    const request = http.request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: Buffer.concat(chunks).toString(),
        }),
      );
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** A browser at one service: keeps cookies, sends forms with the token of the page they are on, follows nothing. */
export class Browser {
  readonly #cookies = new Map<string, string>();
  port: number;

  constructor(port: number) {
    this.port = port;
  }

  /** The same person at another process of the same service. */
  at(port: number): Browser {
    const other = new Browser(port);
    for (const [name, value] of this.#cookies) other.#cookies.set(name, value);
    return other;
  }

  get(path: string): Promise<Answer> {
    return this.#send({ path });
  }

  /** Opens a page, then posts a form with that page's token. */
  async submit(page: string, action: string, fields: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const opened = await this.get(page);
    const token = /name="_csrf" value="([^"]+)"/.exec(opened.text)?.[1] ?? '';
    return this.post(action, { ...fields, _csrf: token });
  }

  post(
    path: string,
    fields: Readonly<Record<string, string>>,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    return this.#send({
      method: 'POST',
      path,
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin', ...headers },
      body: new URLSearchParams(fields).toString(),
    });
  }

  async signUp(username: string): Promise<void> {
    const answer = await this.submit('/sign-up', '/sign-up', { username, password: 'correct horse battery staple' });
    if (answer.status !== 303) throw new Error(`sign-up answered ${answer.status}: ${answer.text}`);
  }

  async #send(sent: Sent): Promise<Answer> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await send(this.port, {
      ...sent,
      headers: { ...sent.headers, ...(cookie === '' ? {} : { cookie }) },
    });
    for (const line of answer.headers['set-cookie'] ?? []) {
      const [name, value] = line.split(';', 1)[0]?.split('=', 2) ?? [];
      if (name !== undefined && value !== undefined) this.#cookies.set(name, value);
    }
    return answer;
  }
}

/** The text of a page as it is read: entities decoded, tags left out. */
export function textOf({ text }: Answer): string {
  return text
    .replace(/<[^>]+>/g, ' ')
    .replace(/&(amp|lt|gt|quot|#39);/g, (entity) => ENTITIES[entity] ?? entity)
    .replace(/\s+/g, ' ');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
};
