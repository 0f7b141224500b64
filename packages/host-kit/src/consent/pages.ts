import { sha256 } from '@chatelaine/crypto';
import type { ReturnView } from '@chatelaine/oauth-server-fastify';
import type { FastifyReply } from 'fastify';
import type { LinkConsentView, ProblemView } from './view.ts';

/** The consent page for an app that has none of its own: complete, and plain. */
export function sendConsentPage(reply: FastifyReply, view: LinkConsentView): FastifyReply {
  return sendPage(reply, {
    html: page(`Share with ${view.am.address}?`, consentBody(view)),
    formAction: "'self'",
  });
}

/**
 * Moves on by itself, with a link for anybody who is left here. CSP `form-action` would block a redirect after the
 * form, wherever the AM leads on to.
 */
export function sendReturnPage(reply: FastifyReply, { kind, to, place }: ReturnView): FastifyReply {
  const link = `<p><a href="${escape(to)}">Back to ${escape(place)}</a></p>`;
  const [title, says] =
    kind === 'answer'
      ? [`Back to ${place}`, 'Your answer is saved. You are being taken back; if nothing happens, use the link.']
      : ['You have already answered this', 'Your answer stands. To ask for something else, start again there.'];
  const onward = kind === 'answer' ? `<meta http-equiv="refresh" content="0;url=${escape(to)}">` : '';
  const body = `<h1>${escape(title)}</h1><p>${says}</p>${link}`;
  return sendPage(reply, { html: page(title, body, onward), formAction: "'none'" });
}

export function sendProblemPage(reply: FastifyReply, { status, message }: ProblemView): FastifyReply {
  const body = `<h1>This did not work</h1><p>${escape(message)}</p>`;
  return sendPage(reply.code(status), { html: page('This did not work', body), formAction: "'none'" });
}

function consentBody(view: LinkConsentView): string {
  const hidden = Object.entries(view.hidden).map(
    ([name, value]) => `<input type="hidden" name="${escape(name)}" value="${escape(value)}">`,
  );
  const boxes = view.scopes.map(
    ({ field, sentence, checked }) =>
      `<label><input type="checkbox" name="${escape(field)}" value="yes"${checked ? ' checked' : ''}> ` +
      `${escape(sentence)}</label>`,
  );
  return [
    `<h1>Let ${escape(view.am.address)} hand out keys to your ${escape(view.host)}?</h1>`,
    view.problem === null ? '' : `<p role="alert">${escape(view.problem)}</p>`,
    `<p>It calls itself “${escape(view.am.name)}”; nobody has checked that name. The address above is what counts.</p>`,
    '<p>It can hand out keys for what you tick, and could hand one to itself: what you tick, you trust it with.</p>',
    view.account === null ? '' : `<p>You are signed in as <strong>${escape(view.account)}</strong>.</p>`,
    `<form method="post" action="${escape(view.action)}">`,
    ...hidden,
    boxes.length === 0
      ? '<p>There is nothing to share here yet.</p>'
      : `<fieldset><legend>At most, it may let others</legend>${boxes.join('')}</fieldset>`,
    '<label>Until (empty: until you end it) ' +
      `<input type="date" name="${view.until.field}" value="${escape(view.until.value)}"></label>`,
    '<p><button name="decision" value="allow">Allow</button> <button name="decision" value="deny">Refuse</button></p>',
    '</form>',
  ].join('\n');
}

const STYLE =
  'body{font:1rem/1.5 system-ui,sans-serif;max-width:36rem;margin:3rem auto;padding:0 1rem}' +
  'label{display:block;margin:.5rem 0}fieldset{margin:1rem 0}button{font:inherit;padding:.4rem 1rem}';
const STYLE_HASH = `'sha256-${sha256(STYLE).toString('base64')}'`;

function page(title: string, body: string, head = ''): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">${head}
<title>${escape(title)}</title><style>${STYLE}</style></head>
<body><main>${body}</main></body></html>`;
}

/**
 * No script runs on these pages, nothing frames them, and their form goes to us. The window that opened them may be
 * waiting for its answer: no Cross-Origin-Opener-Policy.
 */
function sendPage(reply: FastifyReply, { html, formAction }: { html: string; formAction: string }): FastifyReply {
  return reply
    .headers({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy':
        `default-src 'none'; style-src ${STYLE_HASH}; base-uri 'none'; ` +
        `object-src 'none'; form-action ${formAction}; frame-ancestors 'none'`,
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
    })
    .send(html);
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
