import type { Config } from '../../src/config.ts';
import type { Am } from '../support/am-process.ts';
import { type Story, TestDeployment } from '../support/deployment.ts';
import { chatelaine as command } from '../support/operator.ts';
import { exchange } from '../support/requester.ts';

// every top-level await of this folder is here: modules that are loaded side by side and each have one hang
export const deployment = await TestDeployment.build({ config: { keysReadEverySeconds: 1 } });
export const story = await deployment.story({ 'photos.read': 'allow', 'photos.write': 'allow' });

export const chatelaine = (line: string, config?: Partial<Config>) => command(deployment, line, config);

export const ask = (of: Story, am: Am | undefined = deployment.ams[0], scope = 'photos.read') =>
  of.requester.transfer({
    connection: of.connection,
    resource: deployment.host.resource,
    scope,
    ...(am === undefined ? {} : { port: am.port }),
  });

export const get = (am: Am, path: string) => exchange(am.port, { method: 'GET', path });
