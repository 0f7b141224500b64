import { accessRoutes, LinkCard } from '@chatelaine/host-pages';
import { Empty, Layout } from '@chatelaine/ui';
import type { FastifyInstance } from 'fastify';
import type { Deps } from '../deps.ts';

/** Who has access to what an owner has connected, and how to end it. */
export function accessPages(app: FastifyInstance, { config, services }: Pick<Deps, 'config' | 'services'>): void {
  const scopes = Object.fromEntries(
    services.flatMap((one) => one.scopes.map(({ scope, sentence }) => [scope, sentence])),
  );
  accessRoutes(app, ({ links, news, pager }) => (
    <Layout
      title="Who has access"
      lead="The authorization managers you linked, and the apps to which they handed out keys to your services."
    >
      {news}
      {links.length === 0 && (
        <Empty title="Nobody but you">
          <p>
            Connect a service, then add this address at your authorization manager: <code>{config.issuer}</code>
          </p>
          <p>You decide here what it may hand out at most, and for how long. It will stand on this page.</p>
        </Empty>
      )}
      {links.map((link) => (
        <LinkCard
          key={link.id}
          link={link}
          scopes={scopes}
          afterwards="Your services stay connected here. To undo it, link this bridge there again."
        />
      ))}
      {pager}
    </Layout>
  ));
}
