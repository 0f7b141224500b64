import { accessRoutes } from '@chatelaine/host-pages';
import type { FastifyInstance } from 'fastify';
import type { Deps } from '../deps.ts';
import { AccessPage } from './access-page.tsx';

/** Who has access to a person's data here, and how to end it. */
export function accessPages(app: FastifyInstance, { config, flavor }: Pick<Deps, 'config' | 'flavor'>): void {
  accessRoutes(app, (now) => <AccessPage flavor={flavor} issuer={config.issuer} {...now} />);
}
