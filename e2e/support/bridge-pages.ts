import { bridgeOf, type Stage } from './stage.ts';
import type { PageView } from './page-views.ts';

const bridge = (path: string) => (stage: Stage) => `${bridgeOf(stage.deployment).url}${path}`;

/** The pages of a bridge that no other Host has. */
export const BRIDGE_PAGES: readonly PageView[] = [
  { name: 'bridge-front', who: 'visitor', url: bridge('/') },
  { name: 'bridge-services-none', who: 'newcomer', url: bridge('/services') },
  {
    name: 'bridge-go-to-service',
    who: 'newcomer',
    url: bridge('/services'),
    async act(page) {
      await page.getByRole('button', { name: 'Connect', exact: true }).first().click();
      await page.getByRole('link', { name: /^Continue to / }).waitFor();
    },
  },
  { name: 'bridge-not-connected', who: 'newcomer', url: bridge('/services/chirp/callback?state=x&code=y') },
  { name: 'bridge-services', who: 'robin', url: bridge('/services?connected=chirp') },
  { name: 'bridge-disconnect', who: 'robin', url: bridge('/services/chirp/disconnect') },
  { name: 'bridge-access-none', who: 'newcomer', url: bridge('/access') },
  { name: 'bridge-export', who: 'robin', url: bridge('/account/export') },
];
