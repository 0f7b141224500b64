import { addHost, type Constellation, connectRequester, signUp } from '@chatelaine/constellation';
import { afterEach, describe, expect, test } from '@jest/globals';
import { startInContainers } from './support/in-containers.ts';

let deployment: Constellation | undefined;

afterEach(async () => {
  await deployment?.stop();
  deployment = undefined;
});

describe('an image that is started with nothing but variables [needs a container engine]', () => {
  test.each(['am', 'host', 'requester'] as const)(
    '%s: works with the other services, which are processes outside',
    async (only) => {
      const here = await startInContainers({ only, ams: 1, hosts: ['photos'], label: `alone-${only}` });
      deployment = here;
      const robin = here.person({ username: 'robin' });
      const [host] = here.hosts;
      if (host === undefined) throw new Error('There is no Host.');
      await signUp(robin, here.am.url);
      await signUp(robin, host.url);
      await robin.press('Add', { text: 'kept at photos' });
      await addHost(robin, { am: here.am, host });
      await signUp(robin, here.requester.url);
      await connectRequester(robin, { am: here.am, requester: here.requester, answers: () => 'allow' });
      expect((await robin.visit(here.requester.url)).text).toContain('kept at photos');
    },
  );
});
