import { momentWords } from '@chatelaine/ui';
import { limitWords } from '../rules/words.ts';
import { type Asked, hostNameOf } from './asked-store.ts';
import type { Entry } from './entries-store.ts';

/** An entry of the timeline as a sentence for its owner. */
export function entrySentence(entry: Entry): string {
  const requester = entry.clientName ?? 'An app';
  const link = entry.label === null ? 'A link' : `“${entry.label}”`;
  const host = entry.hostName ?? 'the service';
  switch (entry.kind) {
    case 'connection_made':
      return `You connected ${requester}.`;
    case 'bearer_allowed':
      return (
        `You let ${requester} have keys for ${link} at ${host} that fit anybody, ` +
        'because it had shown no key of its own.'
      );
    case 'connection_ended':
      return `The connection with ${requester} ended${ENDED_BY[entry.by ?? ''] ?? ''}.`;
    case 'link_made':
      return `You linked ${host} as ${link}.`;
    case 'link_not_made':
      return (
        `${host} was not linked together with ${requester}: it did not honour the grant that ${requester} brought. ` +
        `The connection itself stands; under My services you can add ${host}.`
      );
    case 'link_ended':
      return `${link} at ${host} ended: you stopped it.`;
    case 'link_broken':
      return `${link} broke: ${host} no longer honours it. Under My services you can repair it.`;
    case 'link_repaired':
      return (
        `${entry.was === 'broken' ? 'You repaired' : 'You renewed'} ${link} at ${host}: ` +
        `a new link is in its place.${lostOf(entry)}`
      );
    case 'rule_changed':
      return (
        `You changed what ${requester} may do with ${link} at ${host}: “${entry.sentence ?? 'a scope'}” ` +
        `is now ${EFFECTS[entry.effect ?? ''] ?? 'decided anew'}${boundsOf(entry)}.`
      );
    case 'app_paused':
      return `You paused ${requester} until ${resumedAt(entry)}. It gets no key meanwhile.`;
    case 'app_resumed':
      return `You let ${requester} go on.`;
    case 'scope_added':
      return (
        `You let ${requester} ask for more of ${link} at ${host}: ` +
        `“${entry.sentence ?? 'a scope'}” is now ${EFFECTS[entry.effect ?? ''] ?? 'decided'}.`
      );
    case 'host_confirmed':
      return entry.clientName === null
        ? `${host} confirmed that ${link} has ended there.`
        : `${host} confirmed that it ended what ${requester} had there.`;
    case 'host_not_told':
      return entry.clientName === null
        ? `${host} could not be told in a week that ${link} has ended. Look there yourself, to be sure.`
        : `${host} could not be told in a week to end what ${requester} had there. Look there yourself, to be sure.`;
    case 'ask_answered':
      return (
        `You answered ${requester}, which asked for something of ${link}: ` +
        `${ANSWERS[entry.answer ?? ''] ?? 'answered'}${partOf(entry)}.`
      );
    case 'terms_proffered':
      return entry.terms === ''
        ? `You ask no terms of ${requester} any more.`
        : `You offered ${requester} terms: ${entry.terms ?? 'some'}. It gets no key until it has signed them.`;
    case 'terms_answered':
      return entry.answer === 'accepted'
        ? `${requester} signed your terms: ${entry.terms ?? 'some'}.`
        : `${requester} declined your terms, and gets no key.`;
    case 'activity_kept':
      return entry.days === null
        ? 'You chose to keep your activity as long as this server does.'
        : `You chose to keep your activity for ${entry.days} days: what is older is deleted.`;
    default:
      return 'Something happened that this version has no words for.';
  }
}

const resumedAt = ({ until }: Entry): string =>
  until === null ? 'you resume it' : momentWords(until.getTime() / 1000);

const partOf = ({ part }: Entry): string =>
  part === null ? '' : `, but only for a part: ${part.map((one) => `“${one}”`).join(', ')}`;

function boundsOf({ until, limit }: Entry): string {
  const often = limit === null ? '' : `, ${limitWords(limit)}`;
  return until === null ? often : `${often}, until ${momentWords(until.getTime() / 1000)}`;
}

function lostOf({ lost }: Entry): string {
  return lost.map(({ client, scopes }) => ` ${client} may no longer: ${scopes.join(', ')}.`).join('');
}

const EFFECTS: Readonly<Record<string, string>> = {
  allow: 'allowed without asking',
  ask: 'something you are asked about',
  deny: 'never allowed',
};

const ENDED_BY: Readonly<Record<string, string>> = {
  owner: ': you stopped it',
  client: ': it disconnected itself',
  server: ': it was ended for safety, because something of it was used twice',
};

const ANSWERS: Readonly<Record<string, string>> = {
  once: 'yes, this once',
  hour: 'yes, for an hour',
  always: 'yes, always',
  'not-now': 'not now',
  never: 'no, and never again',
};

/** The outcome of a request for a token as a sentence for its owner. */
export function askedSentence(asked: Asked): string {
  const { state, error, sentences, clientName, link, bearer } = asked;
  const hostName = hostNameOf(asked);
  const what = `${link === null ? hostName : `“${link.label}” at ${hostName}`} (${sentences.join(', ')})`;
  const here = REFUSED_HERE[error ?? ''];
  if (state === 'refused' && here !== undefined)
    return `${clientName} asked for a key for ${what}, and got none: ${here}.`;
  const meanwhile = MEANWHILE[error ?? ''];
  if (meanwhile !== undefined) return `${clientName} asked for a key for ${what}, and ${meanwhile}: it got none.`;
  switch (state) {
    case 'minted':
      return bearer
        ? `${clientName} got a key that fits anybody, for ${what}.`
        : `${clientName} got a key for ${what}.`;
    case 'refused':
      return `${clientName} asked for a key for ${what}; ${hostName} refused.`;
    case 'withheld':
      return `${clientName} asked for a key for ${what}, and you stopped it meanwhile: it got none.`;
    case 'failed':
      return `${clientName} asked for a key for ${what}; ${hostName} gave no usable answer, so it got none.`;
    case 'intent':
      return `${clientName} asked for a key for ${what}; the answer is not known yet.`;
  }
}

const MEANWHILE: Readonly<Record<string, string>> = {
  gone: 'was gone before it came',
  late: 'this server was too slow to hand it out',
  terms: 'you offered it other terms meanwhile',
  paused: 'you paused it meanwhile',
};

/** Why the AM refused before asking the service. */
const REFUSED_HERE: Readonly<Record<string, string>> = {
  rule: 'you never allow it',
  paused: 'you had paused it',
  asked: 'you had to be asked first',
  allowed_part: 'you had said yes to a part of it only',
  too_many_questions: 'too many of its questions wait for you',
  terms_open: 'it has not signed your terms',
  terms_refused: 'it has agreed to no terms of yours',
  not_chosen: 'you have not let it ask for that',
  beyond_ceiling: 'the service shares less with you here',
  not_shown: 'you show it no such service',
  host_behind: 'the service has yet to confirm earlier ends',
};
