import { currentAccount } from '@chatelaine/accounts';
import { ButtonLink, ButtonRow, Card, Layout, renderPage } from '@chatelaine/ui';
import type { FastifyInstance } from 'fastify';
import type { Deps } from '../deps.ts';

/** The front page; it redirects signed-in people to their services. */
export function homePages(app: FastifyInstance, { config, services }: Pick<Deps, 'config' | 'services'>): void {
  app.get('/', async (request, reply) =>
    currentAccount(request) === null
      ? renderPage(
          reply,
          <HomePage
            name={config.name}
            issuer={config.issuer}
            titles={services.filter(({ id }) => config.clients.has(id)).map(({ title }) => title)}
          />,
        )
      : reply.redirect('/services', 303),
  );
}

function HomePage({ name, issuer, titles }: { name: string; issuer: string; titles: readonly string[] }) {
  return (
    <Layout
      title={name}
      lead={
        'For services that know nothing of authorization managers: ' +
        'connect yours here once, and decide in one place which apps may use them.'
      }
    >
      <ButtonRow>
        <ButtonLink href="/sign-in">Sign in</ButtonLink>
        <ButtonLink href="/sign-up" kind="plain">
          Create an account
        </ButtonLink>
      </ButtonRow>
      <h2>How it works</h2>
      <Card>
        <p>
          You sign in at a service and let this bridge use it. The key that it gets stays here. Apps come with short
          keys that your authorization manager had made, and reach through here what you allowed, and nothing else.
        </p>
        <p>
          So what they read and write there passes through this bridge, and whoever runs it could see it. Your
          authorization manager is told the address <code>{issuer}</code>
        </p>
      </Card>
      {titles.length > 0 && (
        <>
          <h2>Services</h2>
          <Card>
            <p>{titles.join(' · ')}</p>
          </Card>
        </>
      )}
    </Layout>
  );
}
