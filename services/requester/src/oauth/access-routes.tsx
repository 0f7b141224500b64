import { accessRoutes } from '@chatelaine/host-pages';
import type { FastifyInstance } from 'fastify';
import type { Deps } from '../deps.ts';
import { AccessPage } from './access-page.tsx';

/** Who has access to the posts that are stored here, and how to end it. */
export function access(app: FastifyInstance, { config }: Pick<Deps, 'config'>): void {
  accessRoutes(app, (now) => <AccessPage issuer={config.issuer} {...now} />);
}
