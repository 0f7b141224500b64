import { type Answer, encodeForm, FORM, type Form, send, type Sent, type SentHeaders } from './http.ts';

const SAID_BY_BROWSERS = { accept: 'text/html' };

/** A browser without a screen, at one service: keeps cookies, fills in forms with what is hidden in them, follows nothing. */
export class Browser {
  readonly cookies: Map<string, string>;
  port: number;
  readonly #headers: SentHeaders;

  /** @param with_ what it has from the start: cookies, headers of each request */
  constructor(port: number, with_: { cookies?: Iterable<readonly [string, string]>; headers?: SentHeaders } = {}) {
    this.port = port;
    this.cookies = new Map(with_.cookies);
    this.#headers = { ...SAID_BY_BROWSERS, ...with_.headers };
  }

  /** The same person, at another process of the same service. */
  at(port: number): Browser {
    return new Browser(port, { cookies: this.cookies, headers: this.#headers });
  }

  get(path: string, headers: SentHeaders = {}): Promise<Answer> {
    return this.#send({ path, headers });
  }

  /** Posts without looking at any page first. */
  post(path: string, form: Form | string, headers: SentHeaders = {}): Promise<Answer> {
    const body = typeof form === 'string' ? form : encodeForm(form);
    return this.#send({ method: 'POST', path, headers: { 'content-type': FORM, ...headers }, body });
  }

  /** Posts these bytes. */
  postRaw(path: string, body: Buffer, headers: SentHeaders): Promise<Answer> {
    return this.#send({ method: 'POST', path, headers, body });
  }

  /** Opens a page, then posts `fields` with what is hidden in its form for `action`; where there is none, with the first CSRF token on it. */
  async submit(page: string, action: string, fields: Form = {}, headers: SentHeaders = {}): Promise<Answer> {
    const { text } = await this.get(page, headers);
    const token = /name="_csrf" value="([^"]+)"/.exec(text)?.[1];
    return this.post(action, { _csrf: token, ...hiddenFields(text, action), ...fields }, headers);
  }

  /** An account at one of our services. */
  async signUp(username: string, password = 'correct horse battery staple'): Promise<this> {
    const answer = await this.submit('/sign-up', '/sign-up', { username, password });
    if (answer.status !== 303) throw new Error(`sign-up answered ${answer.status}: ${answer.text}`);
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
    const [name, value] = [pair.slice(0, cut), pair.slice(cut + 1)];
    if (attributes.some(isPast)) this.cookies.delete(name);
    else this.cookies.set(name, value);
  }
}

/** Whether a cookie's attribute says that it is gone. */
const isPast = (attribute: string): boolean =>
  /^max-age=0$/i.test(attribute) || (/^expires=/i.test(attribute) && Date.parse(attribute.slice(8)) <= Date.now());

/** What is hidden in the forms of a page, or only in its first one for `action`; entities decoded. */
export function hiddenFields(html: string, action?: string): Record<string, string> {
  const forms = html.split('<form');
  const isFor = (form: string): boolean => form.slice(0, form.indexOf('>')).includes(`action="${action}"`);
  const where = action === undefined ? html : (forms.find(isFor) ?? '');
  const found = where.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g);
  return Object.fromEntries([...found].map(([, name = '', value = '']) => [name, decoded(value)]));
}

/** A page as it is read: entities decoded, tags left out. */
export const textOf = ({ text }: Pick<Answer, 'text'>): string =>
  decoded(text.replace(/<[^>]+>/g, ' ')).replace(/\s+/g, ' ');

const decoded = (html: string): string =>
  html.replace(/&(amp|lt|gt|quot|#39);/g, (entity) => ENTITIES[entity] ?? entity);

const ENTITIES: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
};
