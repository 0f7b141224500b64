import { sha256base64url } from '@chatelaine/crypto';
import type { FastifyInstance } from 'fastify';
import { outcomeName, outcomeWords } from './outcome.ts';

const source = `'use strict';
const outcomeWords = ${outcomeWords.toString()};
const outcomeName = ${outcomeName.toString()};

const form = document.querySelector('form[data-outcome]');
const fields = () => new Map(new FormData(form));

function effects(chosen) {
  const found = [];
  for (const [name, value] of chosen) {
    const [kind, link] = name.split(':', 2);
    if (kind === 'answer') found.push(value === '' ? chosen.get('all:' + link) : value);
    if (kind === 'asked') for (const one of value.split(' ')) if (one !== '') found.push(chosen.get('all:' + link));
    if (kind === 'scope' && (chosen.get('account') ?? link) === link) found.push('allow');
  }
  return found;
}

function say() {
  const chosen = fields();
  const all = effects(chosen);
  const duration = chosen.get('duration') ?? 'open';
  const words = form.querySelector('input[name=duration]:checked')?.dataset.words ?? '';
  const count = (effect) => all.filter((one) => one === effect).length;
  const outcome = { allow: count('allow'), ask: count('ask'), duration, words };
  const said = form.querySelector('[data-outcome-words]');
  said.textContent = outcomeWords(outcome, 'adds' in said.dataset ? 'more' : 'anew');
  form.elements.named.value = outcomeName(outcome);
}

if (form !== null) {
  form.addEventListener('change', say);
  // also when the browser restores the form's values by itself, on reload or Back
  addEventListener('pageshow', say);
}
`;

/** Keeps the words on the button true while the owner fills in the form. It sends nothing and stores nothing. */
export const CONSENT_SCRIPT = {
  source,
  href: `/consent.js?v=${sha256base64url(source).slice(0, 12)}`,
} as const;

export function consentScript(app: FastifyInstance): void {
  app.get('/consent.js', { logLevel: 'warn' }, async (_request, reply) =>
    reply
      .header('cache-control', 'public, max-age=31536000, immutable')
      .type('text/javascript; charset=utf-8')
      .send(CONSENT_SCRIPT.source),
  );
}
