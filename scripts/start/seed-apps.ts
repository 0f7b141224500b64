import { createPerson, PageError, type Person, signIn } from '@chatelaine/constellation';
import { type App, APP_CALLBACK, registerApp } from './app.ts';
import { iconAt } from './app-site.ts';
import type { Parties, Place } from './seed.ts';

const READ = 'entries.read';

/**
 * Two apps besides Lifestream, which register and ask as any app does: one that the owner refuses something, and one
 * that never asks for anything. Their icons are at `site`, an origin. Repeatable: an app that is or was connected stays
 * as it is.
 */
export async function seedApps(
  { username, password }: Pick<Person, 'username' | 'password'>,
  { am, hosts, site }: Pick<Parties, 'am' | 'hosts'> & { readonly site: string },
  say: (line: string) => void,
): Promise<void> {
  const owner = createPerson({ username, password, stopsAt: [APP_CALLBACK] });
  const apiOf = (name: string): string => `${found(hosts, name).url}/api`;
  const [photos, calendar, notes] = [apiOf('photos'), apiOf('calendar'), apiOf('notes')];
  const connected = async (name: string, connect: (app: App) => Promise<void>): Promise<void> => {
    if ((await owner.visit(`${am.url}/apps`)).text.includes(name)) return;
    const app = await registerApp({ am, name, logoUri: iconAt(site, name) });
    await connect(app).finally(() => app.close());
  };
  try {
    await signIn(owner, am.url);
    await connected('Errands', async (app) => {
      await app.connect(owner, {
        wants: [
          { scope: READ, resource: calendar, purpose: 'To plan errands around your appointments' },
          { scope: READ, resource: notes, purpose: 'To find your shopping lists' },
        ],
        answers({ host, scope }) {
          if (scope === READ && host.startsWith('Calendar')) return 'allow';
          return scope === READ && host.startsWith('Notes') ? 'ask' : 'no';
        },
      });
      await app.ask({ resource: calendar, scope: READ });
      const { interaction_uri: question } = await app.ask({ resource: notes, scope: READ });
      await owner.visit(String(question));
      await owner.press('Never');
      const { error } = await app.ask({ resource: notes, scope: READ });
      if (error !== 'access_denied') throw new PageError('Errands was not refused.', owner.page);
    });
    await connected('Photo frame', (app) =>
      app.connect(owner, {
        wants: [{ scope: READ, resource: photos, purpose: 'To show your photos on the wall' }],
        answers: ({ host, scope }) => (host.startsWith('Photos') && scope === READ ? 'allow' : 'no'),
      }),
    );
  } finally {
    await owner.close();
  }
  say('Errands reads Calendar and was refused Notes; Photo frame may read Photos, and has not asked');
}

function found(hosts: readonly Place[], name: string): Place {
  const host = hosts.find((one) => one.name === name);
  if (host === undefined) throw new Error(`There is no ${name}.`);
  return host;
}
