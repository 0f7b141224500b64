import { CookieJar } from './cookie-jar.ts';
import { hiddenFields } from './html.ts';
import { type Answer, encodeForm, FORM, type Form, send, type Sent, type SentHeaders } from './http.ts';

export interface BrowserOptions {
  /** What it has from the start: those of another browser, or of somebody who is signed in. */
  readonly cookies?: Iterable<readonly [string, string]>;
  /** Of each request. */
  readonly headers?: SentHeaders;
}

/** Of every account a test signs up. */
export const PASSWORD = 'correct horse battery staple';

/**
 * A browser without a screen, at one service: keeps cookies, fills in forms with what is hidden in them, follows
 * nothing.
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

  /** Names and values of all that it keeps. */
  get cookies(): ReadonlyMap<string, string> {
    return this.#jar.of(ORIGIN.hostname);
  }

  /** Keeps a cookie that the service has not set. */
  keep(name: string, value: string): void {
    this.#jar.take(ORIGIN, [`${name}=${value}; Path=/; Secure`]);
  }

  /** The same person, at another process of the same service. */
  at(place: number | string): Browser {
    return new Browser(place, { cookies: this.cookies, headers: this.#headers });
  }

  get(path: string, headers: SentHeaders = {}): Promise<Answer> {
    return this.#send({ path, headers });
  }

  /** Posts without looking at any page first; text goes out as it is. */
  post(path: string, form: Form | string, headers: SentHeaders = {}): Promise<Answer> {
    const body = typeof form === 'string' ? form : encodeForm(form);
    return this.postRaw(path, body, { 'content-type': FORM, ...headers });
  }

  postRaw(path: string, body: string | Buffer, headers: SentHeaders): Promise<Answer> {
    return this.#send({ method: 'POST', path, headers, body });
  }

  /**
   * Opens a page, then posts `fields` with what is hidden in its form for `action`; where there is none, with the first
   * token on it.
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

/** Where a service believes to be whose proxy speaks https, whatever its address in a test. */
const ORIGIN = new URL('https://localhost');
