/** A browser without a screen: keeps cookies, follows nothing, fills in forms with the token found in them. */
export interface Browser {
  readonly cookies: Map<string, string>;
  get(path: string, headers?: Record<string, string>): Promise<Page>;
  /** Opens a page, then submits its form for `action` with these fields. */
  submit(page: string, action: string, fields: Record<string, string>, headers?: Record<string, string>): Promise<Page>;
  post(path: string, body: string, headers?: Record<string, string>): Promise<Page>;
}

export interface Page {
  status: number;
  headers: Headers;
  text: string;
}

export const FORM = 'application/x-www-form-urlencoded';

export function openBrowser(origin: string): Browser {
  const cookies = new Map<string, string>();
  const send = async (path: string, init: RequestInit): Promise<Page> => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = { ...(cookie && { cookie }), ...(init.headers as Record<string, string>) };
    const answer = await fetch(new URL(path, origin), { ...init, headers, redirect: 'manual' });
    for (const line of answer.headers.getSetCookie()) keep(cookies, line);
    return { status: answer.status, headers: answer.headers, text: await answer.text() };
  };
  const post: Browser['post'] = (path, body, headers = {}) =>
    send(path, { method: 'POST', body, headers: { 'content-type': FORM, ...headers } });
  return {
    cookies,
    get: (path, headers = {}) => send(path, { headers }),
    post,
    async submit(page, action, fields, headers) {
      const token = tokenFor((await send(page, {})).text, action);
      return post(action, new URLSearchParams({ _csrf: token, ...fields }).toString(), headers);
    },
  };
}

/** The CSRF token of the form with this action. */
export function tokenFor(html: string, action: string): string {
  const form = html.split('<form').find((part) => part.includes(`action="${action}"`)) ?? '';
  return /name="_csrf" value="([^"]+)"/.exec(form)?.[1] ?? '';
}

function keep(cookies: Map<string, string>, line: string): void {
  const [pair = '', ...attributes] = line.split('; ');
  const cut = pair.indexOf('=');
  const gone = attributes.some(
    (one) => /^max-age=0$/i.test(one) || (/^expires=/i.test(one) && Date.parse(one.slice(8)) <= Date.now()),
  );
  if (gone) cookies.delete(pair.slice(0, cut));
  else cookies.set(pair.slice(0, cut), pair.slice(cut + 1));
}
