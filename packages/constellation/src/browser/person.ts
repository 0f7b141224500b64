import { CookieJar } from '@chatelaine/test-kit';
import { FormData, request } from 'undici';
import { createLoopbackFetch } from '../loopback-fetch.ts';
import { encodeForm, type Fill, filesIn } from './form.ts';
import { type Cause, fetchSite, formActionRefusal, originHeader } from './navigation.ts';
import { findButton, findLink, type Near, type Page, PageError, readPage } from './page.ts';

/** A person with a browser that has no screen: they read pages, follow links, fill in forms, and have cookies. */
export interface Person {
  readonly username: string;
  readonly password: string;
  readonly cookies: CookieJar;
  /** The page they see. Throws if there is none yet. */
  readonly page: Page;
  /** Types an address. */
  visit(url: string | URL): Promise<Page>;
  /** Clicks the link with this text. */
  follow(text: string | RegExp, near?: Near): Promise<Page>;
  /** Fills in the form that has this button (its text, or the value it sends) and presses it. */
  press(button: string, fill?: Fill, near?: Near): Promise<Page>;
  /** A second tab: the same person and cookies, and another page. */
  tab(): Person;
  close(): Promise<void>;
}

export interface PersonOptions {
  username?: string;
  password?: string;
  /**
   * Addresses with one of these prefixes are not visited, such as a client's redirect URI: the person stops there, with
   * an empty page.
   */
  stopsAt?: readonly string[];
  /** Their IP address, `127.x.y.z` (Linux only). */
  from?: string;
  /** PEM: the certificate authority that their browser trusts. */
  ca?: string;
}

interface NavigationRequest {
  url: URL;
  method: 'GET' | 'POST';
  form: URLSearchParams | FormData | null;
  cause: Cause;
}

const MOST_REDIRECTS = 20;
const TIMEOUT_MS = 20_000;
const DEMO_PASSWORD = 'correct horse battery';

export function createPerson(options: PersonOptions = {}): Person {
  const { stopsAt = [], from, ca } = options;
  const way = createLoopbackFetch({ ...(from !== undefined && { from }), ...(ca !== undefined && { ca }) });
  const name = { username: options.username ?? 'robin', password: options.password ?? DEMO_PASSWORD };
  return openTab({ ...name, close: way.close }, { cookies: new CookieJar(), stopsAt, agent: way.agent });
}

function openTab(who: Pick<Person, 'username' | 'password' | 'close'>, browser: Browser): Person {
  let page: Page | null = null;
  const current = (): Page => {
    if (page === null) throw new Error('This person has not visited anything yet.');
    return page;
  };
  const go = async (going: NavigationRequest): Promise<Page> => {
    page = await navigate(browser, going);
    return page;
  };
  return {
    ...who,
    cookies: browser.cookies,
    get page() {
      return current();
    },
    visit: (url) => go({ url: new URL(url), method: 'GET', form: null, cause: { kind: 'person' } }),
    follow: async (text, near) =>
      go({
        url: findLink(current(), text, near).href,
        method: 'GET',
        form: null,
        cause: { kind: 'link', from: current() },
      }),
    press: async (button, fill = {}, near) => go(submission(current(), { button, fill, near: near ?? {} })),
    tab: () => openTab(who, browser),
  };
}

function submission(page: Page, { button, fill, near }: { button: string; fill: Fill; near: Near }): NavigationRequest {
  const found = findButton(page, button, near);
  const { action, method } = found.form;
  const cause: Cause = { kind: 'form', from: page };
  let form: URLSearchParams;
  try {
    form = encodeForm(found.form, found.button, fill);
  } catch (error) {
    throw new PageError(error instanceof Error ? error.message : String(error), page);
  }
  if (method === 'POST')
    return { url: action, method, form: found.form.encoding === 'multipart' ? multipart(form, fill) : form, cause };
  const url = new URL(action);
  url.search = form.toString();
  return { url, method, form: null, cause };
}

function multipart(form: URLSearchParams, fill: Fill): FormData {
  const data = new FormData();
  for (const [name, value] of form) data.append(name, value);
  for (const [name, file] of filesIn(fill)) data.append(name, file);
  return data;
}

interface Browser {
  cookies: CookieJar;
  stopsAt: readonly string[];
  agent: ReturnType<typeof createLoopbackFetch>['agent'];
}

/**
 * Follows redirects, and pages that move on by themselves, one request at a time, as a browser does.
 */
async function navigate(browser: Browser, start: NavigationRequest): Promise<Page> {
  let going = start;
  const chain: URL[] = [];
  let since = 0;
  while (chain.length <= MOST_REDIRECTS) {
    const { url, cause } = going;
    chain.push(url);
    const refusal = formActionRefusal(cause, url);
    if (refusal !== null) throw new Error(refusal);
    if (browser.stopsAt.some((prefix) => url.href.startsWith(prefix)))
      return readPage({ url, status: 0, headers: {}, body: '' });
    const answer = await send(browser, going, chain.slice(since));
    const { location } = answer.headers;
    if (typeof location !== 'string' || ![301, 302, 303, 307, 308].includes(answer.status)) {
      const page = readPage(answer);
      if (page.onward === null) return page;
      // the page itself navigates: the form and its page no longer matter
      going = { url: page.onward, method: 'GET', form: null, cause: { kind: 'page', from: page } };
      since = chain.length;
      continue;
    }
    const keeps = answer.status === 307 || answer.status === 308 || going.method === 'GET';
    going = { ...going, url: new URL(location, url), ...(!keeps && { method: 'GET', form: null }) };
  }
  throw new Error(`Too many redirects: ${chain.map(({ href }) => href.split('?')[0]).join(' → ')}`);
}

type Answer = Parameters<typeof readPage>[0];

async function send({ cookies, agent }: Browser, going: NavigationRequest, chain: readonly URL[]): Promise<Answer> {
  const { url, method, form, cause } = going;
  const site = fetchSite(cause, chain);
  const cookie = cookies.header(url, { method, crossSite: site === 'cross-site' });
  const origin = originHeader(cause, method);
  const answer = await request(url, {
    dispatcher: agent,
    method,
    headersTimeout: TIMEOUT_MS,
    bodyTimeout: TIMEOUT_MS,
    headers: {
      accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
      'accept-language': 'en',
      'user-agent': 'Mozilla/5.0 (constellation)',
      'sec-fetch-site': site,
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
      ...(cause.kind !== 'page' && { 'sec-fetch-user': '?1' }),
      ...(origin !== null && { origin }),
      ...(cookie !== null && { cookie }),
      // a multipart body has its own type, with the boundary
      ...(form instanceof URLSearchParams && { 'content-type': 'application/x-www-form-urlencoded' }),
    },
    body: form instanceof URLSearchParams ? form.toString() : form,
  }).catch((cause: unknown) => {
    throw new Error(`${url.origin} cannot be reached.`, { cause });
  });
  cookies.take(url, [answer.headers['set-cookie'] ?? []].flat());
  return { url, status: answer.statusCode, headers: answer.headers, body: await answer.body.text() };
}
