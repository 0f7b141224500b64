import { sha256base64url } from '@chatelaine/crypto';
import type { FastifyInstance } from 'fastify';
import { WORDS } from '../letters.ts';

const page = `'use strict';
const part = document.querySelector('[data-push-key]');
const told = document.querySelector('[data-push-told]');
const form = part?.querySelector('form');
const field = (name) => form.elements.namedItem(name);

async function subscribe() {
  if ((await Notification.requestPermission()) !== 'granted')
    throw new Error('This browser does not let this site show notifications. ' +
      'Allow it in the settings of the site, and try again.');
  await navigator.serviceWorker.register('/push-worker.js');
  const { pushManager } = await navigator.serviceWorker.ready;
  const before = await pushManager.getSubscription();
  if (before !== null) await before.unsubscribe();
  const made = await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: part.dataset.pushKey });
  const { endpoint, keys } = made.toJSON();
  field('endpoint').value = endpoint;
  field('p256dh').value = keys.p256dh;
  field('auth').value = keys.auth;
  form.submit();
}

if (part !== null && 'serviceWorker' in navigator && 'PushManager' in window && 'Notification' in window) {
  document.querySelector('[data-push-cannot]').hidden = true;
  part.hidden = false;
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    subscribe().catch((error) => { told.textContent = error.message; told.hidden = false; });
  });
}
`;

/** The page's script, which turns notifications on in this browser. It stores nothing, and sends its form. */
export const PUSH_SCRIPT = {
  source: page,
  href: `/push.js?v=${sha256base64url(page).slice(0, 12)}`,
} as const;

/** The service worker's source. It fetches nothing: all that it shows is in it. */
const workerOf = (name: string): string => `'use strict';
const NAME = ${JSON.stringify(name)};
const WORDS = ${JSON.stringify(WORDS)};
const OTHERWISE = { title: 'Something waits for you', path: '/' };

function kindOf(data) {
  try { return data.json().kind; } catch { return undefined; }
}

addEventListener('push', (event) => {
  const kind = kindOf(event.data);
  const { title, path } = Object.hasOwn(WORDS, kind) ? WORDS[kind] : OTHERWISE;
  // one notification for all messages of a kind
  event.waitUntil(registration.showNotification(title, { body: NAME, tag: path + ' ' + title, data: { path } }));
});

addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil(clients.openWindow(event.notification.data.path));
});
`;

/** Serves the page's script, and the service worker that shows messages. */
export function pushScripts(app: FastifyInstance, { name }: { readonly name: string }): void {
  const quiet = { logLevel: 'warn', config: { forPeople: true } } as const;
  const worker = workerOf(name);
  app.get('/push.js', quiet, async (_request, reply) =>
    reply
      .header('cache-control', 'public, max-age=31536000, immutable')
      .type('text/javascript; charset=utf-8')
      .send(PUSH_SCRIPT.source),
  );
  // browsers look for a newer worker at this address by themselves
  app.get('/push-worker.js', quiet, async (_request, reply) =>
    reply.header('cache-control', 'no-cache').type('text/javascript; charset=utf-8').send(worker),
  );
}
