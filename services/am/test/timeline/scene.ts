import { TestDeployment } from '../support/deployment.ts';
import { type Past, writeAsked } from '../support/past.ts';

export const deployment = await TestDeployment.build();
export const story = await deployment.story({ 'photos.read': 'allow' }, { name: 'Lifestream' });
export const stranger = await deployment.story({ 'photos.read': 'allow' }, { name: 'Strange app' });

/** Inserts transfers of the past, of this scene's story unless another is given. */
export const asked = ({ of = story, ...past }: Partial<Past> & Pick<Past, 'at'>): Promise<string[]> =>
  writeAsked(deployment, { of, ...past });

export const page = (query = '', of = story) => of.owner.browser.get(`/timeline${query}`);
export const linesOf = (words: string): number => words.split('Why?').length - 1;
export const olderOf = (text: string): string | undefined =>
  /href="([^"]*)">Older<\/a>/.exec(text)?.[1]?.replaceAll('&amp;', '&');
export const today = (): string => new Date().toISOString().slice(0, 10);
