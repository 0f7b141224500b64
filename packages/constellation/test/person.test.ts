import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { createPerson, PageError, type Person, type PersonOptions } from '../src/index.ts';

const opened: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of opened.splice(0).toReversed()) await close();
});

interface Answer {
  status?: number;
  headers?: http.OutgoingHttpHeaders;
  body?: string;
}

interface Seen {
  line: string;
  headers: http.IncomingHttpHeaders;
  body: string;
}

/** A site of pages: `GET /path` or `POST /path` → answer. Keeps what it was sent. */
async function site(name: string, pages: Readonly<Record<string, Answer>>): Promise<{ url: string; seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = http.createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const line = `${request.method} ${request.url}`;
      seen.push({ line, headers: request.headers, body });
      const page = pages[line.split('?')[0] ?? ''] ?? { status: 404, body: '<h1>Not there</h1>' };
      const html = page.body === undefined ? {} : { 'content-type': 'text/html; charset=utf-8' };
      response.writeHead(page.status ?? 200, { ...html, ...page.headers }).end(page.body ?? '');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  opened.push(async () => {
    server.closeAllConnections();
    await once(server.close(), 'close');
  });
  return { url: `http://${name}.localhost:${(server.address() as AddressInfo).port}`, seen };
}

function person(options?: PersonOptions): Person {
  const it = createPerson(options);
  opened.push(it.close);
  return it;
}

const to = (url: string): Answer => ({ status: 303, headers: { location: url } });

describe('forms', () => {
  const FORM = `<!doctype html><h1>Consent</h1>
    <form method="post" action="/consent">
      <input type="hidden" name="csrf" value="&lt;t&gt;">
      <section><h2>Photos: robin</h2><fieldset><legend>See them</legend>
        <input type="radio" name="answer" value="no" checked><input type="radio" name="answer" value="ask">
      </fieldset></section>
      <div role="radiogroup" aria-labelledby="all:1-legend">
        <div id="all:1-legend"><h3>Notes: robin</h3><small>Read</small></div>
        <div><label><input type="radio" name="all:1" value="no" checked></label></div></div>
      <input type="checkbox" name="tick" value="a" checked><input type="checkbox" name="tick" value="b">
      <select name="until"><option value="open">Until I stop it</option><option>A year</option></select>
      <textarea name="why"></textarea><input name="off" value="x" disabled>
      <button name="decision" value="allow">Allow <b>it</b></button><button name="decision" value="deny">Refuse</button>
    </form>`;

  test('send what a browser would: hidden fields, what is chosen, and the button that was pressed', async () => {
    const { url, seen } = await site('am', { 'GET /': { body: FORM }, 'POST /consent': { body: '<h1>Done</h1>' } });
    const robin = person();
    await robin.visit(url);
    const page = await robin.press('Allow it', { answer: 'ask', tick: ['b'], until: 'A year', why: 'so & so' });
    expect(page.heading).toBe('Done');
    expect([...new URLSearchParams(seen[1]?.body)]).toEqual([
      ['csrf', '<t>'],
      ['answer', 'ask'],
      ['all:1', 'no'],
      ['tick', 'b'],
      ['until', 'A year'],
      ['why', 'so & so'],
      ['decision', 'allow'],
    ]);
  });

  test('say under which headings a control stands', async () => {
    const { url } = await site('am', { 'GET /': { body: FORM } });
    const page = await person().visit(url);
    const under = (control: string) => page.forms[0]?.controls.find(({ name }) => name === control)?.under;
    expect(under('answer')).toEqual(['Consent', 'Photos: robin', 'See them']);
    expect(under('all:1')).toEqual(['Consent', 'Notes: robin']);
  });

  test('refuse what cannot be entered, and show the page', async () => {
    const { url } = await site('am', { 'GET /': { body: FORM } });
    const robin = person();
    await robin.visit(url);
    await expect(robin.press('Refuse', { answer: 'deny' })).rejects.toThrow(
      /answer cannot be "deny".*\n.*answered 200/,
    );
    await expect(robin.press('Refuse', { csrf: 'mine' })).rejects.toThrow('hidden');
    await expect(robin.press('Refuse', { nothing: 'x' })).rejects.toThrow('The form has no nothing');
    await expect(robin.press('Buy')).rejects.toThrow(PageError);
    await expect(robin.press('Buy')).rejects.toThrow(/buttons: "Allow it", "Refuse"[^]*\| Consent/);
  });

  test('send a file that was chosen, where there is a field for one', async () => {
    const body = `<form method="post" action="/keep" enctype="multipart/form-data">
      <input name="text" value="x"><input type="file" name="picture"><button>Keep</button></form>`;
    const { url, seen } = await site('host', { 'GET /': { body }, 'POST /keep': { body: '<h1>Kept</h1>' } });
    const robin = person();
    await robin.visit(url);
    const picture = new File(['its bytes'], 'hills.png', { type: 'image/png' });
    await expect(robin.press('Keep', { text: picture })).rejects.toThrow('text takes no file');
    await robin.press('Keep', { picture });
    expect(seen.at(-1)?.body).toMatch(/name="picture"; filename="hills.png"\r\n[^]*image\/png\r\n\r\nits bytes\r\n/);
  });

  test('of several alike, the one beside the named text is meant', async () => {
    const one = (name: string) =>
      `<li><h2>${name}</h2><form method="post" action="/stop/${name}"><button>Stop</button></form></li>`;
    const { url, seen } = await site('am', { 'GET /': { body: `<ul>${one('photos')}${one('notes')}</ul>` } });
    const robin = person();
    await robin.visit(url);
    await expect(robin.press('Stop')).rejects.toThrow('no single button');
    await robin.press('Stop', {}, { near: 'notes' });
    expect(seen.at(-1)?.line).toBe('POST /stop/notes');
  });
});

describe('cookies', () => {
  test('belong to a host name, whatever the port', async () => {
    const one = await site('photos', {
      'GET /': { headers: { 'set-cookie': ['a=1; Path=/; HttpOnly', 'b=2; Path=/in'] } },
    });
    const other = await site('photos', {});
    const elsewhere = await site('notes', {});
    const robin = person();
    await robin.visit(one.url);
    for (const { url } of [other, elsewhere]) await robin.visit(`${url}/in/side`);
    expect(other.seen[0]?.headers.cookie).toBe('b=2; a=1');
    expect(elsewhere.seen[0]?.headers.cookie).toBeUndefined();
  });

  test('with SameSite do not come along when another site posts, and Lax ones do when it leads here', async () => {
    const am = await site('am', {
      'GET /': { headers: { 'set-cookie': ['lax=1; SameSite=Lax', 'strict=1; SameSite=Strict', 'secure=1; Secure'] } },
    });
    const evil = await site('evil', {
      'GET /': {
        body: `<a href="${am.url}/link">Go</a><form method="post" action="${am.url}/"><button>Win</button></form>`,
      },
    });
    const robin = person();
    await robin.visit(am.url);
    await robin.visit(evil.url);
    await robin.press('Win');
    await robin.visit(evil.url);
    await robin.follow('Go');
    await robin.visit(am.url);
    expect(am.seen.slice(1).map(({ headers }) => headers.cookie)).toEqual([undefined, 'lax=1', 'lax=1; strict=1']);
  });

  test('are gone when they are taken back', async () => {
    const am = await site('am', {
      'GET /': { headers: { 'set-cookie': 's=1; Path=/' } },
      'GET /out': { headers: { 'set-cookie': 's=; Path=/; Max-Age=0' } },
    });
    const robin = person();
    await robin.visit(am.url);
    await robin.visit(`${am.url}/out`);
    expect(robin.cookies.of('am.localhost').size).toBe(0);
  });
});

describe('navigation', () => {
  test('says where it comes from as a browser does', async () => {
    const form = '<form method="post" action="/"><button>Go</button></form>';
    const open = await site('open', { 'GET /': { body: form } });
    const shy = await site('shy', { 'GET /': { body: form, headers: { 'referrer-policy': 'no-referrer' } } });
    const robin = person();
    for (const { url } of [open, shy]) {
      await robin.visit(url);
      await robin.press('Go');
    }
    const siteAndOrigin = ({ headers }: Seen) => [headers['sec-fetch-site'], headers.origin];
    expect(open.seen.map(siteAndOrigin)).toEqual([
      ['none', undefined],
      ['same-origin', open.url],
    ]);
    expect(shy.seen.map(siteAndOrigin).at(-1)).toEqual(['same-origin', 'null']);
  });

  test('follows redirects across sites with GET, and is then from another site', async () => {
    const host = await site('photos', { 'GET /in': { body: '<h1>Here</h1>' } });
    const am = await site('am', {
      'GET /': { body: '<form method="post" action="/go"><input name="x" value="1"><button>Go</button></form>' },
      'POST /go': to(`${host.url}/in?a=1`),
    });
    const robin = person();
    await robin.visit(am.url);
    const page = await robin.press('Go');
    expect([page.heading, page.url.href]).toEqual(['Here', `${host.url}/in?a=1`]);
    expect(host.seen).toMatchObject([{ line: 'GET /in?a=1', body: '', headers: { 'sec-fetch-site': 'cross-site' } }]);
  });

  test('stops where a form’s page does not allow it to go, as browsers silently do', async () => {
    const host = await site('photos', { 'GET /in': { body: '<h1>Here</h1>' } });
    const am = await site('am', {
      'GET /': {
        body: '<form method="post" action="/go"><button>Go</button></form>',
        headers: { 'content-security-policy': "default-src 'none'; form-action 'self'" },
      },
      'POST /go': to(`${host.url}/in`),
    });
    const robin = person();
    await robin.visit(am.url);
    await expect(robin.press('Go')).rejects.toThrow('may not lead to');
    expect(host.seen).toEqual([]);
  });

  test('follows a page that moves on by itself, whatever the form’s page allows, and comes from its site', async () => {
    const host = await site('photos', { 'GET /in': { body: '<h1>Here</h1>' } });
    const am = await site('am', {
      'GET /': {
        body: '<form method="post" action="/go"><button>Go</button></form>',
        headers: { 'content-security-policy': "default-src 'none'; form-action 'self'" },
      },
      'POST /go': { body: `<meta http-equiv="refresh" content="0;url=${host.url}/in?a=1&amp;b=2"><h1>On</h1>` },
    });
    const robin = person();
    await robin.visit(am.url);
    const page = await robin.press('Go');
    expect([page.heading, page.url.search]).toEqual(['Here', '?a=1&b=2']);
    expect(host.seen).toMatchObject([{ line: 'GET /in?a=1&b=2', headers: { 'sec-fetch-site': 'cross-site' } }]);
    expect(host.seen[0]?.headers['sec-fetch-user']).toBeUndefined();
  });

  test('ends before a place outside', async () => {
    const am = await site('am', { 'GET /': to('http://127.0.0.1:1/callback?code=x') });
    const page = await person({ stopsAt: ['http://127.0.0.1:1/callback'] }).visit(am.url);
    expect([page.status, page.url.searchParams.get('code')]).toEqual([0, 'x']);
  });

  test('has tabs that share cookies and nothing else', async () => {
    const am = await site('am', { 'GET /': { body: '<h1>One</h1>', headers: { 'set-cookie': 's=1' } } });
    const robin = person();
    await robin.visit(am.url);
    const tab = robin.tab();
    await tab.visit(`${am.url}/other`);
    expect(am.seen[1]?.headers.cookie).toBe('s=1');
    expect([robin.page.heading, tab.page.heading]).toEqual(['One', 'Not there']);
  });
});
