import { TestDeployment } from '../support/deployment.ts';

export const ANSWERS = { 'photos.read': 'ask', 'photos.write': 'ask', 'albums.read': 'allow' } as const;

// one deployment for all of these tests, since starting it takes longer than most of them
// every top-level await of this folder is here: modules that are loaded side by side and each have one hang
export const deployment = await TestDeployment.build();
/** The owner of the first has a Requester that asks at once; that of the second has a Requester that can wait. */
export const [asker, waiter] = [await deployment.story(ANSWERS), await deployment.story(ANSWERS)];
