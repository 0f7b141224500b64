import type { Entry, PastTransfer } from './store.ts';

/** What happened, in a sentence for its owner. */
export function entrySentence(entry: Entry): string {
  const requester = entry.clientName ?? 'A Requester';
  const link = entry.label === null ? 'A link' : `“${entry.label}”`;
  const host = entry.hostName ?? 'the Host';
  switch (entry.kind) {
    case 'connection_made':
      return `You connected ${requester}.`;
    case 'connection_ended':
      return `The connection with ${requester} ended${ENDED_BY[entry.by ?? ''] ?? ''}.`;
    case 'link_made':
      return `You linked ${host} as ${link}.`;
    case 'link_ended':
      return `${link} at ${host} ended: you stopped it.`;
    case 'link_broken':
      return `${link} broke: ${host} no longer honours it. Link ${host} again to repair it.`;
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
export function transferSentence({ state, scopes, clientName, label, hostName }: PastTransfer): string {
  const what = `${scopes.join(', ')} of “${label}” (${hostName})`;
  switch (state) {
    case 'minted':
      return `${clientName} obtained access to ${what}.`;
    case 'refused':
      return `${clientName} asked for ${what}; ${hostName} refused.`;
    case 'withheld':
      return `${clientName} asked for ${what}, and you stopped it meanwhile: it was handed nothing.`;
    case 'failed':
      return `${clientName} asked for ${what}; ${hostName} gave no usable answer, so it was handed nothing.`;
    case 'intent':
      return `${clientName} asked for ${what}; the answer is not known yet.`;
  }
}
