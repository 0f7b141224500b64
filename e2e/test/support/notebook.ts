import {
  answerConsent,
  type Constellation,
  type Person,
  type Question,
  signInIfAsked,
} from '@chatelaine/constellation';
import { createOutbound } from '@chatelaine/outbound-http';
import {
  createMemoryStore,
  createRequester,
  createVault,
  generateSigningKey,
  type Requester,
} from '@chatelaine/requester-kit';
import { randomBytes } from 'node:crypto';

/**
 * A program on somebody's computer, made a Requester by requester-kit. It registers by itself, and a test can see what
 * becomes of its tokens.
 */
export interface Notebook extends Requester {
  /** Makes another connection for a person, who answers the consent page. Returns the reference of the connection. */
  connectFor(
    person: Person,
    answers: (question: Question) => 'allow' | 'ask' | 'no',
  ): Promise<{ owner: string; connectionId: string }>;
  close(): Promise<void>;
}

/** No server listens there: the person's browser stops before it. */
export const NOTEBOOK_CALLBACK = 'http://127.0.0.1:49151/callback';

export function openNotebook(deployment: Constellation): Notebook {
  const clock = { now: () => Date.now() / 1_000 };
  const store = createMemoryStore({ clock });
  const reachable = [deployment.am, ...deployment.hosts].map(({ url }) => new URL(url));
  const outbound = createOutbound({
    demo: true,
    exceptions: reachable.map(({ hostname, port }) => ({
      host: hostname,
      port: Number(port),
      scheme: 'http',
      cidr: '127.0.0.0/8',
    })),
  });
  const requester = createRequester({
    name: 'Notebook',
    redirectUri: NOTEBOOK_CALLBACK,
    registration: { kind: 'dynamic', store },
    signingKey: generateSigningKey('ES256'),
    store,
    vault: createVault(randomBytes(32)),
    outbound,
    clock,
    schemes: ['https', 'http'],
  });
  return {
    ...requester,
    async connectFor(person, answers) {
      const owner = person.username;
      const started = await requester.connect({ owner, am: deployment.am.url });
      if (started.kind !== 'redirect') throw new Error(started.sentence);
      await person.visit(started.redirectTo);
      await signInIfAsked(person);
      const back = await answerConsent(person, answers);
      const outcome = await requester.callback({ owner, url: back.url.href });
      if (outcome.kind !== 'connected') throw new Error(outcome.sentence);
      return { owner, connectionId: outcome.connectionId };
    },
    close: () => outbound.close(),
  };
}
