import { ButtonLink, Card, currentAccount, Layout, renderPage } from '@chatelaine/service-kit';
import type { FastifyInstance } from 'fastify';
import type { VNode } from 'preact';
import type { Deps } from '../deps.ts';

/** The front page: who is signed in goes straight to what is his. */
export function homePages(app: FastifyInstance, { config, flavor }: Pick<Deps, 'config' | 'flavor'>): void {
  app.get('/', async (request, reply) =>
    currentAccount(request) === null
      ? renderPage(reply, <HomePage name={config.name} flavor={flavor} issuer={config.issuer} />)
      : reply.redirect('/entries', 303),
  );
}

function HomePage({ name, flavor, issuer }: { name: string; flavor: Deps['flavor']; issuer: string }): VNode {
  return (
    <Layout title={name}>
      <p>{flavor.purpose}</p>
      <p class="row">
        <ButtonLink href="/sign-in">Sign in</ButtonLink>
        <ButtonLink href="/sign-up" kind="plain">
          Create an account
        </ButtonLink>
      </p>
      <Card title="Sharing">
        <p>
          To let other services use your {flavor.many}, add <code>{issuer}</code> at your authorization manager. You
          decide here what it may hand out, and you can end it here at any time.
        </p>
      </Card>
    </Layout>
  );
}
