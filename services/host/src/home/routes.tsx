import { currentAccount } from '@chatelaine/accounts';
import { ButtonLink, ButtonRow, Card, Layout, renderPage } from '@chatelaine/ui';
import type { FastifyInstance } from 'fastify';
import type { VNode } from 'preact';
import type { Deps } from '../deps.ts';

/** The front page; it redirects signed-in people to their entries. */
export function homePages(app: FastifyInstance, { config, flavor }: Pick<Deps, 'config' | 'flavor'>): void {
  app.get('/', async (request, reply) =>
    currentAccount(request) === null
      ? renderPage(reply, <HomePage name={config.name} flavor={flavor} issuer={config.issuer} />)
      : reply.redirect('/entries', 303),
  );
}

function HomePage({ name, flavor, issuer }: { name: string; flavor: Deps['flavor']; issuer: string }): VNode {
  return (
    <Layout title={name} lead={flavor.purpose}>
      <ButtonRow>
        <ButtonLink href="/sign-in">Sign in</ButtonLink>
        <ButtonLink href="/sign-up" kind="plain">
          Create an account
        </ButtonLink>
      </ButtonRow>
      <h2>Using them elsewhere</h2>
      <Card>
        <p>
          Other services can use your {flavor.many} without your password here. Your authorization manager asks once for
          the right to hand out keys; you decide here how far that right goes.
        </p>
        <p>
          The address to add there is <code>{issuer}</code>
        </p>
      </Card>
    </Layout>
  );
}
