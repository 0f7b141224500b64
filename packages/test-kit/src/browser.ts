import { CookieJar } from './cookie-jar.ts';
import { hiddenFields } from './html.ts';
import { type Answer, encodeForm, FORM, type Form, send, type Sent, type SentHeaders } from './http.ts';

export interface BrowserOptions {
  /** Its first cookies, such as those of another browser. */
  readonly cookies?: Iterable<readonly [string, string]>;
  /** Headers of each request. */
  readonly headers?: SentHeaders;
}

/** The password of every account that a test makes. */
export const PASSWORD = 'correct horse battery staple';

/**
 * A browser without a screen, for one service: it keeps cookies, and submits forms with their hidden fields. It follows
 * neither redirects nor links.
 */
export class Browser {
  port: number;
  readonly #jar = new CookieJar();
  readonly #headers: SentHeaders;

  /** @param at a port of this machine, or an origin with one */
  constructor(at: number | string, { cookies = [], headers = {} }: BrowserOptions = {}) {
    this.port = typeof at === 'number' ? at : Number(new URL(at).port);
    this.#headers = headers;
    for (const [name, value] of cookies) this.keep(name, value);
  }

  /** Names and values of its cookies. */
  get cookies(): ReadonlyMap<string, string> {
    return this.#jar.of(ORIGIN.hostname);
  }

  /** Adds a cookie that the service has not set. */
  keep(name: string, value: string): void {
    this.#jar.take(ORIGIN, [`${name}=${value}; Path=/; Secure`]);
  }

  /** The same cookies, at another process of the service. */
  at(place: number | string): Browser {
    return new Browser(place, { cookies: this.cookies, headers: this.#headers });
  }

  get(path: string, headers: SentHeaders = {}): Promise<Answer> {
    return this.#send({ path, headers });
  }

  /** Posts without opening a page; a string is sent as it is. */
  post(path: string, form: Form | string, headers: SentHeaders = {}): Promise<Answer> {
    const body = typeof form === 'string' ? form : encodeForm(form);
    return this.postRaw(path, body, { 'content-type': FORM, ...headers });
  }

  postRaw(path: string, body: string | Buffer, headers: SentHeaders): Promise<Answer> {
    return this.#send({ method: 'POST', path, headers, body });
  }

  /**
   * Opens a page, then posts `fields` with the hidden fields of its form for `action`; if it has none, with the first
   * token on the page.
   */
  async submit(page: string, action: string, fields: Form = {}, headers: SentHeaders = {}): Promise<Answer> {
    const { text } = await this.get(page);
    const token = /name="_csrf" value="([^"]+)"/.exec(text)?.[1];
    return this.post(action, { _csrf: token, ...hiddenFields(text, action), ...fields }, headers);
  }

  /** Makes an account at one of our services, with {@link PASSWORD}. */
  async signUp(username: string): Promise<this> {
    const answer = await this.submit('/sign-up', '/sign-up', { username, password: PASSWORD });
    if (answer.status !== 303) throw new Error(`sign-up answered ${answer.status}: ${answer.words}`);
    return this;
  }

  async #send(sent: Sent): Promise<Answer> {
    const url = URL.parse(`${ORIGIN.origin}${sent.path}`) ?? ORIGIN;
    const cookie = this.#jar.header(url, { method: sent.method ?? 'GET', crossSite: false });
    const headers = { ...this.#headers, ...(cookie !== null && { cookie }), ...sent.headers };
    const answer = await send(this.port, { ...sent, headers });
    this.#jar.take(url, answer.headers['set-cookie'] ?? []);
    return answer;
  }
}

/** The origin that a service behind an https proxy takes for its own, whatever its address in the test. */
const ORIGIN = new URL('https://localhost');
