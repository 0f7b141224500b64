import { TestDeployment } from '../support/deployment.ts';

export const ANSWERS = { 'photos.read': 'ask', 'photos.write': 'ask', 'albums.read': 'allow' } as const;

// one deployment for all of these tests, since starting it takes longer than most of them
// every top-level await of this folder is here: modules that are loaded side by side and each have one hang
export const deployment = await TestDeployment.build();
/** The Requester of the first story asks; that of the second waits for the answer, too. PROTOCOL §3.7. */
export const [asker, waiter] = [await deployment.story(ANSWERS), await deployment.story(ANSWERS)];
