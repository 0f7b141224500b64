import type { Entry, PastTransfer } from './store.ts';

/** What happened, in a sentence for its owner. */
export function entrySentence(entry: Entry): string {
  const requester = entry.clientName ?? 'A Requester';
  const link = entry.label === null ? 'A link' : `“${entry.label}”`;
  const host = entry.hostName ?? 'the Host';
  switch (entry.kind) {
    case 'connection_made':
      return `You connected ${requester}.`;
    case 'bearer_allowed':
      return `You let ${requester} have keys for ${link} at ${host} that fit anybody, because it had shown no key of its own.`;
    case 'connection_ended':
      return `The connection with ${requester} ended${ENDED_BY[entry.by ?? ''] ?? ''}.`;
    case 'link_made':
      return `You linked ${host} as ${link}.`;
    case 'link_not_made':
      return `${host} was not linked together with ${requester}: it did not honour the grant that ${requester} brought. The connection itself stands; under My Hosts you can add ${host}.`;
    case 'link_ended':
      return `${link} at ${host} ended: you stopped it.`;
    case 'link_broken':
      return `${link} broke: ${host} no longer honours it. Under My Hosts you can repair it.`;
    case 'link_repaired':
      return `${entry.was === 'broken' ? 'You repaired' : 'You renewed'} ${link} at ${host}: a new link is in its place.${lostOf(entry)}`;
    case 'rule_changed':
      return `You changed what ${requester} may do with ${link} at ${host}: “${entry.sentence ?? 'a scope'}” is now ${EFFECTS[entry.effect ?? ''] ?? 'decided anew'}.`;
    case 'host_confirmed':
      return entry.clientName === null
        ? `${host} confirmed that ${link} has ended there.`
        : `${host} confirmed that ${requester} has nothing there any more.`;
    case 'host_not_told':
      return `${host} could not be told in a week that ${entry.clientName === null ? link : requester} has ended. Look there yourself, to be sure.`;
    case 'ask_answered':
      return `You answered ${requester}, which asked for something of ${link}: ${ANSWERS[entry.answer ?? ''] ?? 'answered'}.`;
    default:
      return 'Something happened that this version has no words for.';
  }
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
  always: 'yes, always',
  'not-now': 'not now',
  never: 'no, and never again',
};

/** What came of a transfer, in a sentence for its owner. */
export function transferSentence(past: PastTransfer): string {
  const { state, sentences, clientName, label, hostName, bearer, gone, late } = past;
  const what = `“${label}” at ${hostName} (${sentences.join(', ')})`;
  if (gone) return `${clientName} asked for a key for ${what}, and was gone before it came: it got none.`;
  if (late)
    return `${clientName} asked for a key for ${what}, and this server was too slow to hand it out: it got none.`;
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
