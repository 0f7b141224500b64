import type { Answer } from '@chatelaine/test-kit';
import { batch, type BatchInput, type Item } from '../support/batch.ts';
import { TestDeployment } from '../support/deployment.ts';

// every top-level await of this folder is here: modules that are loaded side by side and each have one hang
export const deployment = await TestDeployment.build();
export const story = await deployment.story({ 'photos.read': 'allow' });

export const item = (id = 'a'): Item => ({ id, resource: deployment.host.resource, scope: 'photos.read' });
/** Items of an unknown resource, so that no Host is asked. */
export const itemsWithoutHost = (count: number): Item[] =>
  Array.from({ length: count }, (_, n) => ({ id: `i${n}`, resource: 'http://nobody.localhost:1/api', scope: 'x' }));
export const call = (input: BatchInput = {}, by = story): Promise<Answer> =>
  batch(deployment, by, { items: [item()], ...input });
export const errorOf = ({ status, json }: Answer): string => `${status} ${String(json['error'])}`;
export const statusOf = (answers: readonly Answer[]) => answers.map(({ status }) => status);
