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

/** A browser without a screen, at one service: keeps cookies, fills in forms with what is hidden in them, follows nothing. */
export class Browser {
  readonly cookies: Map<string, string>;
  port: number;
  readonly #headers: SentHeaders;

  /** @param at a port of this machine, or an origin with one */
  constructor(at: number | string, { cookies, headers = {} }: BrowserOptions = {}) {
    this.port = typeof at === 'number' ? at : Number(new URL(at).port);
    this.cookies = new Map(cookies);
    this.#headers = headers;
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

  /** Opens a page, then posts `fields` with what is hidden in its form for `action`; where there is none, with the first token on it. */
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
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = { ...this.#headers, ...(cookie === '' ? {} : { cookie }), ...sent.headers };
    const answer = await send(this.port, { ...sent, headers });
    for (const line of answer.headers['set-cookie'] ?? []) this.#keep(line);
    return answer;
  }

  #keep(line: string): void {
    const [pair = '', ...attributes] = line.split('; ');
    const cut = pair.indexOf('=');
    if (attributes.some(saysGone)) this.cookies.delete(pair.slice(0, cut));
    else this.cookies.set(pair.slice(0, cut), pair.slice(cut + 1));
  }
}

const saysGone = (attribute: string): boolean =>
  /^max-age=0$/i.test(attribute) || (/^expires=/i.test(attribute) && Date.parse(attribute.slice(8)) <= Date.now());
