/** A browser without a screen: keeps cookies, follows nothing, fills in forms with the token found in them. */
export interface Browser {
  get(path: string): Promise<Page>;
  /** Opens a page, then submits its form for `action` with these fields. */
  submit(page: string, action: string, fields: Record<string, string>): Promise<Page>;
  post(path: string, fields: Record<string, string>): Promise<Page>;
  /** A page in the pieces in which it arrives. */
  pieces(path: string): AsyncGenerator<string>;
  readonly cookies: Map<string, string>;
}

export interface Page {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** What a person reads: without tags. */
  readonly words: string;
}

/** With `like`, it is signed in as that one is. */
export function openBrowser(origin: string, like?: Browser): Browser {
  const cookies = new Map(like?.cookies);
  const send = async (path: string, init: RequestInit): Promise<Page> => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = { ...(cookie && { cookie }), ...(init.headers as Record<string, string>) };
    const answer = await fetch(new URL(path, origin), { ...init, headers, redirect: 'manual' });
    for (const line of answer.headers.getSetCookie()) {
      const [name = '', ...value] = (line.split(';')[0] ?? '').split('=');
      if (/expires=Thu, 01 Jan 1970/i.test(line)) cookies.delete(name);
      else cookies.set(name, value.join('='));
    }
    const text = await answer.text();
    const words = text.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ');
    return { status: answer.status, headers: answer.headers, text, words };
  };
  const post: Browser['post'] = (path, fields) =>
    send(path, {
      method: 'POST',
      body: new URLSearchParams(fields).toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
  return {
    cookies,
    get: (path) => send(path, {}),
    post,
    async *pieces(path) {
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      const { body } = await fetch(new URL(path, origin), { headers: { cookie } });
      if (body !== null) for await (const piece of body.pipeThrough(new TextDecoderStream())) yield piece;
    },
    async submit(page, action, fields) {
      const opened = await send(page, {});
      const form = opened.text.split('<form').find((part) => part.includes(`action="${action}"`)) ?? '';
      const token = /name="_csrf" value="([^"]+)"/.exec(form)?.[1] ?? '';
      return post(action, { _csrf: token, ...fields });
    },
  };
}
